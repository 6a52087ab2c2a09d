"""Arithmetic in rules: what it comes to, when it comes to nothing, and that it never breaks a decision."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealwright import (
    Account,
    Automation,
    DealFields,
    Incoming,
    Lost,
    Money,
    Number,
    Pipeline,
    Text,
    Won,
    days,
    deal_created,
    every_event,
    hours,
    minutes,
    send_conversion,
    send_event,
    set_task,
    setting,
    update_deal,
    working_days,
    working_hours,
)
from dealwright import Day as DayOf
from dealwright import Moment as MomentOf
from dealwright.compile import ir
from dealwright.engine.conditions import holds
from dealwright.engine.facts import Facts, View
from dealwright.engine.reckoning import comes_to, reckon, to_write
from dealwright.engine.records import Progress
from dealwright.errors import DefinitionError
from dealwright.model.calendar import Duration
from dealwright.model.crm import Money as Held
from dealwright.model.custom import Custom, held
from dealwright.testing import MONDAY, a_deal, compiled_account, created, rehearse


class Own(DealFields):
    rebate = Money("Rebate")
    discount, score, bonus = Number("Discount %"), Number("Score"), Number("Bonus")
    starts_on, due_on = DayOf("Starts on"), DayOf("Due on")
    visit = MomentOf("Visit")
    secret = Number("Secret", sensitive=True)
    note = Text("Note")


deal = Own()
most = setting("most", int, default=12)


class Sales(Pipeline, key="sales"):
    incoming = Incoming()
    won = Won("Bought")
    lost = Lost("Lost")


TOLD = set_task("tell", text="told", due=hours(1))


def account(*do, when=(), currency="USD", fields=Own):
    rule = Automation(key="rule", on=deal_created(), when=when, again=every_event(), do=list(do))
    return Account(
        "acme",
        zone="America/New_York",
        country="US",
        currency=currency,
        pipelines=[Sales],
        automations=[rule],
        deal_fields=fields,
    )


def told(*do, when=(), currency="USD", amount=None, **custom):
    made = a_deal(Sales.incoming, custom=custom)
    made = msgspec.structs.replace(made, amount=amount)
    return rehearse(account(*do, when=when, currency=currency), "rule", made)


def usd(amount):
    return Held(Decimal(str(amount)), "USD")


def eur(amount):
    return Held(Decimal(str(amount)), "EUR")


D = date(2026, 3, 14)
M = datetime(2026, 3, 13, 21, 0, tzinfo=UTC)  # Friday, 17:00 in New York


@pytest.mark.parametrize(
    ("when", "facts", "acts"),
    [
        (deal.starts_on + days(90) > deal.due_on, {"starts_on": D, "due_on": date(2026, 6, 11)}, True),
        (deal.starts_on + days(90) > deal.due_on, {"starts_on": D, "due_on": date(2026, 6, 12)}, False),
        (deal.due_on == days(1) + deal.starts_on - days(2), {"starts_on": D, "due_on": date(2026, 3, 13)}, True),
        (deal.starts_on + days(1) == date(2026, 3, 15), {"starts_on": D}, True),
        (deal.visit - hours(2) < datetime(2026, 3, 13, 19, 30, tzinfo=UTC), {"visit": M}, True),
        (deal.visit + minutes(30) != datetime(2026, 3, 13, 21, 30, tzinfo=UTC), {"visit": M}, False),
        (deal.visit + working_hours(2) == datetime(2026, 3, 16, 14, 0, tzinfo=UTC), {"visit": M}, True),
        (deal.score + deal.bonus * 2 >= 10, {"score": Decimal(4), "bonus": Decimal(3)}, True),
        ((deal.score + deal.bonus) * 2 >= 15, {"score": Decimal(4), "bonus": Decimal(3)}, False),
        (100 - deal.discount > 90, {"discount": Decimal("9.5")}, True),
        (deal.score / 3 * 3 <= 1, {"score": Decimal(1)}, True),
        (10 / deal.score == 2.5, {"score": Decimal(4)}, True),
        (deal.discount <= most - 2, {"discount": Decimal(10)}, True),
        (deal.discount <= most - 2, {"discount": Decimal("10.1")}, False),
        (deal.amount * 2 > 100, {"amount": usd("50.01")}, True),
        (deal.amount - deal.rebate > 100, {"amount": usd(150), "rebate": usd(49)}, True),
        (deal.amount - deal.rebate > 100, {"amount": usd(150), "rebate": eur(49)}, False),
        (deal.amount - deal.rebate <= 100, {"amount": usd(150), "rebate": eur(49)}, False),
        (deal.amount * (1 - deal.discount / 100) < 91, {"amount": usd(100), "discount": Decimal(10)}, True),
        (0.5 * deal.amount == deal.rebate, {"amount": usd(10), "rebate": usd(5)}, True),
        (deal.amount - 10 > 0, {"amount": usd(11)}, True),
        (deal.amount - 10 > 0, {"amount": eur(11)}, False),
        (deal.amount - 0 > Money("10", "EUR"), {"amount": eur(11)}, True),
        (deal.amount + Money("1", "EUR") == Money("12", "EUR"), {"amount": eur(11)}, True),
        # Unset, and what comes to nothing, is unknown: neither the comparison nor its opposite holds.
        (deal.score + 1 > 0, {}, False),
        (~(deal.score + 1 > 0), {}, False),
        (deal.score / deal.bonus > 0, {"score": Decimal(1), "bonus": Decimal(0)}, False),
        (~(deal.score / deal.bonus > 0), {"score": Decimal(1), "bonus": Decimal(0)}, False),
        (deal.starts_on + days(3650) > deal.due_on, {"starts_on": date(9999, 1, 1), "due_on": D}, False),
        (deal.score * deal.score > 1, {"score": Decimal(10) ** 15}, False),
        ((deal.score + 1 > 0) | (deal.bonus > 0), {"bonus": Decimal(1)}, True),
        # or_() says what counts where something is unset, whyever it is.
        (deal.score.or_(0) + 1 == 1, {}, True),
        (deal.score.or_(0) + 1 == 5, {"score": Decimal(4)}, True),
        (deal.score.or_(5) < 5, {}, False),
        (deal.score.or_(deal.bonus) == 3, {"bonus": Decimal(3)}, True),
        (deal.score.or_(deal.bonus) == 3, {}, False),
        (deal.score.or_(deal.bonus).or_(3) == 3, {}, True),
        (deal.score.or_(most) == 12, {}, True),
        ((deal.score / deal.bonus).or_(0) == 0, {"score": Decimal(1), "bonus": Decimal(0)}, True),
        (deal.amount - deal.rebate.or_(0) > 100, {"amount": usd(150)}, True),
        (deal.amount - deal.rebate.or_(0) > Money("100", "EUR"), {"amount": eur(150)}, True),
        (deal.amount - deal.rebate.or_(10) > 100, {"amount": usd(150)}, True),
        (deal.amount - deal.rebate.or_(10) > Money("100", "EUR"), {"amount": eur(150)}, False),
        (deal.rebate.or_(0) < 100, {}, True),
        (deal.rebate.or_(0) < Money("100", "EUR"), {}, True),
        (deal.rebate.or_(0) + 5 < Money("100", "EUR"), {}, False),
        (deal.rebate.or_(0) + 5 == Money("5", "USD"), {}, True),
        (deal.rebate.or_(0) == deal.amount.or_(0), {}, True),
        (deal.rebate.or_(Money("3", "EUR")) == Money("3", "EUR"), {}, True),
        (deal.amount >= deal.rebate.or_(0), {"amount": usd(1)}, True),
        (deal.starts_on.or_(date(2026, 3, 14)) + days(1) == date(2026, 3, 15), {}, True),
        (deal.starts_on.or_(deal.due_on) == D, {"due_on": D}, True),
        (deal.visit.or_(datetime(2026, 3, 13, 21, 0, tzinfo=UTC)) - hours(1) < M, {}, True),
        (deal.visit.or_(deal.created_at) == deal.created_at, {}, True),
        (~(deal.score.or_(0) > 0), {}, True),
    ],
)
def test_conditions(when, facts, acts):
    assert bool(told(TOLD, when=[when], **facts).tasks) is acts


@pytest.mark.parametrize(
    ("field", "value", "facts", "written"),
    [
        ("due_on", lambda: deal.starts_on + days(90), {"starts_on": D}, date(2026, 6, 12)),
        ("visit", lambda: deal.visit - hours(2), {"visit": M}, M - timedelta(hours=2)),
        ("score", lambda: deal.score + 1, {"score": Decimal(4)}, Decimal(5)),
        ("score", lambda: deal.score / 3, {"score": Decimal(1)}, Decimal("0.3333333333")),
        ("rebate", lambda: deal.amount / 3, {"amount": usd(100)}, usd("33.33")),
        ("rebate", lambda: deal.amount * 0.125, {"amount": Held(Decimal(1000), "JPY")}, Held(Decimal(125), "JPY")),
        ("rebate", lambda: deal.amount * 0.5, {"amount": usd("0.05")}, usd("0.02")),
        ("score", lambda: deal.score / deal.bonus, {"score": Decimal(1), "bonus": Decimal(0)}, None),
        ("rebate", lambda: deal.amount - deal.rebate, {"amount": usd(1), "rebate": eur(1)}, None),
        ("score", lambda: deal.bonus + 1, {}, None),
        ("score", lambda: deal.score.or_(0) + 1, {}, Decimal(1)),
        ("score", lambda: deal.score.or_(deal.bonus), {}, None),
        ("rebate", lambda: deal.rebate.or_(0) + 5, {"amount": eur(1)}, usd(5)),
        ("rebate", lambda: deal.rebate.or_(5), {"amount": eur(1)}, usd(5)),
        ("rebate", lambda: deal.rebate.or_(Money("5", "JPY")) / 2, {}, Held(Decimal(2), "JPY")),
        ("due_on", lambda: deal.starts_on.or_(D) + days(1), {}, date(2026, 3, 15)),
        ("visit", lambda: deal.visit.or_(M), {}, M),
    ],
)
def test_steps_write_what_it_comes_to(field, value, facts, written):
    (sent,) = told(update_deal("set", **{field: value()}), **facts).requests
    assert sent.changes.custom == (Custom(field, None if written is None else held(written)),)


def test_built_in_fields_events_and_conversions_take_it_too():
    steps = [
        update_deal("later", close_date=deal.starts_on + days(1), amount=deal.amount * 2),
        send_event("worth", to="erp", with_={"double": deal.amount * 2, "on": deal.starts_on + days(1)}),
        send_conversion("bought", event="Lead", value=deal.amount - deal.rebate),
    ]
    made = told(*steps, amount=usd(100), rebate=usd(1), starts_on=D)
    assert made.requests[0].changes.close_date == date(2026, 3, 15)
    assert made.requests[0].changes.amount == usd(200)
    assert {key: made.requests[1].body[key] for key in ("double", "on")} == {"double": "400.00", "on": "2026-03-15"}


def test_the_trace_says_what_it_came_to_and_why_not():
    when = [deal.amount - deal.rebate > 100, deal.score / deal.bonus > 1]
    lines = [
        line.values
        for part in told(
            TOLD, when=when, amount=usd(150), rebate=eur(49), score=Decimal(1), bonus=Decimal(0)
        ).rehearsal.parts
        for line in part.trace
    ]
    seen = {key: value for values in lines for key, value in values.items()}
    assert seen["deal.amount - deal.rebate"] == "unset: two currencies"
    assert seen["deal.score / deal.bonus"] == "unset: division by zero"
    assert seen["deal.rebate"] == "49.00 EUR"


def test_the_trace_says_what_stood_in_for_what_was_unset():
    parts = told(TOLD, when=[deal.score.or_(deal.bonus.or_(2)) * 3 > 5]).rehearsal.parts
    (line,) = [line for part in parts for line in part.trace if "or_" in line.what]
    assert line.what == "deal.score.or_(deal.bonus.or_(2)) * 3 > 5"
    seen = {"deal.score": "unset", "deal.bonus": "unset", "deal.score.or_(deal.bonus.or_(2)) * 3": "6"}
    assert (line.result, line.values) == ("true", seen)


def test_what_stands_in_for_a_fact_is_as_sensitive_as_the_fact():
    for value in (deal.secret.or_(0), deal.score.or_(deal.secret)):
        with pytest.raises(DefinitionError, match="DW231"):
            compiled_account(account(send_event("x", to="erp", with_={"s": value})))
    parts = told(TOLD, when=[deal.score.or_(deal.secret) * 2 > 5], secret=Decimal(777)).rehearsal.parts
    assert "1554" not in str(parts) and "777" not in str([part.trace for part in parts])


def test_what_is_reckoned_of_a_sensitive_field_is_as_sensitive():
    with pytest.raises(DefinitionError, match="DW231"):
        compiled_account(account(send_event("x", to="erp", with_={"s": deal.secret * 2})))
    parts = told(TOLD, when=[deal.secret * 2 > 5], secret=Decimal(777)).rehearsal.parts
    assert "1554" not in str(parts) and "777" not in str([part.trace for part in parts])


@pytest.mark.parametrize(
    "slip",
    [
        lambda: deal.amount + deal.discount,
        lambda: deal.amount * deal.amount,
        lambda: deal.amount / deal.rebate,
        lambda: deal.amount + days(1),
        lambda: deal.starts_on + 14,
        lambda: deal.starts_on + deal.score,
        lambda: deal.starts_on - deal.due_on,
        lambda: deal.starts_on + hours(2),
        lambda: deal.starts_on + working_days(2),
        lambda: deal.visit - working_hours(1),
        lambda: deal.visit * 2,
        lambda: days(1) - deal.starts_on,
        lambda: deal.note + "x",
        lambda: "x" + deal.note,
        lambda: deal.score + "1",
        lambda: deal.score + True,
        lambda: deal.score + deal.note,
        lambda: deal.score / 0,
        lambda: deal.score + 10**30,
        lambda: deal.score + float("nan"),
        lambda: deal.score % 2,
        lambda: deal.score**2,
        lambda: -deal.score,
        lambda: deal.tags + ["a"],
        lambda: (deal.score + 1).is_set(),
        lambda: (deal.score + 1).is_in(1, 2),
        lambda: f"{deal.score + 1}",
        lambda: set_task("x", text=deal.amount * 2, due=hours(1)),
        lambda: set_task("x", text=f"{deal.amount * 2!r}", due=hours(1)),
        lambda: update_deal("x", close_date=deal.amount * 2),
        lambda: update_deal("x", reference=deal.score + 1),
        lambda: deal.score + 1 > deal.amount,
        lambda: sum([deal.score] * 41),
        lambda: deal.score or 0,
        lambda: deal.score.or_("x"),
        lambda: deal.score.or_(True),
        lambda: deal.score.or_(None),
        lambda: deal.score.or_(deal.amount),
        lambda: deal.score.or_(Money("5", "USD")),
        lambda: deal.amount.or_(deal.score),
        lambda: deal.starts_on.or_(0),
        lambda: deal.starts_on.or_(M),
        lambda: deal.visit.or_(D),
        lambda: deal.visit.or_(datetime(2026, 3, 14)),  # noqa: DTZ001
        lambda: deal.note.or_("x"),
        lambda: most.or_(0),
        lambda: deal.score.or_(0).is_set(),
        lambda: deal.score.or_(float("inf")),
    ],
)
def test_what_cannot_be_computed_is_refused_at_once(slip):
    with pytest.raises((DefinitionError, TypeError)) as told_:
        slip()
    if isinstance(told_.value, DefinitionError):
        assert told_.value.hint


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (set_task("x", text="{{ deal.score + 1 }}", due=hours(1)), "DW301"),
        (set_task("x", text="{{ deal.score.or_(1) }}", due=hours(1)), "DW301"),
        (update_deal("x", score=deal.amount * 2), "DW203"),
        (update_deal("x", due_on=deal.visit + hours(1)), "DW203"),
    ],
)
def test_what_does_not_fit_is_told_when_it_is_compiled(step, code):
    with pytest.raises(DefinitionError, match=code):
        compiled_account(account(step))


@pytest.mark.parametrize("when", [deal.score * 2 > 5, deal.score.or_(0) > 5, deal.amount - deal.rebate.or_(0) > 1])
def test_a_class_whose_fields_are_named_in_arithmetic_alone_is_the_accounts(when):
    shapes = compiled_account(account(TOLD, when=[when], fields=None)).deal_fields
    assert "rebate" in {shape.key for shape in shapes}


def test_what_stands_in_for_an_amount_needs_a_currency_unless_it_is_nothing():
    compiled_account(account(TOLD, when=[deal.amount.or_(0) > Money("1", "EUR")], currency=None))
    with pytest.raises(DefinitionError, match="DW205"):
        compiled_account(account(TOLD, when=[deal.amount.or_(5) > Money("1", "EUR")], currency=None))


def test_a_plain_number_beside_an_amount_needs_the_accounts_currency():
    with pytest.raises(DefinitionError, match="DW205"):
        compiled_account(account(TOLD, when=[deal.amount - 5 > Money("1", "EUR")], currency=None))


# --- whatever is reckoned -------------------------------------------------------------------------------------------

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=4)
FACTS = st.fixed_dictionaries(
    {},
    optional={
        "score": NUMBERS,
        "bonus": NUMBERS,
        "rebate": st.builds(Held, NUMBERS, st.sampled_from(["USD", "EUR", "JPY", "XXX"])),
        "starts_on": st.dates(),
        "visit": st.datetimes(timezones=st.just(UTC)),
    },
)
LEAVES = st.sampled_from(["score", "bonus", "rebate"]).map(
    lambda key: ir.Ref(path=f"deal.{key}", type="money" if key == "rebate" else "number")
)
TREES = st.recursive(
    LEAVES | st.builds(ir.NumberValue, value=NUMBERS),
    lambda inner: (
        st.builds(ir.Reckoned, sign=st.sampled_from("+-*/"), left=inner, right=inner)
        | st.builds(ir.OrElse, of=inner, other=inner)
    ),
    max_leaves=12,
)


def kind_of(node):
    """`number`, `money` or None for what the language does not build."""
    match node:
        case ir.Ref():
            return node.type
        case ir.NumberValue():
            return "number"
        case ir.OrElse():
            of, other = kind_of(node.of), kind_of(node.other)
            zero = isinstance(node.other, ir.NumberValue) and not node.other.value
            return of if of == other or (of == "money" and zero) else None
    left, right = kind_of(node.left), kind_of(node.right)
    plain = {"money", "number"} == {left, right} and ir.NumberValue in (type(node.left), type(node.right))
    if None in (left, right):
        return None
    if left == right:
        return left if left == "number" or node.sign in "+-" else None
    if node.sign in "+-":
        return "money" if plain else None
    return "money" if node.sign == "*" or left == "money" else None


def view(facts):
    made = a_deal(Sales.incoming, custom=facts)
    return View(ACCOUNT, Facts(deal=made, event=created(made), as_of=MONDAY, since_turn=0), Progress())


ACCOUNT = compiled_account(account(TOLD))


@given(TREES.filter(lambda tree: kind_of(tree) is not None), FACTS)
def test_whatever_is_reckoned_comes_to_a_bounded_value_or_is_unset_with_a_reason(tree, facts):
    here = view(facts)
    value, why = comes_to(tree, here, holds)
    assert reckon(tree, here, holds)[1] == why
    written = to_write(tree, here, holds)
    assert (written is None) == (value is None)
    if value is None:
        unset = any(f"deal.{key}" in str(tree) and key not in facts for key in ("score", "bonus", "rebate"))
        assert why or unset
    elif isinstance(tree, ir.Reckoned):
        # Only nothing at all has no currency.
        assert isinstance(value, Held) if kind_of(tree) == "money" and value else isinstance(value, Decimal | Held)
        plain = value.amount if isinstance(value, Held) else value
        assert plain.is_finite() and abs(plain) < 10**16


@given(NUMBERS, NUMBERS, st.sampled_from("+-*/"))
def test_it_is_what_exact_arithmetic_says(one, other, sign):
    node = ir.Reckoned(sign=sign, left=ir.NumberValue(value=one), right=ir.NumberValue(value=other))
    value, _ = reckon(node, view({}), holds)
    with localcontext(prec=80):
        if sign == "/" and other == 0:
            assert value is None
            return
        exact = {"+": one + other, "-": one - other, "*": one * other, "/": one / (other or 1)}[sign]
        if abs(exact) >= 10**16:
            assert value is None
        else:
            assert value is not None and abs(value - exact) <= abs(exact) * Decimal("1e-50")


@given(st.dates(), st.integers(0, 3650), st.booleans())
def test_days_go_there_and_back_again_as_far_as_the_calendar_goes(start, amount, back):
    there, here = (
        ir.Shift(of=ir.Ref(path="deal.starts_on", type="day"), by=Duration(amount=amount, unit="days"), back=way)
        for way in (back, not back)
    )
    value, why = reckon(there, view({"starts_on": start}), holds)
    if value is None:
        assert why == "no calendar goes so far"
    else:
        assert reckon(here, view({"starts_on": value}), holds) == (start, "")
