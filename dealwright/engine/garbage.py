"""How often Python looks for reference cycles while an engine works."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SELDOM: Final = 50_000
"""New objects until the youngest are looked at; with Python's own 700 that is several times in a batch's every step."""

_engines: list[tuple[int, int, int]] = []


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for cycles seldom; the thresholds are as they were when the last engine of the process has ended.

    A batch keeps tens of thousands of rows, lists and tuples until it is settled, and none of them is in a cycle: they
    go when nothing names them any more. To look through them again and again took up to a twelfth of the engine's time.
    What is in cycles (errors with their frames, tasks) waits a little longer, and is bounded by the number above.
    """
    _engines.append(gc.get_threshold())
    gc.set_threshold(SELDOM, *_engines[0][1:])
    try:
        yield
    finally:
        before = _engines.pop()  # whoever ends: the first one's, which were the process's own, stay to the last
        if not _engines:
            gc.set_threshold(*before)
