"""The journal: events, executions, effects and receipts, durable, on SQLite or PostgreSQL."""

from __future__ import annotations

from typing import Final

from dealwright.clock import Clock
from dealwright.journal.answers import Answers
from dealwright.journal.asks import Asks
from dealwright.journal.breaches import Breaches
from dealwright.journal.change_over import ChangeOver
from dealwright.journal.crms import Crms
from dealwright.journal.database import Database
from dealwright.journal.deciders import Deciders
from dealwright.journal.effects import Effects
from dealwright.journal.enrolments import Enrolments
from dealwright.journal.hand_overs import HandOvers
from dealwright.journal.history import History
from dealwright.journal.news import Newsroom
from dealwright.journal.operations import Operations
from dealwright.journal.people import People
from dealwright.journal.picks import Picks
from dealwright.journal.prune import Prune
from dealwright.journal.quarantine import Quarantine
from dealwright.journal.questions import Questions
from dealwright.journal.rates import Rates
from dealwright.journal.releases import Releases
from dealwright.journal.routing import Routing
from dealwright.journal.schema import migrate
from dealwright.journal.settings import Settings
from dealwright.journal.shares import Shares
from dealwright.journal.switches import Switches
from dealwright.journal.tray import Tray
from dealwright.journal.turns import Turns
from dealwright.journal.windows import Windows
from dealwright.journal.workers import Recovery, Workers, new_worker_name, this_machine

LONGEST_CALL: Final = 30.0
"""Seconds that the longest outside call may take: nobody takes over a running execution sooner after its lease."""


class Journal(
    Releases,
    Quarantine,
    Tray,
    Enrolments,
    Routing,
    Turns,
    Newsroom,
    Effects,
    Switches,
    Settings,
    Questions,
    Deciders,
    Answers,
    People,
    Picks,
    Breaches,
    HandOvers,
    Operations,
    Windows,
    Asks,
    Workers,
    History,
    Shares,
    Crms,
    Rates,
    Prune,
    ChangeOver,
):
    """Everything that must survive. One instance is one worker.

    The parts are one file each; they share the database, the clock and the worker's name (parts.py).
    """

    def __init__(
        self, url: str, clock: Clock, *, worker: str | None = None, takeover_after: float = LONGEST_CALL
    ) -> None:
        """Open and migrate the journal at a database URL.

        Raises:
            InputError: the URL names no SQLite or PostgreSQL database.
            JournalError: the journal was written by a newer version.
        """
        self._machine = this_machine()
        database = Database(url, clock, boot=self._machine.boot)
        try:
            migrate(database)
            super().__init__(database, clock, worker=worker or new_worker_name(), takeover_after=takeover_after)
        except BaseException:
            database.close()
            raise

    def start(self) -> Recovery:
        """Register this process as a worker and recover what dead ones left; before the first claim."""
        return self.recover(self._machine)

    def take_over(self) -> None:
        """Recover what workers left that died since; a living engine does this from time to time."""
        self.recover_dead(self._machine)

    def living_workers(self) -> int:
        """Count the engines that are at work on this journal."""
        return self.living(self._machine)

    def close(self) -> None:
        """Close the database."""
        self.database.close()
