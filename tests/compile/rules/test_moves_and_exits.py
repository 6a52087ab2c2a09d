"""exit_on that does not end it when the deal moves on (DW243), and moves that move nothing or elsewhere (DW244)."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import check_files, example_file

from dealwright.compile.findings import Finding

OWN = """
class Care(Pipeline, key="care"):
    asked = Stage("Asked for it", task=Task("Call", due=days(1)))
    won = Won("Renewed")
    lost = Lost("Not renewed", reasons=["Price"])


class Told(OutsideEvent):
    key = "told"
    code = Text()
    match = Match(by=[(code, deal.reference)], in_=[{found}], if_many="ask", if_none="hold")


r = Automation(key="r", on={on}, exit_on=[{ends}], {more}when=[{when}], again=every_event(), do=[{do}])"""
TASK = 'wait("w", days(1)), set_task("t", text="Call", due=days(1))'


def rule(
    do: str = TASK,
    *,
    on: str = "entered(Sales.quoted)",
    when: str = "",
    ends: str = "",
    more: str = "",
    found: str = "Sales",
) -> str:
    return example_file(OWN.format(on=on, ends=ends, when=when, do=do, more=more, found=found))


def move(to: str, more: str = "") -> str:
    return f'move_deal("m", to={to}{more})'


NOT_ENDED = {
    "its_own_trigger": rule(ends="entered(Sales.quoted)"),
    "where_it_stands": rule(ends="stage_changed(to=Sales.quoted)"),
    "left_elsewhere": rule(ends="stage_changed(from_=Sales.met)"),
    "asked_for": rule(on="activity_logged()", when="deal.stage == Sales.quoted", ends="stage_changed(from_=Sales.met)"),
    "both": rule(ends="entered(Sales.quoted), stage_changed(from_=Sales.met)"),
    "beside_another_event": rule(ends="activity_logged(), stage_changed(from_=Sales.met)"),
    "closes_by_itself": rule(f"{TASK}, {move('Sales.won')}", ends="stage_changed(from_=Sales.met)"),
}
ENDED = {
    "left": rule(ends="stage_changed(from_=Sales.quoted)"),
    "left_or_elsewhere": rule(ends="stage_changed(from_=[Sales.met, Sales.quoted])"),
    "one_of_two": rule(ends="stage_changed(from_=Sales.met), entered(Sales.won)"),
    "entered_another": rule(ends="entered(Sales.lost)"),
    "one_of_its_stages": rule(on="entered(Sales.met, Sales.quoted)", ends="entered(Sales.met)"),
    "anywhere": rule(on="deal_created(in_=Sales)", ends="stage_changed(from_=Sales.met)"),
    "moves_there": rule(
        f"{move('Sales.quoted')}, {TASK}", on="entered(Sales.met)", ends="stage_changed(from_=Sales.quoted)"
    ),
    "in_the_pipeline": rule(ends="stage_changed(in_=Sales)"),
    "news_of_the_same": rule(on="deal_updated(fields=[deal.amount])", ends="deal_updated(fields=[deal.amount])"),
}
NOTHING = {
    "back": rule(move("Sales.met")),
    "behind_a_letter": rule(
        f'send_email("e", to=deal.main_contact, subject="Hi", text="Hi"), {move("Sales.met")}',
        when="deal.main_contact.email.is_set()",
    ),
    "won": rule(move("Sales.quoted"), on="entered(Sales.won)"),
    "one_of_two": rule(move("Sales.met"), on="entered(Sales.quoted, Sales.won)"),
    "kept_there_by_exit": rule(f"{TASK}, {move('Sales.met')}", ends="stage_changed(from_=Sales.quoted)"),
    "case": rule(f'{TASK}, branch("b", case(deal.stage == Sales.quoted, {move("Sales.met")}))'),
    "other_won": rule(move("Care.won")),
    "other_lost": rule(f"{TASK}, {move('Care.lost', ', reason=chr(80)')}").replace("chr(80)", '"Price"'),
    "found_elsewhere": rule(move("Care.won"), on="event_received(Told)"),
    "record_of_another": rule(move("Care.won"), on="owner_changed(in_=Sales)"),
}
MOVES = {
    "on": rule(move("Sales.won")),
    "meant": rule(move("Sales.met", ", only_forward=False")),
    "perhaps_before": rule(move("Sales.quoted"), on="entered(Sales.met, Sales.won)"),
    "after_a_while": rule(f"{TASK}, {move('Sales.met')}"),
    "anywhere": rule(move("Sales.met"), on="owner_changed()"),
    "won_to_lost": rule(move("Sales.lost", ", reason=chr(80)"), on="entered(Sales.won)").replace("chr(80)", '"Price"'),
    "other_pipeline": rule(move("Care.asked")),
    "by_way_of_it": rule(f'{move("Care.asked")}, {TASK}, move_deal("n", to=Care.won)'),
    "of_either": rule(move("Care.won"), on="event_received(Told)", found="Sales, Care"),
    "asked_for": rule(move("Care.won"), on="owner_changed()", when="deal.pipeline == Care"),
}
JUDGED = {"DW243", "DW244", "DW237", "DW910", "DW214"}


def judged(found: list[Finding]) -> set[str]:
    return {each.code for each in found if each.code in JUDGED or each.code >= "DW9"}


@pytest.mark.parametrize(
    ("files", "code"), [(NOT_ENDED, {"DW243"}), (ENDED, set()), (NOTHING, {"DW244"}), (MOVES, set())]
)
def test_exits_and_moves_that_do_not_what_they_say_are_told(
    files: dict[str, str], code: set[str], tmp_path: Path
) -> None:
    found = check_files(tmp_path / "company", files)
    assert {name: judged(listed) for name, listed in found.items()} == dict.fromkeys(files, code)


def test_an_event_that_looks_in_another_pipeline_than_the_conditions_ask_for_is_a_warning(tmp_path: Path) -> None:
    text = rule(on="event_received(Told)", when="deal.stage == Sales.quoted", found="Care")
    (found,) = [each for each in check_files(tmp_path / "company", {"rules": text})["rules"] if each.code == "DW214"]
    assert (found.severity, found.message) == (
        "warning",
        "'r' runs for no deal that its event finds: Match(in_=...) looks in pipelines which its conditions exclude",
    )
