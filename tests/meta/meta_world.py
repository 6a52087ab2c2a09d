"""A connector and Meta's simulator on loopback, and calls between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from dealwright.clock import PlayedClock
from dealwright.model.crm import Money
from dealwright.model.requests import Call, SendConversion
from dealwright.ports import Pace
from dealwright_http.redaction import Secret
from dealwright_meta import MetaConnector, MetaSettings, PacedMetaConnector
from dealwright_meta.simulator import MetaSimulation

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOKEN = "a-token-that-nobody-may-see"
DATASET = "1234567890123456"
T = TypeVar("T")


class PlayedWall(PlayedClock):
    """A clock whose wall is played too: Meta's windows of 48 hours and 7 days pass at once."""

    def wall(self) -> datetime:
        return self.now()


def key(number: int) -> str:
    """Return an effect's key."""
    return f"dw-{number:030x}"


def conversion(number: int, *, name: str = "Purchase", at: datetime = NOW, **changes: Any) -> Call:
    """Return a call that tells of a conversion."""
    fields: dict[str, Any] = {
        "deal_id": str(number),
        "contact_id": "9",
        "event": name,
        "occurred_at": at,
        "value": Money(Decimal("10.50"), "USD"),
        "email": f"maria{number}@example.com",
        "phone": "(212) 555-0142",
        "first_name": "Maria",
        "country": "US",
    }
    request = SendConversion(**fields | changes)
    return Call(key=key(number), actor="automation:acme.won-to-meta", request=request)


def bad(number: int) -> Call:
    """Return a conversion that only Meta finds wrong."""
    return conversion(number, value=Money(Decimal("10.50"), "US1"))


def old(number: int) -> Call:
    """Return a conversion that happened too long ago."""
    return conversion(number, at=NOW - timedelta(days=8))


def lines(log: Path) -> list[dict[str, Any]]:
    """Return the simulator's own record."""
    return [msgspec.json.decode(line) for line in log.read_bytes().splitlines()]


def counted(log: Path) -> list[str]:
    """Return the keys of the events that Meta counts, as often as it does."""
    return [key for line in lines(log) if line["committed"] for key in line["keys"]]


@asynccontextmanager
async def world(
    log: Path,
    *,
    clock: PlayedClock | None = None,
    timeout: float = 5.0,
    batch: int = 500,
    token: str = TOKEN,
    dataset: str = DATASET,
    pace: Pace | None = None,
    **options: Any,
) -> AsyncIterator[tuple[MetaConnector, MetaSimulation]]:
    """Start a simulator, and a connector that sends to it."""
    clock = clock or PlayedWall(NOW)
    simulation = MetaSimulation(log, clock, token=TOKEN, datasets=[DATASET], **options)
    port = await simulation.start()
    settings = MetaSettings(
        dataset=dataset,
        token=Secret(token),
        url=f"http://127.0.0.1:{port}",
        batch=batch,
        timeout=timeout,
        allow_private=True,
    )
    connector = MetaConnector(settings, clock) if pace is None else PacedMetaConnector(settings, clock, pace)
    try:
        yield connector, simulation
    finally:
        await connector.aclose()
        await simulation.stop()


def play(log: Path, act: Callable[[MetaConnector, MetaSimulation], Awaitable[T]], **options: Any) -> T:
    """Run an act in a world of its own."""

    async def go() -> T:
        async with world(log, **options) as (connector, simulation):
            return await act(connector, simulation)

    return asyncio.run(go())
