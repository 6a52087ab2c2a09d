"""Which automations have begun with the deals that stood there when they were first released.

Revision ID: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table; nothing that is there changes."""
    op.create_table(
        "enrolments",
        sa.Column("account", sa.Text(), primary_key=True),
        sa.Column("automation", sa.Text(), primary_key=True),
        sa.Column("space", sa.Text(), primary_key=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("begun", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False, server_default=""),
        sa.Column("decided_wall", sa.BigInteger()),
        sa.Column("actor", sa.Text(), nullable=False, server_default=""),
        sa.CheckConstraint(
            "state = 'counting' or state = 'waiting' or state = 'going' or state = 'done' or state = 'dropped'",
            name="enrolments_state_known",
        ),
        sa.CheckConstraint("begun <= most", name="enrolments_bounded"),
    )


def downgrade() -> None:
    """The journal's schema goes forward only."""
    raise RuntimeError("the journal's schema goes forward only; restore a backup from before the upgrade instead")
