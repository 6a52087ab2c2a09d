"""Daily use: notes, activities, completed tasks, merges, tokens, required fields; events outlive their deals."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    LargeBinary,
    String,
    Text,
    bindparam,
    column,
    false,
    select,
    table,
    text,
    true,
    update,
)

from dealwright_embedded_crm.columns import CaseKey, Instant

revision = "0002"
down_revision = "0001"

_CHUNK = 5_000


def upgrade() -> None:
    """Add what daily use needs; rows that are there stay, and pipelines that are there are those of a release."""
    op.add_column("contacts", Column("name_key", CaseKey, nullable=False, server_default=""))
    op.add_column("deals", Column("name_key", CaseKey, nullable=False, server_default=""))
    _fill_case_key("contacts", "name")
    _fill_case_key("deals", "title")
    op.create_index("ix_deals_owner_id", "deals", ["owner_id"])
    op.create_index("ix_deals_created_at", "deals", ["created_at"])

    op.add_column("pipelines", Column("released", Boolean, nullable=False, server_default=false()))
    op.execute(update(table("pipelines", column("released", Boolean))).values(released=true()))
    op.add_column("stages", Column("required", Text, nullable=False, server_default="[]"))
    op.add_column("stages", Column("reason_required", Boolean, nullable=False, server_default=false()))

    op.drop_index("ix_deal_contacts_contact_id", "deal_contacts")
    op.create_index("ix_deal_contacts_contact_id", "deal_contacts", ["contact_id", "deal_id"])
    op.add_column("tasks", Column("completed_at", Instant))
    _make_tables()
    _free_outbox()
    counters = table("counters", column("name", String), column("last", BigInteger))
    op.bulk_insert(counters, [{"name": name, "last": 0} for name in ("note", "activity", "token")])


def _fill_case_key(name: str, shown: str) -> None:
    """Write the key in Python: SQLite lowers ASCII only, and PostgreSQL as its locale says."""
    rows = table(name, column("id", BigInteger), column(shown, Text), column("name_key", Text))
    statement = update(rows).where(rows.c.id == bindparam("row")).values(name_key=bindparam("key"))
    connection = op.get_bind()
    last = 0
    while True:
        query = select(rows.c.id, rows.c[shown]).where(rows.c.id > last).order_by(rows.c.id).limit(_CHUNK)
        found = connection.execute(query).all()
        if not found:
            return
        keys = [{"row": row_id, "key": (value or "").casefold()} for row_id, value in found]
        connection.execute(statement, keys)
        last = found[-1][0]


def _make_tables() -> None:
    op.create_table(
        "notes",
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("deal_id", BigInteger, ForeignKey("deals.id"), nullable=False),
        Column("text", Text, nullable=False),
        Column("author", Text, nullable=False),
        Column("at", Instant, nullable=False),
        CheckConstraint("text <> ''", name="text"),
    )
    op.create_index("ix_notes_deal_id", "notes", ["deal_id"])
    op.create_table(
        "activities",
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("deal_id", BigInteger, ForeignKey("deals.id"), nullable=False),
        Column("kind", String(10), nullable=False),
        Column("at", Instant, nullable=False),
        Column("outcome", Text),
        Column("text", Text),
        Column("by_id", BigInteger, ForeignKey("users.id")),
        Column("contact_id", BigInteger, ForeignKey("contacts.id")),
        CheckConstraint("kind in ('call', 'meeting', 'email')", name="kind"),
    )
    op.create_index("ix_activities_deal_id", "activities", ["deal_id"])
    op.create_index("ix_activities_contact_id", "activities", ["contact_id"])
    op.create_table(
        "merges",
        Column("kind", String(10), primary_key=True),
        Column("absorbed", BigInteger, primary_key=True, autoincrement=False),
        Column("kept", BigInteger, nullable=False),
        Column("at", Instant, nullable=False),
        CheckConstraint("kind in ('deal', 'contact')", name="kind"),
    )
    op.create_index("ix_merges_kept", "merges", ["kind", "kept"])
    op.create_table(
        "tokens",
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("name", Text, nullable=False),
        Column("user_id", BigInteger, ForeignKey("users.id")),
        Column("role", String(20), nullable=False),
        Column("hash", String(64), nullable=False, unique=True),
        Column("created_at", Instant, nullable=False),
        Column("revoked_at", Instant),
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint("role in ('chat_operator', 'administrator', 'account_owner')", name="role"),
    )


def _free_outbox() -> None:
    """Let an event outlive its deal, and be about no deal at all; SQLite cannot drop a constraint in place."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("fk_outbox_deal_id", "outbox", type_="foreignkey")
        op.alter_column("outbox", "deal_id", existing_type=BigInteger, nullable=True)
        return
    op.drop_index("ix_outbox_untaken", "outbox")
    op.drop_index("ix_outbox_deal_id", "outbox")
    op.rename_table("outbox", "outbox_0001")
    op.create_table(
        "outbox",
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("deal_id", BigInteger),
        Column("kind", String(50), nullable=False),
        Column("event", LargeBinary, nullable=False),
        Column("taken_at", Instant),
    )
    op.execute(text("insert into outbox select id, deal_id, kind, event, taken_at from outbox_0001"))
    op.drop_table("outbox_0001")
    op.create_index("ix_outbox_untaken", "outbox", ["id"], sqlite_where=text("taken_at is null"))
    op.create_index("ix_outbox_deal_id", "outbox", ["deal_id"])
