"""Kill -9 while deals are enrolled: each of them is begun with once, whatever died where."""

from __future__ import annotations

import signal
from collections import Counter

import pytest

from tests.kill.harness import PATIENCE, Moment, Point, Worker, finish
from tests.kill.model import QUOTED
from tests.kill.worker import BITE
from tests.kill.world import World

DEALS = 8 * QUOTED
"""So many that those which stand in Agreed are enrolled in two bites."""

BLOWS = (
    Point(name="enrol.counted"),
    Point(name="enrol.before-commit"),
    Point(name="enrol.after-commit"),
    Point(name="enrol.before-commit"),
    Moment(seconds=0.5, starting=True),
)


def _struck(world: World, blow: Point | Moment) -> None:
    worker = Worker(world, fault=blow if isinstance(blow, Point) else None, arguments=["--enrol", "--forever"])
    try:
        if isinstance(blow, Moment):
            worker.wait(blow.seconds)
            worker.signal(signal.SIGKILL)
        assert worker.end() == -signal.SIGKILL, blow
    finally:
        worker.put_down()
    world.wait_for_connections()


def _finished(world: World) -> None:
    worker = Worker(world, arguments=["--enrol"])
    try:
        worker.ready()
        assert worker.line(PATIENCE)["at"] == "idle"
        assert worker.end() == 0
    finally:
        worker.put_down()


@pytest.mark.slow
def test_a_worker_that_is_killed_while_it_enrols_loses_no_deal_and_begins_with_none_twice(anywhere: World) -> None:
    world = anywhere
    world.people_make(DEALS)
    finish(world)
    standing = {str(id_) for (id_,) in world.crm_rows("select id from deals where stage = 'agreed'")}
    assert len(standing) > BITE
    for blow in BLOWS:
        _struck(world, blow)
    _finished(world)
    _finished(world)  # and a restart begins with nobody
    told = Counter(
        subject for (subject,) in world.journal_rows("select subject from dw_events where kind = 'deal_enrolled'")
    )
    assert told == Counter(f"deal:{id_}" for id_ in standing)
    begun = world.journal_rows("select subject, state from dw_executions where automation = 'adopt'")
    assert Counter(begun) == Counter((f"deal:{id_}", "done") for id_ in standing)
    adopted = Counter(text for (text,) in world.crm_rows("select text from tasks where text like 'Adopt %'"))
    assert adopted == Counter(f"Adopt {id_}" for id_ in standing)
    assert world.journal_rows("select state, begun from enrolments") == [("done", len(standing))]
