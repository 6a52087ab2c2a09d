"""The webhook connector as the engine sees it: carries out `send_event` for the targets of one account."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from dealwright.clock import Clock
from dealwright.errors import Rejected
from dealwright.model.delivery import AtMostOnce, Delivery
from dealwright.model.requests import Call, Outcome, Refused, Request, SendEvent, Unknown
from dealwright_http.clients import Clients
from dealwright_webhook.client import TargetClient
from dealwright_webhook.settings import TIMEOUT, WebhookSettings

ACTIONS: Final = frozenset({"send_event"})


class WebhookConnector:
    """Posts events to named targets, many at once over kept connections, one outcome for each."""

    name = "webhook"

    def __init__(self, settings: WebhookSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._clients = Clients(self._made)

    @property
    def call_timeout(self) -> float:
        """The longest one bulk call takes: what cannot start in time comes back as `TryAgain`."""
        return 2 * max((target.timeout for target in self._settings.targets.values()), default=TIMEOUT)

    @property
    def at_once(self) -> int:
        """As many as leave together."""
        return self._settings.concurrency

    def actions(self) -> frozenset[str]:
        """Return `send_event`."""
        return ACTIONS

    def destinations(self) -> frozenset[str]:
        """Return the names of its targets."""
        return frozenset(self._settings.targets)

    def delivery(self, request: Request) -> Delivery:
        """Return KEYED for a target that says how long it knows repeats, else AT_MOST_ONCE."""
        target = self._settings.targets.get(request.to) if isinstance(request, SendEvent) else None
        return AtMostOnce() if target is None else target.delivery

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        """Send the events, many at once, one attempt each."""
        started = self._clock.monotonic()
        return await asyncio.gather(*(self._send(call, started) for call in calls))

    async def look(self, calls: Sequence[Call]) -> Sequence[bool]:
        """Refuse: no receiver of webhooks can be asked.

        Raises:
            Rejected: always.
        """
        raise Rejected("a webhook's receiver cannot be asked for a key", code="not_checkable")

    async def aclose(self) -> None:
        """Close all connections."""
        await self._clients.aclose()

    async def _send(self, call: Call, started: float) -> Outcome:
        request = call.request
        if not isinstance(request, SendEvent):
            return Refused(code="unknown_action", message=f"the webhook connector does not carry out {request.kind}")
        client = self._clients.get(request.to)
        if client is None:
            known = ", ".join(sorted(self._settings.targets)) or "none"
            return Refused(code="unknown_target", message=f"no webhook target is called {request.to!r}; known: {known}")
        try:
            return await client.post(call, request, started)
        except Exception as error:
            # Whatever one receiver makes us fail at must not cost the others, nor let them run on without their batch.
            return Unknown(reason=f"{request.to}: {type(error).__name__}")

    def _made(self, name: str) -> TargetClient | None:
        target = self._settings.targets.get(name)
        if target is None:
            return None
        return TargetClient(name, target, concurrency=self._settings.concurrency, clock=self._clock)
