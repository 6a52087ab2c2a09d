"""What a guard is asked, and what it may answer."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Protocol, TypeAlias

import msgspec

from dealwright.compile import ir
from dealwright.engine.facts import Facts
from dealwright.engine.records import Controls, EffectRow, Reservation


class Candidate(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One effect before the gate: whose it is, the facts it was decided on, and who stands behind the deal."""

    effect: EffectRow
    automation: ir.Automation
    account: ir.Account
    facts: Facts
    person: str | None
    now: datetime


class Send(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Nothing against it, if these reservations can be had."""

    reservations: tuple[Reservation, ...] = ()


SEND: Final = Send()
"""The answer of most guards about most effects."""


class Hold(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Keep it back; `reason` is our own words."""

    reason: str


class Drop(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """It never leaves; later steps go on without its receipt."""

    reason: str


Answer: TypeAlias = Send | Hold | Drop


class Guard(Protocol):
    """One rule of the gate."""

    @property
    def name(self) -> str:
        """The guard's name, as holds and traces show it."""
        ...

    def ask(self, candidate: Candidate, controls: Controls) -> Answer:
        """Decide on one effect, on the snapshot of the switches."""
        ...
