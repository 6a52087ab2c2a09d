"""Sabotage: each break switches one guarantee off in a run's processes, and says where a kill must show it.

Nothing here is in the product, which has no switch for it: journal, engine and intake are wrapped from outside.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import bindparam, text

from dealwright import faults
from dealwright.clock import Clock
from dealwright.compile import ir
from dealwright.engine import act, batch, lookups
from dealwright.engine.records import EffectOutcome, EffectRow, Routed, ToRoute
from dealwright.intake.writer import Writer
from dealwright.journal.events import Arrival
from dealwright.journal.store import Journal
from dealwright.model.delivery import Checkable
from dealwright.model.requests import Call, Sent
from dealwright.ports import FeedItem
from tests.kill.breaks import SettlesFirst

Remedy = Literal["repeat", "look", "park"]


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """One guarantee that is switched off: what is wrong then, where a kill shows it, and as what it is seen.

    `pausing`: the victim is stopped past its lease there, and not killed. `automations`: those that are on (None: all).
    """

    what: str
    victim: str
    points: tuple[str, ...]
    shows: Literal["lost", "duplicated", "out_of_order", "parked"]
    pausing: bool = False
    automations: tuple[str, ...] | None = None


BREAKS: Final[dict[str, Break]] = {
    "acknowledge-before-commit": Break(
        what="intake answers 200 before the event is in the journal",
        victim="web",
        points=("receive.before-append",),
        shows="lost",
    ),
    "forget-duplicates": Break(
        what="an event that is sent again has another id",
        victim="web",
        points=("receive.after-append",),
        shows="duplicated",
    ),
    "mark-routed-first": Break(
        what="events are marked routed before their executions are there",
        victim="engine",
        points=("route.before-commit",),
        shows="lost",
    ),
    "reverse-lanes": Break(
        what="what is routed together enters its lanes backwards",
        victim="engine",
        points=("claim.after-commit", "settle.after-commit"),
        shows="out_of_order",
    ),
    "send-without-key": Break(
        what="a repeat carries another key than the attempt that it repeats",
        victim="engine",
        points=("act.after-request",),
        shows="duplicated",
        automations=("w1",),  # its task is looked for by its key
    ),
    "repeat-blindly": Break(
        what="whatever has no answer is sent again, whatever its delivery class says",
        victim="engine",
        points=("act.after-request",),
        shows="duplicated",
        automations=("trail",),  # AT_MOST_ONCE is what may not be repeated
    ),
    "skip-look": Break(
        what="a CHECKABLE effect is sent again without looking for its key",
        victim="engine",
        points=("act.after-request",),
        shows="duplicated",
        automations=("w1",),  # its task is CHECKABLE
    ),
    "park-unknown": Break(
        what="whatever has no answer is parked, also what could be repeated",
        victim="engine",
        points=("act.after-request",),
        shows="parked",
        automations=("w1",),  # all that it does may be repeated
    ),
    "settle-before-receipt": Break(
        what="executions are settled before the receipts of their effects are written",
        victim="engine",
        points=("settle.after-commit",),
        shows="lost",
    ),
    "skip-receipt": Break(
        what="receipts are not written",
        victim="engine",
        points=("settle.after-commit",),
        shows="lost",
    ),
    "drop-lease-check": Break(
        what="an engine that was stopped past its lease sends when it wakes",
        victim="engine",
        points=("gate.after-commit",),
        shows="duplicated",
        pausing=True,
        automations=("w1",),  # its first gate is that of a CHECKABLE effect, which nobody else would recognise
    ),
}
"""Every break by its name."""

NAMES: Final = tuple(sorted(BREAKS))


def journal_class(broken: str | None) -> type[Journal]:
    """Return the journal that a process is to use."""
    kinds: dict[str | None, type[Journal]] = {
        "settle-before-receipt": SettlesFirst,
        "skip-receipt": _KeepsNoReceipts,
        "mark-routed-first": _MarksFirst,
        "reverse-lanes": _Reverses,
    }
    return kinds.get(broken, Journal)


def into_engine(broken: str | None) -> None:
    """Wrap what the engine calls."""
    remedies: dict[str, Callable[[EffectRow, Clock], Remedy]] = {
        "repeat-blindly": lambda effect, clock: "repeat",
        "park-unknown": lambda effect, clock: "park",
        "skip-look": _without_look,
    }
    if broken in remedies:
        batch.remedy = remedies[broken]
    if broken == "send-without-key":
        act.call_of = _keyless(act.call_of)
    if broken == "drop-lease-check":
        lookups.perform = _whatever_the_lease(lookups.perform)


def into_web(broken: str | None) -> None:
    """Wrap what intake calls."""
    if broken == "acknowledge-before-commit":
        Writer.append = _acknowledged(Writer.append)  # type: ignore[method-assign]
    if broken == "forget-duplicates":
        Writer.append = _renamed(Writer.append)  # type: ignore[method-assign]


class _KeepsNoReceipts(Journal):
    """A journal that does not write down what was sent."""

    def receive_outcomes(self, outcomes: Sequence[EffectOutcome]) -> None:
        """Write everything but receipts."""
        super().receive_outcomes([item for item in outcomes if not isinstance(item.outcome, Sent)])


class _MarksFirst(Journal):
    """A journal that marks events in a transaction of its own, before their executions are written."""

    def route(self, account: ir.Account, release: str, events: Sequence[ToRoute], routed: Sequence[Routed]) -> bool:
        """Mark, live dangerously for a moment, and then do it properly."""
        self._mark(events, 1)
        faults.hit("route.before-commit")
        self._mark(events, None)
        return super().route(account, release, events, routed)

    def _mark(self, events: Sequence[ToRoute], when: int | None) -> None:
        with self.database.write() as connection:
            connection.execute(_MARK, {"when": when, "ids": [item.id for item in events]})


_MARK: Final = text("update events set routed_at = :when where id in :ids").bindparams(bindparam("ids", expanding=True))


class _Reverses(Journal):
    """A journal whose lanes are filled from behind."""

    def route(self, account: ir.Account, release: str, events: Sequence[ToRoute], routed: Sequence[Routed]) -> bool:
        """Hand on the executions backwards."""
        return super().route(account, release, events, list(reversed(routed)))


def _without_look(effect: EffectRow, clock: Clock) -> Remedy:
    return "repeat" if isinstance(effect.delivery, Checkable) else act.remedy(effect, clock)


def _keyless(call_of: Callable[[EffectRow, str], Call]) -> Callable[[EffectRow, str], Call]:
    def keyless(effect: EffectRow, actor: str) -> Call:
        call = call_of(effect, actor)
        fresh = f"dw-{secrets.token_hex(15)}"
        return msgspec.structs.replace(call, key=fresh) if effect.attempts else call

    return keyless


def _whatever_the_lease(perform: Callable[..., Any]) -> Callable[..., Any]:
    async def performed(connector: Any, effects: Any, actor: str, _lease_holds: Callable[[], bool]) -> Any:
        return await perform(connector, effects, actor, lambda: True)

    return performed


def _acknowledged(append: Callable[[Writer, Arrival], Any]) -> Callable[[Writer, Arrival], Any]:
    begun: set[asyncio.Task[Any]] = set()

    async def acknowledged(writer: Writer, arrival: Arrival) -> int:
        async def later() -> None:
            await asyncio.sleep(0.05)  # the answer is on its way
            await append(writer, arrival)

        task = asyncio.create_task(later())
        begun.add(task)
        task.add_done_callback(begun.discard)
        return len(arrival.items)

    return acknowledged


def _renamed(append: Callable[[Writer, Arrival], Any]) -> Callable[[Writer, Arrival], Any]:
    def renamed(item: FeedItem) -> FeedItem:
        event = msgspec.structs.replace(item.event, source_id=secrets.token_hex(8))
        return msgspec.structs.replace(item, event=event)

    async def appended(writer: Writer, arrival: Arrival) -> Any:
        items = [renamed(item) for item in arrival.items]
        return await append(writer, msgspec.structs.replace(arrival, items=items))

    return appended
