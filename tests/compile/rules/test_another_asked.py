"""A field that may be unset and is used, where another one is asked for and is not, is told (DW273)."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

OWN = """
class Part(Record, key="part"):
    due, worth = Day("Due"), Money("Worth")


class Own(DealFields):
    begins, ends, signed = Day("Begins"), Day("Ends"), Day("Signed")
    fee, deposit, seats = Money("Fee"), Money("Deposit"), Number("Seats")


own = Own()


class Asked(Pipeline, key="asked", name="Asked"):
    incoming = Incoming()
    met = Stage(
        "Held the meeting", probability=40, task=Task("Write", due=days(1)), required=[deal.amount],
        exit=Criteria([own.signed.is_set()], else_="report", says="Enter when"),
    )
    won, lost = Won(), Lost(reasons=["Price"])


r = Automation(key="r", on={on}, when=[{when}], again=once(per=deal), do=[{do}])
"""
RECORD = 'create_record("p", Part, due=own.begins + days(30))'
ENDS = "own.ends.is_set()"


def rule(do: str = RECORD, when: str = ENDS, on: str = "entered(Sales.quoted)") -> str:
    return example_file(OWN.format(on=on, when=when, do=do))


TOLD = {
    "record": rule(),
    "record_copied": rule('create_record("p", Part, due=own.begins)'),
    "deal": rule('update_deal("u", close_date=own.begins - days(3))'),
    "new_deal": rule('create_deal("c", in_=Sales.met, title="x", close_date=own.begins + days(365))'),
    "amount": rule('update_deal("u", amount=own.fee * 2)', when="own.deposit.is_set()"),
    "one_of_two": rule(when=f"deal.amount > 5, {ENDS}"),
    "behind_a_wait": rule(f'wait("w", days(1)), {RECORD}'),
}
SILENT = {
    "asked": rule(when=f"own.begins.is_set(), {ENDS}"),
    "compared": rule(when=f"own.begins > own.signed, {ENDS}"),
    "asked_in_a_case": rule(f'branch("b", case(own.begins.is_set(), {RECORD}))'),
    "both_used": rule(f'{RECORD}, update_deal("u", close_date=own.ends)'),
    "told_in_a_text": rule(f'{RECORD}, add_note("n", text="Until {{{{ deal.ends }}}}")'),
    "another_kind": rule(when="own.fee.is_set()"),
    "nothing_asked": rule(when="deal.amount > 5"),
    "or_else": rule('create_record("p", Part, due=own.begins.or_(own.signed))'),
    "watched": rule(on="deal_updated(fields=[own.ends])"),
    "criteria_ask": rule('create_record("p", Part, due=own.signed)'),
    "required": rule('create_record("p", Part, worth=deal.amount / 2)', when="own.fee.is_set()"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {f"told_{name}": text for name, text in TOLD.items()} | {f"silent_{n}": t for n, t in SILENT.items()}
    found = check_files(tmp_path_factory.mktemp("asked") / "company", files)
    assert not [str(each) for told in found.values() for each in told if each.severity == "error"]
    return {name: [each.message for each in told if each.code == "DW273"] for name, told in found.items()}


@pytest.mark.parametrize("name", TOLD)
def test_another_field_that_is_asked_for_is_told(told: dict[str, list[str]], name: str) -> None:
    (message,) = told[f"told_{name}"]
    used, asked = ("deal.fee", "deal.deposit") if name == "amount" else ("deal.begins", "deal.ends")
    assert f"is made of {used}, which may be unset: 'r' asks for {asked}, and does not use it" in message


@pytest.mark.parametrize("name", SILENT)
def test_a_field_that_is_there_or_asked_for_by_itself_is_not_told(told: dict[str, list[str]], name: str) -> None:
    assert told[f"silent_{name}"] == []
