"""The lookup connector as the engine sees it: carries out `lookup` for the systems of one account."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from dealwright.clock import Clock
from dealwright.errors import InputError, Rejected
from dealwright.model.delivery import Delivery, Idempotent
from dealwright.model.requests import Call, Lookup, Outcome, Refused, Request, Sent
from dealwright_http.clients import Clients
from dealwright_lookup.client import SystemClient
from dealwright_lookup.settings import LONGEST_TIMEOUT, LookupSettings

ACTIONS: Final = frozenset({"lookup"})


class LookupConnector:
    """Asks named systems, many at once over kept connections, one outcome for each question.

    A question that brings nothing is an outcome too, `{"error": ...}` in its receipt: what then is the definition's
    business, and nobody is asked twice about it.
    """

    name = "lookup"

    def __init__(self, settings: LookupSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._clients = Clients(self._made)

    @property
    def call_timeout(self) -> float:
        """The longest a question takes."""
        return LONGEST_TIMEOUT + 1.0

    @property
    def at_once(self) -> int:
        """As many as are asked together."""
        return self._settings.concurrency

    def actions(self) -> frozenset[str]:
        """Return `lookup`."""
        return ACTIONS

    def destinations(self) -> frozenset[str]:
        """Return the names of its systems."""
        return frozenset(self._settings.systems)

    def delivery(self, request: Request) -> Delivery:
        """Return IDEMPOTENT: it is a read."""
        return Idempotent()

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        """Ask, many at once."""
        return await asyncio.gather(*(self._ask(call) for call in calls))

    async def self_test(self) -> Sequence[str]:
        """Return which secrets cannot be read, and which systems are not there; nobody is asked anything."""
        wrong = []
        for system in self._settings.systems.values():
            try:
                if system.secret is not None:
                    system.secret.reveal()
            except InputError as error:
                wrong.append(str(error))
        clients = [client for name in sorted(self._settings.systems) if (client := self._clients.get(name)) is not None]
        return [*wrong, *filter(None, await asyncio.gather(*(client.reachable() for client in clients)))]

    async def look(self, calls: Sequence[Call]) -> Sequence[bool]:
        """Refuse: a question leaves nothing to look for.

        Raises:
            Rejected: always.
        """
        raise Rejected("a system that was asked knows no key", code="not_checkable")

    async def aclose(self) -> None:
        """Close all connections."""
        await self._clients.aclose()

    async def _ask(self, call: Call) -> Outcome:
        request = call.request
        if not isinstance(request, Lookup):
            return Refused(code="unknown_action", message=f"the lookup connector does not carry out {request.kind}")
        client = self._clients.get(request.system)
        if client is None:
            return Sent(receipt={"error": f"the target file names no system {request.system!r}"})
        try:
            return await client.ask(request)
        except Exception as error:
            # Whatever one system makes us fail at must not cost the others.
            return Sent(receipt={"error": f"{request.system}: {type(error).__name__}"})

    def _made(self, name: str) -> SystemClient | None:
        system = self._settings.systems.get(name)
        if system is None:
            return None
        return SystemClient(name, system, concurrency=self._settings.concurrency, clock=self._clock)
