"""Kill -9 at every fault point and at random moments, on both databases: nothing lost, nothing twice."""

from __future__ import annotations

import os
import random
import signal

import pytest

from tests.kill.audit import Report
from tests.kill.harness import POINTS
from tests.kill.runs import at_moments, at_points, stopped_while_unanswered, told_to_end, two_workers
from tests.kill.world import World

SEED = int(os.environ.get("DEALWRIGHT_KILL_SEED") or random.SystemRandom().randrange(10**6))
KILLS = int(os.environ.get("DEALWRIGHT_KILLS") or 200)


def judge(report: Report) -> None:
    """Print the figures and the seed, and fail on any violation."""
    print(f"DEALWRIGHT_KILL_SEED={SEED}: {report}")
    assert not report.violations, f"seed {SEED}: {report}"


@pytest.mark.slow
def test_at_every_fault_point_a_killed_worker_loses_nothing_and_does_nothing_twice(anywhere: World) -> None:
    report = at_points(anywhere, random.Random(SEED), POINTS)
    assert report.figures["kills"] == len(POINTS) >= 10
    judge(report)


@pytest.mark.slow
def test_at_random_moments_a_killed_worker_loses_nothing_and_does_nothing_twice(anywhere: World) -> None:
    report = at_moments(anywhere, random.Random(SEED), 10)
    assert report.figures["kills"] == 10
    judge(report)


@pytest.mark.slow
def test_while_one_of_two_workers_is_killed_the_other_goes_on(anywhere: World) -> None:
    judge(two_workers(anywhere, random.Random(SEED), 3))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_worker_that_is_told_to_end_finishes_its_request_and_gives_its_leases_back(
    on_sqlite: World, number: signal.Signals
) -> None:
    judge(told_to_end(on_sqlite, number))


@pytest.mark.slow
def test_a_stop_that_finds_unanswered_sends_loses_none_of_them(on_sqlite: World) -> None:
    judge(stopped_while_unanswered(on_sqlite))


@pytest.mark.nightly
def test_hundreds_of_kills_at_random_moments_lose_nothing_and_do_nothing_twice(anywhere: World) -> None:
    judge(at_moments(anywhere, random.Random(SEED), KILLS))


@pytest.mark.nightly
def test_dozens_of_kills_beside_a_second_worker_lose_nothing_and_do_nothing_twice(anywhere: World) -> None:
    judge(two_workers(anywhere, random.Random(SEED), max(3, KILLS // 5)))
