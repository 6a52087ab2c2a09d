"""Rates: what an outside system takes of one account, counted in one row for all engines of the journal.

The row holds when the last requests left, when those that have a token may, and until when nothing may. All are on the
leases' clock, which no wall clock moves. What is left of a wait when that clock begins anew (a reboot, or a
database server whose clock was set back) goes on from the last moment that was written: nobody waits longer than was
asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection

from dealwright.journal.database import Lease, statement
from dealwright.journal.parts import Part
from dealwright.ports import Pace

LONGEST_PAUSE: Final = 3600.0
"""Seconds that a system may ask all engines to leave it alone; a longer one is an operator's decision."""

_READ: Final = "select boot, at, taken, paused_until from rates where account = :account and connector = :connector"
_BEGIN: Final = statement(
    "insert into rates (account, connector, boot, at, taken, paused_until) "
    "values (:account, :connector, :boot, :at, '[]', :at) on conflict (account, connector) do nothing"
)
_WRITE: Final = statement(
    "update rates set boot = :boot, at = :at, taken = :taken, paused_until = :paused_until "
    "where account = :account and connector = :connector"
)
_NEED_NOT_LAST: Final = statement("set local synchronous_commit = off")


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """One row, by the clock of `boot`: `at` is when it was written, `taken` are the moments of the last requests.

    A moment is when a request left; that of one that is still to leave is when its token may be used.
    """

    boot: str
    at: float
    taken: tuple[float, ...] = ()
    paused_until: float

    def seen(self, moment: Lease) -> Rate:
        """Return the row as of this moment; if the clock began anew, with what was left at its last writing."""
        now = moment.now
        if moment.boot == self.boot and now >= self.at:
            return msgspec.structs.replace(self, at=now)
        moved = now - self.at
        return Rate(
            boot=moment.boot,
            at=now,
            taken=tuple(each + moved for each in self.taken),
            paused_until=now + max(0.0, self.paused_until - self.at),
        )

    def take(self, most: int, span: float) -> tuple[float, Rate]:
        """Return the moment of the next token, and the row once it is taken."""
        taken = self._last(span)
        moment = max(self.at, self.paused_until, taken[-most] + span if len(taken) >= most else self.at)
        return moment, msgspec.structs.replace(self, taken=(*taken, moment))

    def use(self, most: int, span: float, moment: float) -> tuple[float, Rate]:
        """Let a request leave now with the token of a moment; return 0.0, or the seconds until it may, and the row.

        However late any request leaves after its token's moment: each sees those that have left, of all engines, and
        no span holds more of them than may be.
        """
        others = list(self._last(span))
        if moment in others:
            others.remove(moment)
        left = [each for each in others if each <= self.at]
        if len(left) >= most:
            return left[-most] + span - self.at, self
        return 0.0, msgspec.structs.replace(self, taken=(*others, self.at))

    def _last(self, span: float) -> Sequence[float]:
        return sorted(each for each in self.taken if each > self.at - span)


class Rates(Part):
    """The tokens of all accounts and connectors."""

    def take_token(
        self, account: str, connector: str, pace: Pace, span: float, *, patience: float
    ) -> tuple[float | None, float]:
        """Take the next token: `pace.most` in `span` seconds. Return its moment and the seconds until it.

        One that nobody may use within `patience` seconds is not taken: the moment is None.
        """
        with self.database.write() as connection:
            row = self._row(connection, account, connector)
            moment, rate = row.take(pace.most, span)
            wait = moment - row.at
            if wait > patience:
                return None, wait
            self._write_row(connection, account, connector, rate)
        return moment, wait

    def use_token(self, account: str, connector: str, pace: Pace, span: float, moment: float) -> float:
        """Let a request leave with the token of a moment; 0.0, or the seconds for which it must not yet."""
        with self.database.write() as connection:
            wait, rate = self._row(connection, account, connector).use(pace.most, span, moment)
            if not wait:
                self._write_row(connection, account, connector, rate)
        return wait

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
        taken = msgspec.json.decode(row["taken"], type=tuple[float, ...])
        return Rate(**{**row, "taken": taken}).seen(self.database.lease(connection))

    def _write_row(self, connection: Connection, account: str, connector: str, rate: Rate) -> None:
        row = msgspec.structs.asdict(rate) | {"taken": msgspec.json.encode(rate.taken).decode()}
        connection.execute(_WRITE, {"account": account, "connector": connector, **row})
