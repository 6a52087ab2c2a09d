"""Departures: a system that was held up has counted our requests later than we wrote them."""

from __future__ import annotations

import pytest

from dealwright.engine.departures import Departures

NEVER = float("-inf")


def sent(departures: Departures, at: float, took: float | None) -> None:
    """Let a request leave, be written at once, and be answered."""
    departures.add(at)
    assert departures.written(at) == at
    if took is not None:
        departures.answered(at, at + took)


def used_to(most: int) -> Departures:
    """Return the departures to a system whose answers take 0.2 to 0.4 seconds; the last one was long ago."""
    departures = Departures(most)
    for number in range(20):
        sent(departures, float(number), 0.2 + 0.01 * number)
    return departures


def test_a_request_counts_from_when_it_was_written_and_each_once() -> None:
    departures = Departures(2)
    assert departures.last_but(0.0) == NEVER
    departures.add(1.0)
    departures.add(1.1)
    assert departures.last_but(1.2) == 1.0
    departures.written(1.5)
    assert departures.last_but(1.6) == 1.1
    departures.written(1.7)
    assert departures.last_but(1.8) == 1.5


def test_a_connector_that_never_says_what_is_written_is_counted_by_when_it_left() -> None:
    departures = Departures(3)
    for number in range(10):
        departures.add(float(number))
    assert departures.last_but(10.0) == 7.0


def test_a_late_answer_moves_its_request_and_a_usual_one_does_not() -> None:
    departures = used_to(2)
    sent(departures, 100.0, 0.39)
    sent(departures, 100.1, 0.3)
    assert departures.last_but(101.0) == 100.0
    sent(departures, 200.0, 0.9)
    sent(departures, 200.1, 0.3)
    assert departures.last_but(201.0) == 200.1, "that of 200.0 may have come half a second later"
    departures.add(201.0)
    assert departures.last_but(201.0) == pytest.approx(200.0 + 0.9 - 0.38)


def test_what_was_written_while_a_system_was_held_up_counts_from_when_it_goes_on() -> None:
    departures = used_to(2)
    departures.add(100.0)
    departures.written(100.0)
    sent(departures, 100.6, None)
    departures.answered(100.0, 100.8)
    departures.answered(100.6, 100.9)
    assert departures.last_but(101.0) == pytest.approx(100.0 + 0.8 - 0.38)
    departures.add(101.0)
    assert departures.last_but(101.0) == 100.8, "not 100.6"


def test_an_overdue_request_may_be_counted_only_now_but_not_for_ever() -> None:
    departures = used_to(2)
    sent(departures, 100.0, None)
    sent(departures, 100.1, 0.3)
    assert departures.last_but(100.35) == 100.0
    assert departures.last_but(101.0) == 100.1
    sent(departures, 101.0, 0.3)
    assert departures.last_but(102.0) == 101.0, "the silent one still counts beside it"
    assert departures.last_but(110.0) == 100.1
