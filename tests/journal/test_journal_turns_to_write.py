"""One writer at a time: whoever comes second waits for the first, and only for him."""

from __future__ import annotations

import sqlite3
import threading

import pytest
from journal_world import HandClock
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from dealwright.errors import JournalError
from dealwright.journal import database as journal_database
from dealwright.journal.database import Database


def test_the_second_writer_begins_when_the_first_has_ended(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (Database(sqlite_url, HandClock(), boot="b") for _ in range(2))
    asked, order = threading.Event(), list[str]()

    def write() -> None:
        with second.write() as connection:
            order.append("second begins")
            assert connection.execute(text("select value from meta where key = 'k'")).scalar_one() == "v"
            assert connection.execute(text("pragma busy_timeout")).scalar_one() == 30_000

    monkeypatch.setattr(journal_database.time, "sleep", lambda _: asked.set())
    thread = threading.Thread(target=write)
    with first.write() as connection:
        thread.start()
        assert asked.wait(10)  # it has found the journal taken
        connection.execute(text("insert into meta (key, value) values ('k', 'v')"))
        order.append("first ends")
    thread.join(30)
    assert order == ["first ends", "second begins"]
    for each in (first, second):
        each.close()


def test_what_else_is_wrong_is_said_as_ever(sqlite_url: str) -> None:
    database = Database(sqlite_url, HandClock(), boot="b")
    with database.write() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        assert not journal_database._begin_to_write(driver)  # it is in a transaction already
        with pytest.raises(OperationalError):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    database.close()


def test_a_journal_that_stays_taken_is_told(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (Database(sqlite_url, HandClock(), boot="b") for _ in range(2))
    monkeypatch.setattr(journal_database.time, "sleep", lambda _: None)
    monkeypatch.setattr(journal_database, "_PATIENCE", 0)
    with first.write(), pytest.raises(JournalError, match="another process"), second.write():
        pass
    for each in (first, second):
        each.close()
