"""The gate's transaction and the receipts: the only places where an effect changes from planned to sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection

from dealwright import faults
from dealwright.engine.records import EffectOutcome, GateRequest, GateResult, Reservation
from dealwright.errors import JournalError
from dealwright.journal.database import micros, statement
from dealwright.journal.parts import Part
from dealwright.journal.payload import seal
from dealwright.model.requests import Refused, Sent, TryAgain, Unknown

_EPOCH: Final = "select epoch from epochs where account = :account"
_OWNED: Final = "select id from executions where id in :ids and worker = :worker and state = 'running' order by id"
_TAKE: Final = statement(
    """
    insert into reservations (account, mode, rule, scope, holder, taken_at, until)
    values (:account, :mode, :rule, :scope, :holder, :now, :until)
    on conflict (account, mode, rule, scope) do update
        set holder = excluded.holder, taken_at = excluded.taken_at, until = excluded.until
        where reservations.holder <> excluded.holder and reservations.until <= :now
    returning holder
    """
)
_HOLDER: Final = statement(
    "select holder from reservations where account = :account and mode = :mode and rule = :rule and scope = :scope"
)
_SENDING: Final = statement(
    "update effects set state = 'sending', reason = '', attempts = attempts + 1, "
    "first_sent_wall = coalesce(first_sent_wall, :wall) where key = :key and state in ('planned', 'sending', 'unknown')"
)
_ATTEMPT: Final = statement(
    "insert into attempts (effect_key, n, worker, started_wall) "
    "select key, attempts, :worker, :wall from effects where key = :key"
)
_SET: Final = statement("update effects set state = :state, reason = :reason where key = :key")
_RECEIPT: Final = statement(
    "insert into receipts (effect_key, at, body) values (:key, :at, :body) on conflict (effect_key) do nothing"
)
_OUTCOME: Final = statement(
    """
    update effects set state = :state, reason = :reason, sent_at = :sent_at, looks = looks + :looks
    where key = :key and state in ('sending', 'unknown')
    """
)
_ATTEMPT_ENDED: Final = statement(
    "update attempts set ended_wall = :wall, outcome = :outcome "
    "where effect_key = :key and n = :n and ended_wall is null"
)
_GIVE_BACK: Final = statement(
    """
    delete from reservations where holder = :execution_id and not exists (
        select 1 from effects where execution_id = :execution_id and state in ('sending', 'sent', 'unknown'))
    """
)


class Effects(Part):
    """Effects between the gate and their receipts."""

    def pass_gate(
        self, account: str, epoch: int, automation: str, requests: Sequence[GateRequest]
    ) -> Sequence[GateResult] | None:
        """Carry out the gate's verdicts in one short transaction that commits before any socket is touched.

        The epoch is compared first: if an operator has stopped anything, changed a mode or a policy since the guards
        were asked, nothing is done and None says: ask again. Reservations are taken in one order (rule, scope), so
        that two engines cannot deadlock, one conditional upsert each; an effect whose reservation is taken is `lost`.
        """
        with self.database.write() as connection:
            share = " for share" if self.database.postgresql else ""
            found = connection.execute(statement(_EPOCH + share), {"account": account}).scalar_one_or_none()
            if found != epoch:
                return None
            owned = self._still_owned(connection, requests)
            results = [
                self._carry_out(connection, account, request)
                if request.effect.execution_id in owned
                else GateResult(key=request.effect.key, result="gone")
                for request in sorted(requests, key=_reservation_order)
            ]
            self._write(connection, {request.effect.key: request for request in requests}, results)
            faults.hit("gate.before-commit")
        faults.hit("gate.after-commit")
        return results

    def _still_owned(self, connection: Connection, requests: Sequence[GateRequest]) -> frozenset[str]:
        ids = sorted({request.effect.execution_id for request in requests})
        sql = statement(_OWNED + self.database.for_update, "ids")
        return frozenset(connection.execute(sql, {"ids": ids, "worker": self._worker}).scalars())

    def _carry_out(self, connection: Connection, account: str, request: GateRequest) -> GateResult:
        verdict, key = request.verdict, request.effect.key
        if verdict.decision == "hold":
            return GateResult(key=key, result="held")
        for reservation in verdict.reservations:
            holder = self._take(connection, account, reservation, request.effect.execution_id)
            if holder != request.effect.execution_id:
                return GateResult(key=key, result="lost", holder=holder)
        return GateResult(key=key, result="sending" if verdict.decision == "send" else "dropped")

    def _take(self, connection: Connection, account: str, reservation: Reservation, execution_id: str) -> str:
        """Take a reservation, or return who has it. What one holds already stays as it was taken."""
        parameters: dict[str, Any] = {
            "account": account,
            "mode": reservation.mode,
            "rule": reservation.rule,
            "scope": reservation.scope,
            "holder": execution_id,
            "now": self._now(),
            "until": None if reservation.until is None else micros(reservation.until),
        }
        taken = connection.execute(_TAKE, parameters).scalar_one_or_none()
        return str(taken if taken is not None else connection.execute(_HOLDER, parameters).scalar_one())

    def _write(self, connection: Connection, requests: dict[str, GateRequest], results: Sequence[GateResult]) -> None:
        sending = [
            {"key": item.key, "wall": self._wall(), "worker": self._worker}
            for item in results
            if item.result == "sending"
        ]
        if sending:
            if connection.execute(_SENDING, sending).rowcount != len(sending):
                raise JournalError("an effect that has a receipt was about to be sent again; nothing was sent")
            connection.execute(_ATTEMPT, sending)
        kept = [
            {"key": item.key, "state": item.result, "reason": requests[item.key].verdict.reason}
            for item in results
            if item.result in ("held", "dropped")
        ]
        kept += [
            {"key": item.key, "state": "dropped", "reason": f"again: {item.holder} acted"}
            for item in results
            if item.result == "lost"
        ]
        if kept:
            connection.execute(_SET, kept)

    def receive_outcomes(self, outcomes: Sequence[EffectOutcome]) -> None:
        """Write receipts and what became of the effects; reservations of the surely refused are given back."""
        if not outcomes:
            return
        now, wall = self._now(), self._wall()
        effects, receipts, ended, refused = [], [], [], []
        for item in outcomes:
            state, reason = _state_after(item)
            key = item.effect.key
            effects.append(
                {
                    "key": key,
                    "state": state,
                    "reason": reason,
                    "sent_at": now if state == "sent" else None,
                    "looks": int(item.looked),
                }
            )
            if isinstance(item.outcome, Sent):
                receipts.append({"key": key, "at": now, "body": seal(item.outcome)})
            if isinstance(item.outcome, Refused):
                refused.append({"execution_id": item.effect.execution_id})
            if not item.looked:
                attempt = {"key": key, "n": item.effect.attempts + 1, "wall": wall, "outcome": state}
                ended.append(attempt)
        with self.database.write() as connection:
            connection.execute(_OUTCOME, effects)
            if receipts:
                connection.execute(_RECEIPT, receipts)
            if ended:
                connection.execute(_ATTEMPT_ENDED, ended)
            if refused:
                connection.execute(_GIVE_BACK, refused)
        faults.hit("receipt.after-commit")


def _reservation_order(request: GateRequest) -> tuple[tuple[str, str, str], ...]:
    return tuple((item.rule, item.scope, item.mode) for item in request.verdict.reservations)


def _state_after(item: EffectOutcome) -> tuple[str, str]:
    match item.outcome:
        case Sent():
            return "sent", ""
        case Refused(code=code):
            return "rejected", code
        case TryAgain(reason=reason):
            return "planned", reason
        case Unknown(reason=reason):
            return "unknown", reason
