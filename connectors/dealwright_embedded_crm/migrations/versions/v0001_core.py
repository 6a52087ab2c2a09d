"""The first tables: deals and what stands around them, the keys of our own writes, and the outbox."""

from __future__ import annotations

from alembic import context, op
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)

from dealwright_embedded_crm.columns import Instant

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables, the counters of ids and the id of this installation."""
    meta = op.create_table(
        "meta",
        Column("name", String(50), primary_key=True),
        Column("value", Text, nullable=False),
    )
    counters = op.create_table(
        "counters",
        Column("name", String(50), primary_key=True),
        Column("last", BigInteger, nullable=False),
    )
    op.create_table(
        "users",
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("name", Text, nullable=False),
        Column("email", Text, unique=True),
        CheckConstraint("name <> ''", name="name"),
    )
    op.create_table(
        "companies",
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("name", Text, nullable=False, unique=True),
        CheckConstraint("name <> ''", name="name"),
    )
    op.create_table(
        "contacts",
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("name", Text),
        Column("first_name", Text),
        Column("last_name", Text),
        Column("phone", Text),
        Column("email", Text),
        Column("created_at", Instant, nullable=False),
        Column("updated_at", Instant, nullable=False),
    )
    op.create_table(
        "pipelines",
        Column("key", String(200), primary_key=True),
        Column("name", Text, nullable=False),
        Column("position", Integer, nullable=False, unique=True),
    )
    op.create_table(
        "stages",
        Column("pipeline", String(200), ForeignKey("pipelines.key"), primary_key=True),
        Column("key", String(200), primary_key=True),
        Column("name", Text, nullable=False),
        Column("kind", String(10), nullable=False),
        Column("probability", Integer),
        Column("reasons", Text, nullable=False),
        Column("position", Integer, nullable=False),
        UniqueConstraint("pipeline", "position"),
        CheckConstraint("kind in ('incoming', 'open', 'won', 'lost')", name="kind"),
        CheckConstraint("probability between 0 and 100", name="probability"),
    )
    op.create_table(
        "deals",
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("title", Text, nullable=False),
        Column("pipeline", String(200), nullable=False),
        Column("stage", String(200), nullable=False),
        Column("owner_id", BigInteger, ForeignKey("users.id")),
        Column("amount_minor", BigInteger),
        Column("currency", String(3)),
        Column("close_date", Date),
        Column("reference", Text),
        Column("tags", Text, nullable=False),
        Column("company_id", BigInteger, ForeignKey("companies.id")),
        Column("lost_reason", Text),
        Column("created_at", Instant, nullable=False),
        Column("updated_at", Instant, nullable=False),
        Column("stage_since", Instant, nullable=False),
        Column("version", Integer, nullable=False),
        ForeignKeyConstraint(["pipeline", "stage"], ["stages.pipeline", "stages.key"]),
        CheckConstraint("title <> ''", name="title"),
        CheckConstraint("amount_minor >= 0", name="amount"),
        CheckConstraint("(amount_minor is null) = (currency is null)", name="money"),
        CheckConstraint("version >= 1", name="version"),
    )
    op.create_table(
        "deal_contacts",
        Column("deal_id", BigInteger, ForeignKey("deals.id"), primary_key=True),
        Column("contact_id", BigInteger, ForeignKey("contacts.id"), primary_key=True),
        Column("position", Integer, nullable=False),
        UniqueConstraint("deal_id", "position"),
    )
    op.create_table(
        "tasks",
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("deal_id", BigInteger, ForeignKey("deals.id"), nullable=False),
        Column("text", Text, nullable=False),
        Column("due_at", Instant, nullable=False),
        Column("owner_id", BigInteger, ForeignKey("users.id")),
        Column("done", Boolean, nullable=False),
        Column("created_at", Instant, nullable=False),
        CheckConstraint("text <> ''", name="text"),
    )
    op.create_table(
        "writes",
        Column("key", Text, primary_key=True),
        Column("kind", String(50), nullable=False),
        Column("actor", Text, nullable=False),
        Column("receipt", LargeBinary, nullable=False),
        Column("at", Instant, nullable=False),
    )
    op.create_table(
        "outbox",
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("deal_id", BigInteger, ForeignKey("deals.id"), nullable=False),
        Column("kind", String(50), nullable=False),
        Column("event", LargeBinary, nullable=False),
        Column("taken_at", Instant),
    )
    op.create_index("ix_deals_stage", "deals", ["pipeline", "stage"])
    op.create_index("ix_deals_reference", "deals", ["reference"])
    op.create_index("ix_deal_contacts_contact_id", "deal_contacts", ["contact_id"])
    op.create_index("ix_tasks_deal_id", "tasks", ["deal_id"])
    op.create_index(
        "ix_outbox_untaken",
        "outbox",
        ["id"],
        sqlite_where=text("taken_at is null"),
        postgresql_where=text("taken_at is null"),
    )
    op.create_index("ix_outbox_deal_id", "outbox", ["deal_id"])
    names = ("user", "company", "contact", "deal", "task", "event")
    op.bulk_insert(counters, [{"name": name, "last": 0} for name in names])
    op.bulk_insert(meta, [{"name": "installation", "value": context.config.attributes["installation"]}])
