"""The tally of a window: how its executions were left, however many they are and however often they come back."""

from __future__ import annotations

import sys

from dealwright.clock import SystemClock
from dealwright.engine.tally import Tally


def test_the_last_word_about_an_execution_counts() -> None:
    tally = Tally(SystemClock())
    for state in ("waiting", "retrying", "failed", "done"):
        tally.left("one", state)
    tally.left("two", "parked")
    tally.left("three", "skipped")
    assert tally.executions() == {"done": 1, "parked": 1, "skipped": 1}


def test_a_window_of_many_executions_holds_no_list_of_what_is_over() -> None:
    tally = Tally(SystemClock())
    for number in range(10_000):
        tally.left(f"execution {number}", "waiting")
        tally.left(f"execution {number}", "done")
    assert tally.executions() == {"done": 10_000}
    assert sum(sys.getsizeof(each) for each in vars(tally).values()) < 10_000
