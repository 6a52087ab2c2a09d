"""What a person decides about single executions and events: retry, approve, cancel, replay.

Each is one transaction under the locks of the road (lane, then execution), so that an engine may be at work on the same
lane, and each says exactly why it refuses. What comes back stands at the end of its lane, and checks its conditions
again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from dealwright import faults
from dealwright.engine.records import request_digest
from dealwright.errors import JournalError
from dealwright.journal import lanes, reservations
from dealwright.journal.approvals import ToApprove, to_approve
from dealwright.journal.database import Database, Row, decided_again, statement
from dealwright.journal.parts import Part
from dealwright.journal.payload import seal, unseal
from dealwright.journal.tables import RESTING
from dealwright.model.events import REPLAY, Event, EventReceived

_LANE: Final = statement("select lane from executions where id = :id")
_EXECUTION: Final = "select id, account, lane, state, reason, head from executions where id = :id"
_UNKNOWN: Final = statement(
    "select key, step, kind from effects where execution_id = :id and state in ('sending', 'unknown') order by key"
)
_ALLOW: Final = statement(
    "update effects set allowed_attempt = attempts + 1 where execution_id = :id and state in ('sending', 'unknown')"
)
_ANEW: Final = statement(
    # What surely was not carried out is rendered again. What shadow dropped stays dropped: that was its end.
    """
    update effects set state = 'planned', reason = '' where execution_id = :id and (
        state = 'rejected' or (state = 'dropped' and reason = :ended and reason <> 'shadow'))
    """
)
_APPROVE: Final = statement(
    """
    insert into approvals (effect_key, digest, approved_wall, actor) values (:key, :digest, :wall, :actor)
    on conflict (effect_key) do update
        set digest = excluded.digest, approved_wall = excluded.approved_wall, actor = excluded.actor
    """
)
_FAILED_OF: Final = statement(
    # One that may have been carried out is for a person to look at, one by one.
    "select id from executions where window_id = :window and state = 'failed' and not exists (select 1 from effects "
    "where effects.execution_id = executions.id and effects.state in ('sending', 'unknown')) order by id"
)
_STILL_FAILED: Final = "select id, reason from executions where id in :ids and state = 'failed' order by id"
_CANCEL: Final = statement(
    "update executions set state = 'cancelled', reason = :reason, pos = null, head = false, due_at = null, "
    "lease_boot = null, lease_until = null, ended_at = :now where id = :id"
)
_DROP: Final = statement(
    "update effects set state = 'dropped', reason = :reason where execution_id = :id and state in ('planned', 'held')"
)
_FORGET_AWAITS: Final = statement("delete from awaits where execution_id = :id")
_EVENT: Final = statement("select account, kind, occurred_at, routed_at, raw, body from events where id = :id")
_REPLAYED: Final = statement("select count(*) from replays where of_event = :id")
_INSERT_EVENT: Final = statement(
    """
    insert into events (account, source, source_id, kind, subject, occurred_at, received_at, depth, raw, body)
    values (:account, :source, :source_id, :kind, :subject, :occurred_at, :received_at, 0, :raw, :body)
    returning id
    """
)
_NOTE_REPLAY: Final = statement(
    "insert into replays (event_id, of_event, replayed_wall, actor) values (:id, :of, :wall, :actor)"
)

_WHY_NOT_RETRY: Final = {
    "ready": "it is on its way already",
    "running": "it is being worked on right now",
    "retrying": "it is tried again by itself",
    "waiting": "it waits for its time or its event; nothing is wrong with it",
    "held": "it is held: approve it, or lift what holds it with `dealwright resume`",
    "done": "it is done; to have its event happen again: dealwright events replay",
    "skipped": "it was skipped, which is no failure; to have its event happen again: dealwright events replay",
    "cancelled": "it was cancelled; to have its event happen again: dealwright events replay",
}


class Operations(Part):
    """A person's decisions, each with its actor in the transitions."""

    @decided_again
    def retry_execution(self, execution_id: str, *, actor: str, even_if_sent: bool = False) -> None:
        """Give a failed or parked execution another chance: ready at the end of its lane, its conditions checked again.

        What was refused is rendered again. If an effect of it may have been carried out, nobody knows, the retry needs
        `even_if_sent`: that effect is repeated once, as it was rendered and under its key, without asking its class.

        Raises:
            JournalError: there is no such execution, it is neither failed nor parked, or an effect may have arrived.
        """
        with self.database.write() as connection:
            row = self._locked(connection, execution_id)
            if row["state"] not in ("failed", "parked"):
                raise JournalError(f"execution {execution_id} cannot be retried: {_WHY_NOT_RETRY[row['state']]}")
            unknown = connection.execute(_UNKNOWN, {"id": execution_id}).mappings().all()
            if unknown and not even_if_sent:
                steps = ", ".join(f"{effect['step']} ({effect['kind']}, key {effect['key']})" for effect in unknown)
                raise JournalError(
                    f"execution {execution_id} cannot be retried like that: nobody knows whether {steps} was carried "
                    "out. Look at the other side; if it was not, or once more does no harm, retry it even if it was "
                    "sent (--even-if-sent); else cancel the execution"
                )
            connection.execute(_ALLOW, {"id": execution_id})
            put_back(self.database, connection, [row], now=self._now(), actor=actor)
            faults.hit("operate.before-commit")

    def to_approve(self, execution_id: str) -> ToApprove:
        """Return what approving the execution would let go now; its digest is what an approval may be bound to."""
        with self.database.read() as connection:
            return to_approve(connection, execution_id)

    @decided_again
    def approve_execution(self, execution_id: str, *, actor: str, digest: str | None = None) -> None:
        """Let go what mode approve holds, exactly as it is rendered now; it comes back late, at the end of its lane.

        The approval is of that request: if it renders differently when it comes back, it is held again and says so.
        With a `digest`, or its first characters, it is of what was shown under it, and of nothing that is held since.

        Raises:
            JournalError: there is no such execution, it is not held for approval, or not for what has that digest.
        """
        with self.database.write() as connection:
            row = self._locked(connection, execution_id)
            if row["state"] != "held":
                raise JournalError(
                    f"execution {execution_id} cannot be approved: it is {row['state']}, and only what is held for "
                    "approval can be (list them: dealwright executions ls --state held)"
                )
            if row["reason"].partition(":")[0] != "approve":
                raise JournalError(
                    f"execution {execution_id} cannot be approved: it is held by {row['reason']!r}, which is lifted "
                    "for all it holds with `dealwright resume`"
                )
            held = to_approve(connection, execution_id)
            if digest is not None and not held.is_named(digest):
                raise JournalError(
                    f"execution {execution_id} cannot be approved like that: what it asks for now is not what has the "
                    f"digest {digest!r}. Look at it again: dealwright executions show {execution_id}"
                )
            wall = self._wall()
            approved = [
                {"key": effect.key, "digest": request_digest(effect.request), "wall": wall, "actor": actor}
                for effect in held.effects
            ]
            if approved:
                connection.execute(_APPROVE, approved)
            lanes.wake(self.database, connection, [execution_id], now=self._now(), reason="approved", actor=actor)
            faults.hit("operate.before-commit")

    @decided_again
    def cancel_execution(self, execution_id: str, *, actor: str) -> None:
        """End an execution that is not being worked on: nothing of it is sent any more.

        An effect of which nobody knows whether it was carried out stays unknown.

        Raises:
            JournalError: there is no such execution, it has ended, or a worker has it right now.
        """
        with self.database.write() as connection:
            row = self._locked(connection, execution_id)
            if row["state"] == "running":
                raise JournalError(
                    f"execution {execution_id} cannot be cancelled: it is being worked on right now. Try again in a "
                    "moment, or hold its automation first: dealwright stop"
                )
            if row["state"] not in ("ready", "retrying", *RESTING):
                raise JournalError(f"execution {execution_id} cannot be cancelled: it has ended, {row['state']}")
            now, reason = self._now(), "cancelled by a person"
            connection.execute(_CANCEL, {"id": execution_id, "reason": reason, "now": now})
            connection.execute(_FORGET_AWAITS, {"id": execution_id})
            connection.execute(_DROP, {"id": execution_id, "reason": reason})
            reservations.give_back(self.database, connection, [execution_id])
            change: dict[str, Any] = {"execution_id": execution_id, "at": now, "from_state": row["state"]}
            change |= {"to_state": "cancelled", "reason": reason, "actor": actor}
            lanes.write_transitions(connection, [change])
            lanes.promote(connection, [row["lane"]])
            faults.hit("operate.before-commit")

    @decided_again
    def replay_event(self, event_id: int, *, actor: str) -> int:
        """Have an event happen again, with the body it had; return the id of the new event.

        It runs on the definitions of today and begins a causal chain of its own; `again=` holds as ever. What came
        from a hook is read again at the CRM first, so that a deal that was not there then may be found.

        Raises:
            JournalError: there is no such event, or it was not routed yet.
        """
        with self.database.write() as connection:
            row = connection.execute(_EVENT, {"id": event_id}).mappings().first()
            if row is None:
                raise JournalError(
                    f"there is no event {event_id} in this journal; list what there is: dealwright events ls"
                )
            if row["routed_at"] is None:
                raise JournalError(
                    f"event {event_id} cannot be replayed: it was not routed yet, and will run by itself as soon as an "
                    "engine is at work and the deal it names can be read"
                )
            self.database.lock_account(connection, row["account"], "append")
            n = connection.execute(_REPLAYED, {"id": event_id}).scalar_one() + 1
            event = _again(unseal(row["body"], Event), f"{event_id}:{n}")  # type: ignore[arg-type]  # a union
            new = {
                "account": row["account"],
                "source": REPLAY,
                "source_id": event.source_id,
                "kind": row["kind"],
                "subject": event.subject,
                "occurred_at": row["occurred_at"],
                "received_at": self._now(),
                "raw": row["raw"],
                "body": seal(event),
            }
            new_id = int(connection.execute(_INSERT_EVENT, new).scalar_one())
            noted = {"id": new_id, "of": event_id, "wall": self._wall(), "actor": actor}
            connection.execute(_NOTE_REPLAY, noted)
            faults.hit("operate.before-commit")
        return new_id

    def _locked(self, connection: Connection, execution_id: str) -> Row:
        """Lock an execution's lane, then the execution, as everybody does; return it."""
        lane = connection.execute(_LANE, {"id": execution_id}).scalar_one_or_none()
        lanes.lock(self.database, connection, [] if lane is None else [lane])
        sql = statement(_EXECUTION + self.database.for_update)
        row = connection.execute(sql, {"id": execution_id}).mappings().first()
        if row is None:
            raise JournalError(
                f"there is no execution {execution_id} in this journal; list what there is: dealwright executions ls"
            )
        return row


