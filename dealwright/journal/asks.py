"""Windows that were asked of Prefect: so many and no more, each until a flow run has opened it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection

from dealwright.journal.database import instant, statement
from dealwright.journal.parts import Part

_COLUMNS: Final = "id, account, automation, asked_wall, run_id"
_ASK: Final = statement(
    "insert into asked_windows (id, account, automation, asked_wall) values (:id, :account, :automation, :wall)"
)
_ALL: Final = statement(f"select {_COLUMNS} from asked_windows order by asked_wall, id")
_OTHERS_WAIT: Final = statement(
    "select 1 from asked_windows where asked_wall < :before and not (account = :account and automation = :automation) "
    "limit 1"
)
_NOTE: Final = statement("update asked_windows set run_id = :run where id = :id")
_TAKE: Final = statement("delete from asked_windows where id = :id")
_FORGET: Final = statement("update asked_windows set run_id = null")
_THERE: Final = statement(
    """
    select (select count(*) from windows where account = :account and automation = :automation and closed_wall is null)
        + (select count(*) from asked_windows where account = :account and automation = :automation) as windows,
        (select count(*) from (select 1 from executions
            where account = :account and automation = :automation and head and state = 'ready' limit :enough) as heads)
            as heads
    """
)

HEADS_PER_WINDOW: Final = 1_000
"""Lanes that are due beyond which one more window of an automation is worth a process of its own."""


class AskedWindow(msgspec.Struct, frozen=True, kw_only=True):
    """A window that Prefect was asked for and that no flow run has opened; `run_id` once Prefect has the run."""

    id: str
    account: str
    automation: str
    asked_at: datetime
    run_id: str | None = None


class Asks(Part):
    """What the engine asks of Prefect in the `prefect` driver."""

    def ask_windows(self, account: str, automation: str, most: int) -> int:
        """Ask for as many windows of an automation with due work as its load deserves; return how many more it is.

        One if there is none, another for every thousand due lanes, at most `most` open and asked together. Engines
        that share the journal ask one after the other, so that they do not ask for the same work twice.
        """
        of = {"account": account, "automation": automation}
        with self.database.write() as connection:
            self.database.lock_account(connection, account, "ask")
            there = connection.execute(_THERE, of | {"enough": most * HEADS_PER_WINDOW}).one()
            wanted = min(most, max(1, -(-there.heads // HEADS_PER_WINDOW)))
            rows = [of | {"id": secrets.token_hex(8), "wall": self._wall()} for _ in range(wanted - there.windows)]
            if rows:
                connection.execute(_ASK, rows)
        return len(rows)

    def asked_windows(self) -> Sequence[AskedWindow]:
        """Return the windows that were asked for and that nobody has opened, oldest first."""
        return [
            AskedWindow(
                id=row["id"],
                account=row["account"],
                automation=row["automation"],
                asked_at=instant(row["asked_wall"]),
                run_id=row["run_id"],
            )
            for row in self.database.rows(_ALL)
        ]

    def note_asked_run(self, window_id: str, run_id: str) -> None:
        """Remember the flow run that is to open the window."""
        with self.database.write() as connection:
            connection.execute(_NOTE, {"id": window_id, "run": run_id})

    def withdraw_window(self, window_id: str) -> bool:
        """Do not wait for this window any more; say whether anybody did."""
        with self.database.write() as connection:
            return take_asked(connection, window_id) is not None

    def others_wait(self, account: str, automation: str, seconds: float) -> bool:
        """Say whether a window of another automation waits for a worker for so many seconds."""
        before = self._wall() - int(seconds * 1_000_000)
        return bool(self.database.rows(_OTHERS_WAIT, account=account, automation=automation, before=before))


def take_asked(connection: Connection, window_id: str | None) -> str | None:
    """Take a window from those that are asked for; return its id if it was there."""
    if window_id is None or connection.execute(_TAKE, {"id": window_id}).rowcount != 1:
        return None
    return window_id


def forget_asked_runs(connection: Connection) -> None:
    """Forget the flow runs: Prefect's database was replaced, and is asked for them again under their ids."""
    connection.execute(_FORGET)
