"""Each trap of the language, closed: what Python would silently accept raises where the author typed it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from dealwright import (
    Account,
    Automation,
    Choice,
    DealFields,
    Incoming,
    Lost,
    Money,
    Pipeline,
    Stage,
    Task,
    Won,
    activity_logged,
    branch,
    case,
    create_deal,
    days,
    deal_created,
    deal_updated,
    entered,
    event,
    hours,
    move_deal,
    once,
    outcome,
    person,
    send_event,
    set_task,
    stage_changed,
    stop,
    update_deal,
    wait,
    wait_until,
    working_days,
)
from dealwright.errors import DefinitionError
from dealwright.language.conditions import AllOf, Comparison, Reference

deal = DealFields()


class Sales(Pipeline, key="sales", name="Sales"):
    incoming = Incoming()
    quoted = Stage("Sent the quote", probability=50)
    won = Won()
    lost = Lost(reasons=["Price"])


class Other(Pipeline, key="other"):
    asked = Stage()


# --- fields and conditions have no truth ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [
        lambda: bool(deal.amount),
        lambda: bool(deal.amount > 0),
        lambda: deal.amount > 0 and deal.title == "x",
        lambda: not deal.amount,
        lambda: 0 < deal.amount < 9,
        lambda: "vip" in deal.tags,
        lambda: deal.title in ["a", "b"],
        lambda: "x" in [deal.title],
        lambda: str(deal.title),
        lambda: f"Call {deal.title}",
        lambda: f"{deal.amount:>10}",
        lambda: "Call {}".format(deal.title),  # noqa: UP032
        lambda: "Call %s" % deal.title,  # noqa: UP031
        lambda: "Call " + deal.title,
        lambda: [deal.title] == ["x"],
        lambda: (deal.title, 1) == ("x", 1),
        lambda: {deal.title: 1},
        lambda: {deal.title},
        lambda: list(deal.tags),
        lambda: len(deal.tags),
        lambda: deal.amount + "1",
        lambda: deal.amount * deal.amount,
        lambda: -deal.amount,
        lambda: int(deal.amount),
        lambda: deal.amount & deal.title,
        lambda: ~deal.amount,
        lambda: (deal.amount > 0) & True,
        lambda: True & (deal.amount > 0),
        lambda: (deal.amount > 0) | deal.title,
        lambda: bool(deal.main_contact),
        lambda: f"{deal.main_contact}",
        lambda: f"{deal}",
    ],
)
def test_a_field_or_condition_used_as_a_value_is_refused_with_advice(write):
    with pytest.raises(DefinitionError) as caught:
        write()
    assert caught.value.hint
    assert any("test_traps.py" in note for note in caught.value.__notes__), "the error names the author's line"


@pytest.mark.parametrize(
    "write",
    [
        lambda: deal.title == 5,
        lambda: deal.title == None,  # noqa: E711
        lambda: deal.amount > "x",
        lambda: deal.amount > float("nan"),
        lambda: deal.amount > float("inf"),
        lambda: deal.amount > Decimal("NaN"),
        lambda: deal.amount > True,
        lambda: deal.amount > deal.title,
        lambda: deal.amount > 10**40,
        lambda: deal.title == deal.amount,
        lambda: deal.title < "x",
        lambda: deal.stage < Sales.won,
        lambda: deal.stage == Sales,
        lambda: deal.stage == "won",
        lambda: deal.pipeline == "sales",
        lambda: deal.pipeline == Sales.won,
        lambda: deal.owner == "Ana",
        lambda: deal.tags == ["vip"],
        lambda: deal.tags.has(""),
        lambda: deal.close_date > datetime(2026, 1, 1, tzinfo=UTC),
        lambda: deal.created_at > date(2026, 1, 1),
        lambda: deal.created_at > datetime(2026, 1, 1),  # noqa: DTZ001
        lambda: deal.company.is_in(["a", "b"]),
        lambda: deal.company.is_in(),
        lambda: deal.stage.is_in(Sales),
    ],
)
def test_different_types_do_not_compare(write):
    with pytest.raises(DefinitionError):
        write()


def test_a_comparison_stores_references_and_exact_literals():
    assert (deal.amount > 0.1) == Comparison(Reference("deal.amount", "money"), ">", Decimal("0.1"))
    assert (deal.amount > Money("100", "EUR")).value == Money(100, "EUR")
    assert (100 < deal.amount) == (deal.amount > 100)  # noqa: SIM300
    assert (deal.company == deal.title).value == Reference("deal.title", "text")
    assert isinstance((deal.amount > 0) & deal.company.is_set(), AllOf)


def test_an_unknown_field_says_which_one_was_meant():
    with pytest.raises(DefinitionError, match="no 'titel'") as caught:
        _ = deal.titel
    assert caught.value.hint == "did you mean title?"
    with pytest.raises(DefinitionError, match="no 'fone'"):
        _ = event.contact.fone
    assert not hasattr(deal, "nothing_like_that")


# --- definitions are frozen -----------------------------------------------------------------------------------------


def test_definitions_cannot_be_changed():
    task = set_task("call", text="Call", due=hours(1))
    for change in (
        lambda: setattr(deal, "title", "x"),
        lambda: setattr(deal.title, "x", 1),
        lambda: setattr(Sales, "won", None),
        lambda: delattr(Sales, "won"),
        lambda: setattr(Sales.won, "name", "x"),
        lambda: delattr(Sales.won, "name"),
    ):
        with pytest.raises(DefinitionError):
            change()
    with pytest.raises(AttributeError):
        task.name = "other"
    with pytest.raises(TypeError):
        update_deal("x", title="y").changes["title"] = "z"


def test_steps_that_hold_fields_compare_without_building_conditions():
    one = set_task("call", text=deal.title, due=hours(1), owner=deal.owner)
    two = set_task("call", text=deal.title, due=hours(1), owner=deal.owner)
    other = set_task("call", text=deal.company, due=hours(1), owner=deal.owner)
    assert one == two
    assert one != other


# --- pipelines ------------------------------------------------------------------------------------------------------


def test_a_pipeline_cannot_be_extended():
    with pytest.raises(DefinitionError, match="is not extended"):

        class More(Sales, key="more"):
            later = Stage("Later")


def test_a_pipeline_cannot_be_called():
    with pytest.raises(DefinitionError, match="is not called"):
        Sales()


def test_a_stage_belongs_to_one_pipeline_and_the_error_arrives_unwrapped():
    shared = Stage("Shared")

    class One(Pipeline, key="one"):
        shared_stage = shared

    with pytest.raises(DefinitionError, match="already"):

        class Two(Pipeline, key="two"):
            shared_stage = shared


def test_a_stage_outside_a_pipeline_is_refused():
    # Outside of our own metaclass Python 3.11 wraps it; the loader unwraps (tests/compile/test_loader.py).
    with pytest.raises((DefinitionError, RuntimeError)) as caught:

        class NoPipeline:
            stage = Stage("A")

    error = caught.value.__cause__ if type(caught.value) is RuntimeError else caught.value
    assert isinstance(error, DefinitionError)
    assert "no pipeline" in str(error)


def test_one_stage_is_not_written_twice():
    with pytest.raises(DefinitionError, match="written twice"):

        class Twice(Pipeline, key="twice"):
            won = Won("Won")
            won = Won("Also won")  # noqa: PIE794


def test_a_trailing_comma_does_not_make_a_stage_vanish():
    with pytest.raises(DefinitionError, match="holds stages only") as caught:

        class Comma(Pipeline, key="comma"):
            won = (Won("Won"),)

    assert "comma" in caught.value.hint


def test_keywords_and_capitals_are_no_stage_keys():
    for attribute in ("class", "Won", "_won", "kärnten"):
        with pytest.raises(DefinitionError):
            type(Pipeline)("Odd", (Pipeline,), {attribute: Stage("A")}, key="odd")


def test_what_can_be_judged_later_constructs_fine():
    class Bare(Pipeline, key="bare"):
        lost = Lost("Lost")
        waiting = Stage(task=None, because="the customer acts")

    assert Bare.lost.reasons == ()
    assert Bare.waiting.name == "Waiting"
    assert Bare.waiting.because


@pytest.mark.parametrize("key", ["", "A", "a_b", "a b", "-a", "a--b", "é", "a" * 61, 5, None])
def test_keys_are_lower_case_letters_digits_and_hyphens(key):
    with pytest.raises(DefinitionError, match="key"):
        Automation(key=key, on=deal_created(), do=[stop()])


# --- relations are keyword-only -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [
        lambda: deal_created(Sales),
        lambda: stage_changed(Sales.won),
        lambda: deal_updated([deal.amount]),
        lambda: move_deal("x", Sales.won),
        lambda: send_event("x", "erp"),
        lambda: create_deal("x", Sales.quoted, title="T"),
        lambda: once(person),
        lambda: entered(stage=Sales.won),
        lambda: Task("Text", working_days(1)),
    ],
)
def test_a_positional_relation_is_a_type_error(write):
    with pytest.raises(TypeError):
        write()


@pytest.mark.parametrize(
    "write",
    [
        lambda: deal_created(in_="sales"),
        lambda: deal_created(in_=Pipeline),
        lambda: entered(Sales),
        lambda: stage_changed(to=Sales),
        lambda: deal_updated(fields=[deal.stage]),
        lambda: deal_updated(fields=[deal.owner.name]),
        lambda: deal_updated(fields=["amount"]),
        lambda: once(per="person"),
        lambda: once(per=event.before),
        lambda: once(per=person, within=working_days(3)),
        lambda: once(per=person, within=days(0)),
        lambda: wait("pause", 2),
        lambda: wait("pause", days(0)),
        lambda: wait_until("pause", [], timeout=days(1)),
        lambda: wait_until("pause", deal_created(), timeout=days(1)),
        lambda: wait_until("pause", stage_changed, timeout=days(1)),
        lambda: wait_until("pause", [stage_changed(), deal.amount > 1], timeout=days(1)),
        lambda: wait_until("pause", deal.amount > 1, timeout=days(0)),
        lambda: wait_until("pause", deal.amount > 1, timeout=4),
        lambda: wait_until("pause", deal.amount > 1, timeout=days(1), on_timeout=stop()),
        lambda: wait_until("2nd", deal.amount > 1, timeout=days(1)),
        lambda: outcome("2nd"),
        lambda: create_deal("x", in_=Sales.won, title="x", unless_open=Sales.won),
        lambda: create_deal("x", in_=Sales.won, title="x", unless_open=Sales, with_contacts=False),
        lambda: create_deal("x", in_=Sales.won, title="x", copy=deal.amount),
        lambda: create_deal("x", in_=Sales.won, title="x", copy=["amount"]),
        lambda: create_deal("x", in_=Sales.won, title="x", copy=[deal.reference]),
        lambda: create_deal("x", in_=Sales.won, title="x", copy=[deal.main_contact.name]),
        lambda: create_deal("x", in_=Sales.won, title="x", copy=[event.before.amount]),
        lambda: create_deal("x", in_=Sales.won, title="x", copy=[deal.title]),
        lambda: create_deal("x", in_=Sales.won, title="x", tags=["a"], copy=[deal.tags]),
        lambda: create_deal("x", in_=Sales.won, title="x", amount=5, copy=[deal.amount]),
        lambda: outcome("call") == "snet",
        lambda: outcome("call") == deal.title,
        lambda: outcome("call") < "sent",
        lambda: outcome("call").is_in(),
        lambda: Automation(key="a", on=deal_created(), do=[stop()], exit_on="stage_changed"),
        lambda: Automation(key="a", on=deal_created(), do=[stop()], exit_on=deal_created()),
        lambda: days(-1),
        lambda: days(1.5),
        lambda: days(10**9),
        lambda: hours(True),
        lambda: set_task("call", text="", due=hours(1)),
        lambda: set_task("call", text=f"Call {deal.title!r}", due=hours(1)),
        lambda: set_task("call", text=f"Call {deal.main_contact!r}", due=hours(1)),
        lambda: set_task("call", text="Call", due=15),
        lambda: set_task("call", text=deal.amount, due=hours(1)),
        lambda: set_task("call", text="Call", due=hours(1), owner=deal.title),
        lambda: set_task("call", text="Call", due=hours(1), owner="{{ deal.owner.name }}"),
        lambda: set_task("2nd", text="Call", due=hours(1)),
        lambda: move_deal("x", to=Sales),
        lambda: update_deal("x"),
        lambda: update_deal("x", title=None),
        lambda: update_deal("x", amount="100"),
        lambda: update_deal("x", amount=-1),
        lambda: update_deal("x", amount=float("inf")),
        lambda: update_deal("x", close_date=datetime(2026, 1, 1, tzinfo=UTC)),
        lambda: update_deal("x", tags="vip"),
        lambda: send_event("deal won", to="erp"),
        lambda: send_event("deal-won", to="https://example.com"),
        lambda: send_event("deal-won", to="erp", with_={"the stage": 1}),
        lambda: send_event("deal-won", to="erp", with_={"stage": deal.stage}),
        lambda: send_event("deal-won", to="erp", with_={"x": object()}),
        lambda: branch("x"),
        lambda: branch("x", deal.amount > 0),
        lambda: case(True, stop()),
        lambda: case([], stop()),
        lambda: case(deal.amount, stop()),
        lambda: case(deal.amount > 0, stop),
        lambda: Automation(key="x", on=deal_created, do=[stop()]),
        lambda: Automation(key="x", on=deal_created(), do=[]),
        lambda: Automation(key="x", on=deal_created(), do=stop()),
        lambda: Automation(key="x", on=deal_created(), do=[stop()], when=[True]),
        lambda: Automation(key="x", on=deal_created(), do=[stop()], again="once"),
        lambda: Automation(key="x", on=deal_created(), do=[stop()], why=5),
        lambda: Stage("A", probability=101),
        lambda: Stage("A", probability=0.5),
        lambda: Stage("A", task="Call"),
        lambda: Stage(""),
        lambda: Lost("A", reasons="Price"),
        lambda: Lost("A", reasons=["Price", "Price"]),
        lambda: Stage("x" * 201),
        lambda: Stage(5),
        lambda: Task(" ", due=hours(1)),
        lambda: set_task("call", text="x" * 20_000, due=hours(1)),
        lambda: Account("a", zone="UTC", country="US", name=5),
        lambda: Account("a", zone="UTC", country=["US"]),
        lambda: Money("1", "XYZ"),
        lambda: Money("abc", "USD"),
        lambda: Account("a", zone="Mars/Olympus", country="US"),
        lambda: Account("a", zone="../etc/passwd", country="US"),
        lambda: Account("a", zone="UTC", country="USA"),
        lambda: Account("a", zone="UTC", country="US", currency="usd"),
        lambda: Account("a", zone="UTC", country="US", working_hours="always"),
        lambda: Account("a", zone="UTC", country="US", pipelines=Sales),
        lambda: Account("a", zone="UTC", country="US", pipelines=[Sales.won]),
        lambda: Account("a", zone="UTC", country="US", automations=[(stop(),)]),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_is_written(write):
    with pytest.raises(DefinitionError) as caught:
        write()
    assert str(caught.value)
    assert "\n" not in str(caught.value)


def test_once_takes_the_deal_itself():
    assert once(per=deal).per == "deal"
    assert once(per=person, within=days(30)).per == "person"


def test_steps_of_an_event_are_named_after_it():
    assert send_event("deal.won", to="erp").name == "deal-won"
    assert send_event("deal.won", to="erp", step="tell-erp").name == "tell-erp"


def test_receipts_are_typed_fields_of_their_step():
    made = create_deal("next", in_=Other.asked, title="Reorder")
    assert made.deal_id.is_set().field == Reference("steps.next.deal_id", "id")
    moved = move_deal("go", to=Sales.won)
    assert moved.moved.is_true().field == Reference("steps.go.moved", "flag")
    assert (send_event("x", to="erp").status >= 300).field == Reference("steps.x.status", "number")
    with pytest.raises(DefinitionError):
        bool(made.deal_id)


def test_an_unknown_stage_is_told_with_the_known_ones_and_still_is_an_attribute_error():
    with pytest.raises(DefinitionError, match="the pipeline 'sales' has no stage 'quote'") as told:
        _ = Sales.quote
    assert told.value.hint.startswith("did you mean quoted?")
    assert not hasattr(Sales, "quote")
    assert not hasattr(Sales, "__wrapped__")


@pytest.mark.parametrize(
    ("write", "hint"),
    [
        (lambda: activity_logged(in_=Sales.incoming), "write NewBusiness, and ask for a stage with when=["),
        (lambda: Money(1100), 'an amount needs its currency: Money("1100", "EUR")'),
        (lambda: Choice(["Norte"]), "Choice(\"Region\", ['Norte'])"),
        (lambda: deal.contacts.count(), "write deal.contacts.count without parentheses"),
    ],
)
def test_what_a_newcomer_writes_gets_the_hint_that_helps(write: Callable[[], object], hint: str) -> None:
    with pytest.raises(DefinitionError) as refusal:
        write()
    assert hint in refusal.value.hint
