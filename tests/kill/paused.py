"""Two engines on one journal, one of them stopped by SIGSTOP at a fault point past its lease, and then woken."""

from __future__ import annotations

import signal
import time
from collections import Counter
from pathlib import Path
from typing import Final

import msgspec

from tests.kill.audit import Report, Violation, audit
from tests.kill.harness import UNANSWERED, Death, NotKilled, Point, Worker, finish
from tests.kill.world import World

LEASE: Final = 1.0
TIMEOUT: Final = 1.0
TAKEOVER: Final = 2 * TIMEOUT
"""As in production: not before the longest call is over, in which a connector begins nothing any more."""

ASLEEP: Final = 3.0
"""Seconds past its lease that a worker sleeps at least: the other one has looked for its work by then."""

UNFENCED: Final = "act.before-request"
"""The point after the last look at the lease: what is stopped there sends when it is woken, whoever has its work.

A process is stopped whole. Requests that its other windows have under way stand behind their last look as well, some
before the first byte: they are late, too, at whichever point this window was. They are counted, and not a broken fence.
"""

FENCED: Final = "gate.after-commit"
"""The point before that look: what this window was about to send there must never leave once its lease is gone."""

_PATIENCE: Final = 20.0
_UNTIL_IDLE: Final = 120.0
"""Seconds for all three to end their work: here leases are short, and that one is not waited for says nothing."""

_LEASED: Final = "select id, worker from executions where state = 'running'"
_TOLD: Final = "select key, execution_id from dw_effects where state in ('sent', 'planned')"
_ATTEMPTS: Final = "select effect_key, worker from attempts"
_STARTED: Final = "select effect_key, worker, started_wall from attempts"


class Woken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a worker that was stopped: `taken` are its effects whose executions others worked on meanwhile.

    `sent_late` of them left though its lease was gone; `duplicates` of these were carried out twice.
    """

    report: Report
    point: str
    taken: int
    sent_late: int
    duplicates: int

    def __str__(self) -> str:
        return f"{self.point}: {self.taken} taken over, {self.sent_late} sent late, {self.duplicates} duplicates"


def paused(world: World, point: str, *, deals: int = 8) -> Woken:
    """Stop a worker at a point, let another one work past its lease, wake it, let both finish, and audit."""
    world.people_make(deals)
    arguments = ["--forever", "--lease", str(LEASE), "--takeover", str(TAKEOVER), "--timeout", str(TIMEOUT)]
    sleeper = Worker(world, fault=Point(name=point, action="stop"), arguments=arguments)
    other = None
    try:
        sleeper.ready()
        _until_stopped(sleeper)
        rows = [(key, delivery) for key, delivery, name in world.journal_rows(UNANSWERED) if name == sleeper.name]
        unanswered = {key for key, _ in rows}
        fenced = _newest(world, sleeper) if point == FENCED else set()
        other = Worker(world, arguments=arguments)
        other.ready(alone=False)
        time.sleep(LEASE + TAKEOVER + ASLEEP)
        taken = _taken(world, sleeper, unanswered)
        before = _requests(world)
        sleeper.signal(signal.SIGCONT)
        finish(world, alone=False, patience=_UNTIL_IDLE)
        for worker in (sleeper, other):
            worker.signal(signal.SIGTERM)
            assert worker.end() == 0
    finally:
        for worker in (sleeper, other):
            if worker is not None:
                worker.put_down()
    attempts = Counter(key for key, name in world.journal_rows(_ATTEMPTS) if name != sleeper.name)
    after = _requests(world)
    # Whoever took an effect over asks for it at most once an attempt; what is more came from the sleeper.
    late = {key for key in taken if after[key] > before[key] and after[key] > attempts[key]}
    committed = Counter(line["key"] for line in world.received("erp") + world.received("audit") if line["committed"])
    death = Death(
        blow=f"{point} stopped",
        unanswered=frozenset(unanswered),
        unkeyed=frozenset(key for key, delivery in rows if delivery == "AT_MOST_ONCE"),
    )
    report = audit(world, [death], alone=False)
    # The sleeper told what became of these after the other one had given them up: parked, sent or surely not sent.
    told = {id_ for key, id_ in world.journal_rows(_TOLD) if key in unanswered}
    report = Report(
        violations=tuple(item for item in report.violations if not (item.sort == "parked" and _names(item, told))),
        figures=report.figures,
    )
    if broken := sorted(late & fenced):
        sent = [Violation("fence", f"{key} left after its lease was lost at {point}") for key in broken]
        report = Report(violations=(*report.violations, *sent), figures=report.figures)
    return Woken(
        report=report,
        point=point,
        taken=len(taken),
        sent_late=len(late),
        duplicates=sum(committed[key] > 1 for key in late),
    )


def _until_stopped(worker: Worker) -> None:
    stat = Path(f"/proc/{worker.process.pid}/stat")
    deadline = time.monotonic() + _PATIENCE
    while stat.read_text().rpartition(")")[2].split()[0] != "T":
        if worker.process.poll() is not None or time.monotonic() > deadline:
            raise NotKilled(f"the worker was to stop at its fault point (exit {worker.process.poll()})")
        time.sleep(0.005)


def _newest(world: World, sleeper: Worker) -> set[str]:
    """Return what the sleeper's gate has let through last: at that point it is what its window is about to send."""
    started = {key: at for key, name, at in world.journal_rows(_STARTED) if name == sleeper.name}
    return {key for key, at in started.items() if at == max(started.values())}


def _taken(world: World, sleeper: Worker, keys: set[str]) -> set[str]:
    """Return what was taken over, as soon as there is any.

    A process that is stopped in the middle of a write holds the CRM's lock until the server ends its transaction.
    """
    deadline = time.monotonic() + _PATIENCE
    while not (taken := _lost(world, sleeper, keys)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return taken


def _lost(world: World, sleeper: Worker, keys: set[str]) -> set[str]:
    """Return those of the sleeper's effects whose executions are not its own any more."""
    own = {id_ for id_, name in world.journal_rows(_LEASED) if name == sleeper.name}
    rows = world.journal_rows("select key, execution_id from dw_effects")
    return {key for key, id_ in rows if key in keys and id_ not in own}


def _names(item: Violation, executions: set[str]) -> bool:
    return any(item.what == f"execution {id_} is parked without an open effect" for id_ in executions)


def _requests(world: World) -> Counter[str]:
    return Counter(line["key"] for line in world.received("erp") + world.received("audit"))
