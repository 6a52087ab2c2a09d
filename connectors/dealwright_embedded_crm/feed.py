"""The change feed: what lies in the outbox and was not taken yet, in the order it happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, select, update

from dealwright.model.events import Event
from dealwright.ports import FeedItem
from dealwright_embedded_crm import meta, schema
from dealwright_embedded_crm.own_fields import OwnFields
from dealwright_embedded_crm.own_sight import Sight

_decode = msgspec.json.Decoder(Event).decode
_TAKE = update(schema.outbox).where(schema.outbox.c.id == bindparam("number")).values(taken_at=bindparam("at"))


def untaken(connection: Connection, limit: int) -> list[FeedItem]:
    """Return the oldest events that nobody has taken."""
    outbox = schema.outbox.c
    # By mark, never by "greater than the last one seen": that would lose what commits later with a lower id.
    query = select(outbox.event).where(outbox.taken_at.is_(None)).order_by(outbox.id).limit(limit)
    return [FeedItem(event=_decode(raw), raw=raw) for raw in connection.execute(query).scalars()]


def since(connection: Connection, after: int, limit: int, kinds: Sequence[str] = ()) -> list[tuple[int, bytes]]:
    """Return the events after that number, taken or not, of these kinds (of none: of all).

    Writers take turns, so none ever comes before one that was shown.
    """
    outbox = schema.outbox.c
    query = select(outbox.id, outbox.event).where(outbox.id > after).order_by(outbox.id).limit(limit)
    if kinds:
        query = query.where(outbox.kind.in_(kinds))
    return [(row.id, bytes(row.event)) for row in connection.execute(query)]


def last(connection: Connection) -> int:
    """Return the number of the newest event; 0 if there is none."""
    return int(connection.execute(select(func.max(schema.outbox.c.id))).scalar() or 0)


def names_own_fields(raw: bytes) -> bool:
    """Say whether an event may tell what own fields hold, so that somebody's sight of them is asked for."""
    return b'custom":' in raw


def told(number: int, raw: bytes, sight: Sight | None = None) -> dict[str, Any]:
    """Return an event as clients are told it, by `GET /events` and by webhooks; own fields as far as they see them."""
    data = msgspec.json.decode(raw, type=dict[str, Any])
    if names_own_fields(raw):
        (sight or Sight(OwnFields(()))).show_event(data)
    head = {name: data.pop(name, None) for name in ("kind", "occurred_at", "actor", "cause")}
    del data["source_id"]
    return {"id": str(number), **head, "data": data}


def take(connection: Connection, source_ids: Sequence[str], at: datetime) -> None:
    """Mark events as taken.

    Raises:
        ValueError: an id is of another CRM's feed.
    """
    own = meta.installation(connection)
    rows = [{"number": _number(each, own), "at": at} for each in source_ids]
    if rows:
        connection.execute(_TAKE, rows)


def _number(source_id: str, own: str) -> int:
    owner, _, number = source_id.partition(":")
    if owner != own or not number.isdigit():
        raise ValueError(f"{source_id!r} is no event of this CRM, whose events start with {own}:")
    return int(number)
