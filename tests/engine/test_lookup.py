"""lookup(): another system is asked once, its answer is a fact, and what it does not give is unset."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Optional

import pytest
from databases import postgresql
from engine_world import Sales, World, account, deal
from msgspec import structs
from sqlalchemy import event, text

from dealwright import (
    Account,
    Automation,
    add_note,
    add_tags,
    branch,
    case,
    days,
    deal_created,
    lookup,
    once,
    outcome,
    stop,
    update_deal,
)
from dealwright.engine.lookups import question
from dealwright.errors import DefinitionError
from dealwright.journal.answers import MOST_ANSWERS
from dealwright.language.lookup_step import Lookup as Lookup_
from dealwright.model.delivery import Delivery, Idempotent
from dealwright.model.requests import Call, Lookup, Outcome, Request, Sent, TryAgain, Unknown
from dealwright.testing import a_deal, rehearse

GIVES = {"valid": bool, "name": str, "worth": Decimal, "people": int, "since": date}
GOOD: dict[str, str | bool | int | None] = {
    "valid": True,
    "name": "Nord\nKabel",
    "worth": "12.50",
    "people": 7,
    "since": "2020-01-31",
}

vies = lookup(
    "vies",
    at="vies:/check",
    ask={"vat": deal.title},
    gives=GIVES,
    cache=days(90),
    on_error=[add_tags("none", "unknown")],
)
RULE = Automation(
    key="route",
    on=deal_created(in_=Sales),
    again=once(per=deal),
    do=[
        vies,
        branch(
            "who",
            case(
                vies.valid.is_true() & (vies.worth > 10) & (vies.people == 7) & (vies.since < date(2021, 1, 1)),
                add_note("good", text="{{ steps.vies.name }}: {{ steps.vies.worth }} since {{ steps.vies.since }}"),
            ),
            case(outcome("vies") == "failed", add_note("bad", text="{{ steps.vies.error }}")),
            unset=[add_tags("unset", "unset")],
        ),
    ],
)


class Vies:
    """Answers lookups as it is told to, and counts them."""

    name, at_once, call_timeout = "lookup", 16, 1.0

    def __init__(self, *outcomes: Outcome) -> None:
        self.asked: list[Lookup] = []
        self.outcomes = list(outcomes)
        self.before: Callable[[], object] = lambda: None

    def actions(self) -> frozenset[str]:
        return frozenset({"lookup"})

    def destinations(self) -> frozenset[str]:
        return frozenset({"vies"})

    def delivery(self, request: Request) -> Delivery:
        return Idempotent()

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        self.before()
        told: list[Outcome] = []
        for call in calls:
            assert isinstance(call.request, Lookup)
            self.asked.append(call.request)
            told.append(self.outcomes.pop(0) if self.outcomes else Sent(receipt=GOOD))
        return told

    async def look(self, calls: Sequence[Call]) -> Sequence[bool]:
        return [False] * len(calls)

    async def aclose(self) -> None:
        return


@pytest.fixture
def system() -> Vies:
    return Vies()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def world(request: pytest.FixtureRequest, tmp_path: Path, system: Vies) -> Iterator[World]:
    with postgresql("lookup") if request.param == "postgresql" else nullcontext(None) as url:
        made = World(tmp_path, account(RULE), system, journal_url=url)
        yield made
        made.close()


def notes(world: World, deal_id: str) -> list[str]:
    return [note.text for note in world.crm.notes(deal_id)]


def test_what_is_given_is_typed_and_decides(world: World, system: Vies) -> None:
    id_ = world.new_deal(title="DE1").id
    world.work()
    assert notes(world, id_) == ["Nord Kabel: 12.50 since 31 Jan 2020"]
    (asked,) = system.asked
    assert (asked.system, asked.path, asked.ask) == ("vies", "/check", {"vat": "DE1"})
    assert world.effects()["lookup"] == {"sent": 1}
    lines = [
        line
        for event in world.journal.timeline("acme", f"deal:{id_}")
        for each in event.executions
        for turn in each.turns
        for line in turn.trace
        if line.at == "vies" and line.result == "answered"
    ]
    assert lines[0].values["steps.vies.worth"] == "12.50"


def test_an_error_takes_its_way_and_leaves_the_fields_unset(world: World, system: Vies) -> None:
    system.outcomes.append(Sent(receipt={"error": "vies did not answer within 5 s"}))
    id_ = world.new_deal(title="DE1").id
    world.work()
    assert notes(world, id_) == ["vies did not answer within 5 s"]
    assert world.crm.deal(id_).tags == ("unknown",)
    world.new_deal(title="DE1")
    world.work()
    assert len(system.asked) == 2, "an error is not kept"


def _who(**more: type) -> Lookup_:
    return lookup("who", at="vies:/who", ask={"vat": deal.title}, gives={"valid": bool, "shop": str | None, **more})


def test_what_may_be_missing_is_unset_and_no_error(world: World, system: Vies) -> None:
    who = _who(staff=int | None)
    asked = branch("asked", case(who.shop.is_set(), add_tags("shop", "shop")), otherwise=[add_tags("no", "no shop")])
    staff = branch("staff", case(who.staff.or_(0) < 5, add_note("few", text="{{ steps.who.shop or 'nowhere' }}")))
    rule = Automation(key="some", on=deal_created(in_=Sales), do=[who, asked, staff])
    world.journal.record_release(account(rule))
    system.outcomes = [Sent(receipt={"valid": True}), Sent(receipt={"valid": True, "shop": "Kiel", "staff": 2})]
    first, second = world.new_deal(title="DE1").id, world.new_deal(title="DE2").id
    world.work()
    assert (world.crm.deal(first).tags, notes(world, first)) == (("no shop",), ["nowhere"])
    assert (world.crm.deal(second).tags, notes(world, second)) == (("shop",), ["Kiel"])
    assert system.asked[0].optional == ("shop", "staff")


def test_an_answer_in_which_something_is_missing_is_none_for_who_must_have_it() -> None:
    one = Lookup(deal_id="7", system="vies", path="/", ask={"vat": "DE1"}, gives={"shop": "text"})
    other = structs.replace(one, optional=("shop",))
    assert question("key", one) != question("key", other)
    assert question("key", one) == question("key", structs.replace(one, deal_id="8")), "what was kept stays known"


def test_a_rehearsal_may_leave_out_what_may_be_missing() -> None:
    who = _who()
    rule = Automation(key="some", on=deal_created(), do=[who, add_note("n", text="{{ steps.who.shop or 'nowhere' }}")])
    company = Account("acme", zone="UTC", country="US", pipelines=[Sales], automations=[rule])
    for given in ({"valid": True}, {"valid": True, "shop": None}):
        assert rehearse(company, "some", a_deal(Sales.incoming), given={"who": given}).notes == ["nowhere"]
    with pytest.raises(DefinitionError, match="gives shop, valid, and not shop"):
        rehearse(company, "some", a_deal(Sales.incoming), given={"who": {"shop": "Kiel"}})


def test_what_is_unset_is_left_out_of_the_question(world: World, system: Vies) -> None:
    ask = {"company": deal.company, "title": deal.title, "days": 5}
    rule = Automation(
        key="some", on=deal_created(in_=Sales), do=[lookup("who", at="vies:/check", ask=ask, gives=GIVES)]
    )
    world.journal.record_release(account(rule))
    world.new_deal(title="DE1")
    world.work()
    assert [request.ask for request in system.asked] == [{"title": "DE1", "days": 5}]


def test_where_all_is_unset_nobody_is_asked_and_the_way_of_an_error_is_taken(world: World, system: Vies) -> None:
    """The clinic's lead has no dentist yet: a message must not offer two times that nobody has given."""
    on_error = [add_note("why", text="{{ steps.who.error }}"), stop()]
    rule = Automation(
        key="none",
        on=deal_created(in_=Sales),
        do=[
            lookup("who", at="vies:/check", ask={"vat": deal.company, "days": 5}, gives=GIVES, on_error=on_error),
            add_tags("after", "after"),
        ],
    )
    world.journal.record_release(account(rule))
    id_ = world.new_deal().id
    world.work()
    assert (system.asked, world.crm.deal(id_).tags) == ([], ())
    assert notes(world, id_) == ["who: nothing is asked, for vat is unset"]


