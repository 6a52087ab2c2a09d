"""Cycles are looked for seldom while engines work, and as often as before when the last of them has ended."""

from __future__ import annotations

import gc
from contextlib import ExitStack

import pytest

from dealwright.engine.garbage import SELDOM, seldom_collected


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
