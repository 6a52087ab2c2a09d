"""Databases for tests: a SQLite file, or a PostgreSQL database of the test's own that is dropped at its end."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

SERVER = os.environ.get("DEALWRIGHT_TEST_POSTGRESQL", "postgresql://root@127.0.0.1:5432/test")


@contextmanager
def postgresql(prefix: str) -> Iterator[str]:
    """Make a PostgreSQL database and drop it afterwards; yield its SQLAlchemy URL.

    Without a server the test is skipped with one visible line; in CI that is a failure.
    """
    name = f"{prefix}_{uuid.uuid4().hex[:12]}"
    try:
        _admin("create database {}", name)
    except psycopg.OperationalError:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip("no PostgreSQL server on 127.0.0.1:5432: these tests ran on SQLite only")
    try:
        yield f"{SERVER.rpartition('/')[0].replace('postgresql://', 'postgresql+psycopg://')}/{name}"
    finally:
        _admin("drop database {} with (force)", name)


def _admin(statement: str, name: str) -> None:
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
