"""Records under a deal: what can be said of them, what is refused, and what a rule does about them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from dealwright import (
    Account,
    Automation,
    Criteria,
    Day,
    DealFields,
    Flag,
    Lost,
    Money,
    Number,
    Pipeline,
    Record,
    Stage,
    Text,
    Won,
    branch,
    case,
    contact,
    create_record,
    days,
    deal_created,
    deal_updated,
    every_event,
    move_deal,
    once,
    record,
    record_added,
    record_removed,
    record_updated,
    remove_record,
    send_event,
    set_task,
    stop,
    update_deal,
    update_record,
    value,
    wait_until,
)
from dealwright.compile import ir
from dealwright.compile.explain.page import page
from dealwright.compile.explain.tongue import TONGUES
from dealwright.compile.lower import draft
from dealwright.errors import DefinitionError, InputError
from dealwright.model.crm import MOST_RECORDS
from dealwright.model.crm import Money as Held
from dealwright.model.custom import held_in
from dealwright.model.requests import CreateRecord, RemoveRecord, UpdateDeal, UpdateRecord
from dealwright.testing import a_contact, a_deal, a_record, compiled_account, rehearse


class Instalment(Record, name="Instalment of the plan"):
    no, amount, due_on, paid = Number("No."), Money("Amount"), Day("Due on"), Flag("Paid")


class QuoteLine(Record, of="deal", key="quote-line"):
    sku, qty, unit_price = Text("SKU"), Number("Qty"), Money("Price")
    cost = Money("Cost", sensitive=True)


class Shop(DealFields):
    left, next_due = Money("Left to pay"), Day("Next due")
    margin = Money("Margin", sensitive=True)


deal = Shop()
theirs = deal.records(Instalment)
lines = deal.records(QuoteLine)
unpaid = theirs.where(Instalment.paid.is_unset() | Instalment.paid.is_false())


class Sales(Pipeline, key="sales"):
    quoted = Stage("Sent the quote", task=None, because="a test")
    won = Won("Paid")
    lost = Lost("Lost")


TODAY = date(2026, 5, 11)
LOOK = set_task("look", text="Look", due=days(1))


def account(*automations, **more):
    return Account(
        "shop",
        zone="UTC",
        country="DE",
        currency="EUR",
        deal_fields=Shop,
        pipelines=[Sales],
        automations=list(automations),
        **more,
    )


def rule(*do, on=None, when=(), again=None):
    trigger = deal_created(in_=Sales) if on is None else on
    return account(Automation(key="rule", on=trigger, when=when, again=again or every_event(), do=list(do) or [LOOK]))


def plan(*paid, no=1):
    """Instalments of 100, 200, ... EUR, due on the first of each month; each is paid (True), not (False) or unknown."""
    found = []
    for number, state in enumerate(paid, start=no):
        more = {} if state is None else {"paid": state}
        found.append(
            a_record(
                Instalment,
                id=str(number),
                no=number,
                amount=Money(str(100 * number), "EUR"),
                due_on=date(2026, number, 1),
                **more,
            )
        )
    return found


def wrote(told, step=0):
    request = told.requests[step]
    assert isinstance(request, UpdateDeal)
    return {each.key: each.value and each.value.value for each in request.changes.custom or ()}


# --- what they come to ----------------------------------------------------------------------------------------------


def test_totals_and_counts_of_those_that_are_meant():
    sums = update_deal("sum", left=unpaid.total(Instalment.amount), next_due=unpaid.least(Instalment.due_on))
    told = rehearse(rule(sums), "rule", a_deal(Sales.quoted, records=plan(True, False, None, True)))
    assert wrote(told) == {"left": Held(Decimal(500), "EUR"), "next_due": date(2026, 2, 1)}


DENIED = theirs.where(~Instalment.paid.is_true())


@pytest.mark.parametrize(
    ("asked", "paid", "reason"),
    [
        (DENIED.count > 0, (False, None), "conditions: unset"),
        (DENIED.total(Instalment.amount) >= 0, (True, None), "conditions: unset"),
        (DENIED.count == 1, (True, False), ""),
        (DENIED.any(Instalment.no == 1), (False, None), ""),
        (DENIED.any(Instalment.no == 1), (None, False), "conditions: unset"),
        (DENIED.any(Instalment.no == 9), (None, False), "conditions"),
        (DENIED.all(Instalment.no > 0), (None, False), ""),
        (DENIED.all(Instalment.no > 1), (None, False), "conditions: unset"),
        (DENIED.all(Instalment.no > 0), (None,), "conditions: unset"),
        (DENIED.all(Instalment.no > 1), (False, None), "conditions"),
        (DENIED.all(Instalment.no > 1), (True,), "conditions"),
    ],
)
def test_a_record_of_which_it_is_unknown_whether_it_is_meant_is_not_left_out(asked, paid, reason):
    """Somebody who owes 450 was told to owe nothing: nobody had filled in whether it was paid."""
    assert rehearse(rule(when=[asked]), "rule", a_deal(Sales.quoted, records=plan(*paid))).reason == reason


def test_of_none_a_total_is_nothing_and_the_least_is_unset():
    sums = update_deal("sum", left=unpaid.total(Instalment.amount), next_due=unpaid.least(Instalment.due_on))
    told = rehearse(rule(sums), "rule", a_deal(Sales.quoted, records=plan(True)))
    assert wrote(told) == {"left": Held(Decimal(0), "EUR"), "next_due": None}


def test_a_total_of_which_one_part_is_unknown_is_unknown_and_the_trace_says_so():
    some = [*plan(True), a_record(Instalment, id="9")]
    told = rehearse(rule(when=[theirs.total(Instalment.amount) > 0]), "rule", a_deal(Sales.quoted, records=some))
    assert told.reason == "conditions: unset"
    (line,) = told.rehearsal.parts[0].trace
    assert line.values == {"deal.records(instalment).total(record.amount)": "unset: not known of 1 of 2 records"}


def test_what_is_unknown_can_be_left_out_of_a_total():
    some = [*plan(True, True), a_record(Instalment, id="9")]
    rules = rule(
        when=[theirs.total(Instalment.amount.or_(0)) == 300, unpaid.least(Instalment.due_on).or_(TODAY) == TODAY]
    )
    assert rehearse(rules, "rule", a_deal(Sales.quoted, records=some)).state == "done"


def test_what_is_reckoned_of_each_record_is_summed():
    two = [
        a_record(QuoteLine, id="1", sku="A", qty=3, unit_price=Money("10", "EUR")),
        a_record(QuoteLine, id="2", sku="B", qty=2, unit_price=Money("0.50", "EUR")),
    ]
    sums = update_deal("sum", amount=lines.total(QuoteLine.unit_price * QuoteLine.qty) * 2)
    told = rehearse(rule(sums), "rule", a_deal(Sales.quoted, records=two))
    (request,) = told.requests
    assert isinstance(request, UpdateDeal)
    assert request.changes.amount == Held(Decimal("62.00"), "EUR")


def test_two_currencies_are_no_total():
    two = [a_record(Instalment, id=str(n), amount=Money("1", each)) for n, each in enumerate(("EUR", "USD"))]
    told = rehearse(rule(when=[theirs.total(Instalment.amount) > 0]), "rule", a_deal(Sales.quoted, records=two))
    assert "two currencies" in str(told.rehearsal.parts[0].trace)


@pytest.mark.parametrize(
    ("paid", "any_", "all_"),
    [((), False, False), ((True, True), True, True), ((True, None), True, None), ((False, None), None, False)],
)
def test_any_and_all(paid, any_, all_):
    some = a_deal(Sales.quoted, records=plan(*paid))
    reasons = {True: "", False: "conditions", None: "conditions: unset"}
    for asked, truth in ((theirs.any, any_), (theirs.all, all_)):
        assert rehearse(rule(when=[asked(Instalment.paid.is_true())]), "rule", some).reason == reasons[truth]


def test_records_of_another_kind_are_not_meant():
    some = a_deal(Sales.quoted, records=[*plan(False), a_record(QuoteLine, id="9", sku="A")])
    assert rehearse(rule(when=[theirs.count == 1, lines.count == 1]), "rule", some).state == "done"


def test_of_a_deal_with_more_records_than_are_read_nothing_is_guessed():
    few = a_deal(Sales.quoted, records=plan(True))
    many = type(few)(**{name: getattr(few, name) for name in few.__struct_fields__} | {"records_beyond": 99_800})

    def reason(*when):
        return rehearse(rule(when=when), "rule", many).reason

    assert reason(theirs.any(Instalment.paid.is_true())) == ""
    assert reason(theirs.any(Instalment.paid.is_false())) == "conditions: unset"
    assert reason(theirs.all(Instalment.paid.is_true())) == "conditions: unset"
    assert reason(theirs.all(Instalment.paid.is_false())) == "conditions"
    assert reason(theirs.count == 1) == reason(theirs.total(Instalment.amount) > 0) == "conditions: unset"
    assert MOST_RECORDS == 200


def test_a_contact_and_a_record_can_be_asked_in_one():
    some = a_deal(Sales.quoted, contact=a_contact("Ana", email="ana@example.com"), records=plan(False))
    both = theirs.any(Instalment.paid.is_false() & deal.contacts.any(contact.email.is_set()))
    assert rehearse(rule(when=[both]), "rule", some).state == "done"


# --- one record -----------------------------------------------------------------------------------------------------


NUMBER = "{{ record.no }} of {{ deal.records.instalment.count }}"


def test_a_rule_about_one_record_knows_it_in_conditions_texts_and_steps():
    rules = rule(
        set_task("thank", text=f"No. {NUMBER}: {{{{ record.amount }}}}", due=days(1)),
        update_record("mark", Instalment, paid=None, no=Instalment.no + 1),
        remove_record("away", Instalment),
        on=record_updated(Instalment, fields=[Instalment.paid]),
        when=[Instalment.paid.is_true(), Instalment.amount >= 200],
        again=once(per=record),
    )
    some = plan(False, True)
    told = rehearse(rules, "rule", a_deal(Sales.quoted, records=some), record=some[1])
    assert told.tasks == ["No. 2 of 2: 200 EUR"]
    _, mark, away = told.requests
    assert isinstance(mark, UpdateRecord) and (mark.record_id, mark.deal_id) == ("2", "1")
    assert {each.key: each.value and each.value.value for each in mark.custom} == {"paid": None, "no": Decimal(3)}
    assert isinstance(away, RemoveRecord) and away.record_id == "2"
    assert told.again == "once per record"
    assert rehearse(rules, "rule", a_deal(Sales.quoted, records=some), record=some[0]).state == "skipped"


def test_a_record_is_put_under_the_deal():
    half = create_record("half", Instalment, amount=deal.amount / 2, due_on=deal.close_date + days(30), paid=False)
    told = rehearse(rule(half), "rule", a_deal(Sales.quoted, amount=Money("9", "EUR"), close_date=date(2026, 1, 1)))
    (request,) = told.requests
    assert isinstance(request, CreateRecord) and request.record == "instalment"
    assert held_in(request.custom, "amount").value == Held(Decimal("4.50"), "EUR")
    assert held_in(request.custom, "due_on").value == date(2026, 1, 31)
    assert held_in(request.custom, "no") is None


def each(body, of="quote_line"):
    return f"{{% for line in deal.records.{of} %}}{body}{{% endfor %}}"


LINES = each("{{ loop.index }}. {{ line.sku }}: {{ line.unit_price | money }}; ")


def listed(text, *records, more=0):
    made = a_deal(Sales.quoted, records=records)
    if more:
        made = type(made)(**{name: getattr(made, name) for name in made.__struct_fields__} | {"records_beyond": more})
    rules = rule(set_task("list", text=text, due=days(1)), when=[lines.any(QuoteLine.sku.is_set())])
    return rehearse(rules, "rule", made)


def test_a_text_lists_them():
    first = a_record(QuoteLine, id="1", sku="A <b>", unit_price=Money("3.50", "EUR"))
    told = listed(LINES, first, a_record(QuoteLine, id="2", sku="B"), *plan(True, no=7))
    assert told.tasks == ["1. A <b>: 3.50 EUR; 2. B: ; "]


def test_a_list_that_would_end_early_is_not_written():
    told = listed(LINES, a_record(QuoteLine, id="1", sku="A"), more=5)
    assert told.state == "failed" and "more than 200" in told.reason


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (each("{{ line.skuu }}"), "DW302 one of deal.records.quote_line has no field 'skuu' | did you mean sku?"),
        (each("{{ line }}"), "DW302 one of deal.records.quote_line is a record"),
        (each("{{ line.sku | money }}"), "DW301 the filter 'money'"),
        (each("{{ line.sku }}", of="quote_lin"), "DW302 there is no fact 'deal.records.quote_lin'"),
        ("{% for line in deal.records %}{{ line.sku }}{% endfor %}", "DW301 deal.records is not a list"),
        ("{{ deal.records.quote_line }}", "DW302 deal.records.quote_line has parts"),
        ("{{ deal.records.quote_line.sku }}", "DW302 there is no fact"),
        ("{{ deal.records.quote_line.each.sku }}", "DW302 there is no fact"),
        ("{% for tag in deal.tags %}{{ tag.x }}{% endfor %}", "DW302 one of deal.tags is a text"),
    ],
)
def test_a_list_in_a_text_is_checked(text, says):
    rules = rule(set_task("list", text=text, due=days(1)), when=[lines.count > 0])
    assert any(each.startswith(says) for each in found(rules)), found(rules)


def test_what_is_sensitive_of_a_list_is_told_nobody():
    rules = rule(send_event("x", to="erp", with_={"cost": each("{{ line.cost }}")}), when=[lines.count > 0])
    assert any(each.startswith("DW231 'x' would tell deal.records.quote_line.*.cost") for each in found(rules))


def test_what_was_removed_is_known_as_it_was_last():
    some = plan(False)
    rules = rule(set_task("look", text="No. {{ record.no }} is gone", due=days(1)), on=record_removed(Instalment))
    assert rehearse(rules, "rule", a_deal(Sales.quoted, records=some), record=some[0]).tasks == ["No. 1 is gone"]


def test_an_unset_fact_wipes_nothing_out():
    rules = rule(update_record("copy", Instalment, due_on=deal.close_date), on=record_added(Instalment))
    told = rehearse(rules, "rule", a_deal(Sales.quoted, records=plan(False)))
    assert told.requests == [] and "unset, which changes nothing" in str(told.rehearsal.parts)


def test_criteria_ask_of_records():
    class Careful(Pipeline, key="careful"):
        quoted = Stage(
            "Sent the quote",
            task=None,
            because="a test",
            entry=Criteria([lines.count > 0], else_="report", says="No lines"),
        )
        won = Won("Paid")
        lost = Lost("Lost")

    compiled = compiled_account(Account("shop", zone="UTC", country="DE", pipelines=[Careful]))
    assert [kind.key for kind in compiled.records] == ["quote-line"]


# --- what is refused ------------------------------------------------------------------------------------------------


def refused(make):
    with pytest.raises(DefinitionError) as caught:
        make()
    return f"{caught.value} | {caught.value.hint}"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Instalment(), "nothing is made of it"),
        (lambda: type("Empty", (Record,), {}), "Empty has no field"),
        (lambda: type(Record)("More", (Instalment,), {"x": Text()}), "write them out"),
        (lambda: type(Record)("Line", (Record,), {"x": Text()}, key="Quote line"), "cannot be the key"),
        (lambda: type(Record)("Line", (Record,), {"x": Text()}, of="contact"), "stand under a deal"),
        (lambda: type(Record)("Line", (Record,), {"id": Text()}), "that name is taken"),
        (lambda: type(Record)("Deal", (Record,), {"x": Text()}), "cannot be called 'deal'"),
        (lambda: type(Record)("Line", (Record,), {"x": Text(), "y": 5}), "'y' of Line is no field"),
        (lambda: deal.records(Sales), "Sales is none"),
        (lambda: deal.records("instalment"), "takes a kind of records"),
        (lambda: theirs.any(), "asks for nothing"),
        (lambda: theirs.sum(Instalment.amount), "has no 'sum'"),
        (lambda: theirs.paid, "write any(Instalment.paid == ...)"),
        (lambda: theirs.total(Instalment.paid), "such as Instalment.no"),
        (lambda: lines.least(QuoteLine.sku), "such as QuoteLine.qty"),
        (lambda: theirs.any(Instalment.paid), "takes conditions"),
        (lambda: update_record("x", Instalment), "changes nothing"),
        (lambda: update_record("x", Instalment, payd=True), "did you mean paid"),
        (lambda: create_record("x", Sales, a=1), "Sales is none"),
        (lambda: record_updated(Instalment, fields=[QuoteLine.sku]), "watches fields of it"),
        (lambda: record_updated(Instalment, fields=[deal.amount]), "watches fields of it"),
        (lambda: record.amount, "name the kind of records: Instalment.amount"),
        (lambda: a_record(Instalment, payd=True), "has no field 'payd'"),
    ],
)
def test_slips_are_refused_with_what_to_write(make, says):
    if says == "has no field 'payd'":
        with pytest.raises(InputError, match=says):
            make()
    else:
        assert says in refused(make)


def found(rules):
    _, findings = draft(rules, Path())
    return [f"{each.code} {each.message} | {each.hint}" for each in findings]


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        (lambda: rule(when=[Instalment.paid.is_true()]), "DW203 Instalment.paid is not known here"),
        (lambda: rule(when=[QuoteLine.qty > 1], on=record_added(Instalment)), "DW203 QuoteLine.qty is not known here"),
        (lambda: rule(when=[theirs.any(lines.any(QuoteLine.qty > 1))]), "DW240 deal.records(...) stands inside"),
        (lambda: rule(when=[theirs.any(deal.amount > 1)]), "DW241 deal.records(Instalment).any(...) asks nothing"),
        (lambda: rule(when=[theirs.total(deal.amount) > 1]), "DW241 total() of deal.records(Instalment)"),
        (lambda: rule(update_record("x", Instalment, paid=True)), "DW203 'x' is about the Instalment that set"),
        (lambda: rule(remove_record("x", Instalment), on=record_added(QuoteLine)), "DW203 'x' is about the Instalment"),
        (
            lambda: rule(update_record("x", Instalment, no=1), on=record_removed(Instalment)),
            "DW203 'x' is about a Inst",
        ),
        (lambda: rule(create_record("x", Instalment, amount=-5)), "DW203 the field 'amount' is a money"),
        (
            lambda: rule(create_record("x", Instalment, amount=Money("-5", "EUR"))),
            "DW203 the field 'amount' is a money",
        ),
        (lambda: rule(again=once(per=record)), "DW411 the automation 'rule' acts once(per=record)"),
        (lambda: rule(again=once(per=value), on=record_updated(Instalment)), "DW403"),
        (lambda: rule(set_task("x", text="{{ record.no }}", due=days(1))), "DW302 there is no fact 'record.no'"),
        (lambda: rule(create_record("x", Instalment, paid="maybe")), "DW203 the field 'paid' is a flag"),
        (lambda: rule(create_record("x", QuoteLine, sku="{{ deal.margin }}")), "DW231 'x' would write deal.margin"),
        (
            lambda: rule(send_event("x", to="erp", with_={"cost": QuoteLine.cost}), on=record_added(QuoteLine)),
            "DW231 'x' would tell record.cost, which is sensitive",
        ),
        (
            lambda: rule(send_event("x", to="erp", with_={"cost": lines.total(QuoteLine.cost)})),
            "DW231 'x' would tell record.cost, which is sensitive",
        ),
        (lambda: rule(update_deal("x", left=lines.total(QuoteLine.cost))), "DW231 'x' would write record.cost"),
    ],
)
def test_what_cannot_be_meant_is_found(rules, says):
    assert any(each.startswith(says) for each in found(rules())), found(rules())


def test_two_kinds_of_one_key_are_told():
    class Other(Record, key="instalment"):
        amount = Money("Amount")

    both = rule(when=[theirs.count > 0, deal.records(Other).count > 0])
    assert any("DW230" in each and "instalment" in each for each in found(both))


def test_the_trace_hides_what_is_sensitive_of_records():
    some = [a_record(QuoteLine, id="1", cost=Money("77.77", "EUR"))]
    rules = rule(when=[lines.total(QuoteLine.cost) > 5, lines.any(QuoteLine.cost > 5)])
    told = rehearse(rules, "rule", a_deal(Sales.quoted, records=some))
    assert told.state == "done" and "77.77" not in str([part.trace for part in told.rehearsal.parts])


def test_a_kind_that_no_rule_names_is_the_accounts_if_it_says_so():
    compiled = compiled_account(account(records=[QuoteLine]))
    assert [(kind.key, kind.label, len(kind.fields)) for kind in compiled.records] == [("quote-line", "QuoteLine", 4)]
    assert ir.decode(ir.encode(compiled)) == compiled


def test_a_wait_in_a_rule_about_one_record_is_for_that_record():
    late = set_task("t", text="x", due=days(1))
    rules = rule(
        wait_until("paid", Instalment.paid.is_true(), timeout=days(3), on_timeout=[late]),
        branch("b", case(Instalment.paid.is_true(), move_deal("w", to=Sales.won))),
        on=record_added(Instalment),
    )
    some = plan(False, True)
    assert rehearse(rules, "rule", a_deal(Sales.quoted, records=some), record=some[0]).tasks == ["x"]
    assert rehearse(rules, "rule", a_deal(Sales.quoted, records=some), record=some[1]).moves == ["sales.won"]


def test_what_is_reckoned_counts_among_what_a_definition_uses():
    """A field that stands in arithmetic alone was no field of the account."""

    class Own(DealFields):
        rebate = Money("Rebate")

    own = Own()
    rules = Account(
        "shop",
        zone="UTC",
        country="DE",
        currency="EUR",
        pipelines=[Sales],
        automations=[
            Automation(key="r", on=deal_updated(fields=[own.amount]), when=[own.amount > own.rebate * 2], do=[stop()])
        ],
    )
    assert [shape.key for shape in compiled_account(rules).deal_fields] == ["rebate"]


def test_what_records_cost_is_told_where_it_is_revealed():
    """reveals= of a field of records was not known in a rule about the deal, and the hint named no Python."""
    for given in ({"cost": lines.total(QuoteLine.cost)}, {"cost": each("{{ line.cost }}")}):
        hidden = rule(send_event("x", to="erp", with_=given), when=[lines.count > 0])
        assert any("write reveals=[QuoteLine.cost]" in said for said in found(hidden))
        assert (
            found(rule(send_event("x", to="erp", with_=given, reveals=[QuoteLine.cost]), when=[lines.count > 0])) == []
        )


def test_a_rehearsal_goes_on_with_what_it_has_put_there():
    rules = rule(
        create_record("one", Instalment, no=1),
        create_record("two", Instalment, no=2),
        set_task("t", text="{{ deal.records.instalment.count }}", due=days(1)),
    )
    assert rehearse(rules, "rule", a_deal(Sales.quoted)).tasks == ["2"]


def test_the_page_for_the_owner_calls_fields_by_the_label_of_what_has_them():
    """The deal's field was called what a record's field of the same key is called."""

    class Costly(Record):
        left = Money("Left of one")

    rules = rule(update_deal("x", left=deal.records(Costly).total(Costly.left)))
    text = page(compiled_account(rules), TONGUES["en"])
    assert "the field “Left to pay”: the sum (the field “Left of one”)" in text
