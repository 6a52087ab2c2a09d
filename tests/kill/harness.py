"""Starts workers, kills them at a fault point or at a moment, and notes what was in flight when they died."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from dealwright import faults
from tests.kill.definitions import AT_MOST_ONCE
from tests.kill.worker import BATCH
from tests.kill.world import World

ROOT: Final = Path(__file__).resolve().parents[2]

POINTS: Final = tuple(
    name for name in faults.POINTS if not name.startswith(("record.", "match.", "operate.", "enrol."))
)
"""The fault points that an engine passes; those of the recorder, operators and enrolment have tests of their own."""

PATIENCE: Final = 28.0
"""Seconds for a worker to start, to die or to become idle: less than a lease, for which nobody may have to wait."""

_PATIENCE_PER_DEAL: Final = 0.1

IN_FLIGHT: Final = BATCH * len(AT_MOST_ONCE)
"""Sends without a key that one worker has in flight at most: one bulk request per window, one window per automation."""

LEASED: Final = "select distinct worker from executions where state = 'running' and lease_boot <> 'dead'"
UNANSWERED: Final = """
    select key, delivery, worker from dw_effects join attempts on effect_key = key and n = dw_effects.attempts
    where state in ('sending', 'unknown')
"""


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """Die the `nth` time a fault point is reached, or do what `action` says there (dealwright/faults.py)."""

    name: str
    nth: int = 1
    action: Literal["kill", "raise", "stop"] = "kill"

    def __str__(self) -> str:
        return f"{self.name}:{self.nth}:{self.action}"


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """Get kill -9 so many seconds after a ready worker was given work (`starting`: after its process was started)."""

    seconds: float
    starting: bool = False

    def __str__(self) -> str:
        return f"{self.seconds * 1000:.0f} ms after {'the start' if self.starting else 'the work came'}"


Blow = Point | Moment


class Death(msgspec.Struct, frozen=True, kw_only=True):
    """One kill: the effects that were unanswered when it struck; `unkeyed` are those that nobody may repeat."""

    blow: str
    unanswered: frozenset[str]
    unkeyed: frozenset[str]


class NotKilled(AssertionError):
    """A worker that should have died at its fault point ended in another way."""


class Worker:
    """One worker process."""

    def __init__(
        self, world: World, *, fault: Point | None = None, broken: str | None = None, arguments: Sequence[str] = ()
    ) -> None:
        command = [sys.executable, "-m", "tests.kill.worker", str(world.directory), *arguments]
        if broken is not None:
            command += ["--break", broken]
        environment = {name: value for name, value in os.environ.items() if name != "DEALWRIGHT_FAULT"}
        if fault is not None:
            environment["DEALWRIGHT_FAULT"] = str(fault)
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
        self._read = b""
        self._world = world
        self.name = ""

    def line(self, patience: float = PATIENCE) -> dict[str, Any]:
        """Return the next line that the worker says."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + patience
        while b"\n" not in self._read:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            said = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not said:
                raise NotKilled(f"the worker said nothing more (exit {self.process.poll()})")
            self._read += said
        line, _, self._read = self._read.partition(b"\n")
        found: dict[str, Any] = msgspec.json.decode(line)
        return found

    def ready(self, *, alone: bool = True) -> None:
        """Wait until the worker has recovered: no lane has lost its head, and no lease of a dead worker is waited for.

        `alone`: no other worker is alive, so that every lease must be this one's.
        """
        said = self.line()
        assert said["at"] == "ready", said
        assert said["recovery"]["lanes_without_head"] == 0, said
        kept = self._world.journal_rows(LEASED)
        strange = {worker for (worker,) in kept if worker != said["worker"]}
        assert not (alone and strange), f"leases of {strange} are still waited for"
        self.name = str(said["worker"])

    def end(self) -> int:
        """Wait until the worker has ended; return its exit code."""
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.put_down()

    def wait(self, seconds: float) -> None:
        """Let it work for so long, or until it ends."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it is there still."""
        self.process.send_signal(number)

    def put_down(self) -> None:
        """Make sure that nothing of it is left."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def kill(world: World, blow: Blow, *, deals: int, broken: str | None = None, alone: bool = True) -> Death:
    """Let people make deals and a worker be struck at work; return what was in flight.

    `alone`: no other worker is at the journal.

    Raises:
        NotKilled: it never reached its fault point, or ended by itself.
    """
    late = isinstance(blow, Moment) and not blow.starting
    if not late:
        world.people_make(deals)
    worker = Worker(
        world,
        fault=blow if isinstance(blow, Point) else None,
        broken=broken,
        arguments=["--forever"] if isinstance(blow, Moment) else [],
    )
    try:
        if isinstance(blow, Moment):
            if late:
                worker.ready(alone=alone)
                world.people_make(deals)
            worker.wait(blow.seconds)
            worker.signal(signal.SIGKILL)
        code = worker.end()
    except subprocess.TimeoutExpired:
        raise NotKilled(f"{blow}: the worker neither died nor ended within {PATIENCE:g} s") from None
    finally:
        worker.put_down()
    if code != -signal.SIGKILL:
        raise NotKilled(f"{blow}: the worker was to die by SIGKILL there, and ended with {code}")
    if alone:
        world.wait_for_connections()
    rows = world.journal_rows(UNANSWERED) if world.has_journal() else []
    found = [(key, delivery) for key, delivery, name in rows if alone or name == worker.name]
    return Death(
        blow=str(blow),
        unanswered=frozenset(key for key, _ in found),
        unkeyed=frozenset(key for key, delivery in found if delivery == "AT_MOST_ONCE"),
    )


def finish(world: World, *, broken: str | None = None, alone: bool = True, patience: float = PATIENCE) -> None:
    """Let a worker work until nothing is left."""
    worker = Worker(world, broken=broken)
    try:
        worker.ready(alone=alone)
        said = worker.line(patience + world.deals * _PATIENCE_PER_DEAL)
        assert said["at"] == "idle", said
        code = worker.end()
    finally:
        worker.put_down()
    assert code == 0, f"the last worker ended with {code}"


def moments(source: random.Random, count: int, *, longest: float = 0.7) -> list[Moment]:
    """Return random moments; every fifth counts from the start of the process."""
    return [
        Moment(seconds=source.uniform(0, 1.2), starting=True)
        if number % 5 == 4
        else Moment(seconds=source.uniform(0, longest))
        for number in range(count)
    ]


def points(source: random.Random, names: Sequence[str] = POINTS) -> list[Point]:
    """Return every named point once, to be struck at a random one of its first visits.

    What happens for many deals at once is not visited often by a few deals (receive, route, a window), or only once
    (observe, which reads all that hooks have told).
    """
    few = {"observe": 1, "receive": 2, "route": 2, "window": 2}
    return [Point(name=name, nth=source.randint(1, few.get(name.partition(".")[0], 4))) for name in names]
