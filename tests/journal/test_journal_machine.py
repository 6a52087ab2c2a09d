"""The journal against its model: any order of appends, routes, claims, crashes and switches, compared after each."""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from journal_actions import ACTIONS, Bench, done, either, in_state, may_happen, standing
from journal_model import ENDED, HOLDING, Model, ModelEvent, SentAgain
from journal_world import (
    ACME,
    HOLD,
    SEND,
    SHADOW,
    HandClock,
    answers,
    created,
    deal,
    effect_of,
    empty,
    execute,
    headless,
    moved,
    receive,
    turn_of,
    updated,
    window,
)
from msgspec.structs import replace
from sqlalchemy import text

from dealwright.engine.act import effect_key
from dealwright.engine.records import Claimed, EffectOutcome, GateRequest, Reservation, Settlement, Verdict
from dealwright.errors import JournalError
from dealwright.journal.database import instant
from dealwright.journal.store import Journal
from dealwright.model.requests import Outcome, Refused, Sent, TryAgain, Unknown

LONG = 1000.0
"""Seconds of a lease here: more than a test takes, so that on PostgreSQL too time passes only when it is told to."""

ITEMS = {"deal_created": created, "deal_updated": updated, "stage_changed": moved}
ANSWERED = {"deal_created": ("greet",), "deal_updated": ("watch", "follow"), "stage_changed": ()}
STEPS = ("one", "two")
OUTCOMES: dict[str, Outcome] = {
    "sent": Sent(),
    "rejected": Refused(code="no", message="no"),
    "planned": TryAgain(reason="busy"),
    "unknown": Unknown(reason="no answer"),
}
AFTER = {  # how the engine may leave an execution, by where it stands with it
    "decide": ("ready", "waiting", "held", "parked", "retrying", "done", "failed", "cancelled", "skipped"),
    "planned": ("ready", "retrying", "cancelled"),
    "sent": ("ready", "waiting", "done"),
    "rejected": ("failed",),
    "try again": ("retrying",),
    "unknown": ("retrying", "parked"),
    "stopped": ("held",),
    "lost": ("skipped",),
}
KEYS = ("greet", "watch", "follow")


