"""Conversations: what was written to contacts, and what they answered."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, String, Text, column, table

from dealwright_embedded_crm.columns import Instant

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table; no message is there yet."""
    op.create_table(
        "messages",
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
    )
    op.create_index("ix_messages_contact_id", "messages", ["contact_id", "id"])
    op.bulk_insert(
        table("counters", column("name", String), column("last", BigInteger)), [{"name": "message", "last": 0}]
    )
