"""What a request asks for, on one line of a history."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from dealwright.cli.timeline import asked, timeline
from dealwright.clock import PlayedClock
from dealwright.engine.trace import TraceLine
from dealwright.journal.history import EffectLine, EventStory, ExecutionStory, TurnLine
from dealwright.journal.store import Journal
from dealwright.model.crm import Deal, Money, User
from dealwright.model.custom import Custom, held
from dealwright.model.events import DealCreated
from dealwright.model.requests import (
    ContactChanges,
    CreateDeal,
    CreateRecord,
    DealChanges,
    MoveBack,
    MoveDeal,
    RemoveRecord,
    Request,
    Sent,
    UpdateCompany,
    UpdateContact,
    UpdateDeal,
    UpdateRecord,
)
from dealwright.ports import FeedItem

OWN = (
    Custom("deposit", held(Money(Decimal("450.00"), "EUR"))),
    Custom("due_on", held(date(2026, 12, 1))),
    Custom("paid", held(True)),
    Custom("hygienist", held(User(id="7", name="Ana Vogel"))),
    Custom("extras", held(("x-ray", "whitening"))),
    Custom("note", None),
)
SAID = "deposit = 450.00 EUR, due_on = 1 Dec 2026, paid = yes, hygienist = Ana Vogel, extras = x-ray, whitening"
NOTHING = "note = nothing"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (UpdateDeal(deal_id="1", changes=DealChanges(custom=OWN[:5])), SAID),
        (UpdateDeal(deal_id="1", changes=DealChanges(custom=OWN[5:])), NOTHING),
        (
            UpdateDeal(
                deal_id="1", changes=DealChanges(amount=Money(Decimal(5), "EUR"), tags=("a", "b"), company=None)
            ),
            "amount = 5 EUR, company = nothing, tags = a, b",
        ),
        (UpdateContact(contact_id="1", deal_id="1", changes=ContactChanges(phone="1")), "phone = 1"),
        (UpdateCompany(deal_id="1", custom=OWN[:1]), "deposit = 450.00 EUR"),
        (
            CreateRecord(deal_id="1", record="instalment", custom=OWN[1:3]),
            "instalment: due_on = 1 Dec 2026, paid = yes",
        ),
        (CreateRecord(deal_id="1", record="instalment"), "instalment"),
        (UpdateRecord(deal_id="1", record_id="2", custom=OWN[5:]), NOTHING),
        (RemoveRecord(deal_id="1", record_id="2"), "record 2"),
    ],
)
def test_what_is_written_stands_there_as_people_read_it(request_: Request, words: str) -> None:
    """A company's own fields were told as the values that the program holds: `Custom(key=..., value=MoneyHeld(...`."""
    assert asked(request_, ZoneInfo("UTC"))[:99] == words[:99]


def story(request_: Request, receipt: dict[str, str | bool | int | None], *traces: TraceLine) -> str:
    effect = EffectLine(
        key="k", step="s", kind=request_.kind, state="sent", reason="", attempts=1, planned_at=NOON, sent_at=NOON,
        request=request_, receipt=Sent(receipt=receipt),
    )  # fmt: skip
    turns = tuple(TurnLine(n=n, at=NOON + timedelta(hours=n), trace=(line,)) for n, line in enumerate(traces, start=1))
    execution = ExecutionStory(
        id="x", automation="rule", event_id=1, state="done", reason="", late=False, changes=(), turns=turns,
        effects=(effect,),
    )  # fmt: skip
    event = EventStory(id=1, kind="deal_created", occurred_at=NOON, cause=None, executions=(execution,))
    console = Console(width=160, no_color=True)
    with console.capture() as capture:
        console.print(timeline("deal 1", [event], zone=ZoneInfo("UTC")))
    return capture.get()


MOVE = MoveDeal(deal_id="1", pipeline="sales", stage="quoted")


