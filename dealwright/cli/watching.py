"""Waits for files to change, and says that they did."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from watchfiles import PythonFilter, watch

_PATIENCE: Final = 200


def changes(paths: Sequence[Path]) -> Iterator[None]:
    """Yield once when the watching has begun, then after every change of a Python file or of a text, until Ctrl-C."""
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    before = signal.signal(signal.SIGINT, end)
    try:
        folders = {path if path.is_dir() else path.parent for path in paths}
        begun = False
        # It yields nothing for a while at first: by then the watcher stands, and no change is missed.
        for changed in watch(
            *folders,
            watch_filter=PythonFilter(extra_extensions=(".md",)),  # texts of messages too
            debounce=400,
            stop_event=ended,
            rust_timeout=_PATIENCE,
            yield_on_timeout=True,
            raise_interrupt=False,
        ):
            if changed or not begun:
                begun = True
                yield
            if ended.is_set():
                return
    finally:
        signal.signal(signal.SIGINT, before)
