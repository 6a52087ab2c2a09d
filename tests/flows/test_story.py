"""The demo's script and its summary, without playing it."""

from __future__ import annotations

import io
from collections import Counter
from datetime import timedelta

import phonenumbers
from rich.console import Console

from dealwright.engine.trace import TraceLine
from dealwright.journal.history import EffectLine, EventStory, ExecutionStory, TurnLine
from dealwright.model.crm import Deal
from dealwright.model.requests import SetTask
from dealwright_embedded_crm import StageCount
from dealwright_flows import story, summary
from dealwright_flows.summary import CrmFigures, Figures, Told
from tests.flows.fakes import EPOCH

HOSTILE = "[red]x[/red] \x1b[31mred\x1b[0m <b>bold</b> **md** {{ 7*7 }} =SUM(A1)\r\nSubject: spam"


def test_the_story_is_the_same_every_time_it_is_told() -> None:
    assert story.tell() == story.tell()


def test_the_story_is_a_working_fortnight_with_more_than_two_hundred_deals_and_every_kind_of_act() -> None:
    told = story.tell()
    kinds = Counter(type(act).__name__ for moment in told.moments for act in moment.acts)
    assert kinds["Create"] >= 200
    assert set(kinds) == {
        "Create", "Link", "Unlink", "Move", "Amount", "Call", "Complete", "HandOver", "Correct", "Pay", "PayHalf",
        "Answer", "Renew", "Discount", "Decide",
    }  # fmt: skip
    moves = Counter(act.stage for moment in told.moments for act in moment.acts if isinstance(act, story.Move))
    assert min(moves[stage] for stage in ("qualified", "quoted", "paid", "won", "lost")) >= 10
    assert told.ends - told.moments[0].at >= timedelta(days=11)
    assert all(moment.at.astimezone(story.ZONE).weekday() < 6 for moment in told.moments)


def test_nobody_touches_a_deal_before_it_is_created_and_time_never_goes_back() -> None:
    told = story.tell()
    times = [moment.at for moment in told.moments]
    assert times == sorted(set(times))
    known: set[int] = set()
    for moment in told.moments:
        for act in moment.acts:
            if isinstance(act, story.Create):
                known.add(act.deal)
            elif not isinstance(act, story.Renew | story.Decide):
                assert act.deal in known


def test_some_people_stand_in_several_contacts_spelled_differently() -> None:
    spelled: dict[str, set[str]] = {}
    for person in story.tell().people:
        if person.phone:
            number = phonenumbers.parse(person.phone, "US")
            normal = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            spelled.setdefault(normal, set()).add(person.phone)
    assert sum(len(spellings) > 1 for spellings in spelled.values()) >= 10


def test_a_hostile_title_stays_inert_in_the_summary() -> None:
    deal = Deal(
        id="1",
        title=HOSTILE,
        pipeline="p",
        stage="s",
        created_at=EPOCH,
        updated_at=EPOCH,
        stage_since=EPOCH,
        version=1,
    )
    effect = EffectLine(
        key="k",
        step="call",
        kind="set_task",
        state="sent",
        reason="",
        attempts=1,
        planned_at=EPOCH,
        sent_at=EPOCH,
        request=SetTask(deal_id="1", text=HOSTILE, due_at=EPOCH),
        receipt=None,
    )
    trace = TraceLine(at="when", what=HOSTILE, result="true", values={"deal.title": HOSTILE})
    execution = ExecutionStory(
        id="e",
        automation="greet",
        event_id=1,
        state="done",
        reason=HOSTILE,
        late=False,
        changes=(),
        turns=(TurnLine(n=1, at=EPOCH, trace=(trace,)),),
        effects=(effect,),
    )
    event = EventStory(id=1, kind="deal_created", occurred_at=EPOCH, cause=None, executions=(execution,))
    told = Told(
        company=HOSTILE,
        zone=story.ZONE,
        began=EPOCH,
        ended=EPOCH,
        stages=[StageCount(pipeline=HOSTILE, stage="s", name=HOSTILE, kind="open", deals=1)],
        hero=deal,
        timeline=[event],
        wrong=[],
        unrecorded=1,
    )
    figures = Figures(
        crm=CrmFigures(name="kommo", says={"tasks": 3, "moved leads": 2}),
        left_out={"invoice-sent": HOSTILE},
        deals={"p": {"s": 1}},
        events={"deal_created": 1},
        executions={HOSTILE: {"done": 1}},
        effects={"set_task": {"sent": 1}},
        mails={"sent": 1, "arrived": 0},
        conversions={"sent": 2, "counted": 1},
        flow_runs=1,
        task_runs=1,
        seconds=1.0,
        data_dir="/data",
    )
    printed = io.StringIO()
    summary.show(Console(file=printed, width=400, force_terminal=False, highlight=False), figures, told)
    said = printed.getvalue()
    assert "\x1b" not in said
    assert "\r" not in said
    assert "\nSubject: spam" not in said
    assert "2 conversions are sent, says the journal; the log of the local server of Meta counts 1" in said
    assert "1 e-mails are sent, says the journal; the local mail server's own log has 0" in said
    assert "kommo's own list of events has, by automations: 3 tasks, 2 moved leads." in said
    assert "Not run with kommo" in said
    assert said.count("[red]x[/red]") == 10, "one for each place: company, stage twice, automation, title, trace, ..."