@pytest.mark.parametrize(
    ("request_", "receipt", "said"),
    [
        (
            CreateDeal(pipeline="sales", stage="incoming", title="Next"),
            {"deal_id": None, "open_deal": "12"},
            "not created: deal 12 is open",
        ),
        (CreateDeal(pipeline="sales", stage="incoming", title="Next"), {"deal_id": "5"}, "in sales.incoming  sent"),
        (
            MOVE,
            {"moved": False, "from_stage": "quoted", "to_stage": "quoted"},
            "not moved: it stood in sales.quoted already",
        ),
        (
            MOVE,
            {"moved": False, "from_stage": "won", "to_stage": "won"},
            "not moved: it stood in sales.won, and goes forward only",
        ),
        (MOVE, {"moved": True, "from_stage": "incoming", "to_stage": "quoted"}, "to sales.quoted  sent"),
        (MOVE, {}, "to sales.quoted  sent"),
        (
            MoveBack(deal_id="1", leaves_pipeline="sales", leaves_stage="won", pipeline="sales", stage="quoted"),
            {"moved": False},
            "not moved: it stood in sales.won no more",
        ),
    ],
)
def test_history_says_what_came_of_it_and_not_only_that_it_was_sent(
    request_: Request, receipt: dict[str, str | bool | int | None], said: str
) -> None:
    told = story(request_, receipt)
    assert said in told
    assert ("  sent" in told) is said.endswith("sent")


def test_history_tells_a_wait_once_though_it_was_looked_at_often() -> None:
    """Whatever happened to the deal that did not end the wait was told as the same wait again."""
    waiting = TraceLine(at="answer", what="wait until", result="waiting", values={"until": "Mon 02 Mar 2026 18:00"})
    over = TraceLine(at="answer", what="wait until", result="timed out")
    told = story(MOVE, {}, waiting, waiting, waiting, over)
    assert told.count("until = Mon 02 Mar 2026 18:00") == 1
    assert told.count("goes on") == 1
    assert "timed out" in told


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (DealChanges(owner="7"), "owner = Ana Vogel (7)"),
        (DealChanges(owner="8"), "owner = 8"),
        (DealChanges(owner="Ana Vogel"), "owner = Ana Vogel"),
        (DealChanges(owner=None), "owner = nothing"),
        (DealChanges(custom=(Custom("hygienist", held(User(id="7", name=""))),)), "hygienist = Ana Vogel (7)"),
        (DealChanges(custom=(Custom("hygienist", held(User(id="8", name=""))),)), "hygienist = 8"),
    ],
)
def test_an_owner_by_id_is_told_by_name_if_the_journal_knows_them(changes: DealChanges, said: str) -> None:
    assert asked(UpdateDeal(deal_id="1", changes=changes), ZoneInfo("UTC"), {"7": "Ana Vogel"}) == said


@pytest.mark.parametrize(("routed", "said"), [(True, "set nothing off"), (False, "no engine has come to it yet")])
def test_an_event_without_executions_says_whether_it_waits_or_set_nothing_off(routed: bool, said: str) -> None:
    event = EventStory(id=1, kind="deal_created", occurred_at=NOON, cause=None, executions=(), routed=routed)
    console = Console(width=160, no_color=True)
    with console.capture() as capture:
        console.print(timeline("deal 1", [event], zone=ZoneInfo("UTC")))
    assert f"deal_created  {said}" in capture.get()


def test_the_journal_knows_which_events_no_engine_has_come_to(tmp_path: Path) -> None:
    with closing(Journal(f"sqlite:///{tmp_path / 'journal.db'}", PlayedClock(NOON))) as journal:
        journal.start()
        times = {"created_at": NOON, "updated_at": NOON, "stage_since": NOON}
        deal = Deal(id="1", title="T", pipeline="sales", stage="new", version=1, **times)
        event = DealCreated(source_id="e1", occurred_at=NOON, actor="user:ana", after=deal)
        journal.append("acme", "crm", [FeedItem(event=event, raw=b"{}")])
        assert [each.routed for each in journal.timeline("acme", "deal:1")] == [False]
