"""A company's own fields: read, written and watched by rules."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest

from dealwright import (
    Account,
    Automation,
    Choice,
    Day,
    DealFields,
    Flag,
    Incoming,
    Lost,
    Number,
    Pipeline,
    Text,
    Won,
    deal_created,
    deal_updated,
    hours,
    set_task,
    update_deal,
)
from dealwright.errors import DefinitionError
from dealwright.model.custom import Custom, TextHeld
from dealwright.model.requests import UpdateDeal
from dealwright.testing import a_deal, changed, compiled_account, rehearse


class ClinicDeal(DealFields):
    treatment = Choice("Treatment", ["cleaning", "implant"])
    dentist = Text("Doctor")
    discount = Number("Discount %")
    insured = Flag("Has insurance")
    due_on = Day("Due on")


class Sales(Pipeline, key="sales"):
    incoming = Incoming()
    won = Won("Bought")
    lost = Lost("Lost")


deal = ClinicDeal()


def account(*do, on=None, when=(), fields=ClinicDeal):
    rule = Automation(key="rule", on=on or deal_created(), when=when, do=list(do))
    return Account(
        "acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[rule], deal_fields=fields
    )


TASK = set_task("tell", text="{{ deal.dentist or 'nobody' }}, {{ deal.discount }}", due=hours(1))


@pytest.mark.parametrize(
    ("when", "custom", "acts"),
    [
        (deal.treatment == "implant", {"treatment": "implant"}, True),
        (deal.treatment == "implant", {"treatment": "cleaning"}, False),
        (deal.treatment != "implant", {}, False),
        (deal.discount > 5, {"discount": Decimal("5.5")}, True),
        (deal.insured.is_true(), {"insured": True}, True),
        (deal.insured.is_false(), {}, False),
        (deal.due_on < date(2027, 1, 1), {"due_on": date(2026, 12, 31)}, True),
        (deal.dentist.is_unset(), {}, True),
    ],
)
def test_conditions_see_them_and_unset_is_unknown(when, custom, acts):
    told = rehearse(account(TASK, when=[when]), "rule", a_deal(Sales.incoming, custom=custom))
    assert bool(told.tasks) is acts


def test_texts_name_them_set_or_not():
    assert rehearse(account(TASK), "rule", a_deal(Sales.incoming, custom={"dentist": "Ana"})).tasks == ["Ana, "]
    assert rehearse(account(TASK), "rule", a_deal(Sales.incoming)).tasks == ["nobody, "]


def test_a_step_sets_and_clears_them_and_later_steps_see_it():
    update = update_deal("book", dentist="Dr. {{ deal.title }}", discount=None, treatment="implant")
    told = rehearse(account(update, TASK), "rule", a_deal(Sales.incoming, title="Who", custom={"discount": Decimal(3)}))
    request = next(each for each in told.requests if isinstance(each, UpdateDeal))
    assert request.changes.custom == (
        Custom("dentist", TextHeld("Dr. Who")),
        Custom("discount", None),
        Custom("treatment", TextHeld("implant")),
    )
    assert told.tasks == ["Dr. Who, "]


def test_an_option_from_elsewhere_that_is_none_fails_the_step():
    update = update_deal("book", treatment=deal.title)
    assert rehearse(account(update), "rule", a_deal(Sales.incoming, title="massage")).state == "failed"


def test_a_change_is_watched():
    rules = account(TASK, on=deal_updated(fields=[deal.discount]))
    before, after = a_deal(Sales.incoming), a_deal(Sales.incoming, custom={"discount": Decimal(3)})
    told = changed(before, after)
    assert told.changed == ("discount",)
    assert rehearse(rules, "rule", after, event=told).answers
    other = a_deal(Sales.incoming, custom={"dentist": "Ana"})
    assert not rehearse(rules, "rule", other, event=changed(before, other)).answers


@pytest.mark.parametrize(
    "step",
    [
        update_deal("a", dentits="Ana"),
        update_deal("a", treatment="implnat"),
        update_deal("a", discount="5"),
        update_deal("a", insured=deal.discount),
        set_task("a", text="{{ deal.dentits }}", due=hours(1)),
    ],
)
def test_slips_are_told(step):
    with pytest.raises(DefinitionError, match=r"DW203|DW302"):
        compiled_account(account(step))


@pytest.mark.parametrize(
    "more", [{"when": [deal.discount > 5]}, {"on": deal_updated(fields=[deal.discount])}], ids=["when", "on"]
)
def test_the_account_has_the_fields_of_the_class_that_its_rules_use(more):
    found = compiled_account(account(TASK, **more, fields=None))
    assert [each.key for each in found.deal_fields] == ["treatment", "dentist", "discount", "insured", "due_on"]


def test_fields_that_nothing_but_a_text_names_are_named_in_the_account():
    with pytest.raises(DefinitionError, match=r"DW302.*dentist"):
        compiled_account(account(TASK, fields=None))
    with pytest.raises(DefinitionError, match="DW203"):
        compiled_account(account(update_deal("a", dentist="Ana"), fields=None))


class Larger(ClinicDeal):
    insurer = Text("Insurer")


class Another(DealFields):
    insurer = Text("Insurer")


def test_of_two_classes_the_one_that_extends_the_other_counts_and_strangers_are_an_error():
    found = compiled_account(account(TASK, when=[Larger().insurer.is_set(), deal.discount > 5], fields=None))
    assert [each.key for each in found.deal_fields][-1] == "insurer"
    with pytest.raises(DefinitionError, match="DW230") as told:
        compiled_account(account(TASK, when=[Another().insurer.is_set(), deal.discount > 5], fields=None))
    assert re.search(r"Another here and ClinicDeal at test_custom_fields.py:\d+", str(told.value))


def test_an_option_that_is_none_and_a_taken_name_are_refused_at_once():
    with pytest.raises(DefinitionError, match="no option") as slip:
        _ = deal.treatment == "implnat"
    assert "implant" in slip.value.hint
    with pytest.raises(DefinitionError, match="taken"):
        type("Bad", (DealFields,), {"title": Text("T")})
    with pytest.raises(DefinitionError, match="twice"):
        Choice("C", ["a", "a"])
