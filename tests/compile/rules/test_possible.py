"""What is called impossible is impossible: the engine's own evaluation is the judge."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dealwright.compile import ir
from dealwright.compile.possible import Logic, Own, both, either, possible
from dealwright.compile.rules.ways import of_trigger
from dealwright.engine.conditions import evaluate
from dealwright.engine.facts import Facts, View
from dealwright.engine.records import Progress
from dealwright.engine.route import matches
from dealwright.engine.trace import Trace
from dealwright.model.calendar import Calendar
from dealwright.model.crm import Contact, Deal, Money, Record, User
from dealwright.model.custom import Custom, TextHeld
from dealwright.model.events import DealCreated, DealUpdated, Event, RecordAdded, StageChanged

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STAGES = [("sales", "new"), ("sales", "won"), ("care", "new")]
WORDS = ["a", "b"]
NUMBERS = [Decimal(n) for n in (0, 1, 2)]
DAYS = [date(2026, 1, day) for day in (1, 2, 3)]

places = st.sampled_from([ir.StageValue(pipeline=pipeline, stage=stage) for pipeline, stage in STAGES])
texts = st.sampled_from([ir.TextValue(value=word) for word in WORDS])
amounts = st.sampled_from(
    [ir.NumberValue(value=n) for n in NUMBERS]
    + [ir.MoneyValue(amount=n, currency=c) for n in NUMBERS for c in ("USD", "EUR")]
)
days = st.sampled_from([ir.DayValue(value=day) for day in DAYS])
pipelines = st.sampled_from([ir.PipelineValue(pipeline=key) for key in ("sales", "care")])
ORDER = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
SAME = st.sampled_from(["==", "!="])


def compare(
    path: str, kind: str, values: st.SearchStrategy[Any], ops: st.SearchStrategy[str]
) -> st.SearchStrategy[Any]:
    field = ir.Ref(path=path, type=kind)  # type: ignore[arg-type]
    return st.one_of(
        st.builds(ir.Compare, field=st.just(field), op=ops, value=values | st.just(ir.Cleared()) | st.just(field)),
        st.builds(ir.IsIn, field=st.just(field), values=st.lists(values, max_size=2).map(tuple)),
        st.just(ir.IsSet(field=field)),
    )


def counted(op: str, number: int, where: ir.Condition | None) -> ir.Condition:
    if where is None:
        path = ir.Ref(path="deal.records.part.count", type="number")
        return ir.Compare(field=path, op=op, value=ir.NumberValue(value=Decimal(number)))  # type: ignore[arg-type]
    of = ir.Aggregate(record="part", of="count", type="number", where=where)
    return ir.CompareReckoned(left=of, op=op, right=ir.NumberValue(value=Decimal(number)))  # type: ignore[arg-type]


of_one = compare("record.size", "text", texts, SAME)
of_one = st.one_of(of_one, st.builds(ir.Not, of=of_one), st.builds(lambda *of: ir.All(of=of), of_one, of_one))
LIMIT = ir.Setting(
    key="limit", kind="number", default=ir.NumberValue(value=NUMBERS[1]), least=NUMBERS[1], most=NUMBERS[2]
)
MODE = ir.Setting(key="mode", kind="text", default=ir.TextValue(value="a"), options=("a", "b"))
SETTINGS = {f"settings.{each.key}": each for each in (LIMIT, MODE)}
limit = ir.Ref(path="settings.limit", type="number")
plain = st.sampled_from([ir.NumberValue(value=Decimal(n)) for n in range(-1, 5)])
of_records = st.one_of(
    st.builds(counted, ORDER, st.integers(-1, 2), st.none() | of_one),
    st.builds(ir.OfRecords, record=st.just("part"), of=of_one, every=st.booleans(), where=st.none() | of_one),
)
leaves = st.one_of(
    of_records,
    of_records,
    compare("settings.limit", "number", plain, ORDER),
    compare("settings.mode", "text", texts | st.just(ir.TextValue(value="c")), SAME),
    st.builds(
        ir.Compare,
        field=st.just(ir.Ref(path="deal.amount", type="money")),
        op=ORDER,
        value=st.just(ir.Ref(path="event.before.amount", type="money")),
    ),
    compare("deal.amount", "money", amounts, ORDER),
    compare("deal.close_date", "day", days, ORDER),
    compare("deal.company", "text", texts, SAME),
    compare("deal.owner.name", "text", texts, SAME),
    compare("deal.stage", "stage", places, SAME),
    compare("deal.pipeline", "pipeline", pipelines, SAME),
    compare("event.before.stage", "stage", places, SAME),
    st.just(ir.IsSet(field=ir.Ref(path="deal.owner", type="user"))),
    st.just(ir.IsSet(field=ir.Ref(path="deal.main_contact.phone", type="text"))),
    st.builds(
        ir.Compare,
        field=st.just(ir.Ref(path="deal.company", type="text")),
        op=SAME,
        value=st.just(ir.Ref(path="deal.owner.name", type="text")),
    ),
    st.builds(
        ir.Has,
        field=st.just(ir.Ref(path="deal.tags", type="tags")),
        values=st.lists(st.sampled_from(WORDS), max_size=2).map(tuple),
    ),
)
scores = st.builds(
    ir.Scored,
    score=st.builds(
        ir.Points,
        of=st.lists(
            st.builds(ir.Point, points=st.sampled_from([Decimal(n) for n in (-1, 1, 2)]), when=leaves), max_size=9
        ).map(tuple),
    ),
    op=ORDER,
    value=plain | st.just(limit),
)
conditions = st.recursive(
    leaves | scores,
    lambda inner: st.one_of(
        st.builds(ir.All, of=st.lists(inner, max_size=3).map(tuple)),
        st.builds(ir.Any, of=st.lists(inner, max_size=3).map(tuple)),
        st.builds(ir.Not, of=inner),
    ),
    max_leaves=6,
)


def parts_of(sizes: list[str | None]) -> tuple[Record, ...]:
    customs = [() if size is None else (Custom("size", TextHeld(size)),) for size in sizes]
    return tuple(Record(id=str(n), kind="part", custom=custom) for n, custom in enumerate(customs))


deals = st.builds(
    lambda place, **values: Deal(
        id="1",
        title="t",
        pipeline=place[0],
        stage=place[1],
        created_at=NOW,
        updated_at=NOW,
        stage_since=NOW,
        version=1,
        **values,
    ),
    place=st.sampled_from(STAGES),
    amount=st.none() | st.builds(Money, amount=st.sampled_from(NUMBERS), currency=st.sampled_from(["USD", "EUR"])),
    close_date=st.none() | st.sampled_from(DAYS),
    company=st.none() | st.sampled_from(WORDS),
    owner=st.none() | st.builds(User, id=st.just("7"), name=st.sampled_from(WORDS)),
    tags=st.lists(st.sampled_from(WORDS), max_size=2, unique=True).map(tuple),
    records=st.lists(st.none() | st.sampled_from(WORDS), max_size=2).map(parts_of),
    records_beyond=st.sampled_from([0, 0, 3]),
    contacts=st.just(()) | st.builds(lambda phone: (Contact(id="5", phone=phone),), st.none() | st.just("+1")),
)


Held: TypeAlias = dict[str, object]
held = st.fixed_dictionaries({"limit": st.sampled_from(NUMBERS[1:]), "mode": st.sampled_from(["a", "b"])})


def event_of(deal: Deal, before: Deal | None) -> Event:
    if before is None:
        return DealCreated(source_id="1", occurred_at=NOW, actor="user:1", after=deal)
    return StageChanged(source_id="1", occurred_at=NOW, actor="user:1", after=deal, before=before)


def truth(
    condition: ir.Condition, deal: Deal, before: Deal | None, currency: str | None, held: Held | None = None
) -> bool | None:
    return truth_of(condition, deal, event_of(deal, before), currency, held)


def truth_of(
    condition: ir.Condition, deal: Deal, event: Event, currency: str | None = "USD", held: Held | None = None
) -> bool | None:
    account = ir.Account(
        key="a", name="A", calendar=Calendar(zone="UTC", spans=()), country="US", currency=currency,
        pipelines=(), automations=(), settings=(LIMIT, MODE),
    )  # fmt: skip
    facts = Facts(deal=deal, event=event, as_of=NOW, since_turn=0)
    return evaluate(condition, View(account, facts, Progress(), settings=held or {}), Trace(), at="when")


@pytest.mark.slow
@settings(max_examples=250)
@given(conditions, deals, st.none() | deals, st.sampled_from([None, "USD"]), held)
def test_what_a_deal_does_is_never_called_impossible(
    condition: ir.Condition, deal: Deal, before: Deal | None, currency: str | None, set_to: Held
) -> None:
    logic = Logic(currency, SETTINGS)
    came_to = truth(condition, deal, before, currency, set_to)
    holds = {
        True: (logic.true, logic.not_false),
        False: (logic.false, logic.not_true),
        None: (logic.not_true, logic.not_false),
    }[came_to]
    assert all(possible(way(condition)) for way in holds)
    if came_to is None:
        assert possible(logic.not_true(condition), logic.not_false(condition))


@pytest.mark.slow
@settings(max_examples=120)
@given(conditions, conditions, deals, st.none() | deals, st.sampled_from([None, "USD"]))
def test_two_that_hold_on_one_deal_are_possible_together(
    first: ir.Condition, second: ir.Condition, deal: Deal, before: Deal | None, currency: str | None
) -> None:
    logic = Logic(currency, SETTINGS)
    ways = [
        logic.true(each) if truth(each, deal, before, currency) is True else logic.not_true(each)
        for each in (first, second)
    ]
    assert possible(*ways)
    assert possible(either(ways[0], []), both(ways[1]))


LOGIC = Logic("USD", SETTINGS)


@pytest.mark.slow
@settings(max_examples=120)
@given(
    st.one_of(
        st.builds(ir.OnDealCreated, stages=st.lists(places, max_size=2).map(tuple)),
        st.builds(ir.OnDealCreated, pipelines=st.lists(st.sampled_from(["sales", "care"]), max_size=1).map(tuple)),
        st.builds(ir.OnEntered, stages=st.lists(places, min_size=1, max_size=2).map(tuple)),
        st.builds(
            ir.OnStageChanged,
            from_=st.lists(places, max_size=2).map(tuple),
            to=st.lists(places, max_size=2).map(tuple),
            pipelines=st.lists(st.sampled_from(["sales", "care"]), max_size=1).map(tuple),
        ),
    ),
    conditions,
    deals,
    st.none() | deals,
)
def test_what_an_event_sets_off_is_never_called_impossible(
    on: ir.Trigger, condition: ir.Condition, deal: Deal, before: Deal | None
) -> None:
    event = event_of(deal, before)
    # A CRM tells of a move, and of a field that changed, only where it did.
    assume(before is None or (before.pipeline, before.stage) != (deal.pipeline, deal.stage))
    if matches(on, event, deal) and truth(condition, deal, before, "USD") is True:
        assert possible(of_trigger(on, LOGIC), LOGIC.true(condition))


@pytest.mark.slow
@settings(max_examples=120)
@given(st.sampled_from(["amount", "company", "owner"]), conditions, deals, deals)
def test_what_a_change_sets_off_is_never_called_impossible(
    name: str, condition: ir.Condition, deal: Deal, before: Deal
) -> None:
    was, now = (getattr(each, name) for each in (before, deal))
    assume(was != now)
    event = DealUpdated(source_id="1", occurred_at=NOW, actor="user:1", after=deal, before=before, changed=(name,))
    triggers: list[ir.Trigger] = [ir.OnDealUpdated(fields=(name,)), ir.OnDealUpdated(fields=(name, "title"))]
    for on in (*triggers, ir.OnOwnerChanged()):
        if matches(on, event, deal) and truth(condition, deal, before, "USD") is True:
            assert possible(of_trigger(on, LOGIC), LOGIC.true(condition))


@pytest.mark.slow
@settings(max_examples=200)
@given(of_one, of_records | conditions, deals, st.sampled_from(WORDS))
def test_what_is_known_of_the_record_itself_never_excludes_what_the_deal_does(
    known: ir.Condition, asked: ir.Condition, deal: Deal, size: str
) -> None:
    own = Record(id="own", kind="part", custom=(Custom("size", TextHeld(size)),))
    # Of a deal with very many records it may be one of those that are not read.
    read = () if deal.records_beyond else (own,)
    deal = msgspec.structs.replace(deal, records=(*(deal.records or ()), *read))
    event = RecordAdded(source_id="1", occurred_at=NOW, actor="user:1", after=deal, record=own)
    said = truth_of(known, deal, event)
    logic = Logic("USD", SETTINGS)
    own_logic = replace(logic, own=Own("part", [logic.true(known) if said is True else logic.not_true(known)]))
    came_to = truth_of(asked, deal, event)
    if came_to is True:
        assert possible(own_logic.true(asked))
    elif came_to is False:
        assert possible(own_logic.false(asked))


def number(op: str, value: int, path: str = "deal.amount") -> ir.Condition:
    return ir.Compare(field=ir.Ref(path=path, type="money"), op=op, value=ir.NumberValue(value=Decimal(value)))  # type: ignore[arg-type]


COMPANY = ir.Ref(path="deal.company", type="text")
STAGE = ir.Ref(path="deal.stage", type="stage")
A, B = ir.TextValue(value="a"), ir.TextValue(value="b")
SALES_NEW, CARE_NEW = ir.StageValue(pipeline="sales", stage="new"), ir.StageValue(pipeline="care", stage="new")
CONTRADICTIONS: dict[str, ir.Condition] = {
    "interval": ir.All(of=(number(">", 10), number("<", 5))),
    "open interval": ir.All(of=(number(">", 5), number("<", 5))),
    "half-open interval": ir.All(of=(number(">=", 5), number("<", 5))),
    "a point left out": ir.All(of=(number(">=", 5), number("<=", 5), number("!=", 5))),
    "two values": ir.All(of=(ir.Compare(field=COMPANY, op="==", value=A), ir.Compare(field=COMPANY, op="==", value=B))),
    "set and unset": ir.All(of=(ir.IsSet(field=COMPANY), ir.Not(of=ir.IsSet(field=COMPANY)))),
    "a value of what is unset": ir.All(
        of=(ir.Compare(field=COMPANY, op="!=", value=A), ir.Not(of=ir.IsSet(field=COMPANY)))
    ),
    "two stages": ir.All(
        of=(ir.Compare(field=STAGE, op="==", value=SALES_NEW), ir.Compare(field=STAGE, op="==", value=CARE_NEW))
    ),
    "a stage of another pipeline": ir.All(
        of=(
            ir.Compare(field=STAGE, op="==", value=SALES_NEW),
            ir.Compare(
                field=ir.Ref(path="deal.pipeline", type="pipeline"), op="==", value=ir.PipelineValue(pipeline="care")
            ),
        )
    ),
    "nothing to be in": ir.IsIn(field=COMPANY, values=()),
    "has and has not": ir.All(
        of=(
            ir.Has(field=ir.Ref(path="deal.tags", type="tags"), values=("a",)),
            ir.Not(of=ir.Has(field=ir.Ref(path="deal.tags", type="tags"), values=("a", "b"))),
        )
    ),
    "yes and no": ir.All(
        of=tuple(
            ir.Compare(field=ir.Ref(path="steps.x.moved", type="flag"), op="!=", value=ir.FlagValue(value=value))
            for value in (True, False)
        )
    ),
    "two currencies": ir.All(
        of=tuple(
            ir.Compare(
                field=ir.Ref(path="deal.amount", type="money"),
                op=">",
                value=ir.MoneyValue(amount=Decimal(1), currency=currency),
            )
            for currency in ("USD", "EUR")
        )
    ),
    "nobody's name": ir.All(
        of=(
            ir.IsSet(field=ir.Ref(path="deal.owner.name", type="text")),
            ir.Not(of=ir.IsSet(field=ir.Ref(path="deal.owner", type="user"))),
        )
    ),
    "a negated or": ir.All(of=(number(">", 5), ir.Not(of=ir.Any(of=(number(">", 1), number("<", 0)))))),
}


@pytest.mark.parametrize("name", sorted(CONTRADICTIONS))
def test_contradictions_are_seen(name: str) -> None:
    assert not possible(Logic("USD").true(CONTRADICTIONS[name]))


def test_what_is_too_much_to_go_through_is_called_possible_and_takes_no_time() -> None:
    tags = ir.Ref(path="deal.tags", type="tags")
    each = [ir.Any(of=tuple(ir.Has(field=tags, values=(f"{n}{m}",)) for m in range(4))) for n in range(40)]
    none = ir.Not(of=ir.Has(field=tags, values=tuple(f"{n}{m}" for n in (39,) for m in range(4))))
    assert possible(Logic("USD").true(ir.All(of=(*each, none)))) is True
    assert possible(Logic("USD").true(ir.All(of=(each[39], none)))) is False
