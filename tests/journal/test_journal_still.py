"""A process that is stopped in the middle of a transaction holds the others up no longer than half a minute."""

from __future__ import annotations

import pytest
from journal_world import ACME, HandClock
from sqlalchemy import text

from dealwright.errors import JournalError
from dealwright.journal import database
from dealwright.journal.store import Journal


@pytest.mark.parametrize("at", ["commit", "statement"])
def test_who_is_stopped_in_a_transaction_gives_its_locks_back(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    monkeypatch.setattr(database, "STILL", 0.3)
    still = Journal(postgresql_url, HandClock())
    monkeypatch.undo()
    other = Journal(postgresql_url, HandClock())
    try:
        with pytest.raises(JournalError, match="nothing was changed"), still.database.write() as connection:
            still.database.lock_account(connection, ACME, "test")
            with other.database.write() as waiting:  # for the lock, which nobody gives back
                other.database.lock_account(waiting, ACME, "test")
            if at == "statement":
                connection.execute(text("select 1"))
        assert still.database.rows(text("select 1 as one"))[0]["one"] == 1, "it goes on with a new connection"
    finally:
        still.close()
        other.close()
