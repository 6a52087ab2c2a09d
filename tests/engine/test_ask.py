"""ask(): a person decides; the execution waits, holds nobody up, and goes the way of the first answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
from databases import postgresql
from engine_world import MONDAY, Sales, World, account, created, deal
from sqlalchemy import text

from dealwright import (
    Automation,
    Role,
    add_note,
    add_tags,
    ask,
    branch,
    case,
    deal_created,
    every_event,
    outcome,
    set_task,
    stage_changed,
    stop,
    working_hours,
)
from dealwright.engine.advance import Act, End, Wait, advance
from dealwright.engine.facts import Facts
from dealwright.engine.records import Progress, Question
from dealwright.errors import JournalError
from dealwright.journal.deciders import InTheirHands
from dealwright.journal.questions import Asking
from dealwright.journal.store import Journal
from dealwright.model.delivery import AtMostOnce, Delivery
from dealwright.model.requests import Call, Notify, Outcome, Refused, Request, Respondent, Sent, TryAgain

HEAD = ask(
    "head",
    who=deal.owner,
    question="May {{ deal.title }} go?",
    yes=[add_note("ok", text="{{ answer.by }} agreed: {{ answer.note or 'nothing' }}")],
    no=[add_tags("no", "refused"), stop()],
    within=working_hours(4),
    late=[set_task("late", text="Decide about {{ deal.title }}", due=working_hours(1))],
)
DECIDE = Automation(
    key="decide",
    on=deal_created(in_=Sales),
    again=every_event(),
    exit_on=stage_changed(to=Sales.lost),
    do=[HEAD, branch("told", case(outcome("head") == "yes", add_tags("yes", "agreed")))],
)
OTHER = Automation(
    key="other", on=deal_created(in_=Sales), again=every_event(), do=[add_tags("at-once", "seen")]
)  # fmt: skip


class Letters:
    """Carries out `notify`, or fails as it is told to."""

    name, at_once, call_timeout = "letters", 20, 1.0

    def __init__(self, *outcomes: Outcome) -> None:
        self.sent: list[Notify] = []
        self.calls: list[int] = []
        self._outcomes = list(outcomes)

    def actions(self) -> frozenset[str]:
        return frozenset({"notify"})

    def destinations(self) -> frozenset[str]:
        return frozenset()

    def delivery(self, request: Request) -> Delivery:
        return AtMostOnce()

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        told: list[Outcome] = []
        self.calls.append(len(calls))
        for call in calls:
            assert isinstance(call.request, Notify)
            outcome = self._outcomes.pop(0) if self._outcomes else Sent(receipt={"message_id": "1"})
            if isinstance(outcome, Sent):
                self.sent.append(call.request)
            told.append(outcome)
        return told

    async def look(self, calls: Sequence[Call]) -> Sequence[bool]:
        return [False] * len(calls)

    async def aclose(self) -> None:
        return


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with postgresql("ask") if request.param == "postgresql" else nullcontext(None) as url:
        made = World(tmp_path, account(DECIDE, OTHER), Letters(), journal_url=url)
        yield made
        made.close()


def asked(world: World) -> Asking:
    (only,) = world.journal.list_questions("acme", 10, only_open=False)
    return only


def answer(world: World, choice: str, note: str = "", by: str = "Ana Vogel", journal: Journal | None = None) -> None:
    (journal or world.journal).answer("acme", asked(world).id, choice, by=by, note=note, actor="user:ana")


def owned(world: World) -> str:
    """Create a deal that Ana owns; return its id."""
    return world.crm.create_deal(pipeline="sales", stage="quoted", title="Forty chairs", owner="Ana Vogel").id


def tags(world: World, deal_id: str) -> set[str]:
    return set(world.crm.deal(deal_id).tags)


def test_the_question_waits_and_holds_nobody_up(world: World) -> None:
    id_ = owned(world)
    world.work()
    assert world.states() == {"decide": {"waiting": 1}, "other": {"done": 1}}
    found = asked(world)
    assert (found.state, found.asked.question, found.asked.who[0].name) == ("open", "May Forty chairs go?", "Ana Vogel")
    assert found.until == MONDAY + timedelta(hours=4)
    assert world.journal.unanswered("acme").count == 1
    assert tags(world, id_) == {"seen"}


def test_what_only_one_was_asked_who_has_left_is_asked_others(world: World) -> None:
    owned(world)
    world.work()
    (leaver,) = asked(world).asked.who
    world.journal.offboard("acme", leaver.id, actor="user:test")
    id_ = asked(world).id
    assert world.journal.asked_of("acme", leaver.id) == InTheirHands(alone=(id_,), shared=0)
    assert world.journal.deciding("acme", asked(world)).left == (leaver,)
    to = [Respondent(id="7", name="Bo")]
    assert world.journal.hand_questions_over("acme", leaver.id, to, role=None, actor="user:test") == [id_]
    assert world.journal.asked_of("acme", leaver.id) == InTheirHands(alone=(), shared=0)
    assert [each.name for each in world.journal.deciding("acme", asked(world)).may] == ["Bo"]


def of_head(world: World, count: int) -> list[str]:
    """Create deals that somebody with an address owns; return their ids."""
    world.crm.add_user("Head", email="head@example.com")
    return [
        world.crm.create_deal(pipeline="sales", stage="quoted", title=f"Chairs {n}", owner="Head").id
        for n in range(count)
    ]


def test_the_e_mails_about_many_questions_leave_in_as_few_calls_as_the_mail_takes(tmp_path: Path) -> None:
    letters = Letters()
    letters.at_once = 4
    made = World(tmp_path, account(DECIDE), letters)
    deals = of_head(made, 9)
    made.work()
    assert made.journal.unanswered("acme").count == 9
    assert letters.calls == [4, 4, 1]
    assert sorted(letter.deal_id for letter in letters.sent) == sorted(deals)
    made.close()


def test_a_letter_that_is_to_be_tried_again_costs_the_others_of_its_call_nothing(tmp_path: Path) -> None:
    sent, later, refused = (
        Sent(receipt={"message_id": "1"}),
        TryAgain(reason="full", after=0.0),
        Refused(code="no", message="no such address"),
    )
    letters = Letters(sent, later, refused)
    made = World(tmp_path, account(DECIDE), letters)
    deals = of_head(made, 4)
    made.work()
    assert letters.calls == [4, 1]
    assert sorted(letter.deal_id for letter in letters.sent) == sorted({deals[0], deals[1], deals[3]})
    assert made.states() == {"decide": {"waiting": 4}}
    made.close()


def test_yes_goes_its_way_and_what_follows_knows_who_and_why(world: World) -> None:
    id_ = owned(world)
    world.work()
    answer(world, "yes", "last time")
    world.work()
    assert world.states()["decide"] == {"done": 1}
    assert [note.text for note in world.crm.notes(id_)] == ["Ana Vogel agreed: last time"]
    assert tags(world, id_) == {"seen", "agreed"}
    story = world.journal.timeline("acme", f"deal:{id_}")
    lines = [line for event in story for each in event.executions for turn in each.turns for line in turn.trace]
    assert [(line.result, line.values) for line in lines if line.at == "head" and line.result == "yes"] == [
        ("yes", {"answer.by": "Ana Vogel"})
    ]


def test_no_goes_its_own_way(world: World) -> None:
    id_ = owned(world)
    world.work()
    answer(world, "no")
    world.work()
    assert tags(world, id_) == {"seen", "refused"}
    assert world.reasons()[0] == "stopped at head-stop"


def test_when_the_time_is_over_it_goes_on_and_takes_no_answer(world: World) -> None:
    id_ = owned(world)
    world.work()
    world.clock.move(timedelta(hours=4))
    with pytest.raises(JournalError, match="its time was over at 2026-03-02 18:00 UTC"):
        answer(world, "yes")
    world.work()
    assert [task.text for task in world.crm.tasks(deal_id=id_)] == ["Decide about Forty chairs"]
    assert (world.states()["decide"], asked(world).state) == ({"done": 1}, "timed_out")
    assert tags(world, id_) == {"seen"}
    with pytest.raises(JournalError, match="takes no answer any more"):
        answer(world, "yes")


def test_the_first_answer_counts_of_two_processes(world: World) -> None:
    owned(world)
    world.work()
    second = world.open_journal()
    refused: list[str] = []
    barrier = threading.Barrier(2)

    def decide(journal: Journal, choice: str) -> None:
        barrier.wait()
        try:
            answer(world, choice, journal=journal)
        except JournalError as error:
            refused.append(str(error))

    both = [
        threading.Thread(target=decide, args=each) for each in ((world.journal, "yes"), (second, "no"))
    ]  # fmt: skip
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    second.close()
    (said,) = refused
    assert "the first answer counts" in said
    assert asked(world).choice in ("yes", "no")


@pytest.mark.parametrize("choice", ["maybe", "YES", ""])
def test_what_is_no_answer_is_refused_in_words(world: World, choice: str) -> None:
    owned(world)
    world.work()
    with pytest.raises(JournalError, match="takes 'yes', 'no'"):
        answer(world, choice)
    assert asked(world).state == "open"


def test_what_ends_the_execution_withdraws_the_question(world: World) -> None:
    id_ = owned(world)
    world.work()
    world.crm.move_deal(id_, pipeline="sales", stage="lost", lost_reason="Price")
    world.work()
    assert (world.states()["decide"], asked(world).state) == ({"done": 1}, "withdrawn")
    assert world.journal.unanswered("acme").count == 0
    with pytest.raises(JournalError, match=r"its execution has ended \(exit: a deal moves"):
        answer(world, "yes")


def test_stop_asks_nobody_and_shadow_never_does(world: World) -> None:
    world.journal.stop("acme", "decide", actor="user:ana")
    owned(world)
    world.work()
    assert (world.states()["decide"], world.journal.list_questions("acme", 10)) == ({"held": 1}, [])
    world.journal.resume("acme", "decide", "run", actor="user:ana")
    world.journal.set_mode("acme", "decide", "shadow", actor="user:ana")
    world.work()
    assert (world.states()["decide"], world.journal.list_questions("acme", 10)) == ({"done": 1}, [])


def test_in_mode_approve_the_question_is_asked_and_what_follows_is_held(world: World) -> None:
    world.journal.set_mode("acme", "decide", "approve", actor="user:ana")
    owned(world)
    world.work()
    assert world.states()["decide"] == {"waiting": 1}
    answer(world, "yes")
    world.work()
    assert world.states()["decide"] == {"held": 1}


def test_a_worker_that_lost_its_lease_does_not_untell_what_another_has_settled(world: World) -> None:
    id_ = owned(world)
    world.work()
    world.journal.untell([asked(world).id])
    world.crm.move_deal(id_, "sales", "agreed")  # wakes it, and does not end it
    world.work()
    assert world.states()["decide"] == {"waiting": 1}
    attempts = world.journal.database.rows(text("select attempts from dw_effects where kind = 'ask'"))
    assert [row["attempts"] for row in attempts] == [1]


@pytest.mark.slow
def test_who_is_asked_is_told_by_e_mail_without_a_link_that_answers(tmp_path: Path) -> None:
    letters = Letters(TryAgain(reason="away", after=0.01))
    world = World(tmp_path, account(DECIDE), letters)
    world.crm.add_user("Head O'Sales", email="head@example.com")
    world.crm.create_deal(pipeline="sales", stage="quoted", title="Forty  chairs", owner="Head O'Sales")
    world.work()
    found = asked(world)
    (letter,) = letters.sent
    assert (letter.to, letter.subject) == ("head@example.com", "Please decide: May Forty chairs go?")
    assert f"dealwright asks answer {found.id} yes --by head@example.com --account acme" in letter.text
    assert "Monday 02 March 2026 13:00 (America/New_York)" in letter.text
    assert "http" not in letter.text
    world.close()


@pytest.mark.slow
def test_a_mail_server_that_refuses_does_not_undo_the_question(tmp_path: Path) -> None:
    world = World(tmp_path, account(DECIDE), Letters(*[TryAgain(reason="away", after=0.0)] * 9))
    world.crm.add_user("Head", email="head@example.com")
    world.crm.create_deal(pipeline="sales", stage="quoted", title="Chairs", owner="Head")
    world.work()
    assert world.states() == {"decide": {"waiting": 1}}
    assert asked(world).state == "open"
    rows = world.journal.database.rows(text("select attempts from dw_effects where kind = 'ask'"))
    assert [row["attempts"] for row in rows] == [4]
    world.close()


CLOSERS = Automation(
    key="closers",
    on=deal_created(in_=Sales),
    again=every_event(),
    do=[
        ask("go", who=Role("closers"), question="Go?", yes=[], no=[], within=working_hours(1), late=[stop()]),
        ask("one", who=Role("closers").round_robin(), question="You?", yes=[], no=[], within=working_hours(1)),
    ],
)


def test_anybody_of_a_role_may_answer_and_one_of_it_may_be_picked(tmp_path: Path) -> None:
    world = World(tmp_path, account(CLOSERS))
    staff = [world.crm.add_user(name) for name in ("Bo", "Cy")]
    owned(world)
    world.work()
    assert world.states() == {"closers": {"held": 1}}, "nobody stands behind the role"
    world.journal.set_role("acme", "closers", staff, actor="user:test")
    world.work()
    assert [person.name for person in asked(world).asked.who] == ["Bo", "Cy"]
    newcomer = world.crm.add_user("Di")
    world.journal.set_role("acme", "closers", [*staff, newcomer], actor="user:test")
    assert [each.name for each in world.journal.deciding("acme", asked(world)).may] == ["Bo", "Cy", "Di"]
    world.journal.set_role("acme", "closers", staff, actor="user:test")
    answer(world, "yes", by="Cy")
    world.work()
    (second,) = world.journal.list_questions("acme", 5)
    assert [person.name for person in second.asked.who] in (["Bo"], ["Cy"])
    world.close()


# --- advance alone ---------------------------------------------------------------------------------------------------


def decide(progress: Progress, **questions: Question) -> object:
    company = account(DECIDE)
    event = created()
    facts = Facts(deal=event.after, event=event, as_of=MONDAY, since_turn=1)
    return advance(company, company.automations[0], progress, facts, MONDAY, questions=questions)


def test_nobody_to_be_asked_passes_the_step() -> None:
    decision = decide(Progress())
    assert isinstance(decision.next, End)  # type: ignore[attr-defined]
    assert decision.progress.outcomes["head"].status == "dropped"  # type: ignore[attr-defined]


def test_an_open_question_rests_and_hears_of_its_end() -> None:
    decision = decide(Progress(passed=True), head=Question(state="open", until=MONDAY))
    assert decision.next == Wait(step="head", until=MONDAY, on_events=("stage_changed",), asks=True)  # type: ignore[attr-defined]


def test_an_answer_is_taken_even_if_its_time_is_long_over() -> None:
    answered = Question(state="answered", until=MONDAY - timedelta(days=3), choice="yes", by="Ana")
    decision = decide(Progress(passed=True), head=answered)
    assert isinstance(decision.next, Act)  # type: ignore[attr-defined]
    assert decision.next.intent.step == "ok"  # type: ignore[attr-defined]
