"""Rates: what an outside system takes of one account, counted in one row for all engines of the journal.

The row holds when the next request may leave (a token bucket, kept as one moment) and until when nothing may. Both are
on the leases' clock, which no wall clock moves. What is left of a wait when that clock begins anew (a reboot, or a
database server whose clock was set back) goes on from the last moment that was written: nobody waits longer than was
asked for.
"""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection

from dealwright.journal.database import Lease, statement
from dealwright.journal.parts import Part
from dealwright.ports import Pace

LONGEST_PAUSE: Final = 3600.0
"""Seconds that a system may ask all engines to leave it alone; a longer one is an operator's decision."""

_READ: Final = "select boot, at, free_at, paused_until from rates where account = :account and connector = :connector"
_BEGIN: Final = statement(
    "insert into rates (account, connector, boot, at, free_at, paused_until) "
    "values (:account, :connector, :boot, :at, :at, :at) on conflict (account, connector) do nothing"
)
_WRITE: Final = statement(
    "update rates set boot = :boot, at = :at, free_at = :free_at, paused_until = :paused_until "
    "where account = :account and connector = :connector"
)
_NEED_NOT_LAST: Final = statement("set local synchronous_commit = off")


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """One row: `at` is when it was written, `free_at` when the bucket is full again, by the clock of `boot`."""

    boot: str
    at: float
    free_at: float
    paused_until: float

    def seen(self, moment: Lease) -> Rate:
        """Return the row as of this moment; if the clock began anew, with what was left at its last writing."""
        now = moment.now
        if moment.boot == self.boot and now >= self.at:
            return msgspec.structs.replace(self, at=now)
        free_at, paused_until = now + max(0.0, self.free_at - self.at), now + max(0.0, self.paused_until - self.at)
        return Rate(boot=moment.boot, at=now, free_at=free_at, paused_until=paused_until)

    def take(self, pace: Pace) -> tuple[float, Rate]:
        """Return the seconds until the next token may be used, and the row once it is taken."""
        each = 1.0 / pace.rate
        wait = max(0.0, self.free_at - (pace.burst - 1) * each - self.at, self.paused_until - self.at)
        return wait, msgspec.structs.replace(self, free_at=max(self.free_at, self.at + wait) + each)


class Rates(Part):
    """The tokens of all accounts and connectors."""

    def take_token(self, account: str, connector: str, pace: Pace, *, patience: float) -> tuple[bool, float]:
        """Take the next token; return whether it was taken, and the seconds until it may be used.

        One that nobody may use within `patience` seconds is not taken.
        """
        with self.database.write() as connection:
            wait, rate = self._row(connection, account, connector).take(pace)
            if wait > patience:
                return False, wait
            self._write_row(connection, account, connector, rate)
        return True, wait

    def pause_tokens(self, account: str, connector: str, seconds: float) -> None:
        """Let no engine use a token for so long; a shorter pause than the one that stands changes nothing."""
        with self.database.write() as connection:
            rate = self._row(connection, account, connector)
            until = max(rate.paused_until, rate.at + min(seconds, LONGEST_PAUSE))
            self._write_row(connection, account, connector, msgspec.structs.replace(rate, paused_until=until))

    def _row(self, connection: Connection, account: str, connector: str) -> Rate:
        """Lock the row, which is made if it is not there, and return it as of now."""
        if self.database.postgresql:
            connection.execute(_NEED_NOT_LAST)  # a token that a crash of the server forgets is no loss
        named = {"account": account, "connector": connector}
        read = statement(_READ + self.database.for_update)
        row = connection.execute(read, named).mappings().first()
        if row is None:
            moment = self.database.lease(connection)
            connection.execute(_BEGIN, {**named, "boot": moment.boot, "at": moment.now})
            row = connection.execute(read, named).mappings().one()
        # The clock is read under the lock: a moment from before it would lie behind what another engine wrote.
        return Rate(**row).seen(self.database.lease(connection))

    def _write_row(self, connection: Connection, account: str, connector: str, rate: Rate) -> None:
        row = msgspec.structs.asdict(rate)
        connection.execute(_WRITE, {"account": account, "connector": connector, **row})
