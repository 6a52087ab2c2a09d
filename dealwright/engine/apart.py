"""Apart: when a request fails as a whole, is its system away, or is it one of its calls?

Two calls that are sent alone tell. If either is answered, the system is there: the others go in halves, so that only
what makes a request fail is left over. If neither is, the system counts as away and everything comes back later; which
two are asked changes with every attempt, so that two bad ones do not hide the others behind them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from dealwright.engine.records import EffectOutcome, EffectRow
from dealwright.model.requests import Refused, Request, SendEvent, Sent, TryAgain, Unknown

BUDGET: Final = 10.0
"""Seconds that are spent on finding out; what is not sent by then comes back later."""

RECENTLY: Final = 60.0
"""Seconds for which an answer says that its system is there."""

T = TypeVar("T")


class Answers:
    """When which system last answered anybody of the account: each connector, or each target of one that has many."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], float] = {}

    def note(self, connector: str, outcomes: Sequence[EffectOutcome], now: float) -> list[EffectOutcome]:
        """Remember who answered; return the outcomes, those `away` that may be tried again and were not alone in it."""
        for item in outcomes:
            if isinstance(item.outcome, Sent | Refused) and (not item.apart or len(outcomes) == 1):
                self._last[_place(connector, item.effect.request)] = now
        return [
            msgspec.structs.replace(item, away=True)
            if isinstance(item.outcome, TryAgain)
            and now - self._last.get(_place(connector, item.effect.request), float("-inf")) > RECENTLY
            else item
            for item in outcomes
        ]


def _place(connector: str, request: Request) -> tuple[str, str]:
    return connector, request.to if isinstance(request, SendEvent) else ""


def can_go_apart(outcomes: Sequence[EffectOutcome], repeatable: Callable[[EffectRow], bool], since: datetime) -> bool:
    """Say whether each call of a request that failed as a whole may be sent at once again, by itself."""
    return (
        len(outcomes) > 1
        and all(item.apart for item in outcomes)
        and all(repeatable(as_tried(item, since)) or as_tried(item, since).state == "planned" for item in outcomes)
    )


def as_tried(item: EffectOutcome, wall: datetime) -> EffectRow:
    """Return an effect as it is after an attempt that nobody answered."""
    effect = item.effect
    unknown = isinstance(item.outcome, Unknown) or effect.state in ("sending", "unknown")
    return msgspec.structs.replace(
        effect,
        state="unknown" if unknown else "planned",
        attempts=effect.attempts + 1,
        looks=0,
        first_sent=effect.first_sent or wall,
        allowed_attempt=None,
    )


def unanswered(effect: EffectRow) -> EffectOutcome:
    """Return the outcome of an attempt that was under way when its worker died."""
    attempt = msgspec.structs.replace(effect, attempts=effect.attempts - 1)
    return EffectOutcome(effect=attempt, outcome=Unknown(reason="its worker died before an answer was written"))


def as_one_of_many(item: EffectOutcome) -> EffectOutcome:
    """Return what is known of one call of a request that failed as a whole: a refusal need not be meant for it."""
    outcome = item.outcome
    if isinstance(outcome, Refused):
        outcome = TryAgain(reason=f"refused with others ({outcome.code})")
    return msgspec.structs.replace(item, outcome=outcome, away=isinstance(outcome, TryAgain))


def parts(effects: Sequence[T], at_once: int, row: Callable[[T], EffectRow]) -> list[list[T]]:
    """Cut what goes one way into requests; what was sent before and not answered goes in ever smaller ones."""
    by_size: dict[int, list[T]] = {}
    for effect in effects:
        before = row(effect).attempts if row(effect).state in ("sending", "unknown") else 0
        by_size.setdefault(max(1, at_once >> before), []).append(effect)
    return [some[start : start + size] for size, some in by_size.items() for start in range(0, len(some), size)]


async def asunder(
    jobs: Sequence[T], attempts: int, send: Callable[[Sequence[T]], Awaitable[bool]], in_time: Callable[[], bool]
) -> list[T]:
    """Send apart what failed together; return what is to come back later. `send` says whether it was answered."""
    first = attempts % len(jobs)
    second = (first + 1 + len(jobs) // 2) % len(jobs)
    alone = sorted({first, second if second != first else (first + 1) % len(jobs)})
    there = [await send([jobs[place]]) for place in alone]
    rest = [job for place, job in enumerate(jobs) if place not in alone]
    if not any(there):
        return rest
    left: list[T] = []
    parts = [rest]
    while parts:
        part = parts.pop()
        if not in_time():
            left += part
        elif part and not await send(part) and len(part) > 1:
            parts += [part[len(part) // 2 :], part[: len(part) // 2]]
    return left
