"""Ids: each kind of record is counted in a row of its own, inside the one write transaction there is at a time."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from dealwright_embedded_crm import schema


def take_number(connection: Connection, name: str) -> int:
    """Return the next number of a kind of record."""
    table = schema.counters
    last = connection.execute(select(table.c.last).where(table.c.name == name)).scalar_one()
    connection.execute(update(table).where(table.c.name == name).values(last=last + 1))
    return int(last) + 1
