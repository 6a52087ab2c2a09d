"""The CRM's tables, as the newest migration leaves them; what must always hold is a constraint here."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from dealwright_embedded_crm.columns import CaseKey, Instant

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

meta = Table(
    "meta",
    metadata,
    Column("name", String(50), primary_key=True),
    Column("value", Text, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(50), primary_key=True),
    Column("last", BigInteger, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("email", Text, unique=True),
    CheckConstraint("name <> ''", name="name"),
)

companies = Table(
    "companies",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("custom", Text),
    CheckConstraint("name <> ''", name="name"),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("phone", Text),
    Column("email", Text),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("name_key", CaseKey, nullable=False, server_default=""),
    Column("custom", Text),
)

fields = Table(
    "fields",
    metadata,
    Column("holder", String(100), primary_key=True),
    Column("key", String(100), primary_key=True),
    Column("label", Text, nullable=False),
    Column("type", String(20), nullable=False),
    Column("options", Text, nullable=False),
    Column("sensitive", Boolean, nullable=False),
    Column("renamed_from", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("released", Boolean, nullable=False),
    CheckConstraint("holder <> ''", name="holder"),
)
"""A company's own fields: of a `deal`, a `contact`, a `company`, or of the kind of records that `holder` names. One
that is not `released` is named by no release any more, and kept with what it holds."""

record_kinds = Table(
    "record_kinds",
    metadata,
    Column("key", String(100), primary_key=True),
    Column("label", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("released", Boolean, nullable=False),
    CheckConstraint("key not in ('', 'deal', 'contact', 'company')", name="key"),
)
"""The kinds of records that a deal can have under it; `released` as of fields."""

pipelines = Table(
    "pipelines",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("name", Text, nullable=False),
    Column("position", Integer, nullable=False, unique=True),
    Column("released", Boolean, nullable=False, server_default=false()),
)
"""`released`: the active release names it, so that its name and stages come from definitions."""

stages = Table(
    "stages",
    metadata,
    Column("pipeline", String(200), ForeignKey("pipelines.key"), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("probability", Integer),
    Column("reasons", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("required", Text, nullable=False, server_default="[]"),
    Column("reason_required", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("pipeline", "position"),
    CheckConstraint("kind in ('incoming', 'open', 'won', 'lost')", name="kind"),
    CheckConstraint("probability between 0 and 100", name="probability"),
)

deals = Table(
    "deals",
    metadata,
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
    Column("name_key", CaseKey, nullable=False, server_default=""),
    Column("custom", Text),
    Column("records", Integer, nullable=False, server_default="0"),
    ForeignKeyConstraint(["pipeline", "stage"], ["stages.pipeline", "stages.key"]),
    CheckConstraint("title <> ''", name="title"),
    CheckConstraint("amount_minor >= 0", name="amount"),
    CheckConstraint("(amount_minor is null) = (currency is null)", name="money"),
    CheckConstraint("version >= 1", name="version"),
    Index("ix_deals_stage", "pipeline", "stage"),
    Index("ix_deals_reference", "reference"),
    Index("ix_deals_owner_id", "owner_id"),
    Index("ix_deals_company_id", "company_id"),
    Index("ix_deals_created_at", "created_at"),
)
"""`name_key` is the title as it is searched and sorted: without case, alike on both databases. `records` is how many
the deal has under it, so that a read asks for none where there are none, and counts none where there are very many."""

records = Table(
    "records",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("deal_id", BigInteger, ForeignKey("deals.id"), nullable=False),
    Column("kind", String(100), ForeignKey("record_kinds.key"), nullable=False),
    Column("custom", Text),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_records_deal_id", "deal_id", "id"),
    Index("ix_records_kind", "kind", "id"),
)
"""What deals have under them, such as instalments."""

lookups = Table(
    "lookups",
    metadata,
    Column("kind", String(80), primary_key=True),
    Column("value", String(80), primary_key=True),
    Column("thing_id", BigInteger, primary_key=True, autoincrement=False),
    Index("ix_lookups_thing_id", "thing_id", "kind"),
)
"""Where things are looked for by a value: deals and companies by their own fields (`own.<key>`, `firm.<key>`), contacts
by the last digits of their phone (`phone`) and by their address (`email`). It names candidates: who asks compares with
what the thing holds now."""

deal_contacts = Table(
    "deal_contacts",
    metadata,
    Column("deal_id", BigInteger, ForeignKey("deals.id"), primary_key=True),
    Column("contact_id", BigInteger, ForeignKey("contacts.id"), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("role", String(60)),
    UniqueConstraint("deal_id", "position"),
    Index("ix_deal_contacts_contact_id", "contact_id", "deal_id"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("deal_id", BigInteger, ForeignKey("deals.id"), nullable=False),
    Column("text", Text, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("owner_id", BigInteger, ForeignKey("users.id")),
    Column("done", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("completed_at", Instant),
    CheckConstraint("text <> ''", name="text"),
    Index("ix_tasks_deal_id", "deal_id"),
)

notes = Table(
    "notes",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("deal_id", BigInteger, ForeignKey("deals.id"), nullable=False),
    Column("text", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("at", Instant, nullable=False),
    CheckConstraint("text <> ''", name="text"),
    Index("ix_notes_deal_id", "deal_id"),
)

activities = Table(
    "activities",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("deal_id", BigInteger, ForeignKey("deals.id"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("at", Instant, nullable=False),
    Column("outcome", Text),
    Column("text", Text),
    Column("by_id", BigInteger, ForeignKey("users.id")),
    Column("contact_id", BigInteger, ForeignKey("contacts.id")),
    CheckConstraint("kind in ('call', 'meeting', 'email')", name="kind"),
    Index("ix_activities_deal_id", "deal_id"),
    Index("ix_activities_contact_id", "contact_id"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("contact_id", BigInteger, ForeignKey("contacts.id"), nullable=False),
    Column("direction", String(3), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("author", Text, nullable=False),
    Column("deal_id", BigInteger),
    Column("button", Text),
    Column("reply_to", BigInteger),
    Column("template", Text),
    Column("language", String(10)),
    Column("buttons", Text, nullable=False, server_default="[]"),
    CheckConstraint("text <> ''", name="text"),
    CheckConstraint("direction in ('in', 'out')", name="direction"),
    Index("ix_messages_contact_id", "contact_id", "id"),
)
"""The conversations, one per contact. A message outlives the deal it is about, and not its contact."""

merges = Table(
    "merges",
    metadata,
    Column("kind", String(10), primary_key=True),
    Column("absorbed", BigInteger, primary_key=True, autoincrement=False),
    Column("kept", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    CheckConstraint("kind in ('deal', 'contact', 'company')", name="kind"),
    Index("ix_merges_kept", "kind", "kept"),
)
"""What was merged away, and into what: never a chain, the kept one is there or was deleted."""

tokens = Table(
    "tokens",
    metadata,
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
"""API tokens; of the secret only its hash."""

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("kinds", Text, nullable=False),
    Column("allow_private", Boolean, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("after", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failing_since", Instant),
    Column("not_before", Instant),
    Column("last_status", String(50)),
    Column("disabled_at", Instant),
    Column("disabled_reason", Text),
    Column("held_by", String(50)),
    Column("held_until", Instant),
    CheckConstraint("url <> ''", name="url"),
    CheckConstraint("(disabled_at is null) = (disabled_reason is null)", name="disabled"),
)
"""Webhooks out. `after` is the last event of the outbox that was delivered; one process at a time holds each."""

writes = Table(
    "writes",
    metadata,
    Column("key", Text, primary_key=True),
    Column("kind", String(50), nullable=False),
    Column("actor", Text, nullable=False),
    Column("receipt", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False),
)
"""The idempotency keys, kept for ever beside what they wrote, each with the receipt that was given."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("deal_id", BigInteger),
    Column("kind", String(50), nullable=False),
    Column("event", LargeBinary, nullable=False),
    Column("taken_at", Instant),
    Index("ix_outbox_untaken", "id", sqlite_where=text("taken_at is null"), postgresql_where=text("taken_at is null")),
    Index("ix_outbox_deal_id", "deal_id"),
)
"""The change feed, one row per event, written in the transaction of the change; it outlives the deal it tells of."""
