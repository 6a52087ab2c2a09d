"""What disk and server say when the journal cannot be used, in words: what is wrong, and what to do."""

from __future__ import annotations

import sqlite3
from typing import Final

import psycopg
from sqlalchemy.exc import DBAPIError

_SQLITE: Final = {
    sqlite3.SQLITE_READONLY: "it may not be written to. Give this user the right to write its file and its folder",
    sqlite3.SQLITE_FULL: "the disk is full. Make room, and what was under way is done again",
    sqlite3.SQLITE_IOERR: "the disk failed. Look at its health before anything else",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened. Its folder must be there, and this user must be let into it",
    sqlite3.SQLITE_CORRUPT: "the file is damaged. Restore a backup, and look at the disk",
    sqlite3.SQLITE_NOTADB: "the file is no SQLite database. Is it the right one?",
    sqlite3.SQLITE_BUSY: "another process has written to it for 30 seconds. Look for one that hangs",
}
_POSTGRESQL: Final = {
    "25P03": "this process stood still in the middle of a transaction, which the server has ended",
    "25006": "the server is read-only: a standby, perhaps. Give the address of the primary",
    "53100": "the server's disk is full. Make room, and what was under way is done again",
    "53300": "the server takes no more connections",
    "42501": "this user lacks the rights. It must own the database, or be granted all of it",
    "28P01": "the server does not accept the password",
    "28000": "the server does not let this user in",
    "3D000": "the server has no database of that name. Create it: createdb NAME",
}
_GIVEN_UP: Final = {
    "40P01": "the server has given this up for another's sake, each waited for the other. Try again",
    "40001": "the server has given this up, for another changed the same at once. Try again",
}
_PRIMARY: Final = 0xFF
"""SQLite's extended codes carry the plain one in their lowest byte."""


def trouble(error: DBAPIError) -> str | None:
    """Return what is wrong with the place where the journal lives; None if that is not what is wrong."""
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return _SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & _PRIMARY)
    if isinstance(cause, psycopg.Error):
        said = (_POSTGRESQL | _GIVEN_UP).get(cause.sqlstate or "")
        if said is None and isinstance(cause, psycopg.OperationalError):
            # Shut down, restarted, out of memory, too slow: whatever it is, it says nothing of the rows.
            return f"the server cannot do it now ({cause.sqlstate})" if cause.sqlstate else "the server does not answer"
        return said
    return None


def given_up(error: BaseException | None) -> bool:
    """Say whether the server gave a transaction up for another's sake: nothing was changed, it may be made again."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    return isinstance(cause, psycopg.Error) and cause.sqlstate in _GIVEN_UP
