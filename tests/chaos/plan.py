"""The plan of a run: who is killed when. It follows from the seed; the instants of a moment are the machine's."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

import msgspec

from dealwright import faults

ENGINE: Final = "engine"
WEB: Final = "web"

VICTIMS: Final = {ENGINE: 8, WEB: 4, "kommo": 2, "meta": 2, "audit": 1, "prefect": 1}
"""Who is killed, and how often in relation to the others."""

WEB_POINTS: Final = ("receive.before-append", "receive.after-append")

ENGINE_POINTS: Final = tuple(
    name
    for name in faults.POINTS
    if not name.startswith(("enrol.", "match.", "operate.", "receive.")) and name not in ("act.after-check",)
)
"""The fault points that an engine passes in a run; what only a person's decision passes is tested elsewhere."""

LONGEST: Final = 0.8
"""Seconds after which a random moment has come at the latest."""


class Strike(msgspec.Struct, frozen=True, kw_only=True):
    """One kill: `point` names a fault point and at which visit, else `seconds` after the round's first hook."""

    victim: str
    point: str | None = None
    nth: int = 1
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.victim} at " + (f"{self.point}:{self.nth}" if self.point else f"{self.seconds * 1000:.0f} ms")


def strikes(seed: int, rounds: int) -> list[Strike]:
    """Return a strike for each round: two of three hit a named point where the victim has any."""
    source = random.Random(seed)
    points = {ENGINE: _shuffled(source, ENGINE_POINTS), WEB: _shuffled(source, WEB_POINTS)}
    found = []
    for _ in range(rounds):
        victim = source.choices(list(VICTIMS), weights=list(VICTIMS.values()))[0]
        seconds = source.uniform(0.0, LONGEST)
        nth = source.randint(1, 3)
        if victim in points and source.random() < 2 / 3:
            names = points[victim]
            names.append(names.pop(0))  # each point has its turn before any has a second one
            found.append(Strike(victim=victim, point=names[-1], nth=nth, seconds=LONGEST))
        else:
            found.append(Strike(victim=victim, seconds=seconds))
    return found


def aimed(seed: int, rounds: int, points: Sequence[str], victim: str) -> list[Strike]:
    """Return strikes at these points alone, in turn: where a guarantee that was switched off must show."""
    source = random.Random(seed)
    start = source.randrange(len(points))
    return [
        Strike(victim=victim, point=points[(start + number) % len(points)], nth=1, seconds=LONGEST)
        for number in range(rounds)
    ]


def _shuffled(source: random.Random, names: Sequence[str]) -> list[str]:
    return source.sample(list(names), len(names))
