"""Observe: what an event tells becomes the last known state. The only writer of the mirror's tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import Connection

from dealwright.engine.records import ToRoute
from dealwright.model.crm import Deal
from dealwright.statements import Query, insert

_KNOWN: Final = Query("select id, version, noticed from mirror_deals where account = :account and id in :ids")
_KEEP: Final = insert(
    "mirror_deals",
    {"account": "text", "id": "text", "version": "bigint", "as_of": "bigint", "body": "bytea"},
    then="on conflict (account, id) do update set version = excluded.version, as_of = excluded.as_of, "
    "body = excluded.body where excluded.version >= mirror_deals.version",
)


def observe(
    connection: Connection, account: str, events: Sequence[ToRoute], *, as_of: int, seal: Callable[[Deal], bytes]
) -> frozenset[int]:
    """Keep the newest state that the events tell; return the ids of those that came late (told an older state).

    `seal` is the journal's payload codec: deals hold personal data. A deal that hooks only notice is known already, as
    it was when they were observed (notice.py): it comes in their order, and never late.
    """
    subjects = sorted({deal.id for item in events for deal in item.event.about})
    if not subjects:  # an empty list has no type on PostgreSQL
        return frozenset()
    rows = _KNOWN.run(connection, account=account, ids=subjects)
    known: dict[str, int] = {}
    noticed = set()
    for row in rows:
        known[row.id] = row.version
        if row.noticed:
            noticed.add(row.id)
    newest: dict[str, Deal] = {}
    late = set()
    for item in events:
        for deal in item.event.about:
            if deal.id in noticed:
                continue
            if deal.version < known.get(deal.id, -1):
                late.add(item.id)
                continue
            known[deal.id] = deal.version
            newest[deal.id] = deal
    if newest:
        _KEEP.run(
            connection,
            [
                (account, deal.id, deal.version, as_of, seal(deal))
                for deal in sorted(newest.values(), key=lambda deal: deal.id)
            ],
        )
    return frozenset(late)
