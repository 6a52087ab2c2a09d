"""What the tests of intake talk about: a source, its secret, a clock that is set by hand, requests as it would sign."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from dealwright.intake.app import HooksApp
from dealwright.intake.limits import Limits
from dealwright.intake.secrets import FixedSecret
from dealwright.intake.signed import signed_json
from dealwright.intake.verified import Source
from dealwright.journal.events import Arrival
from dealwright.journal.quarantine import Kept, Unread
from dealwright.ports import FeedItem, HookQuota, HookSource
from dealwright.signature import sign

NOW = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
SECRET = b"a secret of some length"
BODY: dict[str, Any] = {"id": "evt-1", "event": "invoice-paid", "reference": "INV-12", "data": {"amount": 120}}


class HandClock:
    """Business time, wall time and monotonic time, each set by hand."""

    def __init__(self) -> None:
        self.business = NOW
        self.on_the_wall = NOW
        self.seconds = 1000.0

    def now(self) -> datetime:
        """Business time."""
        return self.business

    def wall(self) -> datetime:
        """Real wall time."""
        return self.on_the_wall

    def monotonic(self) -> float:
        """Real monotonic time."""
        return self.seconds


class MemoryJournal:
    """A journal that keeps arrivals in memory; `broken` makes it fail."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str, str], Any] = {}
        self.commits: list[int] = []
        self.unread: list[Unread] = []
        self.broken: Exception | None = None

    def append_all(self, arrivals: Sequence[Arrival]) -> list[int]:
        """Append like the journal does: all or nothing, each source id once."""
        if self.broken is not None:
            raise self.broken
        self.commits.append(len(arrivals))
        counts = []
        for arrival in arrivals:
            new = [i for i in arrival.items if (arrival.account, arrival.source, i.event.source_id) not in self.seen]
            self.seen.update({(arrival.account, arrival.source, i.event.source_id): i for i in new})
            counts.append(len(new))
        return counts

    def quarantine(self, requests: Sequence[Unread]) -> list[Kept]:
        """Keep like the journal does."""
        if self.broken is not None:
            raise self.broken
        self.unread += requests
        return ["kept" for _ in requests]

    def living_workers(self) -> int:
        """One engine works."""
        if self.broken is not None:
            raise self.broken
        return 1


def source(clock: HandClock, *secrets: bytes, name: str = "billing", quota: HookQuota | None = None) -> Source:
    """Return a source that shares these secrets with us."""
    return signed_json(name, [FixedSecret(name, secret) for secret in secrets or (SECRET,)], clock, quota)


def take(known: HookSource, headers: Mapping[str, str], body: bytes, secret: str = "") -> Sequence[FeedItem]:
    """Verify and read one request, as the application does."""
    known.verify(headers, body, secret)
    return known.receive(headers, body)


def signed(
    body: bytes | Mapping[str, Any], *, secret: bytes = SECRET, at: datetime = NOW, **more: str
) -> tuple[dict[str, str], bytes]:
    """Return the headers (lower case) and the body of a request as its sender signs it."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = str(int(at.timestamp()))
    headers = {
        "content-type": "application/json",
        "dealwright-timestamp": stamp,
        "dealwright-signature": sign(secret, stamp, raw),
    }
    return headers | {name.replace("_", "-"): value for name, value in more.items()}, raw


class Hooks:
    """The application with one source at `/hooks/acme/billing`, called in this process."""

    def __init__(
        self,
        journal: Any,
        clock: HandClock,
        *,
        limits: Limits | None = None,
        secrets: Iterable[bytes] = (),
        quota: HookQuota | None = None,
        more: Sequence[HookSource] = (),
    ) -> None:
        self.app = HooksApp({"acme": [source(clock, *secrets, quota=quota), *more]}, journal, clock, limits)

    async def __aenter__(self) -> Hooks:
        self.app.start()
        transport = httpx.ASGITransport(app=self.app)  # type: ignore[arg-type]  # httpx's types of ASGI are narrower
        self.http = httpx.AsyncClient(transport=transport, base_url="http://hooks")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()
        await self.app.stop()

    async def post(
        self, body: bytes | Mapping[str, Any] = BODY, *, to: str = "/hooks/acme/billing", **how: Any
    ) -> httpx.Response:
        """Post a signed body."""
        headers, raw = signed(body, **how)
        return await self.http.post(to, content=raw, headers=headers)
