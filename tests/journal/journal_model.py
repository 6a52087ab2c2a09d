"""A model of the journal in plain Python: what must be true, said without a database. It knows no transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dealwright.engine.records import GateRequest, Settlement
from dealwright.journal.routing import execution_id

HOLDING = ("ready", "running", "retrying")
ENDED = ("done", "skipped", "failed", "cancelled")


@dataclass
class ModelEvent:
    """An event that was appended."""

    id: int
    kind: str
    subject: str
    version: int
    routed: bool = False
    replayed: bool = False


@dataclass
class ModelEffect:
    """An effect of an execution."""

    state: str
    attempts: int = 0
    reason: str = ""
    tries: dict[int, str | None] = field(default_factory=dict)


@dataclass
class ModelExecution:
    """An execution; `live` says that its lease, or the wait before its retry, is not over."""

    id: str
    event: int
    automation: str
    subject: str
    state: str = "ready"
    reason: str = ""
    late: bool = False
    turn: int = 0
    seen: int = 0
    worker: str | None = None
    live: bool = False
    due: datetime | None = None
    awaits: tuple[str, ...] = ()
    effects: dict[str, ModelEffect] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)

    def become(self, state: str, reason: str = "") -> None:
        """Change the state."""
        self.state, self.reason = state, reason
        self.history.append(state)


class SentAgain(Exception):
    """What has ended would be sent again."""


class Model:
    """What the journal must hold after the same calls."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.events: list[ModelEvent] = []
        self.sources: set[str] = set()
        self.versions: dict[str, int] = {}
        self.executions: dict[str, ModelExecution] = {}
        self.lanes: dict[tuple[str, str], list[ModelExecution]] = {}
        self.reservations: dict[tuple[str, str, str], tuple[str, datetime | None]] = {}
        self.stopped: set[str] = set()
        self.epoch = 1

    # --- in ----------------------------------------------------------------------------------------------------------

    def append(self, source_id: str, event: ModelEvent) -> int:
        """Append an event unless its source told it already; return how many were new."""
        if source_id in self.sources:
            return 0
        self.sources.add(source_id)
        self.events.append(event)
        return 1

    def unrouted(self) -> list[ModelEvent]:
        """Return what waits to be routed, oldest first."""
        return [event for event in self.events if not event.routed]

    def route(self, account: str, events: Sequence[ModelEvent], automations: dict[str, tuple[str, ...]]) -> None:
        """Make executions of events, and wake who waited for them."""
        for event in events:
            late = event.replayed or event.version < self.versions.get(event.subject, -1)
            self.versions[event.subject] = max(event.version, self.versions.get(event.subject, -1))
            event.routed = True
            for automation in automations[event.kind]:
                id_ = execution_id(account, event.id, automation, event.subject)
                made = ModelExecution(id_, event.id, automation, event.subject, late=late, seen=event.id)
                made.history.append("ready")
                assert id_ not in self.executions
                self.executions[id_] = made
                self._lane(made).append(made)
        came = {(event.subject, event.kind) for event in events}
        self.wake(
            x
            for x in self.executions.values()
            if x.state == "waiting" and any((x.subject, k) in came for k in x.awaits)
        )

    def _lane(self, x: ModelExecution) -> list[ModelExecution]:
        return self.lanes.setdefault((x.automation, x.subject), [])

    def is_head(self, x: ModelExecution) -> bool:
        """Say whether the execution stands first in its lane."""
        return self._lane(x)[:1] == [x]

    def wake(self, resting: Iterable[ModelExecution], reason: str = "") -> int:
        """Put resting executions at the end of their lanes; return how many."""
        woken = sorted(resting, key=lambda x: (x.event, x.id))
        for x in woken:
            x.late = x.late or x.state != "waiting"
            x.due, x.awaits = None, ()
            x.become("ready", reason)
            self._lane(x).append(x)
        return len(woken)

    def release_due(self) -> int:
        """Wake what is due."""
        return self.wake(x for x in self.executions.values() if x.due is not None and x.due <= self.now())

    # --- turns -------------------------------------------------------------------------------------------------------

    def claimable(self, automation: str) -> list[ModelExecution]:
        """Return due heads, oldest event first.

        A claim of fewer may take any of those that rest (retrying, or their worker died), but of those that are ready
        always the oldest.
        """
        due = [
            lane[0]
            for (key, _), lane in self.lanes.items()
            if key == automation and lane and (lane[0].state == "ready" or not lane[0].live)
        ]
        return sorted(due, key=lambda x: x.event)

    def claim(self, worker: str, x: ModelExecution) -> None:
        """Lease an execution."""
        if x.turn or x.late:
            x.seen = max(event.id for event in self.events if event.subject == x.subject)
        x.worker, x.live, x.due = worker, True, None
        x.become("running")

    def owned(self, worker: str, id_: str) -> bool:
        """Say whether the worker has the execution."""
        x = self.executions[id_]
        return x.state == "running" and x.worker == worker

    def plan(self, worker: str, id_: str, step: str) -> bool:
        """Write a turn with an effect."""
        if not self.owned(worker, id_):
            return False
        x = self.executions[id_]
        x.turn += 1
        x.late = False
        effect = x.effects.setdefault(step, ModelEffect("planned"))
        if effect.state in ("planned", "held"):
            effect.state = "planned"
        return True

    def settle(self, worker: str, item: Settlement) -> bool:
        """End a turn."""
        if not self.owned(worker, item.execution_id):
            return False
        x = self.executions[item.execution_id]
        news = (e for e in self.events if e.subject == x.subject and e.id > x.seen and e.kind in item.on_events)
        came = item.state == "waiting" and any(news)
        lifted = (item.state, item.reason) == ("held", "stop") and self.stopped.isdisjoint({"", x.automation})
        state = "ready" if came or lifted else item.state
        x.worker, x.live = None, state == "retrying" and bool(item.not_before)
        if state not in HOLDING:
            self._lane(x).remove(x)
            x.late = x.late and state in ENDED
        x.late = x.late or lifted
        x.due = None if state == "ready" else item.due_at
        x.awaits = item.on_events if state == "waiting" else ()
        x.become(state, item.reason)
        if state == "parked":
            for effect in x.effects.values():
                if effect.state == "sending":
                    effect.state, effect.reason = "unknown", "no answer was written"
        if state in ENDED:
            self._drop(x, item.reason, "planned", "held")
        return True

    def _drop(self, x: ModelExecution, reason: str, *states: str) -> None:
        for effect in x.effects.values():
            if effect.state in states:
                effect.state, effect.reason = "dropped", reason
        self.give_back(x)

    def die(self, worker: str) -> None:
        """A worker is surely dead."""
        for x in self.executions.values():
            x.live = x.live and x.worker != worker

    def stall(self) -> None:
        """Time passes, longer than any lease and any wait before a retry."""
        for x in self.executions.values():
            x.live = False

    def renew(self, worker: str, ids: Iterable[str]) -> set[str]:
        """Prolong leases."""
        mine = {id_ for id_ in ids if self.owned(worker, id_)}
        for id_ in mine:
            self.executions[id_].live = True
        return mine

    # --- effects -----------------------------------------------------------------------------------------------------

    def gate(self, worker: str, epoch: int, requests: Sequence[GateRequest]) -> list[tuple[str, str]] | None:
        """Carry out verdicts; return (execution, result) of each."""
        if epoch != self.epoch:
            return None
        done = []
        ids = {request.effect.execution_id for request in requests}
        acted = {(id_, mode): self._acted(self.executions[id_], mode) for id_ in ids for mode in ("live", "shadow")}
        for request in sorted(requests, key=lambda r: [(s.rule, s.scope, s.mode) for s in r.verdict.reservations]):
            id_, step = request.effect.execution_id, request.effect.step
            done.append((id_, self._pass(id_, step, request, acted) if self.owned(worker, id_) else "gone"))
        return done

    def _pass(self, id_: str, step: str, request: GateRequest, acted: dict[tuple[str, str], bool]) -> str:
        effect, verdict = self.executions[id_].effects[step], request.verdict
        if verdict.decision == "drop" and request.effect.state in ("sending", "unknown"):
            return "unresolved"
        for wanted in () if verdict.decision == "hold" else verdict.reservations:
            if acted[id_, wanted.mode]:
                continue
            key = (wanted.mode, wanted.rule, wanted.scope)
            holder, until = self.reservations.get(key, (None, None))
            if holder is None or (holder != id_ and until is not None and until <= self.now()):
                self.reservations[key] = (id_, wanted.until)
            elif holder != id_:
                return "lost"
        if verdict.decision == "send":
            if effect.state not in ("planned", "sending", "unknown"):
                raise SentAgain(id_)
            effect.state, effect.attempts = "sending", effect.attempts + 1
            effect.tries[effect.attempts] = None
            return "sending"
        result = {"hold": "held", "drop": "dropped"}[verdict.decision]
        if effect.state in ("sent", "rejected", "dropped"):
            return result
        effect.state = "unknown" if effect.state in ("sending", "unknown") else result
        effect.reason = verdict.reason
        return result

    def answer(self, id_: str, step: str, attempt: int, state: str) -> None:
        """Write down what became of an attempt."""
        effect = self.executions[id_].effects[step]
        if state == "sent":
            effect.state = "sent"
        elif effect.state in ("sending", "unknown") and effect.attempts == attempt:
            open_before = any(said in (None, "unknown") for n, said in effect.tries.items() if n < attempt)
            effect.state = "unknown" if open_before and state != "unknown" else state
        effect.tries[attempt] = effect.tries[attempt] or state
        if state == "rejected":
            self.give_back(self.executions[id_])

    def _acted(self, x: ModelExecution, mode: str) -> bool:
        states = {(effect.state, effect.reason if effect.state == "dropped" else "") for effect in x.effects.values()}
        if mode == "shadow":
            return ("dropped", "shadow") in states
        return not states.isdisjoint({("sending", ""), ("sent", ""), ("unknown", "")})

    def give_back(self, x: ModelExecution) -> None:
        """Give back what the execution holds and has not used."""
        used = any(effect.state in ("sending", "sent", "unknown") for effect in x.effects.values())
        shadowed = any((effect.state, effect.reason) == ("dropped", "shadow") for effect in x.effects.values())
        for key, (holder, _) in list(self.reservations.items()):
            if holder == x.id and not used and not (shadowed and key[0] == "shadow"):
                del self.reservations[key]

    # --- a person's decisions ----------------------------------------------------------------------------------------

    def retry(self, id_: str, *, even_if_sent: bool) -> bool:
        """Give a failed or parked execution another chance; False if that is refused."""
        x = self.executions[id_]
        unknown = [effect for effect in x.effects.values() if effect.state in ("sending", "unknown")]
        if x.state not in ("failed", "parked") or (unknown and not even_if_sent):
            return False
        for effect in x.effects.values():
            if effect.state == "rejected" or (
                effect.state == "dropped" and effect.reason == x.reason and effect.reason != "shadow"
            ):
                effect.state, effect.reason = "planned", ""
        self.wake([x], "retried")
        return True

    def cancel(self, id_: str) -> bool:
        """End an execution that nobody works on; False if that is refused."""
        x = self.executions[id_]
        if x.state == "running" or x.state in ENDED:
            return False
        if x.state in HOLDING:
            self._lane(x).remove(x)
        x.due, x.awaits, x.live = None, (), False
        x.become("cancelled", "cancelled by a person")
        self._drop(x, "cancelled by a person", "planned", "held")
        return True

    def approve(self, id_: str) -> bool:
        """Let go what is held for approval; False if that is refused."""
        x = self.executions[id_]
        if x.state != "held" or not x.reason.startswith("approve"):
            return False
        self.wake([x], "approved")
        return True

    def replay(self, event: int) -> bool:
        """Have an event happen again; False if that is refused."""
        return next(each for each in self.events if each.id == event).routed

    # --- switches ----------------------------------------------------------------------------------------------------

    def resume(self, automation: str, what: str) -> int:
        """Lift a stop, and let go or drop what it holds."""
        self.epoch += 1
        pile = [
            x
            for x in self.executions.values()
            if (x.state, x.reason) == ("held", "stop")
            and (automation == x.automation or (automation == "" and x.automation not in self.stopped))
        ]
        self.stopped.discard(automation)
        if what == "run":
            return self.wake(pile, "resumed")
        for x in pile:
            x.due = None
            x.become("cancelled", "dropped on resume")
            self._drop(x, "dropped on resume", "held")
        return len(pile)
