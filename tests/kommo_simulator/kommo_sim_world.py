"""A simulated account of Kommo within the test, a client that says what Kommo's own would, and a receiver of hooks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from dealwright.clock import SystemClock
from dealwright_http import Secret
from dealwright_http.server import Answer, Received, Server
from dealwright_kommo.simulator import Habits, KommoSimulator, Manners

TOKEN = "a-long-lived-token"
MAIN = 71
STAGE, LATER, WON, LOST = 7102, 7103, 142, 143
T = TypeVar("T")


class Kommo:
    """A client of the simulated account."""

    def __init__(self, simulator: KommoSimulator, client: httpx.AsyncClient, log: Path) -> None:
        self.simulator = simulator
        self.http = client
        self._log = log

    async def get(self, path: str) -> Any:
        """Return what a path shows; None if it shows nothing."""
        answer = await self.http.get(f"/api/v4/{path}")
        assert answer.status_code in (200, 204), answer.text
        return answer.json() if answer.status_code == 200 else None

    async def items(self, path: str) -> list[Any]:
        """Return the items of a list."""
        page = await self.get(path)
        return [] if page is None else next(iter(page["_embedded"].values()))

    async def send(self, method: str, path: str, body: Any) -> httpx.Response:
        """Write something."""
        return await self.http.request(method, f"/api/v4/{path}", json=body)

    async def make(self, path: str, *bodies: Any) -> list[int]:
        """Create entities, and return their ids in the order of the bodies."""
        said = [{"request_id": str(place)} | body for place, body in enumerate(bodies)]
        answer = await self.send("POST", path, said)
        assert answer.status_code in (200, 201), answer.text
        made = next(iter(answer.json()["_embedded"].values()))
        return [item["id"] for item in sorted(made, key=lambda item: int(item["request_id"]))]

    async def control(self, method: str, what: str, body: Any = None) -> Any:
        """Do what people do."""
        answer = await self.http.request(method, f"/_control/{what}", json=body)
        assert answer.status_code in (200, 204), answer.text
        return answer.json() if answer.content else None

    def log(self) -> list[dict[str, Any]]:
        """Return the request log."""
        return [msgspec.json.decode(line) for line in self._log.read_bytes().splitlines()]


def play(
    log: Path,
    act: Callable[[Kommo], Awaitable[T]],
    *,
    manners: Manners | None = None,
    habits: Habits | None = None,
    clock: Any = None,
    **options: Any,
) -> T:
    """Run an act against an account of its own."""

    async def go() -> T:
        token = Secret(TOKEN)
        clock_ = clock or SystemClock()
        simulator = KommoSimulator(log, token, clock_, manners=manners, habits=habits, **options)
        port = await simulator.start()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=5) as client:
                return await act(Kommo(simulator, client, log))
        finally:
            await simulator.stop()

    return asyncio.run(go())


class Hearing:
    """A receiver of hooks that answers as it is told."""

    def __init__(self, *answers: int | float) -> None:
        self.answers = list(answers)
        self.heard: list[tuple[dict[str, str], str]] = []
        self.news = asyncio.Condition()
        self.server = Server(self._take)

    async def start(self) -> str:
        """Listen, and return the address."""
        return f"http://127.0.0.1:{await self.server.start()}/hooks/secret"

    async def wait(self, count: int) -> list[str]:
        """Return the bodies once there are so many."""
        async with asyncio.timeout(10), self.news:
            await self.news.wait_for(lambda: len(self.heard) >= count)
        return [body for _, body in self.heard]

    async def _take(self, request: Received) -> Answer | None:
        async with self.news:
            self.heard.append((dict(request.headers), request.body.decode()))
            self.news.notify_all()
        status = self.answers.pop(0) if self.answers else 200
        return None if status == 0 else Answer(status=int(status))
