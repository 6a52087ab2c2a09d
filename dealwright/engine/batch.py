"""A batch: leased executions of one automation, worked turn by turn until each of them rests or has ended."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from dealwright.clock import Clock
from dealwright.compile import ir
from dealwright.engine.abreast import LANES, abreast
from dealwright.engine.act import backoff, given_up, look, remedy
from dealwright.engine.advance import Act, Choose, Decision, End, Wait
from dealwright.engine.apart import BUDGET, as_one_of_many, as_tried, asunder, can_go_apart, parts, unanswered
from dealwright.engine.bench import (
    MESSAGES_AT_ONCE,
    Job,
    Site,
    actor_of,
    approved,
    begin,
    by_carrier,
    cannot_begin,
    decided,
    effect_of,
    is_message,
    know_people,
    know_working_times,
    planned,
    sending_turn,
    set_by_people,
    turn_of,
)
from dealwright.engine.came_to import sent_outcome
from dealwright.engine.candidates import candidates
from dealwright.engine.changes import Changes
from dealwright.engine.choose import choose, drop_the_gone
from dealwright.engine.companies import read_companies, without_company
from dealwright.engine.facts import Facts
from dealwright.engine.gate import pass_gate
from dealwright.engine.hand_over import behind_stages, just_moved
from dealwright.engine.handled import handles
from dealwright.engine.leaving import Leaving
from dealwright.engine.limits import Ended, SharedLimiter, token
from dealwright.engine.lookups import performed
from dealwright.engine.meters import METERS
from dealwright.engine.news import Listening, ending, rests
from dealwright.engine.observe import READ_AGAIN, read_facts
from dealwright.engine.predicates import Resting
from dealwright.engine.questions import look_at_answers
from dealwright.engine.records import (
    Claimed,
    EffectOutcome,
    EffectRow,
    GateResult,
    StepOutcome,
    request_digest,
)
from dealwright.engine.render import changes_more_than_told
from dealwright.engine.store import Store
from dealwright.engine.tally import Tally
from dealwright.engine.undone import leave_undone
from dealwright.errors import ConnectorError, ReleaseError
from dealwright.model.requests import MESSAGES, AskPerson, Refused, Sent, TryAgain, Unknown
from dealwright.ports import Connector

_log = logging.getLogger(__name__)

_READ_LATER: Final = 60.0
"""Seconds until a deal is tried again that could not be read while others could."""


class Batch(Leaving):
    """Works one batch. Every method that writes leaves the journal in a state from which a crash recovers."""

    def __init__(self, store: Store, site: Site, clock: Clock, tally: Tally, *, closing: Callable[[], bool]) -> None:
        super().__init__(store, site, clock, tally)
        self._closing = closing
        self._listening = Listening(store, site.account)
        self._changes = Changes(store, site.account)
        self._together: dict[str, EffectOutcome] = {}

    async def run(self, claimed: Sequence[Claimed], *, claimed_at: float) -> None:
        """Work the claimed executions; `claimed_at` is the monotonic time before the claim."""
        self._lease_until = claimed_at + self._site.lease
        self.left.update(item.id for item in claimed)
        self._begin(claimed)
        drop_the_gone(self._store, list(self._work.values()), self._clock.now())
        leave_undone(self._store, list(self._work.values()), self._clock.now())
        for job, stage, later in behind_stages(self._store, list(self._work.values()), self._clock.now()):
            self._leave(job, "retrying", f"behind {stage}", not_before=later)
        await self._resolve_unanswered()
        self._changes.meet(list(self._work.values()), self._leave, self._listening.begin)
        await self._read_facts()
        self._settle()
        while self._work:
            if self._closing():
                self._give_back()
                break
            with METERS.timed("turn_seconds", self._clock):
                self._changes.meet_late(self._work.values(), self._leave, self._listening.begin)
                await self._choose()
                acting = self._decide([job for job in self._work.values() if not job.tells])
                for effects in by_carrier(acting, self._site.connectors):
                    await self._act(*effects)
                for job, stage, later in just_moved(list(self._work.values())):
                    self._leave(job, "retrying", f"behind {stage}", not_before=later)
                await self._tell_customers()
                await self._read_facts()
                self._settle()

    # --- beginning ---------------------------------------------------------------------------------------------------

    def _begin(self, claimed: Sequence[Claimed]) -> None:
        """Put executions on the bench; one that cannot be begun is parked, and the others go on without it."""
        died: list[EffectRow] = []
        for item in claimed:
            try:
                job = self._work[item.id] = begin(self._store, item)
            except (LookupError, ReleaseError, msgspec.DecodeError) as error:
                # The type only: texts may hold what a row held.
                _log.error("execution %s cannot be begun: %s", item.id, type(error).__name__)
                died += [effect for effect in item.effects if effect.state == "sending"]
                self._settlements.append(cannot_begin(item, error))
                self._tally.left(item.id, "parked")
            else:
                self._listening.begin(job)
        self._store.receive_outcomes([unanswered(effect) for effect in died])

    async def _resolve_unanswered(self) -> None:
        """Decide about effects that left without an answer, each by its delivery class, before anything else."""
        looked: dict[str, tuple[Connector, list[EffectRow]]] = {}
        died: list[EffectRow] = []
        for work in list(self._work.values()):
            for effect in work.claimed.effects:
                if effect.step in work.progress.outcomes or effect.state not in ("sending", "unknown", "rejected"):
                    continue
                carrier = self._site.connectors.carrier(effect.request)
                if effect.state == "rejected":
                    self._refused(work, effect.step, "refused")
                elif carrier is None:
                    died.append(effect)
                    self._leave(work, "parked", f"{effect.step}: outcome unknown, and its connector is gone")
                else:
                    match remedy(effect, self._clock):
                        case "repeat":
                            work.effect = effect
                            work.recheck = False  # it was decided before it left
                        case "look" if effect.state == "sending":
                            # Its worker died in the middle: the vendor's index has not had its time yet.
                            died.append(effect)
                            self._look_later(work, effect)
                        case "look":
                            looked.setdefault(carrier.name, (carrier, []))[1].append(effect)
                        case "park":
                            died.append(effect)
                            self._park(work, effect.step)
        # Whoever reads the views must see that these are unknown; a `sending` is one whose answer may still come.
        self._store.receive_outcomes([unanswered(effect) for effect in died if effect.state == "sending"])
        for carrier, effects in looked.values():
            self._receive(
                await look(carrier, effects, actor_of(self._work[effects[0].execution_id])), self._clock.wall()
            )
            for effect in effects:
                work_left = self._work.get(effect.execution_id)
                if work_left is not None and effect.step not in work_left.progress.outcomes:
                    self._look_later(work_left, effect)

    async def _read_facts(self) -> None:
        """Read what executions are decided on: their deals if they come back, and what else they ask for."""
        await self._read_deals()
        asking = without_company(self._work.values())
        if asking:
            try:
                await read_companies(self._site.crm, asking)
            except Exception as error:
                self._unread(asking, error)

    def _unread(self, reading: Sequence[Job], error: Exception) -> None:
        if not isinstance(error, ConnectorError):
            _log.error("the CRM of %s failed to read with %s", self._site.account, type(error).__name__)
        for work in reading:
            self._leave(work, "retrying", f"the CRM was not read: {type(error).__name__}", not_before=READ_AGAIN)

    async def _read_deals(self) -> None:
        """Read the deals of all executions that come back, in bulk."""
        reading = [work for work in self._work.values() if work.facts is None]
        if not reading:
            return
        self._listening.hear(reading, before_reading=True)
        try:
            ids = sorted({work.claimed.deal.id for work in reading})
            deals, unread = await read_facts(self._store, self._site, ids, self._clock)
        except Exception as error:
            self._unread(reading, error)
            return
        now = self._clock.now()
        for work in reading:
            deal = deals.get(work.claimed.deal.id)
            if work.claimed.deal.id in unread:
                self._leave(work, "retrying", "its deal was not read, others were", not_before=_READ_LATER)
            elif deal is None and work.effect is not None:
                self._leave(work, "parked", f"{work.effect.step}: outcome unknown, and the deal is gone")
            elif deal is None:
                self._leave(work, "cancelled", "the deal is gone")
            else:
                work.facts = Facts(deal=deal, event=work.claimed.event, as_of=now, since_turn=work.n + 1)

    # --- one turn ----------------------------------------------------------------------------------------------------

    def _decide(self, jobs: Sequence[Job], *, telling: bool = False) -> list[Job]:
        """Advance executions, write the turns down, and return those whose next thing is an effect.

        A message is not rendered yet, unless `telling`: it is put off until its deal was read again.
        """
        turns = []
        self._listening.hear(jobs)
        set_by_people(self._store, jobs)
        know_working_times(self._store, jobs)
        know_people(self._store, jobs)
        look_at_answers(self._store, jobs)
        for work in jobs:
            if work.effect is not None and work.effect.state in ("sending", "unknown"):
                continue  # it is repeated as it was rendered, with nothing decided again
            work.n += 1
            try:
                decision, at = self._advance(work)
            except Resting as resting:
                self._leave(work, "retrying", str(resting), not_before=resting.seconds)
                continue
            for step, outcome in decision.passed:
                self._tally.step(step, outcome)
            work.progress = decision.progress
            if not telling and is_message(decision):
                work.tells = True
                decision = msgspec.structs.replace(decision, trace=decision.trace[:-1])  # it acts in the turn to come
            else:
                self._take(work, decision, at)
            if decision.trace or work.effect is not None:
                turns.append(turn_of(work, decision))
        owned = self._store.plan(turns)
        for turn in turns:
            if turn.execution_id not in owned:
                self._forget(turn.execution_id)
        return [work for work in jobs if work.claimed.id in self._work and work.effect is not None]

    def _advance(self, work: Job) -> tuple[Decision, datetime]:
        """Decide, and return also the time that was decided on: what was approved keeps the time it was shown with."""
        now = self._clock.now()
        recheck, work.recheck = work.recheck, False
        for effect in approved(work):
            assert effect.rendered_at is not None
            decision = decided(work, effect.rendered_at, recheck=recheck)
            if isinstance(decision.next, Act) and request_digest(decision.next.intent.request) == effect.approved:
                return decision, effect.rendered_at
        return decided(work, now, recheck=recheck), now

    def _take(self, work: Job, decision: Decision, at: datetime) -> None:
        """Act on a decision: an effect to plan, or how the execution is left."""
        match decision.next:
            case Act(intent=intent):
                carrier = self._site.connectors.carrier(intent.request)
                if carrier is None:
                    self._leave(work, "failed", f"{intent.step}: no connector carries out {intent.request.kind}")
                    return
                work.effect = planned(self._store.installation, work, intent, carrier.delivery(intent.request), at)
            case Wait(until=until, on_events=kinds, step=step, asks=asks):
                self._leave(work, "waiting", step, due_at=until, asks=step if asks else "", **rests(work, kinds))
            case Choose(step=step, role=role):
                work.choosing = (step, role)
            case End(state=state, reason=reason):
                self._leave(work, state, reason)

    async def _choose(self) -> None:
        """Pick somebody of a role for the executions that need it; one for which nobody is there is held."""
        for work, left in await choose(self._store, self._site, list(self._work.values()), self._clock.now()):
            self._leave(work, **left)

    # --- acting ------------------------------------------------------------------------------------------------------

    async def _act(self, connector: Connector, group: Sequence[Job]) -> None:
        """Take one group through the gate and to its connector, and remember what came of it."""
        messages = any(effect_of(work).request.kind in MESSAGES for work in group)
        at_once = min(connector.at_once, MESSAGES_AT_ONCE) if messages else connector.at_once
        lanes = LANES if connector.name in self._site.limiters else 1

        async def send(part: Sequence[Job]) -> None:
            # A message here is repeated as it was rendered; it stands in line with those that are told.
            async with self._site.messages if messages else contextlib.nullcontext():
                await self._send(connector, part)

        await abreast(parts(group, at_once, effect_of), lanes, send)

    async def _tell_customers(self) -> None:
        """Send the messages whose turn has come, a few at a time.

        All windows of the account share the lock: no more of its messages are under way whatever their number. It is
        taken first, so that a message that stood in line is rendered on its deal as it is when the line has moved on.
        """
        telling = [work for work in self._work.values() if work.tells]
        for start in range(0, len(telling), MESSAGES_AT_ONCE):
            async with self._site.messages:
                if self._closing():
                    return
                self._renew()
                await self._tell(
                    [job for job in telling[start : start + MESSAGES_AT_ONCE] if job.claimed.id in self._work]
                )

    async def _tell(self, jobs: Sequence[Job]) -> None:
        """Read the deals of a few executions again, render their messages and send them."""
        for work in jobs:
            work.tells, work.facts = False, None
        await self._read_facts()
        acting = self._decide([work for work in jobs if work.claimed.id in self._work], telling=True)
        for connector, group in by_carrier(acting, self._site.connectors):
            for start in range(0, len(group), connector.at_once):
                await self._send(connector, group[start : start + connector.at_once])

    async def _send(self, connector: Connector, group: Sequence[Job]) -> None:
        """Send what one request carries; if it fails as a whole, send its calls apart (apart.py)."""
        until = self._clock.monotonic() + BUDGET
        if await self._request(connector, group):
            return
        together = [work for work in group if work.claimed.id in self._together]
        if not together:
            return
        left = await asunder(
            together,
            effect_of(together[0]).attempts,
            lambda part: self._request(connector, part),
            lambda: self._clock.monotonic() < until,
        )
        self._follow([self._together[work.claimed.id] for work in left if work.claimed.id in self._work])
        for work in together:
            del self._together[work.claimed.id]

    async def _request(self, connector: Connector, group: Sequence[Job]) -> bool:
        """Send one request: only that is `sending`, so that a stop or a crash meets no more than that.

        Return False if nobody answered. What can then go apart stays on the bench, in `_together`.
        """
        if self._closing():
            return True
        self._renew()
        limiter = self._site.limiters.get(connector.name)
        if limiter is not None and not await self._token(limiter, group):
            return True
        group = [work for work in group if work.claimed.id in self._work]
        if not group:
            return True
        effects = {work.effect.key: work.effect for work in group if work.effect is not None}
        results = pass_gate(
            self._store,
            self._site.account,
            group[0].automation.key,
            lambda: candidates(self._store, self._site.account, group, self._clock.now()),
        )
        sending = [effects[result.key] for result in results if self._passed(effects[result.key], result)]
        if not sending:
            if limiter is not None:
                limiter.give_back()
            return True
        if limiter is not None:
            await limiter.depart()
        since, began = self._clock.wall(), self._clock.monotonic()
        outcomes = await performed(
            self._store,
            self._site.account,
            connector,
            sending,
            actor_of(group[0]),
            lambda: self._clock.monotonic() < self._lease_until,
        )
        METERS.carried(connector.name, outcomes, self._clock.monotonic() - began)
        outcomes = self._site.answers.note(connector.name, outcomes, self._clock.monotonic())
        if can_go_apart(outcomes, lambda effect: remedy(effect, self._clock) == "repeat", since):
            outcomes = [as_one_of_many(item) for item in outcomes]
            self._store.receive_outcomes(outcomes)
            for item in outcomes:
                self._work[item.effect.execution_id].effect = as_tried(item, since)
                self._together[item.effect.execution_id] = item
            return False
        self._receive(outcomes, since)
        answered = {item.effect.key for item in outcomes}
        for effect in sending:
            if effect.key not in answered:
                self._forget(effect.execution_id)
        return not outcomes or any(not item.apart or isinstance(item.outcome, Refused) for item in outcomes)

    async def _token(self, limiter: SharedLimiter, group: Sequence[Job]) -> bool:
        """Wait for what the system takes next, keeping the leases; say whether it may be used now.

        If the system has asked for a long pause, the executions come back after it.
        """

        def still_wanted() -> bool:
            self._renew()
            return not self._closing() and any(work.claimed.id in self._work for work in group)

        try:
            later = await token(limiter, group[0].automation.key, still_wanted)
        except Ended:
            return False
        for work in group if later else ():
            if work.claimed.id in self._work and work.effect is not None:
                self._leave(work, "retrying", f"{work.effect.step}: the system asked for a pause", not_before=later)
        return not later

    def _passed(self, effect: EffectRow, result: GateResult) -> bool:
        """Say whether the effect is sending now; otherwise leave its execution as the gate says."""
        work = self._work[effect.execution_id]
        match result.result:
            case "sending":
                return True
            case "held":
                self._tally.step(effect.step, "held")
                self._leave(work, "held", result.reason, **rests(work, ending(work)))
            case "dropped":
                self._tally.step(effect.step, "dropped")
                self._remember(work, effect.step, StepOutcome(status="dropped", turn=work.n))
            case "lost":
                self._tally.step(effect.step, "dropped")
                self._leave(work, "skipped", f"again: execution {result.holder} acted")
            case "unresolved":
                self._park(work, effect.step)
            case "gone":
                self._forget(effect.execution_id)
        return False

    def _receive(self, outcomes: Sequence[EffectOutcome], since: datetime) -> None:
        """Write receipts, then say for each execution what follows."""
        self._store.receive_outcomes(outcomes)
        self._follow(outcomes, since)

    def _follow(self, outcomes: Sequence[EffectOutcome], since: datetime | None = None) -> None:
        for item in outcomes:
            work, effect = self._work[item.effect.execution_id], item.effect
            began = None if item.looked else since
            match item.outcome:
                case Sent() as sent:
                    self._tally.step(effect.step, "repeated" if sent.repeated else "sent", since=began)
                    if isinstance(effect.request, AskPerson):
                        work.effect = None  # it was asked, not answered
                        continue
                    self._remember(work, effect.step, sent_outcome(effect.request, sent, sending_turn(work)))
                    more = changes_more_than_told(effect.request, sent)
                    if more and not ir.ends_with(work.automation.do, effect.step):
                        work.facts = None
                case Refused() if effect.state in ("sending", "unknown"):
                    # It refuses a repeat, which says nothing of the attempt whose answer was lost.
                    self._tally.step(effect.step, "unknown", since=began)
                    self._park(work, effect.step)
                case Refused(code=code):
                    self._tally.step(effect.step, "rejected", since=began)
                    self._refused(work, effect.step, f"refused ({code})")
                case TryAgain(reason=reason, after=after):
                    self._tally.step(effect.step, "retrying", since=began)
                    if given_up(item):
                        self._leave(work, "parked", f"{effect.step}: {reason}, tried {effect.attempts + 1} times")
                        continue
                    wait = max(after, backoff(effect.attempts + 1, self._site.pause))
                    self._leave(work, "retrying", f"{effect.step}: {reason}", not_before=wait)
                case Unknown() if not item.looked:
                    self._tally.step(effect.step, "unknown", since=began)
                    self._after_unknown(work, item)

    def _refused(self, work: Job, step: str, reason: str) -> None:
        """Go on where a later step asks for the failure; fail where nobody does."""
        if handles(work.automation, step):
            self._remember(work, step, StepOutcome(status="failed", turn=work.n, reason=reason))
        else:
            self._leave(work, "failed", f"{step}: {reason}")

    def _after_unknown(self, work: Job, item: EffectOutcome) -> None:
        effect = item.effect
        sent_now = msgspec.structs.replace(
            effect, looks=0, first_sent=effect.first_sent or self._clock.wall(), allowed_attempt=None
        )
        match remedy(sent_now, self._clock):
            case "repeat" if given_up(msgspec.structs.replace(item, away=True)):
                self._park(work, effect.step)
            case "repeat":
                wait = backoff(effect.attempts + 1, self._site.pause)
                self._leave(work, "retrying", f"{effect.step}: no answer", not_before=wait)
            case "look":
                self._look_later(work, effect)
            case "park":
                self._park(work, effect.step)
