"""What a hint says to write is what its author meant: a newcomer followed hints into the next finding."""

from __future__ import annotations

import pytest
from examples import check_files, example_file

SLIPS = {
    "word": (
        "rule = Automation(key='a', on=deal_created(in=New), do=[add_tags('t', 'x')])",
        "in is a word of Python: write in_=",
    ),
    "mixed": (
        "rule = Automation(key='a', on=entered(New.won), entered(New.lost), do=[add_tags('t', 'x')])",
        "name each value behind the first one that is named; what is several is one value: "
        "on=entered(NewBusiness.won, NewBusiness.lost), do=[...]",
    ),
    "stage": (
        "rule = Automation(key='a', on=deal_created(), when=deal.stage == 'asked', do=[add_tags('t', 'x')])",
        "compare it with a stage: == New.asked",
    ),
    "entered": (
        "rule = Automation(key='a', on=entered('asked'), do=[add_tags('t', 'x')])",
        "write New.asked",
    ),
    "or": (
        "rule = Automation(key='a', on=deal_created(), do=[update_deal('u', reference=deal.title or deal.reference)])",
        "write deal.title.or_(deal.reference) where a value is meant, (...) | (...) where conditions are",
    ),
    "brace": (
        "rule = Automation(key='a', on=deal_created(), do=[add_note('t', text='Call {{ deal.title } now')])",
        "a name ends with }}: {{ deal.title }}",
    ),
    "pipeline": (
        "rule = Automation(key='a', on=entered(New.won), do=[create_deal('n', in_=New.asked, title='{{ deal.title }}', "
        "unless_open=New.asked)])",
        "unless_open=New",
    ),
    "record": (
        "class Extra(Record, key='extra'):\n    what = Text()\n\n\n"
        "rule = Automation(key='a', on=record_added(Extra), do=[add_note('n', text='{{ extra.what }}')])",
        "did you mean record.what? texts name facts of a record so",
    ),
    "setting": (
        "most = setting('most', Money, default=Money(5, 'USD'))\n"
        "rule = Automation(key='a', on=deal_created(), when=deal.amount > most, "
        "do=[add_note('n', text='{{ settings.m }}')])",
        "a setting stands in conditions and values, not in texts: write it into a field, and name that here",
    ),
    "name of the file": (
        "rule = Automation(key='a', on=deal_created(), do=[add_note('n', text='{{ most }}')])",
        "a text names facts, which begin here with account., deal.",
    ),
    "step": (
        "rule = Automation(key='a', on=deal_created(), do=[\n"
        "    reg := lookup('reg', at='reg:/x', ask={'no': deal.reference}, gives={'name': str, 'valid': bool}),\n"
        "    branch('b', case(reg.name.is_set(), add_tags('t', 'x')))])",
        'write reg["name"].is_set',
    ),
    "moment": (
        "class Own(DealFields):\n    hours = Number()\n\n\nown = Own()\n"
        "rule = Automation(key='a', on=deal_created(), when=own.hours - own.created_at < 2, do=[add_tags('t', 'x')])",
        "to a day or moment only a length of time is added, such as days(2)",
    ),
}
PIPELINE = """
class New(Pipeline, key="new"):
    asked = Incoming()
    won = Won("Signed the contract")
    lost = Lost("Not done", reasons=["Price"])


"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    files = {f"f{number}": example_file(PIPELINE + source) for number, (source, _) in enumerate(SLIPS.values())}
    told = check_files(tmp_path_factory.mktemp("hints") / "company", files)
    return {slip: [each.hint for each in told[f"f{number}"]] for number, slip in enumerate(SLIPS)}


@pytest.mark.parametrize("slip", sorted(SLIPS))
def test_the_hint_is_what_was_meant(found: dict[str, list[str]], slip: str) -> None:
    assert SLIPS[slip][1] in found[slip]
