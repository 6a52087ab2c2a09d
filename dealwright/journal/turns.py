"""Claim, plan, settle: an execution's turns, under a lease that only its worker may use."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy import Row as RowOf

from dealwright import faults
from dealwright.engine.records import Asked, Claimed, EffectRow, Progress, Settlement, Turn
from dealwright.journal import hot, lanes, people, questions, reservations, switches
from dealwright.journal.database import Lease, Row, instant, micros, statement
from dealwright.journal.parts import Part
from dealwright.journal.payload import UNREADABLE, seal, unseal
from dealwright.journal.tables import ENDED, HOLDING
from dealwright.model.delivery import delivery_name
from dealwright.model.events import Event
from dealwright.model.requests import Sent

_AWAIT: Final = statement(
    "insert into awaits (execution_id, kind, account, subject) values (:execution_id, :kind, :account, :subject) "
    "on conflict (execution_id, kind) do nothing"
)
_CAME: Final = statement(
    "select id from events where account = :account and subject in :subjects and id > :seen and kind in :kinds "
    "order by id",
    "subjects",
    "kinds",
)
_ACCOUNTS: Final = statement("select id, account from executions where id in :ids", "ids")
WOKEN_BY_EVENTS: Final = ("waiting", "held")
"""States in which an execution may wait for events."""

_FALLEN_DUE: Final = statement(
    "select id from executions where due_at is not null and due_at <= :now order by due_at, id limit :limit"
)
_UNANSWERED: Final = statement(
    "update effects set state = 'unknown', reason = 'no answer was written' "
    "where execution_id in :ids and state = 'sending'",
    "ids",
)
_BUSY: Final = statement(
    """
    select exists(select 1 from events where routed_at is null)
        or exists(select 1 from executions where head)
        or exists(select 1 from executions where due_at is not null and due_at <= :now)
        or exists(select 1 from unmatched where state = 'waiting' and asked > looked)
    """
)
_NEXT_DUE: Final = statement("select min(due_at) from executions where due_at is not null")


class Turns(Part):
    """The life of executions from the first claim to the end."""

    def claim(self, account: str, automation: str, window_id: str, limit: int, lease: float) -> Sequence[Claimed]:
        """Lease due lane heads of one automation, oldest event first, for `lease` seconds.

        Of more retries than the limit those that have been due for longest are taken, whatever their events.

        A running execution of another worker is taken over only when its lease and the longest call are over; one of
        this worker's own at once, if the window that claimed it has failed.
        """
        with self.database.write() as connection:
            moment = self.database.lease(connection)
            found = hot.CLAIM.run(connection, **self._due_parameters(account, automation, moment), limit=limit).all()
            if not found:
                return ()
            hot.LEASE.run(
                connection,
                ids=[row.id for row in found],
                worker=self._worker,
                boot=moment.boot,
                until=moment.now + lease,
                window=window_id,
            )
            if again := [row.id for row in found if row.turn > 0 or row.late]:
                hot.SEEN.run(connection, ids=again)
            now, actor = self._now(), f"worker:{self._worker}"
            hot.TRANSITION.run(
                connection,
                [
                    (row.id, now, row.state, "running", "taken over" if row.state == "running" else "", actor)
                    for row in found
                ],
            )
            claimed, unreadable = self._details(connection, account, automation, found)
        faults.hit("claim.after-commit")
        self._park_unreadable(unreadable)
        return claimed

    def has_due(self, account: str, automation: str) -> bool:
        """Say whether a claim would find anything."""
        with self.database.read() as connection:
            moment = self.database.lease(connection)
            return hot.HAS_DUE.run(connection, **self._due_parameters(account, automation, moment)).first() is not None

    def automations_with_work(self, account: str) -> frozenset[str]:
        """Return the automations that have anything ready, running or retrying."""
        with self.database.read() as connection:
            return frozenset(row.automation for row in hot.WITH_HEADS.run(connection, account=account))

    def _due_parameters(self, account: str, automation: str, moment: Lease) -> dict[str, Any]:
        return {
            "account": account,
            "automation": automation,
            "boot": moment.boot,
            "now": moment.now,
            "grace": self._takeover_after,
            "worker": self._worker,
            "open_windows": sorted(self._open_windows),
        }

    def _details(
        self, connection: Connection, account: str, automation: str, found: Sequence[RowOf[Any]]
    ) -> tuple[Sequence[Claimed], Mapping[str, str]]:
        """Read what was leased; return also which executions this version cannot read, and why."""
        bodies = {
            row.id: row.body for row in hot.BODIES.run(connection, ids=sorted({row.event_id for row in found})).all()
        }
        begun = [row.id for row in found if row.turn > 0]
        effects: dict[str, list[Row]] = {}
        for effect in hot.EFFECTS.run(connection, ids=begun).mappings() if begun else ():
            effects.setdefault(effect["execution_id"], []).append(effect)
        claimed, unreadable = [], {}
        events: dict[int, Event] = {}
        for row in sorted(found, key=lambda row: (row.event_id, row.id)):
            try:
                if row.event_id not in events:
                    body = bodies[row.event_id]
                    events[row.event_id] = unseal(body, Event)  # type: ignore[arg-type]  # a union, decodes by its tag
                claimed.append(
                    Claimed(
                        id=row.id,
                        account=account,
                        automation=automation,
                        subject=row.subject,
                        event_id=row.event_id,
                        release=row.release,
                        event=events[row.event_id],
                        turn=row.turn,
                        late=bool(row.late),
                        progress=unseal(row.progress, Progress) if row.progress is not None else Progress(),
                        effects=tuple(map(_effect, effects.get(row.id, ()))),
                    )
                )
            except UNREADABLE as error:
                unreadable[row.id] = type(error).__name__
        return claimed, unreadable

    def _park_unreadable(self, unreadable: Mapping[str, str]) -> None:
        """Park what was leased and cannot be read; whoever claimed it goes on with the others."""
        self.settle(
            [
                Settlement(
                    execution_id=id_,
                    state="parked",
                    reason=f"cannot be read: {error} (a row of it is damaged, or another version wrote it)",
                )
                for id_, error in unreadable.items()
            ]
        )

    def renew(self, execution_ids: Sequence[str], lease: float) -> frozenset[str]:
        """Prolong leases; return the executions that are still this worker's."""
        if not execution_ids:
            return frozenset()
        with self.database.write() as connection:
            moment = self.database.lease(connection)
            owned = self._owned(connection, execution_ids)
            hot.RENEW.run(
                connection,
                ids=sorted(execution_ids),
                worker=self._worker,
                boot=moment.boot,
                until=moment.now + lease,
            )
        return frozenset(owned)

    def _owned(self, connection: Connection, ids: Sequence[str]) -> dict[str, RowOf[Any]]:
        """Lock and return those executions whose lease is still this worker's."""
        rows = hot.OWNED.run(connection, lock=self.database.for_update, ids=sorted(ids), worker=self._worker)
        return {row.id: row for row in rows.all()}

    def plan(self, turns: Sequence[Turn]) -> frozenset[str]:
        """Write turns with their facts and traces, progress, and effects as planned.

        An effect that was held, or planned by a turn that died, takes its newly rendered request.
        """
        if not turns:
            return frozenset()
        now = self._now()
        with self.database.write() as connection:
            owned = self._owned(connection, [turn.execution_id for turn in turns])
            mine = [turn for turn in turns if turn.execution_id in owned]
            if not mine:
                return frozenset()
            hot.TURN.run(
                connection,
                [
                    (
                        turn.execution_id,
                        turn.n,
                        now,
                        micros(turn.as_of),
                        None if turn.facts is None else seal(turn.facts),
                        seal(turn.trace),
                    )
                    for turn in mine
                ],
            )
            hot.PROGRESS.run(connection, [(turn.execution_id, turn.n, seal(turn.progress), now) for turn in mine])
            hot.EFFECT.run(
                connection,
                [
                    (
                        turn.effect.key,
                        turn.execution_id,
                        owned[turn.execution_id].account,
                        owned[turn.execution_id].automation,
                        turn.effect.step,
                        turn.effect.target,
                        turn.effect.request.kind,
                        delivery_name(turn.effect.delivery),
                        seal(_asked(turn.effect)),
                        now,
                    )
                    for turn in mine
                    if turn.effect is not None
                ],
            )
        faults.hit("plan.after-commit")
        return frozenset(owned)

    def settle(self, settlements: Sequence[Settlement]) -> frozenset[str]:
        """End turns: new states, their transitions, and the next head of every lane that was let go.

        One that is about to wait for events looks once more for those that came since its turn began, and lets none
        come until it waits: else the wake-up would be lost. One that is about to be held by a stop looks whether the
        stop still stands: else it would rest for ever.
        """
        if not settlements:
            return frozenset()
        now = self._now()
        ids = [item.execution_id for item in settlements]
        with self.database.write() as connection:
            changed = self._people_changed(connection, settlements)
            places = lanes.lock(self.database, connection, lanes.of(connection, ids))
            owned = self._owned(connection, ids)
            moment = self.database.lease(connection)
            mine = [item for item in settlements if item.execution_id in owned]
            standing = self._standing(connection, [owned[x.execution_id].account for x in mine if x.state == "held"])
            self._let_no_event_come(connection, {owned[x.execution_id].account for x in mine if x.on_events})
            rows, transitions, states, actor = [], [], {}, f"worker:{self._worker}"
            for item in mine:
                row = owned[item.execution_id]
                came = item.state in WOKEN_BY_EVENTS and self._came(connection, row, item)
                came = came or (item.asks != "" and questions.is_answered(connection, row.id, item.asks))
                lifted = item.state == "held" and switches.lifted(item.reason, row.automation, standing[row.account])
                lifted = lifted or item.execution_id in changed
                state = "ready" if came or lifted else item.state
                reason = "an awaited event came" if came else "resumed" if lifted else item.reason
                holds = state in HOLDING
                rows.append(
                    (
                        item.execution_id,
                        state,
                        reason,
                        row.pos if holds else None,
                        holds,
                        None if state == "ready" or item.due_at is None else micros(item.due_at),
                        moment.boot if state == "retrying" else None,
                        moment.now + (item.not_before or 0.0) if state == "retrying" else None,
                        not holds and state not in ENDED,
                        lifted,
                        now if state in ENDED else None,
                    )
                )
                states[item.execution_id] = state
                transitions.append((item.execution_id, now, "running", state, reason, actor))
            if rows:
                hot.SETTLE.run(connection, rows)
                hot.TRANSITION.run(connection, transitions)
                self._end(connection, mine, states)
                if parked := [id_ for id_, state in states.items() if state == "parked"]:
                    connection.execute(_UNANSWERED, {"ids": parked})
                self._await_events(connection, mine, states, owned)
                lanes.promote(connection, places)
            faults.hit("settle.before-commit")
        faults.hit("settle.after-commit")
        return frozenset(owned)

    def _end(self, connection: Connection, settlements: Sequence[Settlement], states: Mapping[str, str]) -> None:
        """Of what has ended, drop effects that never left, and give back what was reserved and not used."""
        ended = [(x.execution_id, x.reason) for x in settlements if states[x.execution_id] in ENDED]
        hot.DROP_OPEN.run(connection, ended)
        reservations.give_back(self.database, connection, [id_ for id_, _ in ended])

    def _await_events(
        self,
        connection: Connection,
        settlements: Sequence[Settlement],
        states: Mapping[str, str],
        owned: Mapping[str, RowOf[Any]],
    ) -> None:
        awaits = [
            {"execution_id": row.id, "kind": kind, "account": row.account, "subject": row.subject}
            for item in settlements
            if states[item.execution_id] in WOKEN_BY_EVENTS
            for kind in item.on_events
            if (row := owned[item.execution_id])
        ]
        if awaits:
            connection.execute(_AWAIT, awaits)

    def _people_changed(self, connection: Connection, settlements: Sequence[Settlement]) -> frozenset[str]:
        """Return those that nobody was there for and that need not be held: people have said something since.

        They say no more until the transaction ends. Their lock comes before those of lanes, as when they say it.
        """
        waiting = [item for item in settlements if item.people is not None]
        if not waiting:
            return frozenset()
        ids = [item.execution_id for item in waiting]
        accounts = {row.id: row.account for row in connection.execute(_ACCOUNTS, {"ids": ids})}
        last = {}
        for account in sorted(set(accounts.values())):
            self.database.lock_account(connection, account, "people", shared=True)
            last[account] = people.seen(connection, account)
        return frozenset(
            item.execution_id
            for item in waiting
            if item.people is not None and last[accounts[item.execution_id]] > item.people
        )

    def _standing(self, connection: Connection, accounts: Collection[str]) -> dict[str, frozenset[tuple[str, str]]]:
        """Return the switches that hold in these accounts, and keep them so until the transaction ends."""
        return {account: switches.standing(self.database, connection, account) for account in sorted(set(accounts))}

    def _let_no_event_come(self, connection: Connection, accounts: Collection[str]) -> None:
        """Let appends wait: one that commits between our look and our commit would be routed past who waits for it."""
        for account in sorted(accounts):
            self.database.lock_account(connection, account, "append", shared=True)

    def _came(self, connection: Connection, row: RowOf[Any], item: Settlement) -> bool:
        if not item.on_events:
            return False
        parameters = {
            "account": row.account,
            "subjects": [row.subject, *item.also],
            "seen": row.seen_event if item.seen is None else item.seen,
            "kinds": list(item.on_events),
        }
        found = connection.execute(_CAME, parameters).scalars()
        return any(id_ not in item.considered for id_ in found)

    def release_due(self, limit: int) -> Sequence[tuple[str, str]]:
        """Make what has fallen due in business time ready again; return (account, automation) of each."""
        now = self._now()
        with self.database.read() as connection:
            ids = connection.execute(_FALLEN_DUE, {"now": now, "limit": limit}).scalars().all()
        if not ids:
            return ()
        with self.database.write() as connection:
            woken = lanes.wake(self.database, connection, ids, now=now, reason="due", actor="clock")
        return [(row["account"], row["automation"]) for row in woken]

    def busy(self) -> bool:
        """Say whether anything is unrouted, due or in flight (a retry that waits for its time is in flight)."""
        with self.database.read() as connection:
            return bool(connection.execute(_BUSY, {"now": self._now()}).scalar_one())

    def next_due(self) -> datetime | None:
        """Return the earliest business time at which something falls due."""
        with self.database.read() as connection:
            stored = connection.execute(_NEXT_DUE).scalar_one()
        return None if stored is None else instant(stored)


def _asked(effect: EffectRow) -> Asked:
    return Asked(request=effect.request, delivery=effect.delivery, rendered_at=effect.rendered_at)


def _effect(row: Row) -> EffectRow:
    asked = unseal(row["request"], Asked)
    return EffectRow(
        key=row["key"],
        execution_id=row["execution_id"],
        step=row["step"],
        target=row["target"],
        state=row["state"],
        delivery=asked.delivery,
        request=asked.request,
        attempts=row["attempts"],
        looks=row["looks"],
        first_sent=None if row["first_sent_wall"] is None else instant(row["first_sent_wall"]),
        receipt=None if row["receipt"] is None else unseal(row["receipt"], Sent),
        rendered_at=asked.rendered_at,
        approved=row["approved"],
        allowed_attempt=row["allowed_attempt"],
        failures=row["failures"],
    )