class JournalMachine(RuleBasedStateMachine):
    """Two workers on one journal; either may be slow, dead or wrong about what it has."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.clock = HandClock()
        self.model = Model(self.clock.now)
        self.workers = [self.open(), self.open()]
        self.windows: dict[tuple[str, str], str] = {}
        self.benches: list[dict[str, Bench]] = [{}, {}]
        self.modes: dict[str, str] = {}
        self.told = 0
        self.numbers: list[int] = []
        self.workers[0].record_release(ACME)

    def open(self) -> Journal:
        journal = Journal(self.url, self.clock, takeover_after=10.0)
        assert journal.start().lanes_without_head == 0
        return journal

    def teardown(self) -> None:
        for journal in self.workers:
            journal.close()

    @rule(number=st.integers(0, 2**32))
    def something_happens(self, number: int) -> None:
        """Do one of the things that can be done now, each as likely as its weight says.

        Hypothesis's own choices lean to what is first, small and was chosen before, and then little is ever claimed:
        its numbers are only what chance is made of, all of them together.
        """
        self.numbers.append(number)
        chance = Random(repr(self.numbers))
        possible = [(name, action.where(self), action) for name, action in ACTIONS.items()]
        able = [item for item in possible if item[1]]
        ((name, places, action),) = chance.choices(able, [action.weight for _, _, action in able])
        to = chance.choice(places)
        more = {key: chance.choice(choices) for key, choices in action.arguments.items()}
        note(f"{name}{to} {more}")
        getattr(self, name)(*to, **more)

    # --- in ----------------------------------------------------------------------------------------------------------

    @may_happen(3, either, kind=sorted(ITEMS), id_="ab", back=(False, True))
    def append(self, worker: int, kind: str, id_: str, back: bool) -> None:
        self.told += 1
        version = max(0, self.told - (3 if back else 0))
        item = ITEMS[kind](str(self.told), deal(id_, version))
        assert receive(self.workers[worker], item) == 1
        rows = self.workers[worker].database.rows(text("select max(id) as id from events"))
        assert self.model.append(str(self.told), ModelEvent(rows[0]["id"], kind, f"deal:{id_}", version)) == 1
        assert receive(self.workers[1 - worker], item) == 0

    @may_happen(6, lambda self: either(self) if self.model.unrouted() else (), limit=range(1, 6))
    def route(self, worker: int, limit: int) -> None:
        journal = self.workers[worker]
        events, expected = journal.unrouted("acme", limit), self.model.unrouted()[:limit]
        assert [event.id for event in events] == [event.id for event in expected]
        assert journal.route(ACME, "release", events, answers(events))
        self.model.route("acme", expected, ANSWERED)
        assert not self.workers[1 - worker].route(ACME, "release", events, answers(events))

    # --- turns -------------------------------------------------------------------------------------------------------

    @may_happen(
        8,
        lambda self: [(worker, key) for worker in (0, 1) for key in KEYS if self.model.claimable(key)],
        limit=range(1, 4),
    )
    def claim(self, worker: int, key: str, limit: int) -> None:
        journal = self.workers[worker]
        if (journal.worker, key) not in self.windows:
            self.windows[journal.worker, key] = window(journal, key)
        claimable = self.model.claimable(key)
        claimed = journal.claim("acme", key, self.windows[journal.worker, key], limit, LONG)
        ids = [item.id for item in claimed]
        expected = [x for x in claimable if x.id in ids]
        assert ids == [x.id for x in expected]
        assert len(ids) == min(limit, len(claimable))
        left = [x.event for x in claimable if x.id not in ids and x.state == "ready"]
        assert not left or expected[-1].event <= min(left)
        for item, x in zip(claimed, expected, strict=True):
            self.model.claim(journal.worker, x)
            told = {effect.step: (effect.state, effect.attempts) for effect in item.effects}
            assert told == {step: (effect.state, effect.attempts) for step, effect in x.effects.items()}
            assert (item.turn, item.late) == (x.turn, x.late)
            self.benches[worker][item.id] = _begin(item)

    @may_happen(12, standing("decide", "sent"))
    def decide(self, worker: int, id_: str) -> None:
        """Plan the next step's effect, if there is one."""
        journal, bench = self.workers[worker], self.benches[worker][id_]
        over = [effect.step for effect in bench.claimed.effects if effect.state in ("sent", "dropped")]
        step = next((step for step in STEPS if step not in over), None)
        if step is None:
            return
        bench.effect = effect_of(journal, bench.claimed, step)
        owned = journal.plan([turn_of(bench.claimed, bench.effect)])
        assert (id_ in owned) == self.model.plan(journal.worker, id_, step)
        bench.claimed = replace(bench.claimed, turn=bench.claimed.turn + 1)
        bench.stands = "planned"
        if not owned:
            del self.benches[worker][id_]

    @may_happen(
        14,
        lambda self: sorted({to[:1] for to in standing("planned")(self)}),
        stale=[False, False, True],
        ends=[None, 1],
    )
    def gate(self, worker: int, stale: bool, ends: int | None) -> None:
        """Take everything that is planned to the gate in one batch."""
        journal = self.workers[worker]
        benches = [bench for _, bench in sorted(self.benches[worker].items()) if bench.stands == "planned"]
        epoch = journal.controls("acme").epoch
        assert epoch == self.model.epoch
        requests = [self._request(bench, ends) for bench in benches]
        assert journal.pass_gate("acme", epoch - 1, "greet", requests) is None
        if stale:
            return
        after = copy.deepcopy(self.model)
        after.now = self.clock.now
        try:
            expected = after.gate(journal.worker, epoch, requests)
        except SentAgain:
            with pytest.raises(JournalError):
                journal.pass_gate("acme", epoch, "greet", requests)
            for bench in benches:
                del self.benches[worker][bench.claimed.id]
            return
        self.model = after
        passed = journal.pass_gate("acme", epoch, "greet", requests)
        assert passed is not None and expected is not None
        of = {request.effect.key: request.effect.execution_id for request in requests}
        assert [(of[item.key], item.result) for item in passed] == expected
        for id_, result in expected:
            self._gated(worker, id_, result)

    def _request(self, bench: Bench, ends: int | None) -> GateRequest:
        key, effect = bench.claimed.automation, bench.effect
        assert effect is not None
        if not self.model.stopped.isdisjoint({"", key}):
            return GateRequest(effect=effect, verdict=HOLD)
        mode = self.modes.get(key, "live")
        until = None if ends is None else self.clock.business + timedelta(hours=ends)
        again = (Reservation(mode=mode, rule=f"again:{key}", scope="person:p", until=until),) if key != "watch" else ()
        verdict: Verdict = SEND if mode == "live" else SHADOW
        return GateRequest(effect=effect, verdict=replace(verdict, reservations=again))

    def _gated(self, worker: int, id_: str, result: str) -> None:
        bench = self.benches[worker][id_]
        match result:
            case "sending":
                bench.stands = "sending"
            case "held":
                bench.stands = "stopped"
            case "unresolved":
                bench.stands = "unknown"
            case "lost":
                bench.stands = "lost"
            case "dropped":
                bench.stands = "sent"
                self._remember(bench, "dropped")
            case "gone":
                del self.benches[worker][id_]

    @may_happen(14, standing("sending"), outcome=["sent", "sent", *sorted(OUTCOMES)])
    def answer(self, worker: int, id_: str, outcome: str) -> None:
        """The other side answers, or does not, whoever has the execution now."""
        bench = self.benches[worker][id_]
        effect = bench.effect
        assert effect is not None
        self.workers[worker].receive_outcomes([EffectOutcome(effect=effect, outcome=OUTCOMES[outcome])])
        self.model.answer(bench.claimed.id, effect.step, effect.attempts + 1, outcome)
        bench.stands = "try again" if outcome == "planned" else outcome
        if outcome == "sent":
            self._remember(bench, "sent")

    def _remember(self, bench: Bench, state: str) -> None:
        assert bench.effect is not None
        others = tuple(effect for effect in bench.claimed.effects if effect.step != bench.effect.step)
        bench.claimed = replace(bench.claimed, effects=(*others, replace(bench.effect, state=state)))
        bench.effect = None

    @may_happen(5, standing(*AFTER), how=range(1001), hours=range(3), later=(False, True))
    def settle(self, worker: int, id_: str, how: int, hours: int, later: bool) -> None:
        journal, bench = self.workers[worker], self.benches[worker][id_]
        state = AFTER[bench.stands][how % len(AFTER[bench.stands])]
        due = (
            self.clock.business + timedelta(hours=hours) if state == "waiting" or (state == "held" and later) else None
        )
        item = Settlement(
            execution_id=bench.claimed.id,
            state=state,  # type: ignore[arg-type]
            reason="stop" if bench.stands == "stopped" else "approve" if state == "held" else bench.stands,
            due_at=None if bench.stands == "stopped" else due,
            not_before=LONG * later if state == "retrying" else None,
            on_events=("stage_changed",) if state == "waiting" and later else (),
        )
        owned = journal.settle([item])
        assert (bench.claimed.id in owned) == self.model.settle(journal.worker, item)
        del self.benches[worker][bench.claimed.id]

    @may_happen(1, either)
    def renew(self, worker: int) -> None:
        ids = sorted(self.benches[worker])
        assert self.workers[worker].renew(ids, LONG) == self.model.renew(self.workers[worker].worker, ids)

    # --- time and death ----------------------------------------------------------------------------------------------

    @may_happen(2, lambda self: [()], hours=range(3))
    def business_time_passes(self, hours: int) -> None:
        self.clock.business += timedelta(hours=hours)
        assert len(self.workers[0].release_due(100)) == self.model.release_due()

    @may_happen(2, lambda self: [()])
    def everybody_is_slow(self) -> None:
        """Leases and retries run out; the workers do not know, and go on."""
        self.clock.seconds += 3 * LONG
        if self.workers[0].database.postgresql:
            execute(self.workers[0], "update executions set lease_until = lease_until - :by", by=3 * LONG)
        self.model.stall()

    @may_happen(1, either)
    def crash(self, worker: int) -> None:
        """A worker dies, and another process takes its place."""
        dead = self.workers[worker]
        execute(dead, "update workers set pid_started = 'gone' where id = :id", id=dead.worker)
        dead.close()
        self.workers[worker] = self.open()
        self.benches[worker] = {}
        self.model.die(dead.worker)

    # --- a person's decisions ----------------------------------------------------------------------------------------

    @may_happen(4, in_state("failed", "parked"), even_if_sent=(False, True))
    def retry(self, worker: int, id_: str, even_if_sent: bool) -> None:
        journal = self.workers[worker]
        was_done = done(lambda: journal.retry_execution(id_, actor="ana", even_if_sent=even_if_sent))
        assert was_done == self.model.retry(id_, even_if_sent=even_if_sent)

    @may_happen(1, in_state())
    def cancel(self, worker: int, id_: str) -> None:
        was_done = done(lambda: self.workers[worker].cancel_execution(id_, actor="ana"))
        assert was_done == self.model.cancel(id_)

    @may_happen(2, in_state("held"))
    def approve(self, worker: int, id_: str) -> None:
        was_done = done(lambda: self.workers[worker].approve_execution(id_, actor="ana"))
        assert was_done == self.model.approve(id_)

    @may_happen(1, lambda self: [(worker, event.id) for worker in (0, 1) for event in self.model.events])
    def replay(self, worker: int, event: int) -> None:
        new: list[int] = []
        was_done = done(lambda: new.append(self.workers[worker].replay_event(event, actor="ana")))
        assert was_done == self.model.replay(event)
        if was_done:
            old = next(each for each in self.model.events if each.id == event)
            self.model.append(f"replay {new[0]}", ModelEvent(new[0], old.kind, old.subject, old.version, replayed=True))

    # --- switches ----------------------------------------------------------------------------------------------------

    @may_happen(1, either, key=["", *KEYS])
    def stop(self, worker: int, key: str) -> None:
        self.workers[worker].stop("acme", key, actor="ana")
        self.model.stopped.add(key)
        self.model.epoch += 1

    @may_happen(
        3,
        lambda self: [(worker, key) for worker in (0, 1) for key in sorted(self.model.stopped)],
        what=["run", "run", "drop"],
    )
    def resume(self, worker: int, key: str, what: str) -> None:
        count = self.workers[worker].resume("acme", key, what, actor="ana")  # type: ignore[arg-type]
        assert count == self.model.resume(key, what)

    @may_happen(1, either, key=KEYS, mode=["live", "live", "shadow"])
    def mode(self, worker: int, key: str, mode: str) -> None:
        self.workers[worker].set_mode("acme", key, mode, actor="ana")  # type: ignore[arg-type]
        self.modes[key] = mode
        self.model.epoch += 1

    # --- what is always so -------------------------------------------------------------------------------------------

    @invariant()
    def the_journal_is_as_the_model(self) -> None:
        journal, model = self.workers[0], self.model
        rows = journal.database.rows(text("select * from executions order by lane, pos"))
        found = {
            row["id"]: (
                row["state"],
                row["turn"],
                bool(row["late"]),
                bool(row["head"]),
                row["worker"],
                None if row["due_at"] is None else instant(row["due_at"]),
            )
            for row in rows
        }
        assert found == {
            x.id: (x.state, x.turn, x.late, x.state in HOLDING and model.is_head(x), x.worker, x.due)
            for x in model.executions.values()
        }
        queues: dict[tuple[str, str], list[str]] = {}
        for row in rows:
            if row["pos"] is not None:
                queues.setdefault((row["automation"], row["subject"]), []).append(row["id"])
        assert queues == {lane: [x.id for x in queue] for lane, queue in model.lanes.items() if queue}
        assert headless(journal) == 0
        assert all(model.is_head(x) for x in model.executions.values() if x.state == "running")
        assert not any(
            x.state == "held" and x.reason == "stop" and model.stopped.isdisjoint({"", x.automation})
            for x in model.executions.values()
        )

    @invariant()
    def effects_and_reservations_are_as_the_model(self) -> None:
        journal, model = self.workers[0], self.model
        rows = journal.database.rows(
            text(
                "select key, state, attempts, (select count(*) from attempts where effect_key = key) as tries, "
                "(select count(*) from receipts where effect_key = key) as receipts from effects"
            )
        )
        assert {row["key"]: (row["state"], row["attempts"]) for row in rows} == {
            effect_key(journal.installation, x.id, step, 1, "deal"): (effect.state, effect.attempts)
            for x in model.executions.values()
            for step, effect in x.effects.items()
        }
        assert all(row["tries"] == row["attempts"] for row in rows)
        assert all((row["receipts"] == 1) == (row["state"] == "sent") for row in rows)
        taken = journal.database.rows(text("select mode, rule, scope, holder from reservations"))
        assert {tuple(row.values())[:3]: row["holder"] for row in taken} == {
            key: holder for key, (holder, _) in model.reservations.items()
        }

    @invariant()
    def transitions_tell_the_whole_story(self) -> None:
        rows = self.workers[0].database.rows(
            text("select execution_id, from_state, to_state from transitions order by execution_id, id")
        )
        told: dict[str, list[str]] = {}
        for row in rows:
            story = told.setdefault(row["execution_id"], [])
            assert row["from_state"] == (story[-1] if story else None)
            assert not story or story[-1] not in ENDED or (story[-1], row["to_state"]) == ("failed", "ready")
            story.append(row["to_state"])
        assert told == {x.id: x.history for x in self.model.executions.values()}

    @invariant()
    def it_knows_what_is_due(self) -> None:
        journal, model = self.workers[0], self.model
        for key in KEYS:
            assert journal.has_due("acme", key) == bool(model.claimable(key))
        dues = [x.due for x in model.executions.values() if x.due is not None]
        assert journal.next_due() == min(dues, default=None)
        due = any(when <= self.clock.business for when in dues)
        assert journal.busy() == (bool(model.unrouted()) or any(model.lanes.values()) or due)