def test_an_answer_is_kept_for_the_time_that_was_said(world: World, system: Vies) -> None:
    for _ in range(3):
        world.new_deal(title="DE1")
    world.new_deal(title="DE2")
    world.work()
    assert sorted(each.ask["vat"] for each in system.asked) == ["DE1", "DE2"]
    assert world.effects()["lookup"] == {"sent": 4}
    world.clock.move(timedelta(days=89))
    world.new_deal(title="DE1")
    world.work()
    assert len(system.asked) == 2
    world.clock.move(timedelta(days=2))
    world.new_deal(title="DE1")
    world.work()
    assert len(system.asked) == 3


def test_what_is_kept_names_nobody_and_is_bounded(world: World, system: Vies) -> None:
    world.new_deal(title="secret-vat")
    world.work()
    (row,) = world.journal.database.rows(text("select question from lookup_answers"))
    assert "secret-vat" not in row["question"]
    request = system.asked[0]
    assert row["question"] == question(world.journal.installation, request)
    assert row["question"] != question("another", request)
    later = world.clock.now() + timedelta(days=1)
    some = [(f"{number:032}", Sent(receipt=GOOD), later + timedelta(seconds=number)) for number in range(50)]
    world.journal.keep_answers("acme", some)
    assert len(world.journal.known_answers("acme", [each[0] for each in some])) == 50
    assert MOST_ANSWERS >= 50
    world.clock.move(timedelta(days=100))
    world.journal.keep_answers("acme", [("last", Sent(receipt=GOOD), world.clock.now() + timedelta(days=1))])
    rows = world.journal.database.rows(text("select question from lookup_answers"))
    assert [row["question"] for row in rows] == ["last"]


