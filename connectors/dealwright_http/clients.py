"""The clients of one connector's systems, by name: each made when it is first asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    """What holds connections."""

    async def aclose(self) -> None:
        """Close them."""
        ...


C = TypeVar("C", bound=Closable)


class Clients(Generic[C]):
    """Clients by the names of their systems; `make` returns None for a name that there is no system of."""

    def __init__(self, make: Callable[[str], C | None]) -> None:
        self._make = make
        self._made: dict[str, C] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def get(self, name: str) -> C | None:
        """Return the client of that name for the event loop that runs.

        Connections of another loop are forgotten: they can neither be used nor closed from this one.
        """
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._made = loop, {}
        found = self._made.get(name)
        if found is None and (found := self._make(name)) is not None:
            self._made[name] = found
        return found

    async def aclose(self) -> None:
        """Close all connections."""
        clients, self._made = list(self._made.values()), {}
        for client in clients:
            await client.aclose()
