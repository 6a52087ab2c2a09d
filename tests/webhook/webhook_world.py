"""A connector and a real receiver on loopback, and calls between them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from dealwright.clock import SystemClock
from dealwright.model.requests import Call, SendEvent
from dealwright_http import Secret
from dealwright_webhook import FOREVER, Target, WebhookConnector, WebhookSettings
from dealwright_webhook.receiver import Receiver

SECRET = Secret("0123456789abcdef")
WHEN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
T = TypeVar("T")


def event(key: str, *, to: str = "erp", name: str = "won", title: str = "Désk") -> Call:
    """Return a call that sends an event."""
    body: dict[str, str | bool | Decimal | None] = {
        "title": title,
        "amount": Decimal("10.50"),
        "vip": True,
        "none": None,
    }
    request = SendEvent(to=to, name=name, deal_id="77", body=body, occurred_at=WHEN)
    return Call(key=key, actor="automation:acme.won-to-erp", request=request)


def lines(log: Path) -> list[dict[str, Any]]:
    """Return the receiver's own record."""
    return [msgspec.json.decode(line) for line in log.read_bytes().splitlines()]


@asynccontextmanager
async def world(log: Path, **options: Any) -> AsyncIterator[tuple[WebhookConnector, Receiver]]:
    """Start a receiver, and a connector that sends to it."""
    timeout = options.pop("timeout", 5.0)
    concurrency = options.pop("concurrency", 32)
    secret = options.pop("secret", SECRET)
    clock = options.pop("clock", SystemClock())
    receiver = Receiver(log, SECRET, SystemClock(), **options)
    port = await receiver.start()
    target = Target(
        url=f"http://127.0.0.1:{port}/hooks", secret=secret, allow_private=True, dedupes_for=FOREVER, timeout=timeout
    )
    settings = WebhookSettings(targets={"erp": target}, concurrency=concurrency)
    connector = WebhookConnector(settings, clock)
    try:
        yield connector, receiver
    finally:
        with contextlib.suppress(Exception):
            await connector.aclose()
        await receiver.stop()


def play(log: Path, act: Callable[[WebhookConnector, Receiver], Awaitable[T]], **options: Any) -> T:
    """Run an act in a world of its own."""

    async def go() -> T:
        async with world(log, **options) as (connector, receiver):
            return await act(connector, receiver)

    return asyncio.run(go())
