"""Advance is pure: the same state and facts always give the same next thing, whatever was decided stays decided."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from engine_world import MONDAY, Sales, account, created, deal, some_deal

from dealwright import (
    Automation,
    branch,
    case,
    create_deal,
    days,
    deal_created,
    every_event,
    move_deal,
    send_event,
    set_task,
    stop,
    update_deal,
    wait,
    working_minutes,
)
from dealwright.engine.advance import Act, Decision, End, Wait, advance
from dealwright.engine.facts import Facts
from dealwright.engine.records import Progress, StepOutcome, Written
from dealwright.model.crm import Contact, Money, User
from dealwright.model.requests import CreateDeal, MoveDeal, SendEvent, SetTask, UpdateDeal


def step(
    *steps: object,
    progress: Progress | None = None,
    now: datetime = MONDAY,
    recheck: bool = False,
    when: object = (),
    **changes: object,
) -> Decision:
    """Advance an automation of these steps once, on a deal with these fields."""
    company = account(
        Automation(key="one", why="", on=deal_created(), when=list(when), again=every_event(), do=list(steps))  # type: ignore[call-overload,arg-type]
    )
    facts = Facts(deal=some_deal(**changes), event=created(**changes), as_of=now, since_turn=1)
    return advance(company, company.automations[0], progress or Progress(), facts, now, recheck=recheck)


def act(decision: Decision) -> object:
    """Return the request that a decision asks for."""
    assert isinstance(decision.next, Act), decision
    return decision.next.intent.request


def sent(**receipt: object) -> StepOutcome:
    return StepOutcome(status="sent", turn=1, receipt=receipt)  # type: ignore[arg-type]


CALL = set_task("call", text="Call {{ deal.main_contact.name or 'them' }}", due=working_minutes(15))


def test_a_text_is_filled_in_and_the_due_time_is_working_time() -> None:
    friday_evening = datetime(2026, 3, 6, 23, 0, tzinfo=MONDAY.tzinfo)  # 18:00 in New York
    request = act(step(CALL, now=friday_evening, contacts=(Contact(id="1", name="Maria"),)))
    assert isinstance(request, SetTask)
    assert request.text == "Call Maria"
    assert request.due_at.isoformat() == "2026-03-09T13:15:00+00:00"  # Monday 09:15, daylight saving time began


def test_a_value_with_template_syntax_in_it_is_never_rendered_again() -> None:
    request = act(step(set_task("t", text="{{ deal.title }}", due=days(1)), title="{{ deal.id }} {% raw %}"))
    assert isinstance(request, SetTask)
    assert request.text == "{{ deal.id }} {% raw %}"


def test_conditions_that_are_false_skip_and_unknown_ones_say_so() -> None:
    assert step(CALL, when=[deal.amount > 10]).next == End(state="skipped", reason="conditions: unset")
    assert step(CALL, when=[deal.amount > 10], amount=Money(Decimal(1), "USD")).next == End(
        state="skipped", reason="conditions"
    )


def test_what_comes_back_checks_its_conditions_again_and_nothing_else_does() -> None:
    late = Progress(passed=True)
    assert isinstance(step(CALL, progress=late, when=[deal.amount > 10]).next, Act)
    assert step(CALL, progress=late, when=[deal.amount > 10], recheck=True).next == End(
        state="skipped", reason="conditions no longer hold: unset"
    )


def test_a_wait_is_taken_once_and_passed_when_it_is_over() -> None:
    first = step(wait("pause", days(2)), CALL)
    assert first.next == Wait(step="pause", until=MONDAY + timedelta(days=2))
    early = step(wait("pause", days(2)), CALL, progress=first.progress, now=MONDAY + timedelta(days=1))
    assert early.next == first.next
    over = step(wait("pause", days(2)), CALL, progress=first.progress, now=MONDAY + timedelta(days=2))
    assert isinstance(over.next, Act)


SIZE = branch(
    "size",
    case(deal.amount > 1000, set_task("big", text="big", due=days(1))),
    case(deal.amount > 10, set_task("small", text="small", due=days(1)), stop()),
    otherwise=[set_task("tiny", text="tiny", due=days(1))],
)
WITH_UNSET = branch(
    "size",
    case(deal.amount > 1000, set_task("big", text="big", due=days(1))),
    otherwise=[set_task("tiny", text="tiny", due=days(1))],
    unset=[set_task("ask", text="ask", due=days(1))],
)


@pytest.mark.parametrize(("amount", "wanted"), [(5000, "big"), (50, "small"), (5, "tiny")])
def test_the_first_true_case_is_taken(amount: int, wanted: str) -> None:
    request = act(step(SIZE, amount=Money(Decimal(amount), "USD")))
    assert isinstance(request, SetTask)
    assert request.text == wanted


def test_otherwise_means_false_and_never_unknown() -> None:
    passed = step(SIZE, set_task("after", text="after", due=days(1)))
    assert passed.progress.branches == {"size": "passed"}
    assert isinstance(act(passed), SetTask)
    assert act(passed).text == "after"  # type: ignore[attr-defined]
    assert act(step(WITH_UNSET)).text == "ask"  # type: ignore[attr-defined]


def test_a_branch_once_taken_stays_taken_when_the_facts_change() -> None:
    progress = Progress(passed=True, branches={"size": "case 1"})
    assert act(step(SIZE, progress=progress, amount=Money(Decimal(5), "USD"))).text == "big"  # type: ignore[attr-defined]


def test_stop_ends_here() -> None:
    progress = Progress(passed=True, branches={"size": "case 2"}, outcomes={"small": sent(task_id="1")})
    decision = step(SIZE, CALL, progress=progress)
    assert isinstance(decision.next, End)
    assert decision.next.state == "done"


def test_later_steps_read_the_receipts_of_earlier_ones() -> None:
    made = create_deal("next", in_=Sales.quoted, title="Again: {{ deal.title }}")
    tell = set_task("tell", text="Deal {{ steps.next.deal_id }} was made", due=days(1))
    note = update_deal("note", reference=made.deal_id)
    first = step(made, tell, note)
    assert isinstance(act(first), CreateDeal)
    progress = Progress(passed=True, outcomes={"next": sent(deal_id="77")})
    assert act(step(made, tell, note, progress=progress)).text == "Deal 77 was made"  # type: ignore[attr-defined]
    progress = Progress(passed=True, outcomes={"next": sent(deal_id="77"), "tell": sent()})
    request = act(step(made, tell, note, progress=progress))
    assert isinstance(request, UpdateDeal)
    assert request.changes.given() == {"reference": "77"}


def test_a_branch_on_the_receipt_of_a_dropped_step_takes_unset() -> None:
    """In shadow nothing is sent, so there is no receipt to decide on."""
    move = move_deal("move", to=Sales.quoted)
    way = branch(
        "moved",
        case(move.moved.is_true(), set_task("yes", text="yes", due=days(1))),
        otherwise=[set_task("no", text="no", due=days(1))],
        unset=[set_task("who-knows", text="unset", due=days(1))],
    )
    progress = Progress(passed=True, outcomes={"move": StepOutcome(status="dropped", turn=1)})
    assert act(step(move, way, progress=progress)).text == "unset"  # type: ignore[attr-defined]


def test_what_our_own_step_wrote_is_seen_by_the_next_step_without_reading_again() -> None:
    move = move_deal("move", to=Sales.quoted)
    way = branch(
        "where",
        case(deal.stage == Sales.quoted, set_task("yes", text="yes", due=days(1))),
        otherwise=[set_task("no", text="no", due=days(1))],
    )
    wrote = msgspec.structs.replace(sent(moved=True), wrote=Written(pipeline="sales", stage="quoted"))
    assert act(step(move, way, progress=Progress(passed=True, outcomes={"move": wrote}))).text == "yes"  # type: ignore[attr-defined]


def test_moves_go_forward_only_unless_told_otherwise() -> None:
    assert act(step(move_deal("m", to=Sales.quoted))) == MoveDeal(
        deal_id="1", pipeline="sales", stage="quoted", only_forward=True
    )
    back = act(step(move_deal("m", to=Sales.quoted, only_forward=False)))
    assert isinstance(back, MoveDeal)
    assert not back.only_forward


def test_an_event_carries_the_deal_and_what_the_step_adds() -> None:
    request = act(
        step(
            send_event("deal-won", to="erp", with_={"who": deal.main_contact.name, "worth": deal.amount}),
            amount=Money(Decimal("1234.50"), "USD"),
            contacts=(Contact(id="1", name="Maria"),),
        )
    )
    assert isinstance(request, SendEvent)
    assert (request.to, request.name) == ("erp", "deal-won")
    assert request.body["amount"] == "1234.50"
    assert request.body["who"] == "Maria"
    assert request.body["worth"] == "1234.50"


def test_advance_gives_the_same_answer_twice() -> None:
    steps = (SIZE, wait("pause", days(1)), CALL)
    amount = Money(Decimal(5), "USD")
    assert step(*steps, amount=amount) == step(*steps, amount=amount)


def test_a_new_deal_gets_what_is_copied_and_what_is_unset_stays_unset() -> None:
    fields = [deal.owner, deal.amount, deal.close_date, deal.tags]
    copied = create_deal("next", in_=Sales.quoted, title=deal.title, copy=fields)
    full = {"amount": Money(Decimal(7), "EUR"), "tags": ("vip", "fair"), "owner": User(id="7", name="Ana", email=None)}
    request = act(step(copied, **full))
    assert isinstance(request, CreateDeal)
    assert (request.title, request.owner, request.close_date) == ("Forty chairs", "7", None)
    assert (request.amount, request.tags) == (full["amount"], full["tags"])
    assert act(step(create_deal("next", in_=Sales.quoted, title="Next"), **full)) == CreateDeal(
        pipeline="sales", stage="quoted", title="Next"
    )
