"""Deals are found by their own fields, contacts by phone and e-mail: an index of what is there already."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_PIECE = 5_000


def upgrade() -> None:
    """Add the table and fill it."""
    lookups = op.create_table(
        "lookups",
        sa.Column("kind", sa.String(80), primary_key=True),
        sa.Column("value", sa.String(80), primary_key=True),
        sa.Column("thing_id", sa.BigInteger, primary_key=True, autoincrement=False),
    )
    op.create_index("ix_lookups_thing_id", "lookups", ["thing_id", "kind"])
    connection = op.get_bind()
    contacts = "select id, phone, email from contacts where id > :after order by id limit :piece"
    deals = "select id, custom from deals where custom is not null and id > :after order by id limit :piece"
    for sql, told in ((contacts, _of_contact), (deals, _of_deal)):
        after = -1
        while rows := connection.execute(sa.text(sql), {"after": after, "piece": _PIECE}).all():
            after = rows[-1].id
            found = [{"kind": kind, "value": value, "thing_id": row.id} for row in rows for kind, value in told(row)]
            if found:
                connection.execute(sa.insert(lookups), found)


# As lookups.py spelled them when this was written: a migration does the same for ever.


def _of_contact(row: Any) -> Iterator[tuple[str, str]]:
    digits = re.sub(r"[^0-9]+", "", re.split(r"[^\W\d_]", row.phone or "")[0])[-7:]
    if digits:
        yield "phone", digits
    email = (row.email or "").strip().casefold()
    if email.count("@") == 1 and not email.startswith("@") and not email.endswith("@"):
        yield "email", email[:80]


def _of_deal(row: Any) -> Iterator[tuple[str, str]]:
    for field in json.loads(row.custom):
        key, value = field["key"], field["value"]
        if value is None or value.get("is") not in ("text", "number") or len(key) >= 76:
            continue
        text = str(value["value"])
        if value["is"] == "number":
            text = _plain(text)
        if text:
            yield f"own.{key}", text[:80]


def _plain(number: str) -> str:
    return f"{Decimal(number).normalize():f}"
