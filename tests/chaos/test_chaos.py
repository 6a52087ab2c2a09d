"""Chaos can be green and can be red: a sample of the kills on both databases, and every guarantee switched off once."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from dealwright import faults
from tests.chaos.__main__ import main
from tests.chaos.breaks import BREAKS, NAMES
from tests.chaos.plan import ENGINE_POINTS, VICTIMS, WEB_POINTS, aimed, strikes
from tests.databases import postgresql

ROUNDS = int(os.environ.get("DEALWRIGHT_CHAOS_ROUNDS") or 200)
SAMPLE = 20
STRIKES = 2
"""Rounds for each break: fewer than the six within which every run must be red."""


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run the command as a person does; return its exit code and what it printed."""
    code = main([*arguments, "--json"])
    printed = capsys.readouterr()
    print(printed.err)
    figures: dict[str, Any] = json.loads(printed.out)
    return code, figures


def judge(code: int, figures: dict[str, Any], rounds: int) -> None:
    """See that so many kills have broken nothing."""
    assert code == 0, figures
    assert figures["rounds"] == figures["kills"] == rounds
    assert figures["lost"] == figures["duplicated"] == figures["out_of_order"] == 0
    assert figures["parked_unknown"] <= figures["parked_at_most"]
    assert figures["events"] >= 8 * rounds


def test_a_plan_follows_from_its_seed_and_strikes_everybody() -> None:
    plan = strikes(7, 200)
    assert plan == strikes(7, 200) != strikes(8, 200)
    assert {strike.victim for strike in plan} == set(VICTIMS)
    assert {strike.point for strike in plan if strike.point} == {*ENGINE_POINTS, *WEB_POINTS}


@pytest.mark.parametrize("name", NAMES)
def test_a_break_is_struck_at_fault_points_that_there_are(name: str) -> None:
    it = BREAKS[name]
    assert set(it.points) <= set(faults.POINTS)
    assert {strike.point for strike in aimed(3, 6, it.points, it.victim)} == set(it.points)


def test_the_names_of_the_breaks_are_printed_bare_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list-breaks"]) == 0
    assert capsys.readouterr().out.splitlines() == list(NAMES)


def test_a_break_that_there_is_not_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--break", "everything"])
    assert ended.value.code == 2
    assert "'everything'" in capsys.readouterr().err


def test_a_directory_that_holds_something_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    assert main(["--rounds", "1", "--keep", str(tmp_path)]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.slow
def test_twenty_kills_lose_nothing_and_do_nothing_twice(capsys: pytest.CaptureFixture[str]) -> None:
    judge(*ran(capsys, "--rounds", str(SAMPLE)), SAMPLE)


@pytest.mark.slow
def test_twenty_kills_on_postgresql_lose_nothing_and_do_nothing_twice(capsys: pytest.CaptureFixture[str]) -> None:
    with postgresql("chaos") as url:
        judge(*ran(capsys, "--rounds", str(SAMPLE), "--database", url), SAMPLE)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_guarantee_that_is_switched_off_turns_the_run_red(capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, figures = ran(capsys, "--break", name, "--rounds", str(STRIKES))
    assert code == 1
    seen = figures["parked_wrongly"] if BREAKS[name].shows == "parked" else figures[BREAKS[name].shows]
    assert seen > 0, figures


@pytest.mark.nightly
def test_hundreds_of_kills_lose_nothing_and_do_nothing_twice(capsys: pytest.CaptureFixture[str]) -> None:
    judge(*ran(capsys, "--rounds", str(ROUNDS)), ROUNDS)


@pytest.mark.nightly
def test_hundreds_of_kills_on_postgresql_lose_nothing_and_do_nothing_twice(capsys: pytest.CaptureFixture[str]) -> None:
    with postgresql("chaos") as url:
        judge(*ran(capsys, "--rounds", str(ROUNDS), "--database", url), ROUNDS)
