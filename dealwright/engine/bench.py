"""The bench: what a batch has of each execution that it works, from the claim on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.compile.settings import in_force
from dealwright.engine.act import PAUSE, Connectors, effect_key
from dealwright.engine.advance import Act, Decision, End, advance
from dealwright.engine.apart import Answers
from dealwright.engine.came_to import sent_outcome
from dealwright.engine.culprit import Culprits
from dealwright.engine.facts import Facts
from dealwright.engine.limits import SharedLimiter
from dealwright.engine.predicates import Resting
from dealwright.engine.records import (
    Claimed,
    EffectRow,
    Intent,
    News,
    Progress,
    Question,
    Settlement,
    StepOutcome,
    Turn,
)
from dealwright.engine.store import Store
from dealwright.engine.working import by_person
from dealwright.model.calendar import Calendar
from dealwright.model.delivery import Delivery
from dealwright.model.events import DealEnrolled
from dealwright.model.requests import MESSAGES, READS, AskPerson, CreateDeal
from dealwright.ports import Connector, Crm

_log = logging.getLogger(__name__)

OVERLAP: Final = 4
"""Batches that a window has under way where requests are counted: while one is claimed or ends, others send."""

SMALL: Final = 100
"""Executions of such a batch: a large one's plans and settlements would hold up the others' requests for too long."""


BREATH: Final = 0.02
"""Seconds between two pieces of reading or routing where requests are counted, for those that wait to be sent."""

MESSAGES_AT_ONCE: Final = 20
"""How many messages to customers of one account this process has under way at most."""

LEASE: Final = 30.0
"""Seconds of a lease; renewed while the batch is worked."""


class Site(msgspec.Struct, frozen=True):
    """One account's connections: its CRM, and who carries out which kind of request.

    `messages` is held by the window that is sending messages to the account's customers. `limiters` hand out the
    requests of those connectors whose systems take so many and no more. `pause`: real seconds before what failed
    for the first time is tried again.
    """

    account: str
    crm: Crm
    connectors: Connectors
    messages: asyncio.Lock = msgspec.field(default_factory=asyncio.Lock)
    limiters: Mapping[str, SharedLimiter] = {}
    lease: float = LEASE
    pause: float = PAUSE
    answers: Answers = msgspec.field(default_factory=Answers)
    culprits: Culprits = msgspec.field(default_factory=Culprits)

    @property
    def overlap(self) -> int:
        """How many batches a window works at a time: where requests are counted, none may be lost on waiting."""
        return OVERLAP if self.limiters else 1

    @property
    def breath(self) -> float:
        """The seconds that one piece of work leaves to others: a request is several steps from token to socket."""
        return BREATH if self.limiters else 0.0

    def batch(self, limit: int) -> int:
        """How many executions a batch may hold of those that a window would take."""
        return min(limit, SMALL) if self.limiters else limit


class Job(msgspec.Struct, kw_only=True):
    """One execution on the bench: what was claimed, and how far it has come.

    `tells`: the next thing is a message, which is rendered when its deal was read again. `watches` are the kinds of
    event that it wants to hear of, `news` those that came. `considered` are those after `seen` that had come before its
    deal was read. `settings` are the values in force when it is decided about, `working` the calendars of people with
    one of their own, `questions` what people were asked and have answered, by step (`asks`: its automation ever asks
    anybody). `choosing` is the step for which somebody of a role has to be picked; `anew` if whom was picked before is
    gone. `same` are further contacts behind which the people of its deal stand, where it makes a deal only if they
    have none.
    """

    claimed: Claimed
    account: ir.Account
    automation: ir.Automation
    progress: Progress
    n: int
    recheck: bool
    facts: Facts | None = None
    effect: EffectRow | None = None
    tells: bool = False
    watches: frozenset[str] = frozenset()
    news: tuple[News, ...] = ()
    seen: int = 0
    considered: tuple[int, ...] = ()
    settings: Mapping[str, object] = {}
    working: Mapping[str, Calendar] = {}
    asks: bool = False
    questions: Mapping[str, Question] = {}
    choosing: tuple[str, ir.RoleValue] | None = None
    anew: bool = False
    same: tuple[str, ...] = ()


def begin(store: Store, claimed: Claimed) -> Job:
    """Put an execution on the bench, folding in receipts that were written but not yet remembered.

    Its first turn sees the event's facts. One that comes late (retried before its first turn was written, replayed,
    overtaken by news) must not act on facts as old as its event: its deal is read first, as for every later turn.

    Raises:
        LookupError: its release does not know the automation, or its event is not about its deal.
        ReleaseError: its release is not there.
        msgspec.DecodeError: this version cannot read its release.
    """
    release = store.release(claimed.account, claimed.release)
    automation = release.account.automation(claimed.automation)
    if automation is None:
        raise LookupError(f"release {claimed.release} has no automation {claimed.automation}")
    outcomes = dict(claimed.progress.outcomes)
    for effect in claimed.effects:
        if effect.step in outcomes:
            continue
        if effect.state == "sent" and effect.receipt is not None:
            if not isinstance(effect.request, AskPerson):  # what a question comes to is read in the journal
                outcomes[effect.step] = sent_outcome(effect.request, effect.receipt, claimed.turn)
        elif effect.state == "dropped":
            outcomes[effect.step] = StepOutcome(status="dropped", turn=claimed.turn)
    facts = None
    # A deal that was enrolled may have waited in a long line: it is read first as well.
    if claimed.turn == 0 and not claimed.late and not isinstance(claimed.event, DealEnrolled):
        facts = Facts(deal=claimed.deal, event=claimed.event, as_of=claimed.event.occurred_at, since_turn=1)
    return Job(
        claimed=claimed,
        account=release.account,
        automation=automation,
        progress=msgspec.structs.replace(claimed.progress, outcomes=outcomes),
        n=claimed.turn,
        recheck=claimed.late,
        facts=facts,
    )


def cannot_begin(claimed: Claimed, error: Exception) -> Settlement:
    """Return how an execution is left that cannot be put on the bench."""
    reason = f"cannot be begun: {type(error).__name__} (its event or its release does not fit it)"
    return Settlement(execution_id=claimed.id, state="parked", reason=reason)


def set_by_people(store: Store, jobs: Sequence[Job]) -> None:
    """Give those executions whose definitions have settings the values that count now."""
    asking = [job for job in jobs if job.account.settings]
    if asking:
        stored = store.settings(asking[0].claimed.account)
        for job in asking:
            job.settings = in_force(job.account, stored)


def know_working_times(store: Store, jobs: Sequence[Job]) -> None:
    """Tell those executions that set tasks or ask people who works at times of their own, once for all of a batch."""
    asking = _of_those(jobs, _gives_people_time)
    times = store.working_times(asking[0].claimed.account) if asking else ()
    if times:
        for job in asking:
            job.working = by_person(times, job.account.calendar)


def _of_those(jobs: Sequence[Job], which: Callable[[ir.Automation], bool]) -> list[Job]:
    """Return the jobs of such automations; each automation of a batch is looked at once, and mostly there is one."""
    automations = {id(job.automation): job.automation for job in jobs}
    wanted = {key for key, automation in automations.items() if which(automation)}
    return [job for job in jobs if id(job.automation) in wanted]


def _gives_people_time(automation: ir.Automation) -> bool:
    sets_tasks = any(isinstance(step, ir.SetTaskStep) for step in ir.actions(automation.do))
    return sets_tasks or any(ir.asks(automation.do))


def know_people(store: Store, jobs: Sequence[Job]) -> None:
    """Tell those executions that make deals unless one is open under which other records their people are known."""
    asking = [(job, job.facts.deal) for job in _of_those(jobs, _asks_for_people) if job.facts is not None]
    contacts = {contact.id for _, deal in asking for contact in deal.contacts}
    if not contacts:
        return
    others = store.same_people(asking[0][0].claimed.account, sorted(contacts))
    for job, deal in asking:
        own = [contact.id for contact in deal.contacts]
        found = dict.fromkeys(other for each in own for other in others.get(each, ()))
        job.same = tuple(each for each in found if each not in own)


def _asks_for_people(automation: ir.Automation) -> bool:
    return any(
        isinstance(step, ir.CreateDealStep) and step.unless_open is not None for step in ir.actions(automation.do)
    )


def decided(job: Job, now: datetime, *, recheck: bool) -> Decision:
    """Decide what comes next for an execution whose deal was read; one that cannot be decided has failed.

    Raises:
        Resting: a predicate of it is not asked now.
    """
    assert job.facts is not None
    try:
        return advance(
            job.account,
            job.automation,
            job.progress,
            job.facts,
            now,
            recheck=recheck,
            news=job.news,
            settings=job.settings,
            working=job.working,
            questions=job.questions,
        )
    except Resting:
        raise
    except Exception as error:
        # One execution that cannot be decided must not stop its automation. The type only: texts may be personal.
        _log.error("automation %s cannot be decided: %s", job.automation.key, type(error).__name__)
        reason = f"cannot be decided: {type(error).__name__}"
        return Decision(next=End(state="failed", reason=reason), progress=job.progress, trace=())


def approved(job: Job) -> Iterator[EffectRow]:
    """Return the effect that a person has let go and that was not sent yet, if there is one."""
    for effect in job.claimed.effects:
        if effect.approved and effect.rendered_at and effect.step not in job.progress.outcomes:
            yield effect


def planned(installation: str, job: Job, intent: Intent, delivery: Delivery, at: datetime) -> EffectRow:
    """Return the effect that a decision asks for, with what is known of it from earlier turns."""
    key = effect_key(installation, job.claimed.id, intent.step, intent.visit, intent.target)
    before = next((effect for effect in job.claimed.effects if effect.key == key), None)
    request = intent.request
    if isinstance(request, CreateDeal) and request.unless_open is not msgspec.UNSET and job.same:
        request = msgspec.structs.replace(request, unless_contacts=job.same)
    return EffectRow(
        key=key,
        execution_id=job.claimed.id,
        step=intent.step,
        target=intent.target,
        state="planned",
        delivery=delivery,
        request=request,
        attempts=before.attempts if before is not None else 0,
        failures=before.failures if before is not None else 0,
        rendered_at=at,
        approved=before.approved if before is not None else None,
    )


def is_message(decision: Decision) -> bool:
    """Say whether the next thing is a message to a customer."""
    return isinstance(decision.next, Act) and decision.next.intent.request.kind in MESSAGES


def turn_of(job: Job, decision: Decision) -> Turn:
    """Return what is written down of a decision."""
    assert job.facts is not None
    return Turn(
        execution_id=job.claimed.id,
        n=job.n,
        as_of=job.facts.as_of,
        facts=None if job.facts.deal is job.claimed.deal else job.facts.deal,
        trace=decision.trace,
        progress=job.progress,
        effect=job.effect,
    )


def actor_of(job: Job) -> str:
    """Return as whom its calls are made."""
    return f"automation:{job.claimed.account}.{job.automation.key}"


def sending_turn(job: Job) -> int:
    """Return the turn of what is sent now: never older than the facts, for it is not in them."""
    return job.n if job.facts is None else max(job.n, job.facts.since_turn)


def effect_of(job: Job) -> EffectRow:
    """Return the effect that is next."""
    assert job.effect is not None
    return job.effect


def by_carrier(acting: Sequence[Job], connectors: Connectors) -> list[tuple[Connector, list[Job]]]:
    """Group effects that one bulk call can carry: one connector, one step."""
    groups: dict[tuple[str, str], tuple[Connector, list[Job]]] = {}
    for job in acting:
        effect = effect_of(job)
        carrier = connectors.carrier(effect.request)
        assert carrier is not None
        groups.setdefault((carrier.name, effect.step), (carrier, []))[1].append(job)
    # What only reads comes last: a system that does not answer must not hold up what can be done without it.
    return sorted(groups.values(), key=lambda group: effect_of(group[1][0]).request.kind in READS)
