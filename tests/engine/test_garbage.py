"""Cycles are looked for seldom while engines work, and as often as before when the last of them has ended."""

from __future__ import annotations

import gc
import weakref
from contextlib import ExitStack

import pytest

from dealwright.engine.garbage import SELDOM, SWEEP, seldom_collected


def test_thresholds_are_as_before_when_the_last_engine_has_ended_in_any_order() -> None:
    before = gc.get_threshold()
    first, second = ExitStack(), ExitStack()
    first.enter_context(seldom_collected())
    second.enter_context(seldom_collected())
    assert gc.get_threshold() == (SELDOM, *before[1:])
    first.close()
    assert gc.get_threshold() == (SELDOM, *before[1:])
    second.close()
    assert gc.get_threshold() == before


def test_thresholds_are_as_before_when_an_engine_fails() -> None:
    before = gc.get_threshold()
    with pytest.raises(ValueError, match="it failed"), seldom_collected():
        raise ValueError("it failed")
    assert gc.get_threshold() == before


class Holder:
    """Something small in a cycle, which names much: no number of new objects would tell that it is time to look."""

    def __init__(self) -> None:
        self.itself = self
        self.values = list(range(500))


def test_what_lies_in_a_cycle_is_gone_at_the_next_sweep_however_few_objects_it_is() -> None:
    with seldom_collected() as sweep:
        sweep(100.0)
        gone = weakref.ref(Holder())
        sweep(100.0 + SWEEP / 2)
        assert gone() is not None
        sweep(100.0 + SWEEP)
        assert gone() is None


def test_what_was_there_before_the_engine_is_looked_at_again_when_it_has_ended() -> None:
    with seldom_collected():
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0
