"""The idempotency keys that are kept beside what they wrote, and the receipts that were given for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec
from sqlalchemy import Connection, select

from dealwright_embedded_crm import reads, schema

Receipt: TypeAlias = dict[str, str | bool | int | None]

_decode = msgspec.json.Decoder(Receipt).decode


def kept(connection: Connection, keys: Iterable[str]) -> dict[str, Receipt]:
    """Return the receipts of those keys that are known."""
    found: dict[str, Receipt] = {}
    writes = schema.writes.c
    wanted = sorted(set(keys))
    for start in range(0, len(wanted), reads.CHUNK):
        query = select(writes.key, writes.receipt).where(writes.key.in_(wanted[start : start + reads.CHUNK]))
        found.update((row.key, _decode(row.receipt)) for row in connection.execute(query))
    return found
