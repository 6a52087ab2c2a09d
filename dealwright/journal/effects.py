"""The gate's transaction and the receipts: the only places where an effect changes from planned to sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from dealwright import faults
from dealwright.engine.records import EffectOutcome, GateRequest, GateResult
from dealwright.errors import JournalError
from dealwright.journal import hot, reservations
from dealwright.journal.database import statement
from dealwright.journal.parts import Part
from dealwright.journal.payload import seal
from dealwright.model.requests import Refused, Sent, TryAgain, Unknown

_EPOCH: Final = "select epoch from epochs where account = :account"
_KEPT: Final = statement(
    # What may have left stays unknown: its delivery class decides about it when the execution comes back.
    """
    update effects set state = case when state in ('sending', 'unknown') then 'unknown' else :state end,
        reason = :reason
    where key = :key and state in ('planned', 'held', 'sending', 'unknown')
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
            reservations.lock_for(self.database, connection, account, requests)
            rows = hot.USED.run(connection, ids=sorted(owned)) if _reserves(requests) else ()
            used = frozenset((row.execution_id, row.mode) for row in rows)
            results = [
                self._carry_out(connection, account, request, used)
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
        rows = hot.STILL_OWNED.run(connection, lock=self.database.for_update, ids=ids, worker=self._worker)
        return frozenset(id_ for (id_,) in rows.all())

    def _carry_out(
        self, connection: Connection, account: str, request: GateRequest, used: frozenset[tuple[str, str]]
    ) -> GateResult:
        verdict, key, execution_id = request.verdict, request.effect.key, request.effect.execution_id
        if verdict.decision == "hold":
            return GateResult(key=key, result="held", reason=verdict.reason)
        if verdict.decision == "drop" and request.effect.state in ("sending", "unknown"):
            return GateResult(key=key, result="unresolved")  # it may have left: nobody can drop it any more
        for reservation in verdict.reservations:
            if (execution_id, reservation.mode) in used:
                continue
            holder = reservations.take(connection, account, reservation, execution_id, now=self._now())
            if holder != execution_id:
                return GateResult(key=key, result="lost", holder=holder)
        return GateResult(key=key, result="sending" if verdict.decision == "send" else "dropped")

    def _write(self, connection: Connection, requests: dict[str, GateRequest], results: Sequence[GateResult]) -> None:
        sending = [item.key for item in results if item.result == "sending"]
        if sending:
            wall = self._wall()
            if hot.SENDING.run(connection, [(key, wall) for key in sending]) != len(sending):
                raise JournalError("an effect that has a receipt was about to be sent again; nothing was sent")
            hot.ATTEMPTS.run(connection, keys=sending, worker=self._worker, wall=wall)
        kept = [
            {"key": item.key, "state": item.result, "reason": requests[item.key].verdict.reason}
            for item in results
            if item.result in ("held", "dropped")
        ]
        if kept:
            connection.execute(_KEPT, kept)

    def receive_outcomes(self, outcomes: Sequence[EffectOutcome]) -> None:
        """Write receipts and what became of the effects; reservations of the surely refused are given back."""
        if not outcomes:
            return
        now, wall = self._now(), self._wall()
        effects, receipts, ended, refused = [], [], [], []
        for item in outcomes:
            state, reason = _state_after(item)
            key, n = item.effect.key, item.effect.attempts + (0 if item.looked else 1)
            effects.append((key, n, state, reason, now if state == "sent" else None, int(item.looked)))
            if isinstance(item.outcome, Sent):
                receipts.append((key, now, seal(item.outcome)))
            if isinstance(item.outcome, Refused):
                refused.append(item.effect.execution_id)
            if not item.looked:
                ended.append((key, n, wall, "away" if item.away else state))
        with self.database.write() as connection:
            hot.OUTCOME.run(connection, effects)
            hot.RECEIPT.run(connection, receipts)
            hot.ATTEMPT_ENDED.run(connection, ended)
            reservations.give_back(self.database, connection, refused)
        faults.hit("receipt.after-commit")


def _reserves(requests: Sequence[GateRequest]) -> bool:
    return any(request.verdict.reservations for request in requests)


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
