"""Records under deals: their kinds, whose fields stand beside the others, and how many each deal has."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    column,
    insert,
    select,
    table,
)

from dealwright_embedded_crm.columns import Instant

revision = "0010"
down_revision = "0009"

_FIELDS = ("holder", "key", "label", "type", "options", "sensitive", "renamed_from", "position", "released")


def upgrade() -> None:
    """Make the tables; no kind and no record is there yet."""
    _let_kinds_have_fields()
    op.create_table(
        "record_kinds",
        Column("key", String(100), primary_key=True),
        Column("label", Text, nullable=False),
        Column("position", Integer, nullable=False),
        Column("released", Boolean, nullable=False),
        CheckConstraint("key not in ('', 'deal', 'contact', 'company')", name="key"),
    )
    op.create_table(
        "records",
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("deal_id", BigInteger, ForeignKey("deals.id"), nullable=False),
        Column("kind", String(100), ForeignKey("record_kinds.key"), nullable=False),
        Column("custom", Text),
        Column("created_at", Instant, nullable=False),
        Column("updated_at", Instant, nullable=False),
    )
    op.create_index("ix_records_deal_id", "records", ["deal_id", "id"])
    op.create_index("ix_records_kind", "records", ["kind", "id"])
    op.add_column("deals", Column("records", Integer, nullable=False, server_default="0"))
    counters = table("counters", column("name", String), column("last", BigInteger))
    op.bulk_insert(counters, [{"name": "record", "last": 0}])


def _let_kinds_have_fields() -> None:
    """Make the table of fields anew, since SQLite changes no constraint: what holds a field is any kind's key now."""
    old = table("fields", *(column(name) for name in _FIELDS))
    connection = op.get_bind()
    kept = [dict(row) for row in connection.execute(select(old)).mappings()]
    op.drop_table("fields")
    new = op.create_table(
        "fields",
        Column("holder", String(100), nullable=False),
        Column("key", String(100), nullable=False),
        Column("label", Text, nullable=False),
        Column("type", String(20), nullable=False),
        Column("options", Text, nullable=False),
        Column("sensitive", Boolean, nullable=False),
        Column("renamed_from", Text, nullable=False),
        Column("position", Integer, nullable=False),
        Column("released", Boolean, nullable=False),
        PrimaryKeyConstraint("holder", "key", name="pk_fields"),
        CheckConstraint("holder <> ''", name="holder"),
    )
    if kept:
        connection.execute(insert(new), kept)
