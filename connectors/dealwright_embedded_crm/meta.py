"""What the database says of itself, by name: its installation, the account's zone, a default owner."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, select

from dealwright_embedded_crm import schema

_INSTALLATION = "installation"
_ZONE = "zone"


def told(connection: Connection, name: str) -> str | None:
    """Return what is said under a name, None if nothing is."""
    return connection.execute(select(schema.meta.c.value).where(schema.meta.c.name == name)).scalar_one_or_none()


def tell(connection: Connection, name: str, value: str | None) -> None:
    """Say something under a name, in the place of what was said; None is nothing."""
    connection.execute(delete(schema.meta).where(schema.meta.c.name == name))
    if value is not None:
        connection.execute(insert(schema.meta), [{"name": name, "value": value}])


def installation(connection: Connection) -> str:
    """Return the random text that no other CRM database has."""
    found = told(connection, _INSTALLATION)
    assert found is not None  # the first migration writes it
    return found


def zone(connection: Connection) -> ZoneInfo:
    """Return the account's zone, in which a deal is closed on a day; UTC before its first release."""
    return ZoneInfo(told(connection, _ZONE) or "UTC")


def set_zone(connection: Connection, name: str) -> None:
    """Take over the account's zone."""
    if told(connection, _ZONE) != name:
        tell(connection, _ZONE, name)
