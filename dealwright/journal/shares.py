"""Shares: who has what is limited, for people who ask before anything is sent. Reads only."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from dealwright.engine.records import Reservation
from dealwright.journal.database import instant, statement
from dealwright.journal.parts import Part

_TAKEN: Final = statement(
    """
    select holder, taken_at, until from reservations
    where account = :account and mode = :mode and rule = :rule and scope = :scope and (until is null or until > :now)
    """
)


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A reservation that somebody has: the execution that holds it, since when, and until when (None: for ever)."""

    holder: str
    since: datetime
    until: datetime | None = None


class Shares(Part):
    """What is taken of what is limited."""

    def share(self, account: str, reservation: Reservation) -> Share | None:
        """Return who has the reservation now, or None if it can be had."""
        asked = {
            "account": account,
            "mode": reservation.mode,
            "rule": reservation.rule,
            "scope": reservation.scope,
            "now": self._now(),
        }
        with self.database.read() as connection:
            row = connection.execute(_TAKEN, asked).one_or_none()
        if row is None:
            return None
        until = None if row.until is None else instant(row.until)
        return Share(holder=row.holder, since=instant(row.taken_at), until=until)
