"""What tests of definitions and `try` pretend: what fits nothing is refused, for it would only be unset."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dealwright import (
    Account,
    Automation,
    DealFields,
    Incoming,
    Match,
    Money,
    Number,
    OutsideEvent,
    Pipeline,
    Role,
    Stage,
    Text,
    add_note,
    days,
    deal_created,
    event_received,
    every_event,
)
from dealwright import Task as Due
from dealwright.errors import DefinitionError, InputError
from dealwright.model.crm import Money as Amount
from dealwright.model.custom import ChoicesHeld, NumberHeld, held_in
from dealwright.testing import a_contact, a_deal, rehearse

deal = DealFields()


class Sales(Pipeline, key="sales"):
    """A short pipeline."""

    incoming = Incoming()
    quoted = Stage("Sent the quote", probability=50, task=Due("Call", due=days(1)))


class Measured(OutsideEvent):
    """What the engineers tell."""

    key = "measured"
    ref = Text()
    kw = Number()
    match = Match(by=[(ref, deal.reference)], in_=[Sales])


note = [add_note("n", text="Measured.")]
typed = Automation(key="typed", on=event_received(Measured), again=every_event(), do=note)
plain = Automation(key="plain", on=event_received("done", data=["file"]), again=every_event(), do=note)
made = Automation(key="made", on=deal_created(in_=Sales), do=note)
acme = Account("acme", zone="UTC", country="PT", currency="EUR", pipelines=[Sales], automations=[typed, plain, made])


@pytest.mark.parametrize(
    ("automation", "data", "told"),
    [
        ("typed", {"kw": "5,2"}, "kw is no number such as 120.50: such an event would wait"),
        ("typed", {"kwx": "1"}, "measured tells no 'kwx'; did you mean kw?"),
        ("plain", {"fil": "1"}, "done tells no 'fil'; did you mean file?"),
        ("made", {"kw": "1"}, "the trigger is no event from outside"),
    ],
)
def test_data_that_no_event_would_tell_is_refused(automation: str, data: dict[str, str], told: str) -> None:
    with pytest.raises(DefinitionError, match="data= of") as refusal:
        rehearse(acme, automation, a_deal(Sales.incoming), data=data)
    assert told in str(refusal.value)


def test_data_that_fits_is_told() -> None:
    assert rehearse(acme, "typed", a_deal(Sales.incoming), data={"ref": "A", "kw": "5.2"}).notes == ["Measured."]
    assert rehearse(acme, "plain", a_deal(Sales.incoming), data={"file": "A"}).notes == ["Measured."]


def test_a_deal_and_a_contact_take_what_their_fields_hold() -> None:
    made = a_deal(Sales.incoming, amount=Money("1100", "EUR"), custom={"discount": 12, "marks": ["old"]})
    assert made.amount == Amount(Decimal(1100), "EUR")
    assert held_in(made.custom, "discount") == NumberHeld(Decimal(12))
    assert held_in(made.custom, "marks") == ChoicesHeld(("old",))
    assert held_in(a_contact(custom={"visits": 3}).custom, "visits") == NumberHeld(Decimal(3))


def test_what_no_field_holds_is_refused_by_its_name() -> None:
    with pytest.raises(InputError, match="'discount' of custom= is a object"):
        a_deal(Sales.incoming, custom={"discount": object()})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("people", "said"),
    [
        (
            {"closers": ["Ana Lima"]},
            'people= has roles as keys, and not \'closers\': write {Role("closers"): ["Ana Lima"]}',
        ),
        ({Role("closers").sticky(): ["Ana Lima"]}, 'write {Role("closers"): ["Ana Lima"]}'),
        ({5: ["Ana Lima"]}, 'and not 5: write {Role("closers")'),
        ({Role("closers"): "Ana Lima"}, 'people= has a list of names for each role: {closers: ["Ana Lima"]}'),
        ({Role("closers"): [7]}, "people= has a list of names for each role"),
    ],
)
def test_people_that_are_not_by_role_are_refused_with_what_to_write(people: dict[object, object], said: str) -> None:
    with pytest.raises(InputError) as refusal:
        rehearse(acme, "made", a_deal(Sales.incoming), people=people)  # type: ignore[arg-type]
    assert said in str(refusal.value)
    assert any(__file__ in note for note in refusal.value.__notes__)
