"""Companies are merged too: which ids were merged away is kept for them as for deals and contacts."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, CheckConstraint, Column, String

from dealwright_embedded_crm.columns import Instant

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the table anew with all its rows, since SQLite changes no constraint."""
    op.execute("create table merges_before as select kind, absorbed, kept, at from merges")
    op.drop_table("merges")
    op.create_table(
        "merges",
        Column("kind", String(10), primary_key=True),
        Column("absorbed", BigInteger, primary_key=True, autoincrement=False),
        Column("kept", BigInteger, nullable=False),
        Column("at", Instant, nullable=False),
        CheckConstraint("kind in ('deal', 'contact', 'company')", name="kind"),
    )
    op.create_index("ix_merges_kept", "merges", ["kind", "kept"])
    op.execute("insert into merges (kind, absorbed, kept, at) select kind, absorbed, kept, at from merges_before")
    op.drop_table("merges_before")
