"""Webhooks out: who subscribed to the change feed, and how far each of them has come."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Integer, String, Text, column, table

from dealwright_embedded_crm.columns import Instant

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the subscriptions, of which there are none yet."""
    op.create_table(
        "subscriptions",
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
    counters = table("counters", column("name", String), column("last", BigInteger))
    op.bulk_insert(counters, [{"name": "subscription", "last": 0}])
