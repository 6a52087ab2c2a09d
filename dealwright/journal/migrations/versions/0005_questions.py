"""What people were asked.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table; nothing that is there changes."""
    op.create_table(
        "questions",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("execution_id", sa.Text(), nullable=False),
        sa.Column("automation", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("told_wall", sa.BigInteger()),
        sa.Column("choice", sa.Text(), nullable=False, server_default=""),
        sa.Column("answered_at", sa.BigInteger()),
        sa.Column("answered_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("note", sa.LargeBinary()),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("state in ('open', 'answered', 'timed_out')", name="questions_state_known"),
        sa.CheckConstraint("(state = 'answered') = (answered_at is not null)", name="questions_answered_once"),
    )
    op.create_index("questions_by_account", "questions", ["account", "asked_at"], unique=False)
    op.create_index("questions_of_execution", "questions", ["execution_id", "step"], unique=True)


def downgrade() -> None:
    """The journal's schema goes forward only."""
    raise RuntimeError("the journal's schema goes forward only; restore a backup from before the upgrade instead")
