"""DW311 and DW203: facts that are compared with, or given, what they never are."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import check_files, codes, example_file

FIELDS = """
class Buyer(ContactFields):
    speaks = Choice("Speaks", ["pt", "en"])


class Line(Record, key="quote-line"):
    size = Choice("Size", ["small", "large"])


class Own(DealFields):
    contact: Buyer = Buyer()
    insured = Flag("Has insurance")
    treatment = Choice("Treatment", ["cleaning", "implant"])
    plan = Choice("Plan", ["basic", "full"])
    next = Choice("Next", ["implant", "crown"])
    extras = Choices("Extras", ["x-ray", "whitening"])
    seats = Number("Seats")
    starts_at = Moment("Starts at")
    second = Phone("Second phone")
    hint = Text("Hint")


own = Own()
"""
PAID = """

class Paid(OutsideEvent):
    key = "billing.paid"
    number, how = Text(), Choice("How", ["card", "cash"])
    match = Match(by=[(number, deal.reference)], in_=Sales)


"""


USED = "[own.seats.is_set(), own.records(Line).any(Line.size.is_set())]"
"""Without it the account had none of these fields."""


def rule(do: str = 'add_note("n", text="Look")', *, on: str = "entered(Sales.won)", when: str = USED) -> str:
    event = PAID if "Paid" in on else ""
    return f'{FIELDS}{event}r = Automation(key="r", on={on}, when={when}, do=[{do}])\n'


def note(text: str, *, on: str = "entered(Sales.won)") -> str:
    return rule(f'add_note("n", text={text!r})', on=on)


IF = "{{% if {} %}}Yes{{% else %}}No{{% endif %}}"
LINES = "{% for each in deal.records.quote_line %}{% if each.size == 'SIZE' %}x{% endif %}{{ each.size }}{% endfor %}-"
NEVER = {
    "a flag and a word": "deal.insured == 'yes'",
    "a flag and a number": "deal.insured == 1",
    "an option that is none": "deal.treatment == 'crown'",
    "an option with a slip": "deal.treatment != 'implnat'",
    "an option of the contact": "deal.main_contact.speaks == 'es'",
    "an option of who has a role": "deal.contact_as.buyer.speaks == 'es'",
    "an amount and a number": "deal.amount == '100'",
    "a number without quotes": "deal.seats == 12",
    "a number and a word": "deal.seats == 'many'",
    "a list": "deal.extras == 'x-ray'",
    "tags": "deal.tags == 'vip'",
    "a day": "deal.close_date == '2026-05-09'",
    "a moment": "deal.starts_at == '2026-05-09 10:00'",
    "an id without quotes": "deal.id == 12",
    "nothing": "deal.reference == ''",
    "a stage that is none": "deal.stage.name == 'Quotted'",
    "the other way round": "'crown' == deal.treatment",
    "the deal before": "event.before.treatment == 'crown'",
    "inside of or": "deal.reference or (deal.treatment == 'crown')",
}
MAY = {
    "a flag": "deal.insured == true",
    "an option": "deal.treatment == 'implant'",
    "a number": "deal.seats == '1,200.50'",
    "an amount": "deal.amount == '1.234,50 EUR'",
    "a Swedish amount": "deal.amount == '\u22121\u00a0234,50 SEK'",
    "a Swiss amount": "deal.amount == '1\u2019234.50 CHF'",
    "a day": "deal.close_date == '9 May 2026'",
    "a moment": "deal.starts_at == '9 May 2026, 10:00'",
    "a company": "deal.company == ''",
    "two facts": "deal.treatment == deal.plan",
    "a text": "deal.hint == 'anything'",
    "a pipeline": "deal.pipeline.name == 'Sales'",
}


def test_texts_that_compare_facts_with_what_they_never_are_are_told(tmp_path: Path) -> None:
    on = "deal_updated(fields=[deal.amount])"
    texts = {
        **{name: (IF.format(asked), {"DW311"}) for name, asked in NEVER.items()},
        **{f"may {name}": (IF.format(asked), set()) for name, asked in MAY.items()},
        "each record": (LINES.replace("SIZE", "huge"), {"DW311"}),
        "may each record": (LINES.replace("SIZE", "large"), set()),
    }
    files = {name.replace(" ", "_"): example_file(note(text, on=on)) for name, (text, _) in texts.items()}
    event = "event_received(Paid)"
    both = "Paid {{{{ event.data.number }}}}" + IF
    files["event"] = example_file(note(both.format("event.data.how == 'check'"), on=event))
    files["may_event"] = example_file(note(both.format("event.data.how == 'cash'"), on=event))
    told = check_files(tmp_path / "company", files)
    found = {name: codes(each) for name, each in told.items()}
    wanted = {name.replace(" ", "_"): codes for name, (_, codes) in texts.items()}
    assert found == {**wanted, "event": {"DW311"}, "may_event": set()}


CONDITIONS = {
    "empty": ("[deal.reference == '']", {"DW203"}),
    "blank_in": ("[deal.reference.is_in('a', ' ')]", {"DW203"}),
    "stage": ("[deal.stage.name == 'Quotted']", {"DW203"}),
    "stages": ("[deal.stage.name.is_in('Quotted', 'Met')]", {"DW203"}),
    "other_choice": ("[own.treatment == own.plan]", {"DW203"}),
    "may_choice": ("[own.treatment == own.next]", set()),
    "may_stage": ("[deal.pipeline.name == 'Sales']", set()),
}
WRITTEN = {
    "option_of_another": ("treatment=own.plan", {"DW203", "DW289"}),
    "may_be_an_option": ("treatment=own.next", {"DW289"}),
    "no_phone": ("second='abc'", {"DW203"}),
    "phone": ("second='+1 212 555 0142'", set()),
}


def test_conditions_and_fields_that_take_what_a_fact_never_is_are_told(tmp_path: Path) -> None:
    wanted = {
        **{name: (rule(when=when), found) for name, (when, found) in CONDITIONS.items()},
        **{name: (rule(f'update_deal("u", {given})'), found) for name, (given, found) in WRITTEN.items()},
        "activity": (rule(on="activity_logged()", when='[event.activity.kind == "phone"]'), {"DW203"}),
    }
    told = check_files(tmp_path / "company", {name: example_file(text) for name, (text, _) in wanted.items()})
    assert {name: codes(found) for name, found in told.items()} == {name: found for name, (_, found) in wanted.items()}


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("{% if deal.treatment == 'implnat' %}x{% endif %}{{ deal.title }}", "did you mean implant?"),
        ("{% if deal.seats == 12 %}x{% endif %}{{ deal.title }}", "facts are texts there: write '12'"),
        ("{% if deal.insured == 'sim' %}x{% endif %}{{ deal.title }}", "write {% if deal.insured %}"),
    ],
)
def test_what_is_meant_is_said(tmp_path: Path, text: str, hint: str) -> None:
    (found,) = check_files(tmp_path / "company", {"a": example_file(note(text))})["a"]
    assert hint in found.hint
