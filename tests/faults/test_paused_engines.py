"""A worker that stands still past its lease acts on nothing that others took over, except where nobody can tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kill.harness import POINTS
from tests.kill.paused import UNFENCED, paused
from tests.kill.world import world

OFTEN = ("gate.after-commit", UNFENCED, "act.after-request", "settle.before-commit")


@pytest.mark.slow
@pytest.mark.parametrize("point", OFTEN)
def test_two_engines_one_asleep(tmp_path: Path, point: str) -> None:
    with world(tmp_path, "postgresql") as made:
        woken = paused(made, point)
    print(woken)
    assert woken.report.violations == (), str(woken.report)
    assert woken.duplicates == 0, "what is sent late here is known by its key, or nobody has repeated it"
    if point in ("gate.after-commit", UNFENCED, "act.after-request"):
        assert woken.taken > 0, "the other engine has taken over what was in flight"


@pytest.mark.nightly
@pytest.mark.parametrize("point", [point for point in POINTS if point not in OFTEN])
def test_two_engines_one_asleep_at_every_other_point(tmp_path: Path, point: str) -> None:
    with world(tmp_path, "postgresql") as made:
        woken = paused(made, point)
    print(woken)
    assert woken.report.violations == (), str(woken.report)
    assert woken.duplicates == 0
