"""What other systems have answered.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table; nothing that is there changes."""
    op.create_table(
        "lookup_answers",
        sa.Column("account", sa.Text(), primary_key=True),
        sa.Column("question", sa.Text(), primary_key=True),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_index("lookup_answers_by_age", "lookup_answers", ["account", "until"], unique=False)


def downgrade() -> None:
    """The journal's schema goes forward only."""
    raise RuntimeError("the journal's schema goes forward only; restore a backup from before the upgrade instead")