def _begin(claimed: Claimed) -> Bench:
    """Look at what a claim brought, as the engine does: what left without an answer comes first."""
    for effect in claimed.effects:
        if effect.state == "rejected":
            return Bench(claimed, "rejected", effect)
        if effect.state in ("sending", "unknown"):
            return Bench(claimed, "planned", effect)  # it is repeated, as it was rendered
    return Bench(claimed, "decide")


def _run(new_database: Callable[[], str], examples: int, steps: int, *, fixed: bool) -> None:
    profile = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=fixed,
        database=None,
        phases=(Phase.generate,),  # a failure is forty lines to read; to shrink it would take minutes
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: JournalMachine(new_database()), settings=profile)  # type: ignore[arg-type]


@contextmanager
def _files(template: Path) -> Iterator[Callable[[], str]]:
    folder = Path(tempfile.mkdtemp())
    count = iter(range(1_000_000))

    def new_database() -> str:
        file = folder / f"{next(count)}.db"
        shutil.copy(template, file)
        return f"sqlite:///{file}"

    try:
        yield new_database
    finally:
        shutil.rmtree(folder)


@pytest.mark.slow
def test_the_journal_does_what_its_model_does(migrated_sqlite: Path) -> None:
    with _files(migrated_sqlite) as new_database:
        _run(new_database, 10, 50, fixed=True)


@pytest.mark.slow
def test_the_journal_does_what_its_model_does_for_longer(migrated_sqlite: Path) -> None:
    with _files(migrated_sqlite) as new_database:
        _run(new_database, 150, 80, fixed=False)


@pytest.mark.slow
def test_the_journal_does_what_its_model_does_on_postgresql(migrated_postgresql: str) -> None:
    def new_database() -> str:
        empty(migrated_postgresql)
        return migrated_postgresql

    _run(new_database, 60, 60, fixed=False)
