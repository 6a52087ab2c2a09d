"""Records under a deal: what is refused, and what is told of what cannot be meant."""

from __future__ import annotations

import pytest
from records_world import (
    Instalment,
    QuoteLine,
    Sales,
    account,
    deal,
    each,
    found,
    lines,
    plan,
    rule,
    theirs,
)

from dealwright import (
    Account,
    Automation,
    DealFields,
    Money,
    Record,
    Text,
    branch,
    case,
    create_record,
    days,
    deal_updated,
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
from dealwright.errors import DefinitionError, InputError
from dealwright.testing import a_deal, a_record, compiled_account, rehearse

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
        (lambda: type(Record)("Line", (Record,), {"id": Text()}), "name; each, id, key, kind, name are taken"),
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
        (lambda: rule(create_record("x", Instalment, amount=-5)), "DW203 the field 'amount' is an amount"),
        (
            lambda: rule(create_record("x", Instalment, amount=Money("-5", "EUR"))),
            "DW203 the field 'amount' is an amount",
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
    (told,) = (each for each in found(both) if each.startswith("DW230"))
    assert told.endswith("| use one of the two in 'shop', or give Instalment a key= of its own"), (
        "no kind extends another"
    )


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
