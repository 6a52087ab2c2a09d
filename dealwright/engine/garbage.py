"""How often Python looks for reference cycles while an engine works."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

SELDOM: Final = 50_000
"""New objects until the youngest are looked at; with Python's own 700 that is several times in a batch's every step."""

SWEEP: Final = 5.0
"""Seconds between two looks at everything that is not as old as the engine."""

Sweep = Callable[[float], None]
"""What looks for cycles if it is time to; it is told the monotonic time."""

_engines: list[tuple[int, int, int]] = []


@contextmanager
def seldom_collected() -> Iterator[Sweep]:
    """Look for cycles seldom, by the clock; all is as it was when the last engine of the process has ended.

    A batch keeps tens of thousands of rows, lists and tuples until it is settled, and none of them is in a cycle: they
    go when nothing names them any more. To look through them again and again took up to a twelfth of the engine's time.
    But what is in a cycle can be small and name much (a parameter of a query, the five hundred values that it had), so
    the number of new objects does not bound it: whoever works calls the sweep now and then. What was there before the
    engine (modules, definitions) is not looked at, so that one takes milliseconds.
    """
    if not _engines:
        gc.freeze()
    _engines.append(gc.get_threshold())
    gc.set_threshold(SELDOM, *_engines[0][1:])
    swept: float | None = None

    def sweep(now: float) -> None:
        nonlocal swept
        if swept is None or now - swept >= SWEEP:
            if swept is not None:
                gc.collect()
            swept = now

    try:
        yield sweep
    finally:
        before = _engines.pop()  # whoever ends: the first one's, which were the process's own, stay to the last
        if not _engines:
            gc.set_threshold(*before)
            gc.unfreeze()
