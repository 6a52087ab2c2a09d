"""`dealwright up`, whose recorder's turns on the engine's event loop are timed and written down.

While the recorder has its turn, the engine has not: that is what the record costs the work. The file `recorder.turns`
in the data directory holds when each turn began (seconds since 1970) and how long it took.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Generator
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import msgspec

from dealwright.cli.main import cli
from dealwright.clock import SystemClock
from dealwright_flows import system
from dealwright_flows.recorder import Recorder

TURNS: Final = "recorder.turns"

_turns: list[tuple[float, float]] = []


class _Timed:
    """Awaits a coroutine and notes every turn that it has."""

    def __init__(self, work: Coroutine[Any, Any, None]) -> None:
        self._work = work
        self._wall = SystemClock().wall().timestamp() - perf_counter()

    def __await__(self) -> Generator[Any, Any, None]:
        thrown: BaseException | None = None
        while True:
            began = perf_counter()
            try:
                waited = self._work.send(None) if thrown is None else self._work.throw(thrown)
            except StopIteration:
                return
            finally:
                _turns.append((self._wall + began, perf_counter() - began))
            try:
                yield waited
                thrown = None
            except BaseException as error:
                thrown = error


class _TimedRecorder(Recorder):
    """The recorder, timed."""

    async def run(self, stop: asyncio.Event) -> None:
        """Record until `stop` is set."""
        await _Timed(super().run(stop))


if __name__ == "__main__":
    system.Recorder = _TimedRecorder  # type: ignore[attr-defined]
    try:
        cli(["up"], prog_name="dealwright")
    finally:
        Path(os.environ["DEALWRIGHT_DATA"], TURNS).write_bytes(msgspec.msgpack.encode(_turns))
