"""Claim, plan, settle: an execution's turns, under a lease that only its worker may use."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from dealwright import faults
from dealwright.engine.records import Asked, Claimed, EffectRow, Progress, Settlement, Turn
from dealwright.journal import lanes, reservations, switches
from dealwright.journal.database import Lease, Row, instant, micros, statement
from dealwright.journal.parts import Part
from dealwright.journal.payload import seal, unseal
from dealwright.journal.tables import ENDED, HOLDING
from dealwright.model.delivery import delivery_name
from dealwright.model.events import Event
from dealwright.model.requests import Sent

_DUE: Final = """
    account = :account and automation = :automation and head and (
        state = 'ready'
        or (state = 'retrying' and (lease_boot <> :boot or lease_until <= :now))
        or (state = 'running' and (lease_boot <> :boot or lease_until + :grace <= :now
            or (worker = :worker and window_id not in :open_windows))))
"""
_CLAIM: Final = f"select id, state from executions where {_DUE} order by event_id limit :limit"
_WITH_HEADS: Final = statement("select distinct automation from executions where account = :account and head")
_HAS_DUE: Final = statement(f"select 1 from executions where {_DUE} limit 1", "open_windows")
_LEASE: Final = statement(
    "update executions set state = 'running', worker = :worker, lease_boot = :boot, lease_until = :until, "
    "window_id = :window, due_at = null where id in :ids",
    "ids",
)
_DETAILS: Final = statement(
    """
    select x.id, x.subject, x.event_id, x.release, x.turn, x.late, x.progress, events.body
    from executions as x join events on events.id = x.event_id where x.id in :ids order by x.event_id, x.id
    """,
    "ids",
)
_SEEN: Final = statement(
    # The first turn sees its own event's facts, unless it comes late, so everything later is news to it. Only ids of
    # one account are committed in order, so another account's must not count.
    """
    update executions set seen_event = (
        select coalesce(max(events.id), 0) from events
        where events.account = executions.account and events.subject = executions.subject)
    where id in :ids and (turn > 0 or late)
    """,
    "ids",
)
_EFFECTS: Final = statement(
    """
    select key, execution_id, step, target, state, request, attempts, looks, first_sent_wall, allowed_attempt,
        receipts.body as receipt, approvals.digest as approved
    from effects left join receipts on receipts.effect_key = effects.key
        left join approvals on approvals.effect_key = effects.key
    where execution_id in :ids
    """,
    "ids",
)
_RENEW: Final = statement(
    "update executions set lease_until = :until where id in :ids and worker = :worker and state = 'running' "
    "and lease_boot = :boot",
    "ids",
)
_OWNED: Final = (
    "select id, lane, account, automation, subject, seen_event, pos from executions "
    "where id in :ids and worker = :worker and state = 'running' order by id"
)
_TURN: Final = statement(
    "insert into turns (execution_id, n, at, as_of, facts, trace) "
    "values (:execution_id, :n, :at, :as_of, :facts, :trace)"
)
_PROGRESS: Final = statement(
    "update executions set turn = :n, progress = :progress, started_at = coalesce(started_at, :at), late = false "
    "where id = :id"
)
_EFFECT: Final = statement(
    """
    insert into effects (key, execution_id, account, automation, step, visit, target, kind, delivery, state, request,
        planned_at)
    values (:key, :execution_id, :account, :automation, :step, 1, :target, :kind, :delivery, 'planned', :request,
        :at)
    on conflict (key) do update set state = 'planned', reason = '', request = excluded.request
        where effects.state in ('planned', 'held')
    """
)
_SETTLE: Final = statement(
    """
    update executions set state = :state, reason = :reason, pos = :pos, head = :head, due_at = :due_at, worker = null,
        lease_boot = :boot, lease_until = :until, late = (late and not :resting) or :late, ended_at = :ended_at
    where id = :id
    """
)
_DROP_OPEN: Final = statement(
    "update effects set state = 'dropped', reason = :reason where execution_id = :id and state in ('planned', 'held')"
)
_AWAIT: Final = statement(
    "insert into awaits (execution_id, kind, account, subject) values (:execution_id, :kind, :account, :subject) "
    "on conflict (execution_id, kind) do nothing"
)
_CAME: Final = statement(
    "select 1 from events where account = :account and subject = :subject and id > :seen and kind in :kinds limit 1",
    "kinds",
)
_FALLEN_DUE: Final = statement(
    "select id from executions where due_at is not null and due_at <= :now order by due_at, id limit :limit"
)
_BUSY: Final = statement(
    """
    select exists(select 1 from events where routed_at is null)
        or exists(select 1 from executions where head)
        or exists(select 1 from executions where due_at is not null and due_at <= :now)
    """
)
_NEXT_DUE: Final = statement("select min(due_at) from executions where due_at is not null")


class Turns(Part):
    """The life of executions from the first claim to the end."""

    def claim(self, account: str, automation: str, window_id: str, limit: int, lease: float) -> Sequence[Claimed]:
        """Lease due lane heads of one automation, oldest event first, for `lease` seconds.

        A running execution of another worker is taken over only when its lease and the longest call are over; one of
        this worker's own at once, if the window that claimed it has failed.
        """
        with self.database.write() as connection:
            moment = self.database.lease(connection)
            found = connection.execute(
                statement(_CLAIM + self.database.skip_locked, "open_windows"),
                self._due_parameters(account, automation, moment) | {"limit": limit},
            ).all()
            if not found:
                return ()
            ids = [row.id for row in found]
            connection.execute(
                _LEASE,
                {
                    "ids": ids,
                    "worker": self._worker,
                    "boot": moment.boot,
                    "until": moment.now + lease,
                    "window": window_id,
                },
            )
            connection.execute(_SEEN, {"ids": ids})
            now = self._now()
            lanes.write_transitions(
                connection,
                [
                    {
                        "execution_id": row.id,
                        "at": now,
                        "from_state": row.state,
                        "to_state": "running",
                        "reason": "taken over" if row.state == "running" else "",
                        "actor": f"worker:{self._worker}",
                    }
                    for row in found
                ],
            )
            claimed = self._details(connection, account, automation, ids)
        faults.hit("claim.after-commit")
        return claimed

    def has_due(self, account: str, automation: str) -> bool:
        """Say whether a claim would find anything."""
        with self.database.read() as connection:
            moment = self.database.lease(connection)
            return connection.execute(_HAS_DUE, self._due_parameters(account, automation, moment)).first() is not None

    def automations_with_work(self, account: str) -> frozenset[str]:
        """Return the automations that have anything ready, running or retrying."""
        return frozenset(row["automation"] for row in self.database.rows(_WITH_HEADS, account=account))

    def _due_parameters(self, account: str, automation: str, moment: Lease) -> dict[str, Any]:
        return {
            "account": account,
            "automation": automation,
            "boot": moment.boot,
            "now": moment.now,
            "grace": self._takeover_after,
            "worker": self._worker,
            "open_windows": sorted(self._open_windows) or [""],  # never empty: an empty list has no type
        }

    def _details(self, connection: Connection, account: str, automation: str, ids: Sequence[str]) -> Sequence[Claimed]:
        details = connection.execute(_DETAILS, {"ids": ids}).all()
        begun = [row.id for row in details if row.turn > 0]
        effects: dict[str, list[EffectRow]] = {}
        for effect in connection.execute(_EFFECTS, {"ids": begun}).mappings() if begun else ():
            effects.setdefault(effect["execution_id"], []).append(_effect(effect))
        return [
            Claimed(
                id=row.id,
                account=account,
                automation=automation,
                subject=row.subject,
                event_id=row.event_id,
                release=row.release,
                event=unseal(row.body, Event),  # type: ignore[arg-type]  # a union, which decodes by its tag
                turn=row.turn,
                late=bool(row.late),
                progress=unseal(row.progress, Progress) if row.progress is not None else Progress(),
                effects=tuple(effects.get(row.id, ())),
            )
            for row in details
        ]

    def renew(self, execution_ids: Sequence[str], lease: float) -> frozenset[str]:
        """Prolong leases; return the executions that are still this worker's."""
        if not execution_ids:
            return frozenset()
        with self.database.write() as connection:
            moment = self.database.lease(connection)
            owned = self._owned(connection, execution_ids)
            connection.execute(
                _RENEW,
                {
                    "ids": sorted(execution_ids),
                    "worker": self._worker,
                    "boot": moment.boot,
                    "until": moment.now + lease,
                },
            )
        return frozenset(owned)

    def _owned(self, connection: Connection, ids: Sequence[str]) -> dict[str, Row]:
        """Lock and return those executions whose lease is still this worker's."""
        sql = statement(_OWNED + self.database.for_update, "ids")
        rows = connection.execute(sql, {"ids": sorted(ids), "worker": self._worker}).mappings()
        return {row["id"]: row for row in rows}

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
            connection.execute(
                _TURN,
                [
                    {
                        "execution_id": turn.execution_id,
                        "n": turn.n,
                        "at": now,
                        "as_of": micros(turn.as_of),
                        "facts": None if turn.facts is None else seal(turn.facts),
                        "trace": seal(turn.trace),
                    }
                    for turn in mine
                ],
            )
            connection.execute(
                _PROGRESS,
                [{"id": turn.execution_id, "n": turn.n, "at": now, "progress": seal(turn.progress)} for turn in mine],
            )
            effects = [
                {
                    "key": turn.effect.key,
                    "execution_id": turn.execution_id,
                    "account": owned[turn.execution_id]["account"],
                    "automation": owned[turn.execution_id]["automation"],
                    "step": turn.effect.step,
                    "target": turn.effect.target,
                    "kind": turn.effect.request.kind,
                    "delivery": delivery_name(turn.effect.delivery),
                    "request": seal(_asked(turn.effect)),
                    "at": now,
                }
                for turn in mine
                if turn.effect is not None
            ]
            if effects:
                connection.execute(_EFFECT, effects)
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
            places = lanes.lock(
                self.database,
                connection,
                connection.execute(statement("select lane from executions where id in :ids", "ids"), {"ids": ids})
                .scalars()
                .all(),
            )
            owned = self._owned(connection, ids)
            moment = self.database.lease(connection)
            mine = [item for item in settlements if item.execution_id in owned]
            standing = self._standing(connection, [owned[x.execution_id]["account"] for x in mine if x.state == "held"])
            self._let_no_event_come(connection, {owned[x.execution_id]["account"] for x in mine if x.on_events})
            rows, transitions = [], []
            for item in mine:
                row = owned[item.execution_id]
                came = item.state == "waiting" and self._came(connection, row, item.on_events)
                lifted = item.state == "held" and switches.lifted(
                    item.reason, row["automation"], standing[row["account"]]
                )
                state = "ready" if came or lifted else item.state
                reason = "an awaited event came" if came else "resumed" if lifted else item.reason
                holds = state in HOLDING
                rows.append(
                    {
                        "id": item.execution_id,
                        "state": state,
                        "reason": reason,
                        "pos": row["pos"] if holds else None,
                        "head": holds,
                        "late": lifted,
                        "due_at": None if state == "ready" or item.due_at is None else micros(item.due_at),
                        "boot": moment.boot if state == "retrying" else None,
                        "until": moment.now + (item.not_before or 0.0) if state == "retrying" else None,
                        "resting": not holds and state not in ENDED,
                        "ended_at": now if state in ENDED else None,
                    }
                )
                transitions.append(
                    {
                        "execution_id": item.execution_id,
                        "at": now,
                        "from_state": "running",
                        "to_state": state,
                        "reason": reason,
                        "actor": f"worker:{self._worker}",
                    }
                )
            if rows:
                self._write_settled(connection, rows, transitions, mine, owned)
                lanes.promote(connection, places)
            faults.hit("settle.before-commit")
        faults.hit("settle.after-commit")
        return frozenset(owned)

    def _write_settled(
        self,
        connection: Connection,
        rows: Sequence[dict[str, Any]],
        transitions: Sequence[dict[str, Any]],
        settlements: Sequence[Settlement],
        owned: dict[str, Row],
    ) -> None:
        connection.execute(_SETTLE, list(rows))
        lanes.write_transitions(connection, transitions)
        ended = [{"id": row["id"], "reason": row["reason"]} for row in rows if row["state"] in ENDED]
        if ended:
            connection.execute(_DROP_OPEN, ended)
            reservations.give_back(self.database, connection, [row["id"] for row in ended])
        waiting = {row["id"] for row in rows if row["state"] == "waiting"}
        awaits = [
            {
                "execution_id": item.execution_id,
                "kind": kind,
                "account": owned[item.execution_id]["account"],
                "subject": owned[item.execution_id]["subject"],
            }
            for item in settlements
            if item.execution_id in waiting
            for kind in item.on_events
        ]
        if awaits:
            connection.execute(_AWAIT, awaits)

    def _standing(self, connection: Connection, accounts: Collection[str]) -> dict[str, frozenset[tuple[str, str]]]:
        """Return the switches that hold in these accounts, and keep them so until the transaction ends."""
        return {account: switches.standing(self.database, connection, account) for account in sorted(set(accounts))}

    def _let_no_event_come(self, connection: Connection, accounts: Collection[str]) -> None:
        """Let appends wait: one that commits between our look and our commit would be routed past who waits for it."""
        for account in sorted(accounts):
            self.database.lock_account(connection, account, "append", shared=True)

    def _came(self, connection: Connection, row: Row, kinds: Sequence[str]) -> bool:
        if not kinds:
            return False
        parameters = {
            "account": row["account"],
            "subject": row["subject"],
            "seen": row["seen_event"],
            "kinds": list(kinds),
        }
        return connection.execute(_CAME, parameters).first() is not None

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
    )
