"""The gate: the one list of guards that every effect passes between intent and send."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from dealwright.engine.guards.again import Again
from dealwright.engine.guards.approve import Approve
from dealwright.engine.guards.base import Candidate, Drop, Guard, Hold
from dealwright.engine.guards.messages import Messages
from dealwright.engine.guards.mode import Mode
from dealwright.engine.guards.stop import Stop
from dealwright.engine.records import Controls, GateRequest, GateResult, Reservation, Verdict
from dealwright.engine.store import Store

GUARDS: Final[tuple[Guard, ...]] = (Stop(), Messages(), Again(), Approve(), Mode())
"""All guards, in the order they are asked: the first hold decides; a drop still asks who comes after it."""


def judge(candidate: Candidate, controls: Controls, guards: Sequence[Guard] = GUARDS) -> Verdict:
    """Return what the guards say of one effect.

    A hold ends the asking. A drop is kept while the others are asked, so that what is dropped in shadow takes the same
    reservations as it would take live.
    """
    reservations: list[Reservation] = []
    dropped: tuple[str, str] | None = None
    for guard in guards:
        match guard.ask(candidate, controls):
            case Hold(reason=reason):
                return Verdict(decision="hold", guard=guard.name, reason=reason)
            case Drop(reason=reason):
                dropped = dropped or (guard.name, reason)
            case answer:
                reservations += answer.reservations
    if dropped is not None:
        return Verdict(decision="drop", guard=dropped[0], reason=dropped[1], reservations=tuple(reservations))
    return Verdict(decision="send", reservations=tuple(reservations))


def pass_gate(
    store: Store, account: str, automation: str, candidates: Callable[[], Sequence[Candidate]]
) -> Sequence[GateResult]:
    """Ask the guards on a snapshot, then carry out what they say in one transaction that checks the snapshot's epoch.

    When an operator changed anything in between, or two persons turned out to be one, the guards are asked again on
    what is so now. `candidates` is called after each snapshot, for it reads who stands behind the deals.
    """
    while True:
        controls = store.controls(account)
        requests = [
            GateRequest(effect=candidate.effect, verdict=judge(candidate, controls)) for candidate in candidates()
        ]
        results = store.pass_gate(account, controls.epoch, automation, requests)
        if results is not None:
            return results
