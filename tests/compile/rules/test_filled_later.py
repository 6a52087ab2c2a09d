"""A stage that asks for a field before the company's rules fill it is told (DW112)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

OWN = """
class Booked(OutsideEvent):
    key = "booked"
    ref, number = Text(), Text()
    match = Match(by=[(ref, deal.contacts.email)], in_=[Sales])


class Own(DealFields):
    quote_no, plan = Text("Quote no."), Text("Plan")


own = Own()


class Stays(Pipeline, key="stays", name="Stays"):
    incoming = Incoming()
    met = Stage("Held the meeting", task=Task("Call", due=days(1)){met})
    quoted = Stage("Sent the quote", task=Task("Call", due=days(1)){quoted})
    agreed = Stage("Agreed the terms", task=Task("Call", due=days(1)))
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


r = Automation(key="r", on={on}, when=[{when}], again=every_event(), do=[{do}])
more = Automation(key="more", on=entered(Stays.{more_on}), when=[own.plan.is_unset()], do=[{more}])
"""
NUMBER = 'update_deal("u", quote_no="Q-{{ deal.id }}")'
TYPED = 'update_deal("u", quote_no="none")'
UNSET = "own.quote_no.is_unset()"
ENTRY = ', entry=Criteria([own.quote_no.is_set()], says="Have a number given")'
EXIT = ', exit=Criteria([own.quote_no.is_set()], says="Have a number given")'
REQUIRED = ", required=[own.quote_no]"


def company(
    *,
    on: str,
    met: str = "",
    quoted: str = "",
    when: str = UNSET,
    do: str = NUMBER,
    more: str = "",
    more_on: str = "met",
) -> str:
    return example_file(
        OWN.format(
            on=f"entered(Stays.{on})",
            met=met,
            quoted=quoted,
            when=when,
            do=do,
            more=more or 'add_note("n", text="x")',
            more_on=more_on,
        )
    )


TOLD = {
    "entry": company(on="quoted", quoted=ENTRY),
    "typed": company(on="quoted", quoted=ENTRY, do=TYPED),
    "required": company(on="quoted", quoted=REQUIRED),
    "reference": company(
        on="quoted",
        quoted=", required=[deal.reference]",
        when="deal.reference.is_unset()",
        do='update_deal("u", reference="R-{{ deal.id }}")',
    ),
    "later": company(on="agreed", quoted=ENTRY),
    "left": company(on="agreed", quoted=EXIT),
    "twice": company(
        on="agreed", quoted=ENTRY, more='update_deal("m", quote_no="M-{{ deal.id }}")', more_on="won"
    ).replace("own.plan.is_unset()", UNSET),
}
SILENT = {
    "before": company(on="met", quoted=ENTRY),
    "of_the_stage_that_it_leaves": company(on="quoted", quoted=EXIT),
    "typed_later": company(on="agreed", quoted=ENTRY, do=TYPED),
    "written_over": company(on="quoted", quoted=ENTRY, when="own.plan.is_set()"),
    "written_before_too": company(on="quoted", quoted=ENTRY, more='update_deal("m", quote_no="M-{{ deal.id }}")'),
    "created_with_it": company(
        on="quoted",
        quoted=ENTRY,
        do=NUMBER + ', create_deal("c", in_=Stays.incoming, title="x", quote_no="none", reference="{{ deal.id }}-2")',
    ),
    "of_either": company(on="quoted", quoted=ENTRY.replace("is_set()", "is_set() | own.plan.is_set()")),
    "anywhere": company(on="quoted", quoted=ENTRY).replace("entered(Stays.quoted)", "deal_created()"),
    "another_pipeline": company(on="quoted", quoted=ENTRY).replace("entered(Stays.quoted)", "entered(Sales.quoted)"),
    "nobody_fills_it": company(on="quoted", quoted=ENTRY, do='add_note("n", text="x")'),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {f"told_{name}": text for name, text in TOLD.items()} | {f"silent_{n}": t for n, t in SILENT.items()}
    found = check_files(tmp_path_factory.mktemp("later") / "company", files)
    assert not [str(each) for told in found.values() for each in told if each.severity == "error"]
    return {name: [each.message for each in told if each.code == "DW112"] for name, told in found.items()}


@pytest.mark.parametrize("name", TOLD)
def test_what_is_asked_for_before_it_is_filled_is_told(told: dict[str, list[str]], name: str) -> None:
    (message,) = told[f"told_{name}"]
    assert "'r' fills when the deal has come to" in message


@pytest.mark.parametrize("name", SILENT)
def test_what_may_be_there_before_is_not_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"silent_{name}"] == []
