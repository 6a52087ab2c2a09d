"""DW276: tasks that are completed as soon as they are set."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

FILE = """
class Asked(Pipeline, key="asked", name="Asked"):
    incoming = Incoming()
    {stages}
    offered = Stage("Sent the offer", probability=60, task=None, because="the customer acts")
    won, lost = Won(), Lost(reasons=["Price"])


r = Automation(key="r", on=entered(Asked.incoming), when=[deal.amount > 5], again=every_event(), do=[{do}])
"""
MET = 'met = Stage("Held the meeting", probability=40, {}task=Task("Write to {{{{ deal.title }}}}", due=days(1)))'
TIDY = 'complete_tasks("tidy")'
MOVE = 'move_deal("m", to=Asked.met)'
TASK = 'set_task("t", text="Call {{ deal.title }}", due=days(1))'


def rule(do: str, more: str = "") -> str:
    return example_file(FILE.format(do=do, stages=MET.format(more)))


OF_STAGE = "'tidy' completes the task that the stage 'Held the meeting' sets when 'm' moves the deal there, too"
OF_STEP = "'tidy' completes the task that 't' has just set, too"
TOLD = {
    "behind_a_move": (rule(f"{MOVE}, {TIDY}"), OF_STAGE),
    "with_an_owner": (rule(f"{MOVE}, {TIDY}", 'owner=Role("reps"), '), OF_STAGE),
    "with_criteria": (
        rule(f"{MOVE}, {TIDY}", 'entry=Criteria([deal.amount > 1], else_="report", says="No amount"), '),
        OF_STAGE,
    ),
    "others_between": (rule(f'{MOVE}, add_note("n", text="x"), {TIDY}'), OF_STAGE),
    "in_a_case": (rule(f'branch("b", case(deal.amount > 9, {MOVE})), {TIDY}'), OF_STAGE),
    "of_those_words": (rule(f'{MOVE}, complete_tasks("tidy", with_text="write to")'), OF_STAGE),
    "behind_a_task": (rule(f"{TASK}, {TIDY}"), OF_STEP),
    "task_of_those_words": (rule(f'{TASK}, complete_tasks("tidy", with_text="call")'), OF_STEP),
}
SILENT = {
    "before_the_move": rule(f"{TIDY}, {MOVE}"),
    "no_task_there": rule(f"{MOVE.replace('met', 'offered')}, {TIDY}"),
    "closed": rule(f'move_deal("m", to=Asked.won), {TIDY}'),
    "waited": rule(f'{MOVE}, wait("w", days(9)), {TIDY}'),
    "one_of_its_own": rule(f'made := {TASK}, wait("w", days(1)), {MOVE}, complete_tasks("tidy", only=made)'),
    "other_words": rule(f'{MOVE}, {TASK}, complete_tasks("tidy", with_text="offer")'),
    "on_other_ways": rule(f'branch("b", case(deal.amount > 9, {MOVE}, {TASK}), otherwise=[{TIDY}])'),
    "stopped": rule(f'branch("b", case(deal.amount > 9, {MOVE}, stop())), {TIDY}'),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {f"told_{name}": text for name, (text, _) in TOLD.items()} | {f"silent_{n}": t for n, t in SILENT.items()}
    found = check_files(tmp_path_factory.mktemp("fresh") / "company", files)
    assert not [str(each) for told in found.values() for each in told if each.severity == "error"]
    return {name: [each.message for each in told if each.code == "DW276"] for name, told in found.items()}


@pytest.mark.parametrize("name", TOLD)
def test_a_task_that_is_completed_as_soon_as_it_is_set_is_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"told_{name}"] == [TOLD[name][1]]


@pytest.mark.parametrize("name", SILENT)
def test_tasks_that_were_there_before_are_not_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"silent_{name}"] == []
