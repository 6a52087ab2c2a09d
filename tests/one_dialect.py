"""Statements that SQLAlchemy compiles once for a process of tests.

A process at work opens one journal and one CRM, and compiles each statement once. A process of tests opens some
thousand databases, and each would compile all of its statements again: a tenth of all that tests of the engine do.
What is compiled depends on the dialect and on nothing else, so all engines on SQLite share one, and what it compiled.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy
from sqlalchemy import Engine
from sqlalchemy.util import LRUCache

_ROOM = 5_000
"""Statements that are kept: more than there are."""


class OneDialect:
    """Makes engines as `create_engine` does, which share what they compile."""

    def __init__(self) -> None:
        first = sqlalchemy.create_engine("sqlite://")
        first.connect().close()  # it asks the library for its version, which Alembic wants to know
        first.dispose()
        self._dialect = first.dialect
        self._cache: LRUCache[Any, Any] = LRUCache(_ROOM)

    def create_engine(self, url: Any, **options: Any) -> Engine:
        """Make an engine; one on PostgreSQL is left as it is: its dialect knows the server it met."""
        engine = sqlalchemy.create_engine(url, **options)
        if engine.dialect.name == "sqlite":
            engine.dialect = self._dialect
            engine._compiled_cache = self._cache
        return engine
