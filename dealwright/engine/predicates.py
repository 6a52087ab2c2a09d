"""Predicates: asks the process that runs a company's own functions, and does not wait for long."""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from dealwright.compile import ir
from dealwright.language.predicates import BUILTINS, MODULES, names_of
from dealwright.model.crm import Money, User
from dealwright.model.values import in_zone

LIMIT: Final = 0.5
"""Seconds of computing that one question may take; then its process ends, also if nobody is there to end it."""

REST: Final = 60.0
"""Seconds for which a function that took too long is not asked again: every question would cost its whole time."""

MOST_SLOW: Final = 3
"""How often within that time it may take too long before it rests: one deal must not silence it for the others."""

_PATIENCE: Final = 5.0
"""Seconds to wait for an answer on a machine that has much else to do: nothing is decided by how busy it is."""

_STARTING: Final = 10.0
_CHILD: Final = Path(__file__).with_name("predicate_child.py")
_LARGEST: Final = 1_000_000


class Resting(Exception):
    """A function is not asked now, or could not be: what it is to decide waits for `seconds`, and is not decided."""

    def __init__(self, label: str, why: str, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"predicate {label!r} {why}: it is asked again")


class Runner:
    """One process that runs functions; it is begun when it is first needed, and again when it had to be ended."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._process: subprocess.Popen[bytes] | None = None
        self._slow: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def ask(self, predicate: ir.Predicate, facts: Mapping[str, tuple[str, object]]) -> tuple[bool | None, str]:
        """Return what the function says (None is unknown), and why it says nothing, in words without its facts.

        Raises:
            Resting: it took too long lately and is not asked, or its process was held up: that decides nothing.
        """
        with self._lock:
            now = self._monotonic()
            since = now - REST
            self._slow = {
                code: kept for code, each in self._slow.items() if (kept := [at for at in each if at > since])
            }
            slow = self._slow.get(predicate.code, ())
            if len(slow) >= MOST_SLOW:
                raise Resting(predicate.label, "took too long lately, and rests", slow[-MOST_SLOW] + REST - now)
            question = {"name": predicate.name, "code": predicate.code, "facts": facts}
            line = json.dumps(question).encode() + b"\n"
            answer = self._answer(line)
            if answer is None and self._was_ended_by_others():
                answer = self._answer(line)
            if answer is None:
                held_up = self._process is not None and self._process.poll() is None
                self.close()
                if held_up:  # it was not ended for computing too long: that says nothing of the function
                    raise Resting(predicate.label, "was not answered, its process was held up", _PATIENCE)
                self._slow.setdefault(predicate.code, []).append(self._monotonic())
                return None, f"it did not answer within {LIMIT:g} s"
        if "error" in answer:
            return None, f"it failed: {answer['error']}"
        said = answer.get("said")
        return (said if isinstance(said, bool) else None), ""

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _was_ended_by_others(self) -> bool:
        """Say whether the process has ended, and not because it took too long: that says nothing of the function."""
        process = self._process
        if process is None:
            return False
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(0.05) != -signal.SIGPROF
        return False

    def _answer(self, question: bytes) -> dict[str, object] | None:
        """Return the answer; None if there is none in time."""
        fresh = self._process is None or self._process.poll() is not None
        if fresh:
            self.close()
            self._process = self._begun()
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(question)
            process.stdin.flush()
            line = _line(process.stdout.fileno(), _PATIENCE + (_STARTING if fresh else 0.0))
            answer = None if line is None else json.loads(line)
        except (OSError, ValueError):
            return None
        return answer if isinstance(answer, dict) else None

    def _begun(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603 - our own file, and nothing of anybody else's
            [sys.executable, "-P", "-s", "-S", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONHASHSEED": "0"},  # a set is gone through in the same order every time
            start_new_session=True,
        )
        assert process.stdin is not None
        modules = {name: sorted(names_of(importlib.import_module(name))) for name in sorted(MODULES)}
        known = {"builtins": sorted(BUILTINS), "modules": modules, "seconds": LIMIT}
        process.stdin.write(json.dumps(known).encode() + b"\n")
        return process


def _line(descriptor: int, seconds: float) -> bytes | None:
    """Read one line within so many seconds."""
    until, found = time.monotonic() + seconds, b""
    while not found.endswith(b"\n") and len(found) < _LARGEST:
        left = until - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            return None
        part = os.read(descriptor, 65_536)
        if not part:
            return None
        found += part
    return found


_RUNNER: Final = Runner()
atexit.register(_RUNNER.close)


def say(predicate: ir.Predicate, facts: Mapping[str, object], zone: ZoneInfo) -> tuple[bool | None, str]:
    """Return what a predicate says of facts (None is unknown), and why it says nothing; moments are in `zone`.

    Raises:
        Resting: it is not asked now, and what it is to decide waits.
    """
    return _RUNNER.ask(predicate, {path: _sent(value, zone) for path, value in facts.items()})


def _sent(value: object, zone: ZoneInfo) -> tuple[str, object]:
    """Return a fact as it is sent: what kind it is of, and as JSON holds it."""
    match value:
        case None | bool() | str():
            return "plain", value
        case Decimal() | int():
            return "number", str(value)
        case Money():
            return "money", [str(value.amount), value.currency]
        case datetime():
            return "moment", in_zone(value, zone).isoformat()
        case date():
            return "day", value.isoformat()
        case User():
            return "plain", value.name
        case tuple():
            return "tags", [str(each) for each in value]
    raise TypeError(f"no predicate is given a {type(value).__name__}")
