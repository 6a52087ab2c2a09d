"""A stage or an option that can never be, in a list with others that can, is told (DW214)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

BEFORE = """
class Own(DealFields):
    kind = Choice("Kind", ["a", "b", "c"])


own = Own()


class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    sent = Stage("Sent the estimate", probability=40, task=Task("Call back", due=days(1)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


class Prices(OutsideEvent):
    key = "prices"
    code = Text()


BUSY = [Sales.met, Repairs.sent]
busy = deal.stage.is_in(Sales.met, Repairs.sent)
"""
NOTE = 'do=[add_note("n", text="Look")]'


def rule(on: str, when: str, more: str = "") -> str:
    return f"r = Automation(key='r', on={on}, when=[{when}], again=every_event(), {more}{NOTE})\n"


IN_SALES = "deal_updated(fields=[deal.amount], in_=Sales)"
BOTH = "deal.stage.is_in(Sales.met, Repairs.sent)"
EACH = """
def made(name, pipeline):
    return Automation(
        key=name,
        on=deal_updated(fields=[deal.amount], in_=pipeline),
        when=[deal.stage.is_in(Sales.met, Repairs.sent)],
        again=every_event(),
        do=[add_note("n", text="Look")],
    )


acme = Account(
    "acme", zone="UTC", country="US", currency="USD", pipelines=[Sales, Repairs],
    automations=[made("one", Sales), made("two", {second})],
)
"""
SENT = "deal.stage is never {key}.sent where it is asked for"
TOLD = {
    "trigger": (rule(IN_SALES, BOTH), SENT),
    "third_line": (rule(IN_SALES, "\n    deal.amount > 5,\n    deal.stage.is_in(\n  Sales.met, Repairs.sent)"), SENT),
    "condition": (rule("deal_updated()", f"{BOTH}, deal.pipeline == Sales"), SENT),
    "option": (
        rule(IN_SALES, 'own.kind.is_in("a", "b"), own.kind != "b"'),
        "deal.kind is never 'b' where it is asked for",
    ),
    "either": (rule(IN_SALES, f"{BOTH} | (deal.amount > 5)"), SENT),
    "segment": (
        f"r = Automation(key='r', on=event_received(Prices), for_each=Segment(in_=[Sales], where=[{BOTH}]),"
        f" again=every_event(), {NOTE})\n",
        SENT,
    ),
    "closed_to_their_words": (
        rule("message_received(in_=Sales)", "deal.stage.is_in(Sales.met, Sales.won)"),
        "deal.stage is never sales.won where it is asked for",
    ),
    "both_of_a_function": (EACH.format(second="Sales"), SENT),
}
SILENT = {
    "any_pipeline": rule("deal_updated(fields=[deal.amount])", BOTH),
    "two_pipelines": rule("deal_updated(fields=[deal.amount], in_=[Sales, Repairs])", BOTH),
    "of_the_pipeline": rule(IN_SALES, "deal.stage.is_in(Sales.met, Sales.quoted)"),
    "entered_either": rule("entered(Sales.met, Repairs.sent)", BOTH),
    "closed_to_contacts": rule("contact_added(in_=Sales)", "deal.stage.is_in(Sales.met, Sales.won)"),
    "denied": rule(IN_SALES, f"~{BOTH}"),
    "list_with_a_name": rule(IN_SALES, "deal.stage.is_in(*BUSY)"),
    "condition_with_a_name": rule(IN_SALES, "busy"),
    "came_from": rule("stage_changed(to=Sales.quoted)", "event.before.stage.is_in(Sales.met, Repairs.sent)"),
    "looked_at_again": rule("entered(Sales.met)", "deal.stage.is_in(Sales.met, Sales.quoted)", "when_within=days(1), "),
    "option": rule(IN_SALES, 'own.kind.is_in("a", "b"), own.kind != "c"'),
    "segment_of_both": (
        f"r = Automation(key='r', on=event_received(Prices), for_each=Segment(in_=[Sales, Repairs], where=[{BOTH}]),"
        f" again=every_event(), {NOTE})\n"
    ),
    "one_of_a_function": EACH.format(second="Repairs"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {f"told_{name}": text for name, (text, _) in TOLD.items()} | {f"silent_{n}": t for n, t in SILENT.items()}
    found = check_files(
        tmp_path_factory.mktemp("lists") / "company",
        {name: example_file(BEFORE + text) for name, text in files.items()},
    )
    assert not [str(each) for told in found.values() for each in told if each.severity == "error"]
    return {name: [each.message for each in told if each.code == "DW214"] for name, told in found.items()}


@pytest.mark.parametrize("name", TOLD)
def test_a_member_that_can_never_be_is_told_once(told: dict[str, list[str]], name: str) -> None:
    (message,) = told[f"told_{name}"]
    assert message.startswith(TOLD[name][1].format(key=f"told-{name.replace('_', '-')}-repairs"))


@pytest.mark.parametrize("name", SILENT)
def test_members_that_may_be_are_not_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"silent_{name}"] == []
