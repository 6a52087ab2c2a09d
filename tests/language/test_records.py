"""Records under a deal: what can be said of them, and what a rule does about them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from records_world import (
    TODAY,
    Instalment,
    QuoteLine,
    Sales,
    deal,
    each,
    found,
    lines,
    plan,
    rule,
    theirs,
    unpaid,
    wrote,
)

from dealwright import (
    Account,
    Criteria,
    Lost,
    Money,
    Pipeline,
    Stage,
    Won,
    contact,
    create_record,
    days,
    once,
    record,
    record_added,
    record_removed,
    record_updated,
    remove_record,
    send_event,
    set_task,
    update_deal,
    update_record,
)
from dealwright.model.crm import MOST_RECORDS
from dealwright.model.crm import Money as Held
from dealwright.model.custom import held_in
from dealwright.model.requests import CreateRecord, RemoveRecord, UpdateDeal, UpdateRecord
from dealwright.testing import a_contact, a_deal, a_record, compiled_account, rehearse

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
    assert told.tasks == ["No. 2 of 2: 200.00 EUR"]
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
