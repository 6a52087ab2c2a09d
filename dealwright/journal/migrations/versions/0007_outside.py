"""Events from outside that have found no deal.

Revision ID: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables; nothing that is there changes."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "unmatched",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("event_id", number, sa.ForeignKey("events.id"), nullable=False),
        sa.Column("automation", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("deals", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("asked", sa.Integer(), server_default="1", nullable=False),
        sa.Column("looked", sa.Integer(), server_default="0", nullable=False),
        sa.Column("decided_wall", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.UniqueConstraint("event_id", "automation", name="unmatched_once_per_event"),
        sa.CheckConstraint(
            "state = 'waiting' or state = 'matched' or state = 'assigned' or state = 'dropped'",
            name="unmatched_state_known",
        ),
        sa.CheckConstraint("(state = 'waiting') = (decided_wall is null)", name="unmatched_decided_when"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index("unmatched_waiting", "unmatched", ["account", "id"], sqlite_where=waiting, postgresql_where=waiting)
    again = sa.text("state = 'waiting' and asked > looked")
    op.create_index("unmatched_to_look_at", "unmatched", ["account", "id"], sqlite_where=again, postgresql_where=again)
    op.create_table(
        "unmatched_marks",
        sa.Column("account", sa.Text(), primary_key=True),
        sa.Column("mark", sa.Text(), primary_key=True),
        sa.Column("unmatched_id", number, sa.ForeignKey("unmatched.id"), primary_key=True, autoincrement=False),
    )
    op.create_index("unmatched_marks_of", "unmatched_marks", ["unmatched_id"])


def downgrade() -> None:
    """The journal's schema goes forward only."""
    raise RuntimeError("the journal's schema goes forward only; restore a backup from before the upgrade instead")
