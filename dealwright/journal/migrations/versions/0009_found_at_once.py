"""Indexes for what is looked up at work: picks of the last day, and questions that are open.

Revision ID: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add indexes; nothing that is there changes."""
    op.create_index("picks_by_age", "picks", ["account", "space", "at"], unique=False)
    op.create_index(
        "questions_open",
        "questions",
        ["account", "until"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )


def downgrade() -> None:
    """The journal's schema goes forward only."""
    raise RuntimeError("the journal's schema goes forward only; restore a backup from before the upgrade instead")
