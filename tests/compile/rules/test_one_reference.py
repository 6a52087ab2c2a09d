"""A reference that is written over, or given to every deal, is told (DW277); so is a title that only begins (DW304)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

FILE = """
class Own(DealFields):
    order_no = Text("Order")


class Paid(OutsideEvent):
    key = "billing.paid"
    folio = Text()
    match = Match(by=[(folio, deal.reference)], in_=[Sales])


own = Own()
r = Automation(key="r", on={on}, when=[{when}], again=every_event(), do=[{do}])
"""
WRITTEN = 'update_deal("u", reference="Q-{{ deal.id }}")'
UNSET, SET = "deal.reference.is_unset()", "deal.reference.is_set()"
OVER = "DW277 'u' writes over the reference that a deal has"
TITLE = "DW304 the title that 'c' gives is {!r}, and nothing follows"


def rule(do: str = WRITTEN, *, on: str = "entered(Sales.quoted)", when: str = "") -> str:
    text = example_file(FILE.format(on=on, when=when, do=do))
    return text.replace("pipelines=", "deal_fields=own, pipelines=")


FILES = {
    "over": (rule(), OVER),
    "on_creation": (rule(on="deal_created(in_=Sales)", when="deal.amount > 5"), OVER),
    "of_a_field": (rule('update_deal("u", reference=own.order_no)', when="own.order_no.is_set()"), OVER),
    "only_there": (rule(when=SET), f"{OVER}, and only where there is one"),
    "in_the_wrong_way": (
        rule(f'branch("b", case({UNSET}, stop()), otherwise=[{WRITTEN}])'),
        f"{OVER}, and only where there is one",
    ),
    "in_another_way": (rule(f'branch("b", case(deal.amount > 5, {WRITTEN}))'), OVER),
    "all_alike": (
        rule('update_deal("u", reference="CH-1")', when=UNSET),
        "DW277 'u' gives every deal one reference: 'CH-1'",
    ),
    "created_alike": (
        rule('create_deal("c", in_=Sales.met, title="{{ deal.title }}", reference="CH-1")'),
        "DW277 'c' gives every deal one reference: 'CH-1'",
    ),
    "begun": (rule('create_deal("c", in_=Sales.met, title="Again: ")'), TITLE.format("Again: ")),
    "begun_with_a_dash": (rule('create_deal("c", in_=Sales.met, title="Again -")'), TITLE.format("Again -")),
    "retitled": (rule('update_deal("c", title="Quote #")'), TITLE.format("Quote #")),
    # --- near ones
    "asked": (rule(when=UNSET), ""),
    "asked_in_a_case": (rule(f'branch("b", case({UNSET}, {WRITTEN}))'), ""),
    "stopped_before": (rule(f'branch("b", case({SET}, stop())), {WRITTEN}'), ""),
    "of_itself": (rule('update_deal("u", reference="{{ deal.reference or deal.id }}")'), ""),
    "told": (rule('update_deal("u", reference=Paid.folio)', on="event_received(Paid)", when="Paid.folio.is_set()"), ""),
    "kept_alike": (
        rule(
            'update_deal("u", reference=own.order_no)',
            on="deal_updated(fields=[own.order_no])",
            when="own.order_no.is_set()",
        ),
        "",
    ),
    "instead_of_another": (rule(when='deal.reference == "new"'), ""),
    "cleared": (rule('update_deal("u", reference=None)'), ""),
    "created": (rule('create_deal("c", in_=Sales.met, title="{{ deal.title }}", reference="N-{{ deal.id }}")'), ""),
    "whole_title": (rule('create_deal("c", in_=Sales.met, title="Again")'), ""),
    "title_with_a_fact": (rule('create_deal("c", in_=Sales.met, title="Again: {{ deal.title }}")'), ""),
    "title_with_a_hyphen": (rule('create_deal("c", in_=Sales.met, title="Follow-up")'), ""),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    texts = {name: text for name, (text, _) in FILES.items()}
    listed = check_files(tmp_path_factory.mktemp("one_reference") / "company", texts)
    judged = ("DW277", "DW304", "DW20", "DW9")
    return {
        name: [f"{each.code} {each.message}" for each in of if each.code.startswith(judged)]
        for name, of in listed.items()
    }


@pytest.mark.parametrize("name", FILES)
def test_a_reference_that_is_lost_or_no_reference_is_told(found: dict[str, list[str]], name: str) -> None:
    told = FILES[name][1]
    assert found[name] == ([told] if told else [])
