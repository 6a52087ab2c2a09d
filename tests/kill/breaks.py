"""Sabotage: each break takes one guarantee away from a worker, so that the audit can be seen to notice.

Nothing here is in the product: journal and connectors are wrapped from outside.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from dealwright import faults
from dealwright.engine.records import EffectOutcome, GateRequest, GateResult, News, Settlement, Watch
from dealwright.journal.store import Journal
from dealwright.journal.tables import ENDED
from dealwright.model.delivery import Delivery
from dealwright.model.requests import Call, Outcome, Request
from dealwright.ports import Connector

BREAKS: Final = {
    "send-without-key": "every attempt carries a new key, so that nobody can tell a repeat",
    "settle-before-receipt": "executions are settled before the receipts of their effects are written",
    "deaf-to-news": "what waits for something to happen is not told of it, at no time",
    "skip-epoch-check": "the gate's transaction does not compare the epoch of the snapshot",
}
"""Every break, and what is wrong with it."""


class Keyless:
    """A connector that is handed a fresh key at every attempt."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector

    @property
    def name(self) -> str:
        """The name of the connector behind it."""
        return self._connector.name

    @property
    def call_timeout(self) -> float:
        """The timeout of the connector behind it."""
        return self._connector.call_timeout

    @property
    def at_once(self) -> int:
        """As many as the connector behind it."""
        return self._connector.at_once

    def destinations(self) -> frozenset[str]:
        """Return the destinations of the connector behind it."""
        return self._connector.destinations()

    async def aclose(self) -> None:
        """Close the connector behind it."""
        await self._connector.aclose()

    def actions(self) -> frozenset[str]:
        """Return what the connector behind it carries out."""
        return self._connector.actions()

    def delivery(self, request: Request) -> Delivery:
        """Promise what the connector behind it promises."""
        return self._connector.delivery(request)

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        """Carry out the calls under keys of the moment."""
        return await self._connector.perform(
            [msgspec.structs.replace(call, key=f"dw-{secrets.token_hex(15)}") for call in calls]
        )

    async def look(self, calls: Sequence[Call]) -> Sequence[bool]:
        """Ask the connector behind it."""
        return await self._connector.look(calls)


class SettlesFirst(Journal):
    """A journal that keeps receipts back until their executions are settled."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._kept_back: list[EffectOutcome] = []

    def receive_outcomes(self, outcomes: Sequence[EffectOutcome]) -> None:
        """Keep the receipts back."""
        self._kept_back += outcomes

    def settle(self, settlements: Sequence[Settlement]) -> frozenset[str]:
        """Settle, and only then write the receipts of what was settled.

        Who goes on later looks for answers that are missing; so the blow is kept for what ends without its receipt.
        """
        ids = {item.execution_id for item in settlements}
        ended = {item.execution_id for item in settlements if item.state in ENDED}
        due = [item for item in self._kept_back if item.effect.execution_id in ids]
        self._kept_back = [item for item in self._kept_back if item.effect.execution_id not in ids]
        with _spared(unless=any(item.effect.execution_id in ended for item in due)):
            settled = super().settle(settlements)
        super().receive_outcomes(due)
        return settled


class DeafToNews(Journal):
    """A journal that knows of no news. (If only the wake-up is lost, the clock wakes them and nothing is missed.)"""

    def news(self, account: str, watches: Sequence[Watch]) -> dict[str, Sequence[News]]:
        """Return nothing."""
        return {}

    def settle(self, settlements: Sequence[Settlement]) -> frozenset[str]:
        """Settle, and leave out what they wait for."""
        return super().settle([msgspec.structs.replace(item, on_events=()) for item in settlements])


class BlindToEpoch(Journal):
    """A journal whose gate takes every snapshot for a fresh one."""

    def pass_gate(
        self, account: str, epoch: int, automation: str, requests: Sequence[GateRequest]
    ) -> Sequence[GateResult] | None:
        """Pass the gate with the epoch of now, whatever the snapshot's was."""
        return super().pass_gate(account, self.controls(account).epoch, automation, requests)


class HaltsAtTheGate(Journal):
    """No sabotage: between the first snapshot and its transaction it lets the harness do something (a stop)."""

    go: Path

    def pass_gate(
        self, account: str, epoch: int, automation: str, requests: Sequence[GateRequest]
    ) -> Sequence[GateResult] | None:
        """Say that the snapshot is taken, and go on when the harness says so."""
        if not self.go.exists():
            print('{"at": "gate"}', flush=True)
            while not self.go.exists():
                time.sleep(0.005)
        return super().pass_gate(account, epoch, automation, requests)


@contextmanager
def _spared(*, unless: bool) -> Iterator[None]:
    """Let no armed fault point count in here."""
    armed = faults._armed
    faults._armed = armed if unless else None
    try:
        yield
    finally:
        faults._armed = armed


def journal_class(broken: str | None, halt: Path | None) -> type[Journal]:
    """Return the journal that a worker is to use."""
    kinds: dict[str | None, type[Journal]] = {
        "settle-before-receipt": SettlesFirst,
        "deaf-to-news": DeafToNews,
        "skip-epoch-check": BlindToEpoch,
    }
    base = kinds.get(broken, Journal)
    if halt is None:
        return base
    return type("Halting", (HaltsAtTheGate, *((base,) if base is not Journal else ())), {"go": halt})


def connectors(broken: str | None, given: Sequence[Connector]) -> tuple[Connector, ...]:
    """Return the connectors that a worker is to use."""
    return tuple(Keyless(connector) for connector in given) if broken == "send-without-key" else tuple(given)
