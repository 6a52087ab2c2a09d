"""A system that is asked, on loopback, and questions to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from dealwright.clock import SystemClock
from dealwright.model.requests import Call, Given, Lookup, Outcome, Sent
from dealwright_http import Secret
from dealwright_lookup import LookupConnector, LookupSettings, System
from dealwright_lookup.answerer import Answerer

ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "/api/check": {
        "DE1": {"valid": True, "name": "NordKabel", "people": 12, "worth": 10.50, "since": "2001-02-03"},
        "*": {"valid": False, "name": "", "people": 0, "worth": "0", "since": "2001-02-03"},
    }
}
T = TypeVar("T")


def question(
    vat: str = "DE1", *, path: str = "/check", timeout: int | None = None, key: str = "dw-1", **gives: Given
) -> Call:
    """Return a question to `vies`."""
    request = Lookup(
        deal_id="7", system="vies", path=path, ask={"vat": vat}, gives=gives or {"valid": "flag"}, timeout=timeout
    )
    return Call(key=key, actor="automation:acme.route", request=request)


def told(outcome: Outcome) -> Any:
    """Return the receipt of an outcome."""
    assert isinstance(outcome, Sent)
    return outcome.receipt


def error(outcome: Outcome) -> str:
    """Return why nothing was given."""
    return str(told(outcome)["error"])


@asynccontextmanager
async def world(
    log: Path,
    *,
    system: Mapping[str, Any] | None = None,
    secret: Secret | None = None,
    concurrency: int = 16,
    **options: Any,
) -> AsyncIterator[tuple[LookupConnector, Answerer]]:
    """Start a system, and a connector that asks it."""
    answerer = Answerer(log, SystemClock(), answers=ANSWERS, secret=secret, **options)
    port = await answerer.start()
    target = System(**{"url": f"http://127.0.0.1:{port}/api", "allow_private": True, "timeout": 2.0, **(system or {})})
    connector = LookupConnector(LookupSettings(systems={"vies": target}, concurrency=concurrency), SystemClock())
    try:
        yield connector, answerer
    finally:
        await connector.aclose()
        await answerer.stop()


def play(log: Path, act: Callable[[LookupConnector, Answerer], Awaitable[T]], **options: Any) -> T:
    """Run an act in a world of its own."""

    async def go() -> T:
        async with world(log, **options) as (connector, answerer):
            return await act(connector, answerer)

    return asyncio.run(go())
