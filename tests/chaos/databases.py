"""The journal of a run: a SQLite file beside the logs, or a PostgreSQL database that is made for it."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator

import psycopg
from psycopg import sql


class Unusable(Exception):
    """The run cannot be made there; the text says why, and what to do."""


@contextlib.contextmanager
def journal(url: str | None, *, kept: bool) -> Iterator[str | None]:
    """Yield the journal's SQLAlchemy URL, or None for a SQLite file.

    A PostgreSQL database that is not there is made; one that holds tables is refused; one that is there and empty is
    used. What was made here is dropped at the end unless it is `kept`. A URL without a database name gets one.

    Raises:
        Unusable: the server or the database cannot be used.
    """
    if url is None:
        yield None
        return
    if url.startswith("sqlite:///"):
        yield url
        return
    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    if not plain.startswith("postgresql://"):
        raise Unusable("--database takes postgresql://user@host:port/name, or sqlite:///file")
    server, _, name = plain.removeprefix("postgresql://").partition("/")
    name = name or f"chaos_{secrets.token_hex(6)}"
    made = _make(f"postgresql://{server}/postgres", f"postgresql://{server}/{name}", name)
    try:
        yield f"postgresql+psycopg://{server}/{name}"
    finally:
        if made and not kept:
            with psycopg.connect(f"postgresql://{server}/postgres", autocommit=True) as admin:
                admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def _make(admin_url: str, url: str, name: str) -> bool:
    """Make the database unless it is there; say whether it was made.

    Raises:
        Unusable: there is no server, or the database holds tables.
    """
    try:
        with psycopg.connect(url) as connection:
            tables = "select count(*) from information_schema.tables where table_schema = 'public'"
            found = connection.execute(tables).fetchone()
    except psycopg.OperationalError:
        try:
            with psycopg.connect(admin_url, autocommit=True) as admin:
                admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        except psycopg.Error as error:
            raise Unusable(f"the database cannot be reached or made: {type(error).__name__}") from None
        return True
    if found and found[0]:
        raise Unusable(f"the database {name} holds tables already: give --database one that is empty or not there")
    return False
