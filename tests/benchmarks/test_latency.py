"""What the recorder costs an event is the part of the recorder's turns that lies within the event's wait."""

from __future__ import annotations

import pytest

from benchmarks.latency import within


def test_turns_count_as_far_as_they_lie_within_a_span() -> None:
    turns = [(10.0, 0.5), (0.0, 1.0), (2.0, 1.0), (3.5, 0.25)]
    spans = [(0.5, 2.5), (2.5, 3.6), (1.2, 1.9), (9.0, 20.0), (2.2, 2.3)]
    assert within(turns, spans) == pytest.approx([1.0, 0.6, 0.0, 0.5, 0.1])


def test_without_turns_nothing_is_added() -> None:
    assert within([], [(0.0, 1.0)]) == [0.0]
