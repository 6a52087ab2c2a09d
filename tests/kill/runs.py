"""The runs of the kill test: at fault points, at random moments, with two workers, and aimed at one guarantee."""

from __future__ import annotations

import random
import signal
from collections.abc import Sequence
from typing import Final

from dealwright.journal.store import Journal
from tests.kill.audit import Report, Violation, audit
from tests.kill.definitions import ACCOUNT
from tests.kill.harness import Blow, Death, Point, Worker, finish, kill, moments, points
from tests.kill.world import World

WAVE: Final = 8
"""Deals that people make for each kill."""

ROUND: Final = 20
"""Kills after which a worker may finish and everything is compared, in runs of hundreds."""

OPERATOR: Final = "user:operator"

AIMS: Final[dict[str, tuple[Point, ...]]] = {
    "send-without-key": (Point(name="act.after-request"), Point(name="act.after-request", nth=3)),
    "deaf-to-news": (Point(name="settle.after-commit", nth=2),),
    "settle-before-receipt": tuple(Point(name="settle.after-commit", nth=nth) for nth in (1, 2, 1)),
}
"""Where a kill shows that a guarantee is gone. (An epoch that is not checked shows by a stop, not by a kill.)"""


def struck(world: World, blows: Sequence[Blow], *, broken: str | None = None, wave: int = WAVE) -> list[Death]:
    """Strike one worker after the other; each finds what the ones before it left, and some new deals."""
    return [kill(world, blow, deals=wave, broken=broken) for blow in blows]


def at_points(world: World, source: random.Random, names: Sequence[str]) -> Report:
    """Kill a worker at each of these fault points, then let one finish, and audit."""
    deaths = struck(world, points(source, names))
    finish(world)
    return audit(world, deaths)


def at_moments(world: World, source: random.Random, count: int, *, wave: int = WAVE) -> Report:
    """Kill workers at random moments, then let one finish, and audit; of hundreds, after each round."""
    deaths: list[Death] = []
    while True:
        deaths += struck(world, moments(source, min(ROUND, count - len(deaths))), wave=wave)
        finish(world)
        report = audit(world, deaths)
        if report.violations or len(deaths) >= count:
            return report


def two_workers(world: World, source: random.Random, count: int, *, wave: int = WAVE) -> Report:
    """Kill one of two workers that share a journal, again and again; the other one goes on."""
    deaths: list[Death] = []
    staying = Worker(world, arguments=["--forever"])
    try:
        staying.ready()
        deaths += [kill(world, moment, deals=wave, alone=False) for moment in moments(source, count, longest=0.35)]
        finish(world, alone=False)
        staying.signal(signal.SIGTERM)
        assert staying.end() == 0
    finally:
        staying.put_down()
    return audit(world, deaths, alone=False)


def aimed(world: World, aim: str, *, kills: int, broken: str | None) -> Report:
    """Strike where the guarantee `aim` shows; `broken` takes it away, None leaves it."""
    if aim == "skip-epoch-check":
        return stopped_at_the_gate(world, rounds=kills, broken=broken)
    blows = AIMS[aim]
    world.people_make(WAVE)
    deaths = struck(world, [blows[number % len(blows)] for number in range(kills)], broken=broken)
    finish(world, broken=broken)
    return audit(world, deaths)


def stopped_at_the_gate(world: World, *, rounds: int, broken: str | None) -> Report:
    """Stop the account between a gate's snapshot and its transaction: nothing may leave after the stop returned."""
    late: list[Violation] = []
    for number in range(rounds):
        world.people_make(WAVE)
        go = world.directory / f"go-{number}"
        worker = Worker(world, broken=broken, arguments=["--halt", str(go)])
        try:
            worker.ready()
            assert worker.line()["at"] == "gate"
            operator = Journal(world.places.journal, world.places.clock)
            operator.stop(ACCOUNT, "", actor=OPERATOR)
            in_flight = {row[0] for row in world.journal_rows("select key from dw_effects where state = 'sending'")}
            before = _carried_out(world)
            go.touch()
            assert worker.line()["at"] == "idle"
            assert worker.end() == 0
        finally:
            worker.put_down()
        late += [
            Violation("after-stop", f"{key} left after the stop had returned")
            for key in sorted(_carried_out(world) - before - in_flight)
        ]
        operator.resume(ACCOUNT, "", "run", actor=OPERATOR)
        operator.close()
    finish(world, broken=broken)
    report = audit(world, [], stopped=True)
    return Report(violations=(*late, *report.violations), figures=report.figures)


def stopped_while_unanswered(world: World) -> Report:
    """Kill workers whose requests were answered, stop the account, let a worker find that, then let it all run."""
    deaths = struck(world, [Point(name="act.after-request", nth=nth) for nth in (2, 4)])
    operator = Journal(world.places.journal, world.places.clock)
    operator.stop(ACCOUNT, "", actor=OPERATOR)
    finish(world)
    operator.resume(ACCOUNT, "", "run", actor=OPERATOR)
    operator.close()
    finish(world)
    return audit(world, deaths, stopped=True)


def told_to_end(world: World, number: signal.Signals) -> Report:
    """Signal a worker that is about to send: it finishes that request and ends by itself; another one goes on."""
    world.people_make(2 * WAVE)
    go = world.directory / "go"
    worker = Worker(world, arguments=["--halt", str(go), "--forever"])
    try:
        worker.ready()
        assert worker.line()["at"] == "gate"
        worker.signal(number)
        go.touch()
        assert worker.end() == 0
    finally:
        worker.put_down()
    left = {
        "leases": world.journal_rows("select id from executions where worker is not null"),
        "sends without an answer": world.journal_rows(
            "select key from dw_effects where state in ('sending', 'unknown')"
        ),
        "open windows": world.journal_rows("select id from windows where closed_wall is null"),
    }
    late = [Violation("stuck", f"{len(rows)} {what} were left behind") for what, rows in left.items() if rows]
    if not world.journal_rows("select id from dw_executions where state = 'ready'"):
        late.append(Violation("lost", "nothing was given back, so nothing was under way"))
    finish(world)
    report = audit(world, [])
    return Report(violations=(*late, *report.violations), figures=report.figures)


def _carried_out(world: World) -> set[str]:
    received = world.received("erp") + world.received("audit")
    return {line["key"] for line in received if line["committed"]} | {
        row[0] for row in world.crm_rows("select key from writes")
    }
