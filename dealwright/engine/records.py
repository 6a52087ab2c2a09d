"""What engine and journal hand each other: executions, their progress, effects, verdicts and settlements."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Any, Final, Literal

import msgspec

from dealwright.engine.picked import Picked
from dealwright.engine.trace import TraceLine
from dealwright.model.crm import Deal, Money
from dealwright.model.custom import Customs, merged
from dealwright.model.delivery import Delivery
from dealwright.model.events import Event, EventReceived, deal_of
from dealwright.model.requests import CreateDeal, Given, Outcome, Request, Sent, UpdateDeal
from dealwright.ports import ContactRead

Receipt = dict[str, str | bool | int | None]


class Written(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Fields of the deal that a step of ours has written; tags whole, or what was added and taken off."""

    title: str | msgspec.UnsetType = msgspec.UNSET
    pipeline: str | msgspec.UnsetType = msgspec.UNSET
    stage: str | msgspec.UnsetType = msgspec.UNSET
    lost_reason: str | msgspec.UnsetType | None = msgspec.UNSET
    amount: Money | msgspec.UnsetType | None = msgspec.UNSET
    close_date: date | msgspec.UnsetType | None = msgspec.UNSET
    reference: str | msgspec.UnsetType | None = msgspec.UNSET
    company: str | msgspec.UnsetType | None = msgspec.UNSET
    tags: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    custom: Customs = msgspec.UNSET
    tags_added: tuple[str, ...] = ()
    tags_removed: tuple[str, ...] = ()

    def given(self) -> dict[str, Any]:
        """Return the fields that were written whole, by name."""
        fields = (name for name in self.__struct_fields__ if name not in ("tags_added", "tags_removed", "custom"))
        return {name: value for name in fields if (value := getattr(self, name)) is not msgspec.UNSET}

    def over(self, deal: Deal) -> Deal:
        """Return the deal with what was written laid over it."""
        deal = msgspec.structs.replace(deal, **self.given())
        if self.custom:
            deal = msgspec.structs.replace(deal, custom=merged(deal.custom, self.custom))
        if not (self.tags_added or self.tags_removed):
            return deal
        kept = (tag for tag in deal.tags if tag not in self.tags_removed)
        return msgspec.structs.replace(deal, tags=tuple(dict.fromkeys([*kept, *self.tags_added])))