def test_keeping_an_answer_seldom_looks_how_many_there_are_and_there_are_never_too_many(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dealwright.journal.answers.MOST_ANSWERS", 100)
    later = world.clock.now() + timedelta(days=1)
    looks: list[int] = []

    def count(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        looks.extend([1] if "offset" in statement else [])

    event.listen(world.journal.database.engine, "before_cursor_execute", count)
    most = 0
    for number in range(160):
        answer = (f"{number:032}", Sent(receipt=GOOD), later + timedelta(seconds=number))
        world.journal.keep_answers("acme", [answer])
        (row,) = world.journal.database.rows(text("select count(*) as n from lookup_answers"))
        most = max(most, row["n"])
    assert most == 100
    assert len(looks) == 54  # once for three answers
    newest = [f"{number:032}" for number in range(160)][-98:]
    assert set(newest) <= set(world.journal.known_answers("acme", newest))


def test_stop_holds_it_and_shadow_asks(world: World, system: Vies) -> None:
    world.journal.stop("acme", "route", actor="user:ana")
    id_ = world.new_deal(title="DE1").id
    world.work()
    assert (world.states()["route"], system.asked) == ({"held": 1}, [])
    world.journal.set_mode("acme", "route", "shadow", actor="user:ana")
    world.journal.resume("acme", "route", "run", actor="user:ana")
    world.work()
    assert len(system.asked) == 1
    assert world.effects() == {"lookup": {"sent": 1}, "add_note": {"dropped": 1}}
    assert notes(world, id_) == []


def test_in_mode_approve_it_is_asked_and_takes_no_share(world: World, system: Vies) -> None:
    world.journal.set_mode("acme", "route", "approve", actor="user:ana")
    world.new_deal(title="DE1")
    world.work()
    assert (len(system.asked), world.states()["route"]) == (1, {"held": 1})
    assert world.journal.database.rows(text("select 1 from reservations")) == []


@pytest.mark.slow
def test_a_lost_answer_is_asked_again(world: World, system: Vies) -> None:
    system.outcomes.append(Unknown(reason="lost"))
    id_ = world.new_deal(title="DE1").id
    world.work()
    assert (len(system.asked), len(notes(world, id_))) == (2, 1)


@pytest.mark.parametrize("outcome", [Unknown(reason="lost"), TryAgain(reason="busy", after=0.1)])
def test_who_asks_the_same_as_one_that_got_no_answer_asks_again_with_it(
    world: World, system: Vies, outcome: Outcome
) -> None:
    system.outcomes.append(outcome)
    ids = [world.new_deal(title="DE1").id for _ in range(3)]
    world.work()
    assert [len(notes(world, id_)) for id_ in ids] == [1, 1, 1]
    assert len(system.asked) == 2
    left = world.journal.database.rows(text("select reason from transitions where reason = 'taken over'"))
    assert left == [], "none was left behind under its lease"


def test_what_can_be_done_without_it_does_not_wait_for_it(tmp_path: Path) -> None:
    rule = Automation(
        key="two",
        on=deal_created(in_=Sales),
        do=[
            branch(
                "way",
                case(
                    deal.title == "ask",
                    lookup("vies", at="vies:/check", ask={"vat": deal.title}, gives={"valid": bool}),
                ),
                otherwise=[add_tags("at-once", "at-once")],
            )
        ],
    )
    system = Vies()
    world = World(tmp_path, account(rule), system)
    world.new_deal(title="ask")
    other = world.new_deal(title="do").id
    seen: list[tuple[str, ...]] = []
    system.before = lambda: seen.append(world.crm.deal(other).tags)  # type: ignore[union-attr]
    world.work()
    assert seen == [("at-once",)]
    world.close()


# --- definitions ------------------------------------------------------------------------------------------------------


def test_a_rehearsal_gives_what_it_is_told_and_else_nothing() -> None:
    company = _company()
    assert rehearse(company, "route", a_deal(Sales.incoming)).acts == ["vies", "none", "bad"]
    given = {"valid": True, "name": "x", "worth": 11, "people": 7, "since": date(2020, 1, 1)}
    told = rehearse(company, "route", a_deal(Sales.incoming), given={"vies": given})
    assert told.notes == ["x: 11 since 1 Jan 2020"]
    assert [each.ask for each in told.lookups] == [{"vat": "Forty chairs"}]
    with pytest.raises(DefinitionError, match="'people' of 'vies' is a whole"):
        rehearse(company, "route", a_deal(Sales.incoming), given={"vies": {**given, "people": "7"}})
    with pytest.raises(DefinitionError, match="has no step lookup"):
        rehearse(company, "route", a_deal(Sales.incoming), given={"vise": given})


def _company() -> Account:
    return Account("acme", zone="UTC", country="US", pipelines=[Sales], automations=[RULE])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: lookup("a", at="vies", ask={}, gives={"x": bool}), "is a system and a path"),
        (lambda: lookup("a", at="vies:/{{ deal.id }}", ask={}, gives={"x": bool}), "is one place"),
        (lambda: lookup("a", at="vies:/a/../b", ask={}, gives={"x": bool}), "is a system and a path"),
        (lambda: lookup("a", at="https://vies.example.com/", ask={}, gives={"x": bool}), "is a system and a path"),
        (lambda: lookup("a", at="vies:/a", ask={}, gives={}), "are names and types"),
        (lambda: lookup("a", at="vies:/a", ask={}, gives={"x": list}), "cannot be list"),  # type: ignore[dict-item]
        (lambda: lookup("a", at="vies:/a", ask={}, gives={"x": str | int}), "cannot be str | int"),
        (lambda: lookup("a", at="vies:/a", ask={}, gives={"x": str | int | None}), "cannot be str | int | None"),
        (lambda: lookup("a", at="vies:/a", ask={}, gives={"x": list | None}), "cannot be list | None"),
        (lambda: lookup("a", at="vies:/a", ask={}, gives={"optional": str}), "each step has that already"),
        (lambda: lookup("a", at="vies:/a", ask={}, gives={"error": str}), "each step has that already"),
        (lambda: lookup("a", at="vies:/a", ask={"a b": 1}, gives={"x": bool}), "cannot be a name in ask"),
        (lambda: lookup("a", at="vies:/a", ask={}, gives={"x": bool}, timeout=60), "1 to 20"),
        (lambda: lookup("a", at="vies:/a", ask={}, gives={"x": bool}, cache=90), "is a length of time"),  # type: ignore[arg-type]
        (lambda: lookup("a", at="vies:/a", ask={}, gives={"valid": bool}).vaild, "gives no 'vaild'"),
        (lambda: update_deal("b", company=vies.name), "is the name of the step 'vies'"),
        (lambda: lookup("a", at="vies:/a", ask={"x": deal.owner}, gives={"x": bool}), "more than a text"),  # type: ignore[dict-item]
        (lambda: lookup("a", at="vies:/a", ask={}, gives={"x": bool}, on_error=stop()), "takes a list of steps"),  # type: ignore[arg-type]
    ],
)
def test_a_slip_is_refused_in_words(wrong: object, said: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        wrong()  # type: ignore[operator]
    assert said in str(refused.value)


def test_the_old_spelling_of_what_may_be_missing_is_known_too() -> None:
    old: Any = Optional[str]  # noqa: UP045  # as many people write it
    assert lookup("a", at="vies:/a", ask={}, gives={"x": old}).optional == ("x",)


def test_what_is_given_as_name_is_a_field_by_brackets() -> None:
    step = update_deal("b", company=vies["name"])
    assert "steps.vies.name" in str(step.changes["company"])
