"""Rehearse: what an automation would do for one deal, every condition, every text and when, with nothing sent. Pure.

`dealwright try` shows it, and tests of definitions assert on it. It walks the same `advance` as the engine; what an
outside system would answer is imagined (everything succeeds), and time passes by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from dealwright.compile import describe, ir
from dealwright.engine.advance import Act, Choose, End, Wait, advance
from dealwright.engine.came_to import sent_outcome
from dealwright.engine.facts import Facts, overlay
from dealwright.engine.handled import handles
from dealwright.engine.predicates import Resting
from dealwright.engine.records import News, Progress, Question, Receipt, StepOutcome
from dealwright.engine.rehearse_crm import answered, dated, nothing_of
from dealwright.engine.rehearse_people import Staff, owned
from dealwright.engine.rehearse_records import with_records
from dealwright.engine.rehearse_replies import Replies
from dealwright.engine.segments import weighed
from dealwright.engine.trace import TraceLine
from dealwright.engine.unanswered import is_closed, unanswered
from dealwright.language.example_replies import Reply
from dealwright.model.calendar import Calendar
from dealwright.model.crm import Deal, User
from dealwright.model.events import Event
from dealwright.model.requests import AskPerson, Lookup, Refused, Request, Sent
from dealwright.model.values import in_zone

_NOT_ASKED: Final = "nothing is asked in a rehearsal"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One turn: when it would be, what it evaluated, and what it would ask for (nothing where it waits or ends).

    `nothing` says why nothing would come of what is asked for: the CRM refuses it, or it is so already.
    """

    at: datetime
    trace: tuple[TraceLine, ...]
    step: str = ""
    request: Request | None = None
    nothing: str = ""

    @property
    def acts(self) -> bool:
        """Whether something would be done."""
        return self.request is not None and not self.nothing


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen: whether the trigger answers the event at all, the turns, and how it would end.

    `why_not` says why the trigger does not answer.
    """

    automation: str
    event: Event
    answers: bool
    why_not: str = ""
    parts: tuple[Part, ...]
    state: str
    reason: str = ""

    @property
    def requests(self) -> tuple[Request, ...]:
        """Everything that would be asked for, in order."""
        return tuple(part.request for part in self.parts if part.request is not None)


def rehearse(
    account: ir.Account,
    automation: ir.Automation,
    event: Event,
    deal: Deal,
    now: datetime,
    *,
    met: Collection[str] = (),
    answers: Mapping[str, str] = MappingProxyType({}),
    given: Mapping[str, Receipt] = MappingProxyType({}),
    people: Mapping[str, Sequence[User]] = MappingProxyType({}),
    replies: Mapping[str, Reply] = MappingProxyType({}),
    working: Mapping[str, Calendar] = MappingProxyType({}),
    settings: Mapping[str, object] = MappingProxyType({}),
) -> Rehearsal:
    """Return what the automation would do for this event and deal, if nothing else happened to the deal meanwhile.

    What the steps of `met` wait for happens at once; what others wait for does not happen. `answers` are what people
    answer at once, by step; other questions nobody answers. `given` is what other systems give, by step, as the journal
    would keep it; others give nothing. The conditions are evaluated
    also when the trigger would not answer the event: `answers` says so. `people` stand behind the roles, by name.
    `replies` are what contacts answer while steps wait for them, by step. `working` are the calendars of people who
    have one of their own, by id and by name. `settings` are the values in force, by key (else the defaults).

    A deal that is won or lost hears nothing of its contacts, as in the CRM: no answer, and no change of theirs.
    """
    why_not = unanswered(account, automation, event, deal)
    before: tuple[TraceLine, ...] = ()
    if not why_not and automation.for_each is not None:
        why_not, before = weighed(automation.for_each, account, event, deal, now, settings)
    zone = ZoneInfo(account.calendar.zone)
    staff = Staff(people)
    answering = Replies(automation, replies)
    news: tuple[News, ...] = ()
    progress = Progress()
    parts: list[Part] = []
    facts = Facts(deal=deal, event=event, as_of=now, since_turn=1)
    questions: dict[str, Question] = {}
    of_contacts = {step.name for step in ir.waits(automation.do) if step.on and all(map(_of_a_contact, step.on))}
    turn = 0
    while True:
        turn += 1
        try:
            decision = advance(
                account,
                automation,
                progress,
                facts,
                now,
                news=news,
                questions=questions,
                working=working,
                settings=settings,
            )
        except Resting as resting:
            return _ended(automation, event, why_not, parts, "retrying", str(resting))
        news = ()
        progress = decision.progress
        trace, before = before + decision.trace, ()
        match decision.next:
            case Choose() as choose:
                picked = staff.pick(choose, facts.deal)
                before = trace
                if isinstance(picked, str):
                    return _ended(automation, event, why_not, [*parts, Part(at=now, trace=trace)], "held", picked)
                progress = msgspec.structs.replace(progress, picks={**progress.picks, choose.step: picked})
            case Act(intent=intent):
                if isinstance(intent.request, AskPerson):
                    parts.append(Part(at=now, trace=trace, step=intent.step, request=intent.request))
                    questions[intent.step] = _asked(intent.request, answers.get(intent.step))
                    continue
                current = overlay(deal, progress, facts.since_turn)
                said = answered(intent.request, current, account.pipelines, intent.step, now)
                nothing = nothing_of(intent.request, said)
                parts.append(Part(at=now, trace=trace, step=intent.step, request=intent.request, nothing=nothing))
                if isinstance(said, Refused) and not handles(automation, intent.step):
                    return _ended(automation, event, why_not, parts, "failed", f"{intent.step}: {nothing}")
                outcome = (
                    _looked_up(intent.request, given.get(intent.step), turn)
                    if isinstance(intent.request, Lookup)
                    else _outcome_of(intent.request, said, turn)
                )
                progress = msgspec.structs.replace(progress, outcomes={**progress.outcomes, intent.step: outcome})
                if isinstance(said, Sent):
                    deal = with_records(owned(deal, intent.request, progress.picks.get(intent.step)), intent.request)
                    deal = dated(deal, intent.request, said, account.pipelines, in_zone(now, zone).date())
                facts = msgspec.structs.replace(facts, deal=deal)
            case Wait(until=until, step=step):
                now_deal = overlay(deal, progress, facts.since_turn)
                deaf = is_closed(now_deal, account.pipelines)
                unheard = deaf and (step in replies or (step in met and step in of_contacts))
                parts.append(Part(at=now, trace=(*trace, _unheard(step)) if unheard else trace, step=step))
                leaves = _ended_by(automation, step) if step in met and not unheard else None
                if leaves is not None:
                    line = TraceLine(at="exit_on", what=describe.trigger(leaves), result="exit")
                    parts.append(Part(at=now, trace=(line,)))
                    return _ended(automation, event, why_not, parts, "done", f"exit: {line.what}")
                if step in met and step not in progress.outcomes and not unheard:
                    happened = StepOutcome(status="met", turn=0, receipt={"timed_out": False})
                    progress = msgspec.structs.replace(progress, outcomes={**progress.outcomes, step: happened})
                elif not deaf and (answer := answering.during(step, now, until, now_deal, progress)) is not None:
                    news, now = (answer,), answer.event.occurred_at
                else:
                    now = until
                    if step in questions:
                        questions[step] = msgspec.structs.replace(questions[step], state="timed_out")
            case End(state=state, reason=reason):
                return _ended(automation, event, why_not, [*parts, Part(at=now, trace=trace)], state, reason)


def _ended(
    automation: ir.Automation, event: Event, why_not: str, parts: Sequence[Part], state: str, reason: str
) -> Rehearsal:
    return Rehearsal(
        automation=automation.key,
        event=event,
        answers=not why_not,
        why_not=why_not,
        parts=tuple(parts),
        state=state,
        reason=reason,
    )


def _ended_by(automation: ir.Automation, step: str) -> ir.Trigger | None:
    """Return what ends the automation as soon as anything happens that the step waits for: exit_on goes first."""
    waited = next((each.on for each in ir.waits(automation.do) if each.name == step and each.until is None), ())
    return waited[0] if waited and all(each in automation.exit_on for each in waited) else None


def _of_a_contact(trigger: ir.Trigger) -> bool:
    return isinstance(trigger, ir.OnReplied | ir.OnMessageReceived | ir.OnContactUpdated)


def _unheard(step: str) -> TraceLine:
    return TraceLine(at=step, what="the deal is closed by then, and hears nothing of its contacts", result="not heard")


def _asked(request: AskPerson, choice: str | None) -> Question:
    if choice is None:
        return Question(state="open", until=request.until)
    return Question(state="answered", until=request.until, choice=choice, by=request.who[0].name)


def _looked_up(request: Lookup, given: Receipt | None, turn: int) -> StepOutcome:
    if given is None:
        return StepOutcome(status="failed", turn=turn, receipt={"error": _NOT_ASKED}, reason=_NOT_ASKED)
    return StepOutcome(status="answered", turn=turn, receipt=given, types=request.gives)


def _outcome_of(request: Request, outcome: Sent | Refused, turn: int) -> StepOutcome:
    if isinstance(outcome, Refused):
        return StepOutcome(status="failed", turn=turn, reason=f"refused ({outcome.code})")
    return sent_outcome(request, outcome, turn)
