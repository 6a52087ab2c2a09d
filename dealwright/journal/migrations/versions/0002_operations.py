"""What persons decide: approvals, replays, attempts that may be a second sending; suspended windows.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables and columns; nothing that is there changes."""
    op.create_table(
        "approvals",
        sa.Column("effect_key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("approved_wall", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["effect_key"], ["effects.key"]),
        sa.PrimaryKeyConstraint("effect_key"),
    )
    op.create_table(
        "replays",
        sa.Column(
            "event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("of_event", sa.BigInteger(), nullable=False),
        sa.Column("replayed_wall", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"]),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index("replays_by_event", "replays", ["of_event"], unique=False)
    op.add_column("effects", sa.Column("allowed_attempt", sa.Integer(), nullable=True))
    op.add_column("windows", sa.Column("suspended", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "windows_by_run",
        "windows",
        ["run_id"],
        unique=False,
        sqlite_where=sa.text("run_id is not null"),
        postgresql_where=sa.text("run_id is not null"),
    )


def downgrade() -> None:
    """Approvals that were given cannot be taken back by a program that does not know them."""
    raise RuntimeError("the journal's schema goes forward only; restore a backup from before the upgrade instead")
