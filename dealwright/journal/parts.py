"""What every part of the journal shares: its database, its clocks and this process's name."""

from __future__ import annotations

import msgspec

from dealwright.clock import Clock
from dealwright.compile import ir
from dealwright.journal.database import Database, micros, statement


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A set of definitions that was applied, with its digest."""

    digest: str
    account: ir.Account


class Part:
    """Base of the journal's parts; `Journal` (store.py) is all of them on one database."""

    def __init__(self, database: Database, clock: Clock, *, worker: str, takeover_after: float) -> None:
        self.database = database
        self.clock = clock
        self._worker = worker
        self._takeover_after = takeover_after
        self._registered = float("-inf")
        self._open_windows: set[str] = set()
        self._failed_windows: set[str] = set()
        self._answers_left: dict[str, int] = {}
        self._releases: dict[tuple[str, str], Release] = {}
        with database.read() as connection:
            meta = connection.execute(statement("select key, value from meta")).all()
        self._meta: dict[str, str] = {row.key: row.value for row in meta}

    @property
    def worker(self) -> str:
        """This process, as leases name it."""
        return self._worker

    @property
    def installation(self) -> str:
        """The journal's own random id: part of every effect key."""
        return self._meta["installation"]

    def _now(self) -> int:
        """Business time, as stored."""
        return micros(self.clock.now())

    def _wall(self) -> int:
        """Real wall time, as stored."""
        return micros(self.clock.wall())
