"""What Kommo's tests talk about: a simulated account with one pipeline, people in it, and hooks that arrive."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from dealwright.clock import PlayedClock
from dealwright.model.crm import PipelineShape, StageShape
from dealwright.ports import FeedItem
from dealwright_http import Secret
from dealwright_http.server import Answer, Received, Server
from dealwright_kommo import Kommo, KommoHooks, KommoSettings
from dealwright_kommo.settings import PipelineIds, Token
from dealwright_kommo.simulator import KommoSimulator, Manners

MONDAY = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
TOKEN = "a-long-lived-token-of-the-account"
PERSON = 102
"""Who works in the account beside us."""

SALES = PipelineShape(
    key="sales",
    name="Sales of chairs",
    stages=(
        StageShape(key="incoming", name="Incoming leads", kind="incoming"),
        StageShape(key="quoted", name="Sent the quote", kind="open"),
        StageShape(key="agreed", name="Agreed the terms", kind="open"),
        StageShape(key="won", name="Closed - won", kind="won"),
        StageShape(key="lost", name="Closed - lost", kind="lost"),
    ),
)


class Account:
    """A simulated account, our connector to it, and the hooks that came."""

    def __init__(self, simulator: KommoSimulator, port: int, clock: PlayedClock) -> None:
        self.simulator = simulator
        self.url = f"http://127.0.0.1:{port}"
        self.clock = clock
        self.http = httpx.AsyncClient(base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"})
        self.settings: KommoSettings
        self.kommo: Kommo
        self.items: list[FeedItem] = []
        self.hooks = 0
        self.on_items: Callable[[Sequence[FeedItem]], object] = len
        """Hears what each hook tells."""

    async def api(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the account's API."""
        answer = await self.http.request(method, f"/api/v4{path}", json=body)
        assert answer.status_code < 300, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    async def people(self, method: str, leads: Sequence[Any]) -> list[str]:
        """Do what people do in the account; return the leads' ids."""
        answer = await self.http.request(method, "/_control/leads", json=leads)
        assert answer.status_code == 200, answer.text
        return [str(id_) for id_ in answer.json()["ids"]]

    async def new_lead(self, stage: str = "incoming", **more: Any) -> str:
        """Make a lead, as a person would."""
        pipeline, status = self.settings.ids("sales", stage) or (0, 0)
        lead = {"name": "Forty chairs", "pipeline_id": pipeline, "status_id": status, "price": 100}
        return (await self.people("POST", [lead | more]))[0]

    async def set_up(self, shapes: Sequence[PipelineShape] = (SALES,), **settings: Any) -> None:
        """Make the pipelines and the fields, and connect to them."""
        pipelines = {}
        for place, shape in enumerate(shapes, start=2):
            stages = [{"name": stage.name, "sort": n * 10} for n, stage in enumerate(shape.stages[1:-2], start=2)]
            wanted = {"name": shape.name, "sort": place, "is_main": False, "is_unsorted_on": True}
            made = await self.api("POST", "/leads/pipelines", [wanted | {"_embedded": {"statuses": stages}}])
            pipeline = made["_embedded"]["pipelines"][0]
            ids = [status["id"] for status in pipeline["_embedded"]["statuses"]]
            keys = [stage.key for stage in shape.stages]
            pipelines[shape.key] = PipelineIds(id=pipeline["id"], stages=dict(zip(keys, ids, strict=True)))
        fields = [
            {"name": "Reference", "type": "text"},
            {"name": "Key", "type": "text"},
            {"name": "Close", "type": "date"},
        ]
        made = await self.api("POST", "/leads/custom_fields", fields)
        reference, key, close = (field["id"] for field in made["_embedded"]["custom_fields"])
        self.settings = KommoSettings(
            url=self.url,
            token=Token(Secret(TOKEN)),
            user="101",
            allow_private=True,
            reference_field=reference,
            key_field=key,
            close_date_field=close,
            timeout=settings.pop("timeout", 5.0),
            pipelines=pipelines,
            **settings,
        )
        self.kommo = Kommo(self.settings, self.clock)
        self.reader = KommoHooks(self.settings, self.clock)

    async def hear(self, request: Received) -> Answer:
        """Take a hook."""
        self.hooks += 1
        items = self.reader.receive(request.headers, request.body)
        self.items += items
        self.on_items(items)
        return Answer(status=200)

    async def heard(self) -> list[FeedItem]:
        """Return what hooks have told, when all of them have come."""
        while True:
            state = (await self.http.get("/_control/state")).json()
            if not state["outbox"]:
                return self.items
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def account(
    folder: Path,
    *,
    manners: Manners | None = None,
    clock: PlayedClock | None = None,
    ours: PlayedClock | None = None,
    **settings: Any,
) -> AsyncIterator[Account]:
    """Run an account while a test is in it; `ours` is the connector's clock if that is another one than Kommo's."""
    clock = clock or PlayedClock(MONDAY)
    made: list[Account] = []

    async def hear(request: Received) -> Answer:
        return await made[0].hear(request)

    receiver = Server(hear)
    hooks = f"http://127.0.0.1:{await receiver.start()}/hooks"
    simulator = KommoSimulator(folder / "kommo.jsonl", Secret(TOKEN), clock, manners=manners, hooks_to=(hooks,))
    made.append(Account(simulator, await simulator.start(), ours or clock))
    try:
        await made[0].set_up(**settings)
        yield made[0]
    finally:
        await made[0].http.aclose()
        if hasattr(made[0], "kommo"):
            await made[0].kommo.aclose()
        await simulator.stop()
        await receiver.stop()


def requests(folder: Path, method: str, path: str) -> list[dict[str, Any]]:
    """Return the lines of the request log, for one kind of request."""
    lines = [msgspec.json.decode(line) for line in (folder / "kommo.jsonl").read_bytes().splitlines()]
    return [line for line in lines if line["method"] == method and line["path"] == f"/api/v4{path}"]
