"""Leaving: how executions are taken off the bench of a batch, and their leases kept until then."""

from __future__ import annotations

from typing import Any

import msgspec

from dealwright.clock import Clock
from dealwright.engine.bench import Job, Site
from dealwright.engine.meters import METERS
from dealwright.engine.records import EffectRow, Settlement, StepOutcome
from dealwright.engine.store import Store
from dealwright.engine.tally import Tally
from dealwright.model.delivery import Checkable


class Leaving:
    """What a batch has on its bench, and what it settles: the base of `Batch`."""

    def __init__(self, store: Store, site: Site, clock: Clock, tally: Tally) -> None:
        self._store = store
        self._site = site
        self._clock = clock
        self._tally = tally
        self._lease_until = 0.0
        self._work: dict[str, Job] = {}
        self._settlements: list[Settlement] = []
        self.left: set[str] = set()
        """The executions that are this worker's still and not settled."""

    def _remember(self, work: Job, step: str, outcome: StepOutcome) -> None:
        outcomes = {**work.progress.outcomes, step: outcome}
        work.progress = msgspec.structs.replace(work.progress, outcomes=outcomes)
        work.effect = None

    def _look_later(self, work: Job, effect: EffectRow) -> None:
        assert isinstance(effect.delivery, Checkable)
        wait = effect.delivery.look_after.total_seconds()
        self._leave(work, "retrying", f"{effect.step}: look", not_before=wait)

    def _park(self, work: Job, step: str) -> None:
        self._leave(work, "parked", f"{step}: outcome unknown, a person decides")

    def _leave(self, work: Job, state: Any, reason: str, **more: Any) -> None:
        """Take an execution off the bench; it is settled with the others at the end of the round."""
        self._work.pop(work.claimed.id, None)
        self._tally.left(work.claimed.id, state)
        self._settlements.append(Settlement(execution_id=work.claimed.id, state=state, reason=reason, **more))

    def _forget(self, execution_id: str) -> None:
        """Another worker has it now: nothing is written about it."""
        self._work.pop(execution_id, None)
        self.left.discard(execution_id)

    def _give_back(self) -> None:
        """The window is closing: what is left goes back to the head of its lane, ready for whoever claims it."""
        for work in list(self._work.values()):
            self._leave(work, "ready", "given back")
        self._settle()

    def _settle(self) -> None:
        with METERS.timed("settle_seconds", self._clock):
            self._store.settle(self._settlements)
        self.left.difference_update(item.execution_id for item in self._settlements)
        self._settlements = []

    def _renew(self) -> None:
        """Prolong the leases while there is time: a lease must hold when a socket is written, not until it answers."""
        now = self._clock.monotonic()
        if self._lease_until - now > self._site.lease / 3:
            return
        owned = self._store.renew(sorted(self._work), self._site.lease)
        self._lease_until = now + self._site.lease
        for execution_id in set(self._work) - owned:
            self._forget(execution_id)