class StepOutcome(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """How an action or a wait for something ended, as later steps see it; `turn` is the turn it happened in.

    `types` say what parts of the receipt hold that another system has given, where JSON does not tell.
    """

    status: Literal["sent", "dropped", "failed", "met", "timed_out", "yes", "no", "answered"]
    turn: int
    receipt: Receipt = {}
    reason: str = ""
    wrote: Written | None = None
    types: dict[str, Given] = {}


class Answer(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The newest answer to a message of ours: what it said, and by which event it came; `used`: it has ended a wait."""

    text: str
    event: int
    template: str = ""
    button: str = ""
    used: bool = False


class Progress(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """How far an execution is, by step names: the whole of what advance remembers.

    `passed`: the conditions held. `branches`: which way was taken. `waits`: until when. `outcomes`: what the actions
    did. Inserting a step into a definition is safe, because nothing here counts positions.

    `looked` and `passed_by` say which events are no news any more (0: those up to its own): all up to that id, and
    these beyond it, which were not routed yet when they were looked at. `picks`: who of a role was picked for a step;
    `replies`: answers to messages, by the step whose message they answer.
    """

    passed: bool = False
    branches: dict[str, str] = {}
    waits: dict[str, datetime] = {}
    outcomes: dict[str, StepOutcome] = {}
    looked: int = 0
    passed_by: tuple[int, ...] = ()
    picks: dict[str, Picked] = {}
    replies: dict[str, Answer] = {}


class Question(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What has become of a question that a step has asked: nothing yet, an answer, or its time is over.

    `told`: whoever is asked was told, or cannot be; else that is still to be tried.
    """

    state: Literal["open", "answered", "timed_out"]
    until: datetime
    told: bool = True
    choice: str = ""
    by: str = ""
    note: str = ""


class News(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An event that has happened to an execution's deal since; `own` if the execution itself has made it.

    One that is not `routed` yet may still have others before it that nobody has observed.
    """

    id: int
    event: Event
    own: bool = False
    routed: bool = True


class Watch(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What one execution wants to hear of: events of these kinds on these subjects after that id."""

    execution_id: str
    subjects: tuple[str, ...]
    kinds: frozenset[str]
    after: int


class Intent(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An effect that advance asks for: the rendered request, of one step, on one target."""

    step: str
    target: str
    request: Request
    visit: int = 1


class Asked(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What an effect asks for, and under which delivery class: stored together, as they were when it was planned.

    `rendered_at` is the business time that its texts and due dates were made with.
    """

    request: Request
    delivery: Delivery
    rendered_at: datetime | None = None


def request_digest(request: Request) -> str:
    """Return what tells a rendered request from another: what a person approves is bound to it.

    The version that a change of a deal was decided on is no part of it: a person approves the change, whatever else has
    changed since. What the change overwrites is a part of it: a value that somebody has set since is not overwritten
    unseen. Nor is under which other records a person is known by now.
    """
    if isinstance(request, UpdateDeal):
        request = msgspec.structs.replace(request, version=None)
    if isinstance(request, CreateDeal):
        request = msgspec.structs.replace(request, unless_contacts=msgspec.UNSET)
    return hashlib.blake2b(msgspec.json.encode(request, order="deterministic"), digest_size=16).hexdigest()


class EffectRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An effect as the journal holds it, with its receipt once it was carried out.

    `approved` is the digest of the request that a person let go; `allowed_attempt` the attempt that a person asked for
    though an earlier one may have arrived; `failures` counts the attempts that failed while the system answered others.
    """

    key: str
    execution_id: str
    step: str
    target: str
    state: str
    delivery: Delivery
    request: Request
    attempts: int = 0
    looks: int = 0
    first_sent: datetime | None = None
    receipt: Sent | None = None
    rendered_at: datetime | None = None
    approved: str | None = None
    allowed_attempt: int | None = None
    failures: int = 0


class Claimed(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One execution that this worker holds the lease of."""

    id: str
    account: str
    automation: str
    subject: str
    event_id: int
    release: str
    event: Event
    turn: int
    late: bool
    progress: Progress
    effects: tuple[EffectRow, ...] = ()

    @property
    def deal(self) -> Deal:
        """The deal that the execution is about, as the event left it."""
        return deal_of(self.event, self.subject)


class HandOver(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What one stage does about one event of one deal; `is_open`: it may still give the deal to somebody."""

    event_id: int
    subject: str
    automation: str
    since: datetime
    is_open: bool


class OwnMove(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A move that an execution has made; `event_id` is what the CRM has told of it, None if it has told nothing yet.

    `is_routed`: what the event sets off is known.
    """

    execution_id: str
    sent_at: datetime
    event_id: int | None
    is_routed: bool


class Turn(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One decision to write down: the facts (None: the event's `after`), the trace, the progress, the new effect."""

    execution_id: str
    n: int
    as_of: datetime
    facts: Deal | None
    trace: tuple[TraceLine, ...]
    progress: Progress
    effect: EffectRow | None = None


class Reservation(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A share of something limited that an effect must take before it is sent."""

    mode: str
    rule: str
    scope: str
    until: datetime | None


class Verdict(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the gate decided on one effect, and which reservations it hangs on."""

    decision: Literal["send", "hold", "drop"]
    guard: str = ""
    reason: str = ""
    until: datetime | None = None
    reservations: tuple[Reservation, ...] = ()


class GateRequest(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One effect before the gate, with its verdict."""

    effect: EffectRow
    verdict: Verdict


class GateResult(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the gate's transaction made of one effect.

    `lost`: a reservation is taken (`holder` names the execution that has it). `gone`: this worker's lease is gone.
    `unresolved`: it was to be dropped, and may have left before. `reason` is why it is held.
    """

    key: str
    result: Literal["sending", "held", "dropped", "lost", "gone", "unresolved"]
    holder: str = ""
    reason: str = ""


class EffectOutcome(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What came of one sending effect; `looked` says that the outcome was looked up, not answered.

    `apart`: the request failed as a whole, so that each of its calls may fare better without the others. `away`: that
    it may be tried again says nothing against this call, for the system answers nobody.
    """

    effect: EffectRow
    outcome: Outcome
    looked: bool = False
    apart: bool = False
    away: bool = False


class Settlement(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How a turn leaves an execution.

    `due_at` is business time (waiting, held); `not_before` real seconds from now (retrying); `on_events` the event
    kinds on its subject that wake it (waiting, held). What came before it rests and was not considered keeps it awake:
    events of these kinds, on its subject or on `also`, after `seen` (None: its last claim) that are not `considered`.
    So does an answer to the question of the step `asks`.
    `people` numbers the change of roles as of which nobody was there (held): a later one keeps it awake.
    """

    execution_id: str
    state: Literal["ready", "waiting", "held", "retrying", "parked", "done", "skipped", "failed", "cancelled"]
    reason: str = ""
    due_at: datetime | None = None
    not_before: float | None = None
    on_events: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    seen: int | None = None
    considered: tuple[int, ...] = ()
    asks: str = ""
    people: int | None = None


class ToRoute(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An event that was not routed yet.

    `chain` is the event that began its causal chain, `ran` the automations that chain ran already, by subject.
    `undoes`: a step of ours has undone a move with it.
    """

    id: int
    event: Event
    chain: int | None = None
    depth: int = 0
    ran: dict[str, frozenset[str]] = {}
    undoes: bool = False


UnmatchedReason = Literal[
    "nobody", "several", "refused", "gone", "unfit", "unmade", "not_live", "no_lookup", "too_many", "unread"
]
"""Why an event from outside waits for a person: no deal fits it, several do and a person is asked, several do and it
is refused; the deal it names is not there; a value does not fit its type; no deal could be made of it, or none may be
made now; its CRM cannot look deals up so; too many deals are in its segment; the deal it names cannot be read."""

NOT_LIVE: Final = "not_live"
"""Why it waits until an automation that answers it is live: it is looked at again whenever that may have changed."""


class Unmatched(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An event that has found no deal: why, in which words, and which deals it may be about.

    `marks` are the values by which a deal may be found later. `automation` is whose segment is too large, if one is.
    """

    event_id: int
    name: str
    reason: UnmatchedReason
    detail: str = ""
    deals: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    automation: str = ""


class Reading(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What was read about events whose source told too little: the events in order, deals and contacts as they are.

    Events from outside have their deal in them already; the others become what the difference to the last known state
    says. A deal or contact that was asked for and is missing is gone. `unread`: events of which nothing could be read.

    `copies` are further events that an event from outside means, one for each further deal, by its id; `unmatched` are
    those that have found none and wait for a person.
    """

    events: tuple[ToRoute, ...]
    deals: dict[str, Deal] = {}
    contacts: dict[str, ContactRead] = {}
    unread: frozenset[int] = frozenset()
    copies: dict[int, tuple[EventReceived, ...]] = {}
    unmatched: tuple[Unmatched, ...] = ()

    def part(self, start: int, end: int) -> Reading:
        """Return some of the events, with what was read of any."""
        return msgspec.structs.replace(self, events=self.events[start:end])


class ToLookAt(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An event in the tray that is to be looked at again; `asked` is how often that was asked for so far."""

    id: int
    asked: int
    automation: str
    item: ToRoute


class Looked(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What came of it: the deals it happens to now, that it is dropped, or why it waits on."""

    id: int
    asked: int
    event_id: int
    deals: tuple[str, ...] = ()
    dropped: bool = False
    reason: str = ""
    detail: str = ""
    candidates: tuple[str, ...] = ()


class Routed(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One execution to create; with `skipped` it is recorded as skipped at once, with that reason."""

    event_id: int
    automation: str
    subject: str
    skipped: str = ""


MODES: Final = ("shadow", "approve", "live")
"""What becomes of effects at the gate's end, the strictest first: dropped, held for a person, sent."""


class Enrolment(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How far an automation has come in beginning with the deals that stood there when it was first released.

    It is `counting` them; `waiting` for a person, since they are too many; `going` through them; `done`; or `dropped`.
    `found` are those that it has yet to begin with, as they were counted; `begun` those that it has begun with, of
    `most` that are allowed; `cursor` is the last deal that was looked at. `space` is the name space of its mode: what
    shadow has enrolled was written down only, and is enrolled once more when the automation goes live.
    """

    account: str
    automation: str
    space: str
    state: str
    since: datetime
    found: int
    begun: int
    most: int
    cursor: str
    actor: str = ""


class Controls(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The operator's switches of one account, as of one epoch; automation '' is the whole account.

    `defaults` are the modes that definitions begin in: what an operator has set wins.
    """

    account: str
    epoch: int
    stopped: frozenset[str] = frozenset()
    paused: frozenset[str] = frozenset()
    modes: dict[str, str] = {}
    defaults: dict[str, str] = {}
    messages_stopped: bool = False

    def is_stopped(self, automation: str) -> bool:
        """Say whether the automation, or its account, is stopped."""
        return automation in self.stopped or "" in self.stopped

    def mode(self, automation: str) -> str:
        """Return the automation's mode: the stricter of its own and its account's (`shadow`, `approve`, `live`)."""
        if not self.modes and not self.defaults:
            return "live"
        own = self.modes.get(automation) or self.defaults.get(automation, "live")
        return min(own, self.modes.get("", "live"), key=MODES.index)

    def name_space(self, automation: str) -> str:
        """Return where its reservations live: what shadow takes silences nobody who is live."""
        return "shadow" if self.mode(automation) == "shadow" else "live"
