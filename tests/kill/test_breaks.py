"""The kill test can fail: with a guarantee taken away it goes red where that guarantee stood, and is green with it."""

from __future__ import annotations

import pytest

from tests.kill.breaks import BREAKS
from tests.kill.runs import aimed
from tests.kill.world import World

SHOWS = {
    "send-without-key": "twice",
    "settle-before-receipt": "lost",
    "deaf-to-news": "lost",
    "skip-epoch-check": "after-stop",
}
"""As what each break must be noticed."""


@pytest.mark.slow
@pytest.mark.parametrize("broken", sorted(BREAKS))
def test_a_guarantee_that_is_taken_away_turns_the_audit_red(on_sqlite: World, broken: str) -> None:
    report = aimed(on_sqlite, broken, kills=3, broken=broken)
    assert report.sorts()[SHOWS[broken]] > 0, f"the break {broken} was not noticed: {report}"


@pytest.mark.slow
@pytest.mark.parametrize("aim", sorted(BREAKS))
def test_where_a_break_would_show_nothing_shows_without_it(on_sqlite: World, aim: str) -> None:
    report = aimed(on_sqlite, aim, kills=2, broken=None)
    assert not report.violations, str(report)


@pytest.mark.slow
def test_it_is_the_kill_that_makes_sends_without_a_key_happen_twice(on_sqlite: World) -> None:
    report = aimed(on_sqlite, "send-without-key", kills=0, broken="send-without-key")
    assert report.sorts()["twice"] == 0, str(report)


@pytest.mark.slow
def test_it_is_the_kill_that_loses_receipts_written_too_late(on_sqlite: World) -> None:
    report = aimed(on_sqlite, "settle-before-receipt", kills=0, broken="settle-before-receipt")
    assert not report.violations, str(report)
