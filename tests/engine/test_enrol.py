"""`existing="enrol"`: an automation begins once with the deals that stand where it points when it is first released."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from engine_world import Sales, World, account, deal
from sqlalchemy import text

from dealwright import (
    Automation,
    days,
    deal_created,
    deal_updated,
    entered,
    every_event,
    faults,
    once,
    person,
    set_task,
    stage_changed,
    wait_until,
    working_days,
)
from dealwright.compile.carried import carried
from dealwright.compile.enrol import AT_MOST, LISTS_DEALS
from dealwright.engine.enrol import Beforehand, beforehand
from dealwright.engine.imagine import enrolled
from dealwright.engine.records import Enrolment
from dealwright.engine.rehearse import rehearse
from dealwright.errors import DefinitionError, InputError, JournalError
from dealwright.model.crm import Deal
from dealwright.ports import Crm, ListsDeals
from dealwright_kommo import Kommo

CALL = set_task("call", text="Call about {{ deal.title }}", due=working_days(1))


def rule(**changes: object) -> Automation:
    fields = {"key": "chase", "on": entered(Sales.quoted), "again": every_event(), "do": [CALL], "existing": "enrol"}
    return Automation(**(fields | changes))  # type: ignore[arg-type]


NOTHING = rule(key="other", on=deal_updated(fields=[deal.reference]), existing="ignore")


class Company(World):
    """A world whose first release has no automation that enrols: deals stand there before there is one."""

    def quoted(self, count: int, *, title: str = "D", amount: int | None = 100) -> list[Deal]:
        """Let deals stand in Quoted."""
        made = [self.new_deal(title=f"{title}{number}", amount=amount) for number in range(count)]
        return [self.crm.move_deal(each.id, "sales", "quoted") for each in made]

    def release(self, *automations: Automation, heard: bool = True) -> None:
        """Release the company with these automations, a second after all that happened before was heard of."""
        if heard:
            self.work()
        self.clock.move_to(self.clock.now() + timedelta(seconds=1))
        self.company = account(*automations)
        self.journal.record_release(self.company)

    def tasks(self) -> list[str]:
        """Return the titles of the deals that have tasks, once for each task."""
        return sorted(task.text.removeprefix("Call about ") for task in self.crm.tasks())

    def states_of_enrolments(self) -> list[tuple[str, str, int]]:
        """Return how far enrolments have come."""
        return [(each.space, each.state, each.begun) for each in self.journal.enrolments("acme")]

    def kinds(self) -> dict[str, int]:
        """Count the events by kind."""
        rows = self.journal.database.rows(text("select kind, count(*) as n from dw_events group by kind"))
        return {row["kind"]: row["n"] for row in rows}


@pytest.fixture
def world(tmp_path: Path, journal_url: str) -> Iterator[Company]:
    with closing(Company(tmp_path, account(NOTHING), journal_url=journal_url)) as made:
        yield made


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Company]:
    """A company on SQLite, for what the database has no part in."""
    with closing(Company(tmp_path, account(NOTHING))) as made:
        yield made


def test_it_begins_with_the_deals_that_stand_there_and_with_no_others(world: Company) -> None:
    world.new_deal(title="inquiry")
    world.quoted(3)
    past = world.quoted(1, title="agreed")[0]
    world.crm.move_deal(past.id, "sales", "agreed")
    world.work()
    assert world.tasks() == []
    world.release(rule())
    world.work()
    assert world.tasks() == ["D0", "D1", "D2"]
    assert world.states_of_enrolments() == [("live", "done", 3)]
    assert world.kinds()["deal_enrolled"] == 3


def test_once_for_each_deal_whatever_is_started_again_or_released(world: Company) -> None:
    world.quoted(2)
    world.release(rule())
    world.work()
    world.work(world.engine(world.journal))
    world.release(rule(why="said otherwise"), NOTHING)
    world.work()
    world.release(NOTHING)
    world.work()
    world.release(rule())
    world.work()
    assert world.tasks() == ["D0", "D1"]


def test_what_comes_afterwards_begins_by_the_trigger_and_so_does_a_deal_that_comes_again(world: Company) -> None:
    (first,) = world.quoted(1)
    world.release(rule())
    world.work()
    world.quoted(1, title="new")
    world.work()
    world.clock.move_to(world.clock.now() + timedelta(hours=1))
    world.crm.move_deal(first.id, "sales", "incoming")
    world.crm.move_deal(first.id, "sales", "quoted")
    world.work()
    assert world.tasks() == ["D0", "D0", "new0"]
    assert world.states() == {"chase": {"done": 3}}


def test_a_deal_whose_coming_is_told_after_it_was_enrolled_is_begun_with_once(world: Company) -> None:
    world.work()
    world.quoted(2)
    world.release(rule(), heard=False)
    world.work()
    assert world.tasks() == ["D0", "D1"]
    done = world.states()["chase"]
    assert done["done"] == 2


def test_the_news_of_the_coming_of_an_enrolled_deal_is_no_second_coming(world: Company) -> None:
    (moved,) = world.quoted(1)
    pulled = world.crm.pull(10)  # the feed is slow: the deals are read first
    world.release(rule(), heard=False)
    (enrolment, *_) = _going(world)
    assert world.journal.enrol(enrolment, [moved], cursor=moved.id, ended=True)
    world.journal.append("acme", "embedded_crm", pulled)
    world.work()
    assert world.tasks() == ["D0"]
    assert sorted(world.reasons()) == ["", "it has begun with this deal already"]


def test_a_deal_with_which_it_has_begun_before_it_first_said_enrol_is_passed_by(world: Company) -> None:
    world.quoted(1, title="before")
    world.work()
    world.release(rule(existing="ignore"))
    world.quoted(2)
    world.work()
    assert world.tasks() == ["D0", "D1"]
    world.release(rule())
    world.work()
    assert world.tasks() == ["D0", "D1", "before0"]
    assert world.states_of_enrolments() == [("live", "done", 1)]


def test_more_than_are_safe_wait_for_a_person_who_lets_them_go(world: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dealwright.journal.enrolments.AT_MOST", 2)
    world.quoted(3)
    world.release(rule())
    world.work()
    assert (world.tasks(), world.states_of_enrolments()) == ([], [("live", "waiting", 0)])
    world.work()  # a restart does not take it for a yes
    assert world.tasks() == []
    with pytest.raises(JournalError, match="other of account acme waits for nobody: it enrols nobody"):
        world.journal.let_enrol("acme", "other", actor="ana")
    assert world.journal.let_enrol("acme", "chase", actor="ana") == 3
    with pytest.raises(JournalError, match="waits for nobody: its enrolment is going by ana"):
        world.journal.let_enrol("acme", "chase", actor="bo")
    world.work()
    assert world.tasks() == ["D0", "D1", "D2"]


def test_a_person_drops_them_for_good(world: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dealwright.journal.enrolments.AT_MOST", 2)
    world.quoted(3)
    world.release(rule())
    world.work()
    assert world.journal.drop_enrolment("acme", "chase", actor="ana") == 3
    world.quoted(1, title="new")
    world.work()
    assert world.tasks() == ["new0"]


@pytest.mark.slow
def test_a_friday_evening_import_of_twenty_thousand_greets_nobody(here: Company) -> None:
    here.quoted(AT_MOST + 1)
    here.release(rule())
    here.work()
    assert (here.tasks(), here.states_of_enrolments()) == ([], [("live", "waiting", 0)])
    assert here.kinds().get("deal_enrolled") is None


def test_more_that_come_to_stand_there_while_it_goes_are_counted_again(
    world: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dealwright.journal.enrolments.AT_MOST", 2)
    deals = world.quoted(3)
    world.release(rule())
    world.journal.begin_enrolment("acme", "chase", "live")
    (counted,) = world.journal.enrolments("acme")
    world.journal.counted(counted, 2)  # the third one was imported with an older date behind the count
    (going,) = world.journal.enrolments("acme")
    assert not world.journal.enrol(going, deals, cursor=deals[-1].id, ended=True)
    assert world.states_of_enrolments() == [("live", "counting", 0)]
    world.work()
    assert (world.tasks(), world.states_of_enrolments()) == ([], [("live", "waiting", 0)])


def test_of_two_engines_with_one_page_one_is_refused(world: Company) -> None:
    deals = world.quoted(2)
    world.release(rule())
    (going,) = _going(world)
    other = world.open_journal()
    try:
        assert other.enrol(going, deals[:1], cursor=deals[0].id, ended=False)
        assert not world.journal.enrol(going, deals[:1], cursor=deals[0].id, ended=False)
    finally:
        other.close()
    world.work()
    assert world.tasks() == ["D0", "D1"]


@pytest.mark.parametrize("point", ["enrol.counted", "enrol.before-commit", "enrol.after-commit"])
def test_a_failure_in_the_middle_loses_none_and_enrols_none_twice(
    world: Company, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setattr("dealwright.engine.enrol._TRY_AGAIN", 0.01)
    world.quoted(3)
    world.release(rule())
    faults.arm(f"{point}:1:raise")
    try:
        world.work()
    finally:
        faults.arm(None)
    world.work()
    assert world.tasks() == ["D0", "D1", "D2"]


def test_conditions_and_again_hold_as_for_any_other_event(world: Company) -> None:
    ana = world.crm.create_contact(name="Ana", email="ana@example.com")
    small = world.new_deal(title="small", amount=5)
    both = [world.new_deal(title=f"of ana {n}", contacts=[ana.id]) for n in range(2)]
    for each in (small, *both):
        world.crm.move_deal(each.id, "sales", "quoted")
    world.release(rule(when=[deal.amount > 50], again=once(per=person)))
    world.work()
    assert world.tasks() == ["of ana 0"]
    assert world.states() == {"chase": {"done": 1, "skipped": 2}}


def test_in_shadow_it_is_written_down_and_when_it_goes_live_it_begins_in_earnest(world: Company) -> None:
    world.quoted(2)
    world.release(rule(mode="shadow"))
    world.work()
    assert world.tasks() == []
    assert world.effects() == {"set_task": {"dropped": 2}}
    world.quoted(1, title="in shadow")
    world.work()
    world.journal.set_mode("acme", "chase", "live", actor="ana")
    world.work()
    world.work()
    assert world.tasks() == ["D0", "D1"]
    assert world.states_of_enrolments() == [("live", "done", 2), ("shadow", "done", 2)]


def test_stopped_or_paused_it_does_not_begin(world: Company) -> None:
    world.quoted(2)
    world.journal.stop("acme", "chase", actor="ana")
    world.release(rule())
    world.work()
    assert (world.states_of_enrolments(), world.states()) == ([], {})
    world.journal.set_paused("acme", "chase", True, actor="ana")
    world.journal.resume("acme", "chase", "run", actor="ana")
    world.work()
    assert world.states_of_enrolments() == []
    world.journal.set_paused("acme", "chase", False, actor="ana")
    world.work()
    assert world.tasks() == ["D0", "D1"]


def test_a_deal_that_has_moved_on_before_its_turn_is_left_alone(world: Company) -> None:
    stays, goes = world.quoted(2)
    world.release(rule())
    (going,) = _going(world)
    world.journal.enrol(going, [stays, goes], cursor=goes.id, ended=True)
    world.crm.move_deal(goes.id, "sales", "agreed")
    world.work()
    assert world.tasks() == ["D0"]
    assert "it stands elsewhere by now" in world.reasons()


def test_it_goes_on_a_few_at_a_time_and_lets_other_work_go_first(
    here: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dealwright.engine.enrol.BULK", 2)
    monkeypatch.setattr("dealwright.engine.enrol._PAGE", 3)
    here.quoted(8)
    here.release(rule())
    appended: list[int] = []
    enrol = here.journal.enrol

    def counted(enrolment: object, deals: Sequence[Deal], **more: object) -> bool:
        assert not here.journal.has_due("acme", "chase"), "those before were not worked yet"
        appended.append(len(deals))
        return enrol(enrolment, deals, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(here.journal, "enrol", counted)
    here.work()
    assert appended == [2, 1, 2, 1, 2]
    assert here.tasks() == [f"D{n}" for n in range(8)]


def test_a_crm_that_cannot_be_read_is_asked_again(here: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dealwright.engine.enrol._TRY_AGAIN", 0.01)
    here.quoted(1)
    here.release(rule())
    asked = here.crm.deals_in
    calls: list[int] = []

    async def failing(*given: object, **more: object) -> Sequence[Deal]:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("secret of a deal")
        return await asked(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(here.crm, "deals_in", failing)
    here.work()
    assert here.tasks() == ["D0"]


def test_beforehand_it_is_said_how_many(here: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dealwright.engine.enrol.AT_MOST", 3)

    def told(*automations: Automation, crm: Crm = here.crm) -> list[tuple[str, int, bool]]:
        found = asyncio.run(beforehand(here.journal, crm, account(*automations), here.clock.now()))
        return [(each.automation, each.deals, each.waits) for each in found]

    here.quoted(3)
    assert told(rule(), NOTHING) == [("chase", 3, False)]
    assert told(NOTHING) == []
    here.quoted(1)
    assert told(rule()) == [("chase", 4, True)]
    assert told(rule(mode="shadow")) == [("chase", 4, True)]
    here.release(rule())
    here.work()
    assert told(rule()) == []


@pytest.mark.parametrize(
    ("on", "said"),
    [
        (deal_updated(fields=[deal.amount]), "leaves no deals standing anywhere"),
        (stage_changed(from_=Sales.quoted), "names no stage"),
        (stage_changed(from_=Sales.quoted, to=Sales.agreed), "where a deal that stands there came from is not known"),
        (deal_created(), "names no stage"),
        (deal_created(in_=Sales), "a whole pipeline is no stage"),
    ],
)
def test_a_trigger_that_names_no_stage_cannot_enrol(on: object, said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        rule(on=on)


@pytest.mark.parametrize("on", [entered(Sales.won), stage_changed(to=Sales.quoted), deal_created(in_=Sales.incoming)])
def test_a_trigger_that_names_a_stage_can(on: object) -> None:
    assert account(rule(on=on)).automations[0].existing == "enrol"


def test_what_waits_for_the_stage_is_not_woken_by_an_enrolment(here: Company) -> None:
    (one,) = here.quoted(1)
    here.work()
    waits = rule(
        key="waits",
        on=deal_created(in_=Sales.quoted),
        do=[wait_until("again", entered(Sales.quoted), timeout=days(1)), CALL],
    )
    here.release(waits)
    here.work()
    assert here.states() == {"waits": {"waiting": 1}}
    here.release(waits, rule())
    here.work()
    assert here.states() == {"chase": {"done": 1}, "waits": {"waiting": 1}}
    assert here.tasks() == [one.title]


def _going(world: Company) -> Sequence[Enrolment]:
    world.journal.begin_enrolment("acme", "chase", "live")
    (counted,) = world.journal.enrolments("acme")
    world.journal.counted(counted, 1)
    return world.journal.enrolments("acme")


def test_a_rehearsal_takes_the_deal_as_it_stands(here: Company) -> None:
    made = account(rule(when=[deal.amount > 50]))
    chase, (standing,) = made.automations[0], here.quoted(1)
    told = rehearse(made, chase, enrolled(chase, standing), standing, here.clock.now())
    assert (told.answers, told.state, len(told.requests)) == (True, "done", 1)
    inquiry = here.new_deal()
    told = rehearse(made, chase, enrolled(chase, inquiry), inquiry, here.clock.now())
    assert (told.answers, told.state, told.reason) == (False, "skipped", "it stands elsewhere by now")
    with pytest.raises(InputError, match="other enrols no deals"):
        enrolled(account(NOTHING).automations[0], standing)


def test_a_crm_that_does_not_list_its_deals_leaves_it_out_with_the_reason() -> None:
    served, left = carried(account(rule(), NOTHING), actions={"set_task"})
    assert [each.key for each in served.automations] == ["other"]
    assert [str(each) for each in left] == [
        'chase: the CRM does not list its deals, and existing="enrol" begins with those that stand there'
    ]
    assert carried(account(rule()), actions={"set_task", LISTS_DEALS})[1] == ()
    assert not issubclass(Kommo, ListsDeals)


@pytest.mark.parametrize(
    ("deals", "says"),
    [
        (1, "1 deal stands in the stages of chase already: it begins with it, once"),
        (2, "2 deals stand in the stages of chase already: it begins with them, once each"),
    ],
)
def test_one_deal_is_not_told_as_many(deals: int, says: str) -> None:
    """It was: 1 deals stand."""
    assert str(Beforehand(automation="chase", space="live", deals=deals)) == says