def put_back(database: Database, connection: Connection, rows: Sequence[Row], *, now: int, actor: str) -> None:
    """Make failed or parked executions, whose lanes are locked, ready again; what was refused is rendered again."""
    for row in rows:
        connection.execute(_ANEW, {"id": row["id"], "ended": row["reason"]})
    ids = [row["id"] for row in rows]
    lanes.wake(database, connection, ids, now=now, reason="retried", actor=actor, states=("failed", *RESTING))


def retry_failed_of(database: Database, connection: Connection, window_id: str, *, now: int, actor: str) -> int:
    """Make the failed executions of a window ready again; return how many."""
    ids = connection.execute(_FAILED_OF, {"window": window_id}).scalars().all()
    if not ids:
        return 0
    lanes.lock(database, connection, lanes.of(connection, ids))
    rows = connection.execute(statement(_STILL_FAILED + database.for_update, "ids"), {"ids": ids}).mappings().all()
    put_back(database, connection, rows, now=now, actor=actor)
    return len(rows)


def _again(event: Event, source_id: str) -> Event:
    """Return the event as it happens again: under an id of its own, caused by nobody, and not observed yet."""
    event = msgspec.structs.replace(event, source_id=source_id, cause=None)
    if not isinstance(event, EventReceived):
        return event
    # One that had found its deal by what it tells, or was told about a deal of a segment, is about that deal again.
    deal_id = event.deal_id
    if deal_id is None and event.reference is None and event.deal is not None:
        deal_id = event.deal.id
    return msgspec.structs.replace(event, deal_id=deal_id, deal=None, observed=False)
