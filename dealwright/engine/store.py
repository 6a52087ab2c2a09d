"""What the engine needs of a journal. journal/ implements it on a database; tests hold a model of it in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from dealwright.compile import ir
from dealwright.engine.picked import Behind, Nobody, Picked, PickRequest
from dealwright.engine.records import (
    Claimed,
    Controls,
    EffectOutcome,
    Enrolment,
    GateRequest,
    GateResult,
    HandOver,
    Looked,
    News,
    OwnMove,
    Question,
    Reading,
    Routed,
    Settlement,
    ToLookAt,
    ToRoute,
    Turn,
    Watch,
)
from dealwright.model.crm import Deal
from dealwright.model.requests import Call, Sent
from dealwright.model.window import SubjectRow, Window
from dealwright.model.working import WorkingTime
from dealwright.ports import FeedItem, Pace


class Release(Protocol):
    """A set of definitions that was applied."""

    @property
    def digest(self) -> str:
        """The release's digest."""
        ...

    @property
    def account(self) -> ir.Account:
        """The definitions."""
        ...


class Store(Protocol):
    """The durable road of an event: append, route, claim, plan, gate, receipt, settle."""

    @property
    def worker(self) -> str:
        """This process, as leases name it."""
        ...

    def take_over(self) -> None:
        """Recover what workers left that died since."""
        ...

    def wake_unstopped(self, account: str) -> frozenset[str]:
        """Make ready what is held by a stop that was lifted; return the automations. A resume that died left it."""
        ...

    def active_release(self, account: str) -> Release | None:
        """Return the release that new executions run, or None."""
        ...

    def release(self, account: str, digest: str) -> Release:
        """Return a release that was recorded."""
        ...

    def controls(self, account: str) -> Controls:
        """Read the operator's switches and the epoch they belong to."""
        ...

    def append(self, account: str, source: str, items: Sequence[FeedItem]) -> int:
        """Append events; return how many were new."""
        ...

    def observed(self, account: str, reading: Reading) -> None:
        """Keep what was read about events whose source told too little, and make of it the events that rules see."""
        ...

    def to_look_at(self, account: str, limit: int) -> Sequence[ToLookAt]:
        """Return events that have found no deal and are to be looked at again, oldest first."""
        ...

    def looked_at(self, account: str, looked: Sequence[Looked]) -> None:
        """Write down what came of looking at them again."""
        ...

    def enrolments(self, account: str) -> Sequence[Enrolment]:
        """Return how far automations have come that begin with deals that stood there."""
        ...

    def begin_enrolment(self, account: str, automation: str, space: str) -> None:
        """Begin an enrolment as of now, unless it was ever begun."""
        ...

    def counted(self, enrolment: Enrolment, found: int) -> None:
        """Remember how many deals an enrolment is for: it goes on, or waits for a person."""
        ...

    def begun_with(self, enrolment: Enrolment, deals: Sequence[Deal]) -> frozenset[str]:
        """Return the ids of those deals with which the automation has begun already."""
        ...

    def enrol(self, enrolment: Enrolment, deals: Sequence[Deal], *, cursor: str, ended: bool) -> bool:
        """Append the events of these deals and move the cursor on, in one transaction; False if others were faster."""
        ...

    def enrolled_unrouted(self, account: str) -> bool:
        """Say whether deals that were enrolled wait to be routed."""
        ...

    def last_told(self, account: str, deal_ids: Sequence[str]) -> dict[str, Deal]:
        """Return deals as rules were last told of them, as far as a CRM tells of them only that they changed."""
        ...

    def unrouted(self, account: str, limit: int) -> Sequence[ToRoute]:
        """Read the oldest events that were not routed."""
        ...

    def route(self, account: ir.Account, release: str, events: Sequence[ToRoute], routed: Sequence[Routed]) -> bool:
        """Create executions and mark the events routed, in one transaction; False if somebody else routed them."""
        ...

    def news(self, account: str, watches: Sequence[Watch]) -> dict[str, Sequence[News]]:
        """Return, by execution, the events it wants to hear of, in order, routed or not."""
        ...

    def release_due(self, limit: int) -> Sequence[tuple[str, str]]:
        """Make what is due ready again; return (account, automation) of each."""
        ...

    def claim(self, account: str, automation: str, window_id: str, limit: int, lease: float) -> Sequence[Claimed]:
        """Lease due lane heads, oldest first, for `lease` seconds."""
        ...

    def has_due(self, account: str, automation: str) -> bool:
        """Say whether a claim would find anything."""
        ...

    def change_over(self, execution_ids: Sequence[str], release: str) -> None:
        """Let executions that are this worker's run another release from now on."""
        ...

    def renew(self, execution_ids: Sequence[str], lease: float) -> frozenset[str]:
        """Prolong leases that are still this worker's; return whose."""
        ...

    @property
    def installation(self) -> str:
        """The journal's own random id: part of every effect key."""
        ...

    def plan(self, turns: Sequence[Turn]) -> frozenset[str]:
        """Write turns, progress and planned effects; return the executions that were still this worker's."""
        ...

    def pass_gate(
        self, account: str, epoch: int, automation: str, requests: Sequence[GateRequest]
    ) -> Sequence[GateResult] | None:
        """Take reservations and set effects to sending, in one transaction; None if the epoch has moved."""
        ...

    def receive_outcomes(self, outcomes: Sequence[EffectOutcome]) -> None:
        """Write receipts and what became of effects."""
        ...

    def settle(self, settlements: Sequence[Settlement]) -> frozenset[str]:
        """End turns and let the lanes go on; return the executions that were still this worker's."""
        ...

    def settings(self, account: str) -> Mapping[str, str]:
        """Return the settings that people have set, by key, as texts."""
        ...

    def ask_people(self, questions: Sequence[Call]) -> frozenset[str]:
        """Open the questions of effects, by their keys; return those of which nobody was told yet, told from now on."""
        ...

    def untell(self, keys: Sequence[str]) -> None:
        """Remember that nobody was told of these questions after all."""
        ...

    def questions(self, execution_ids: Sequence[str]) -> dict[str, dict[str, Question]]:
        """Return the questions of executions, by step; one whose time is over is closed by that for good."""
        ...

    def known_answers(self, account: str, questions: Sequence[str]) -> Mapping[str, Sent]:
        """Return what other systems have answered to these questions, as far as that may still be used."""
        ...

    def keep_answers(self, account: str, answers: Sequence[tuple[str, Sent, datetime]]) -> None:
        """Keep what other systems have answered, each until a moment of business time."""
        ...

    def people(self, account: str, day: date) -> Behind:
        """Return who stands behind the account's roles on a day."""
        ...

    def working_times(self, account: str) -> Sequence[WorkingTime]:
        """Return the working time of those who have one of their own."""
        ...

    def moved_back(
        self, account: str, automation: str, subjects: Sequence[str], since: datetime
    ) -> frozenset[tuple[str, str]]:
        """Return which of these deals an automation has moved back since then, and by which step."""
        ...

    def hand_overs(self, account: str, events: Sequence[int], automations: Sequence[str]) -> Sequence[HandOver]:
        """Return what these automations were set off to do by these events."""
        ...

    def moves(self, account: str, keys: Sequence[str]) -> Sequence[OwnMove]:
        """Return how far it has come about that these effects have moved their deals."""
        ...

    def last_pick(self, account: str) -> int:
        """Return the number of the last pick of an account."""
        ...

    def pick(
        self, account: str, requests: Sequence[PickRequest], *, now: datetime, zone: str
    ) -> dict[str, Picked | Nobody]:
        """Pick somebody for each, in one transaction, by execution; what was picked before stays picked."""
        ...

    def same_people(self, account: str, contacts: Sequence[str]) -> dict[str, list[str]]:
        """Return the other contacts behind which the same person stands as behind these; who is alone is missing."""
        ...

    def persons(self, account: str, contacts: Sequence[str]) -> dict[str, str]:
        """Return who stands behind contacts."""
        ...

    def take_token(
        self, account: str, connector: str, pace: Pace, span: float, *, patience: float
    ) -> tuple[float | None, float]:
        """Take the next token of a connector: `pace.most` in `span` seconds. Return its moment and the seconds to it.

        One that nobody may use within `patience` seconds is not taken: the moment is None.
        """
        ...

    def use_token(self, account: str, connector: str, pace: Pace, span: float, moment: float) -> float:
        """Let a request leave with the token of a moment; 0.0, or the seconds for which it must not yet."""
        ...

    def pause_tokens(self, account: str, connector: str, seconds: float) -> None:
        """Let no engine use a token of a connector for so long."""
        ...

    def automations_with_work(self, account: str) -> frozenset[str]:
        """Return the automations that have anything ready, running or retrying."""
        ...

    def open_window(
        self, account: str, automation: str, version: str, *, recorded_by: str | None = None, asked: str | None = None
    ) -> Window:
        """Open a window of this worker; a run that was asked for becomes its record.

        `recorded_by` is the flow run that carries the window and records it itself, `asked` the id under which the
        window was asked of Prefect.
        """
        ...

    def recent_windows(self, account: str, automation: str, seconds: float) -> int:
        """Count the windows of an automation that were opened in the last so many seconds, by whomever."""
        ...

    def others_wait(self, account: str, automation: str, seconds: float) -> bool:
        """Say whether a window of another automation waits for a worker for so many seconds."""
        ...

    def abandon_window(self, window_id: str) -> None:
        """Note that a window has failed: what it leased is free at once. The journal itself may be away."""
        ...

    def window_cancelled(self, window_id: str) -> bool:
        """Say whether an operator cancelled the window."""
        ...

    def close_window(self, window: Window) -> Window:
        """Close a window with what it did; return it with its table rows."""
        ...

    def window_rows(self, window_id: str, limit: int) -> Sequence[SubjectRow]:
        """Read what a window left behind, failures first."""
        ...

    def run_asked(self, account: str) -> frozenset[str]:
        """Return the automations for which a run was asked and no window has opened since."""
        ...

    def busy(self) -> bool:
        """Say whether anything is unrouted, due or in flight."""
        ...

    def next_due(self) -> datetime | None:
        """Return the earliest business time at which something falls due."""
        ...
