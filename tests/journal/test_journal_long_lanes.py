"""A long lane: to let its next one go costs the same whatever waits behind."""

from __future__ import annotations

import re
from typing import Any

import pytest
from journal_world import ACME, Open, answers, deal, updated

from dealwright.engine.records import Settlement
from dealwright.journal import hot
from dealwright.journal.store import Journal

_WAITING = 1_500


def _queue(journal: Journal, n: int) -> None:
    """Let so many events of one deal stand in the lane of `watch` (and of `follow`)."""
    journal.record_release(ACME)
    for start in range(0, n, 500):
        journal.append("acme", "crm", [updated(f"e{i}", deal("1", version=i + 1)) for i in range(start, start + 500)])
        events = journal.unrouted("acme", 500)
        assert journal.route(ACME, journal.releases("acme")[0].digest, events, answers(events))


def _rows_looked_at(journal: Journal, keys: list[str]) -> int:
    """Return how many rows PostgreSQL reads to find the next heads of these lanes."""
    seen = 0
    with journal.database.write() as connection:
        for (line,) in connection.exec_driver_sql(
            "explain (analyze, costs off, timing off) " + hot.PROMOTE._postgresql, {"keys": keys}
        ):
            if found := re.search(r"Scan.*actual rows=(\d+) loops=(\d+)", line):
                seen += int(found[1]) * int(found[2])
    return seen


def _steps(journal: Journal, keys: list[str]) -> int:
    """Return how many steps of its machine SQLite takes to find the next heads of these lanes, in tens."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with journal.database.write() as connection:
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(count, 10)
        hot.PROMOTE.run(connection, keys=keys)
        driver.set_progress_handler(None, 0)
    return steps


def test_the_next_head_of_a_lane_is_found_without_reading_all_that_waits_behind_it(open_journal: Open) -> None:
    journal = open_journal()
    _queue(journal, _WAITING)
    keys = ["acme|watch|deal:1", "acme|follow|deal:1"]
    looked = _rows_looked_at(journal, keys) if journal.database.postgresql else _steps(journal, keys)
    assert looked < 50


def test_a_long_lane_goes_on_in_order_one_after_the_other(open_journal: Open) -> None:
    journal = open_journal()
    _queue(journal, 500)
    went = []
    for _ in range(5):
        [claimed] = journal.claim("acme", "watch", "w", 500, 30.0)
        went.append(claimed.event_id)
        journal.settle([Settlement(execution_id=claimed.id, state="done")])
    assert went == sorted(went) and len(set(went)) == 5
    with journal.database.read() as connection:
        heads = connection.exec_driver_sql("select count(*) from executions where head").scalar_one()
    assert heads == 2


@pytest.mark.parametrize("keys", [[], ["acme|watch|deal:none"]])
def test_a_lane_without_work_gets_no_head(open_journal: Open, keys: list[str]) -> None:
    journal = open_journal()
    with journal.database.write() as connection:
        assert hot.PROMOTE.run(connection, keys=keys).rowcount == 0
