"""What every peer does with a hook, in plain Python and httpx: three conditions, a task in the CRM, a Purchase at Meta.

It is what somebody writes by hand who has one event before them: one request for each, over connections that stay
open. The peers decide on what the hook itself tells, and read nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

CRM = os.environ["PEER_CRM"]
META = os.environ["PEER_META"]
TOKEN = os.environ["PEER_TOKEN"]

client = httpx.AsyncClient(
    trust_env=False, timeout=30, limits=httpx.Limits(max_connections=64, max_keepalive_connections=64)
)


def wanted(hook: dict[str, Any]) -> bool:
    """Say whether the three conditions hold."""
    data = hook["data"]
    return bool(data["phone"]) and "spam" not in data["tags"] and float(data["amount"]) > 10


async def set_task(hook: dict[str, Any]) -> int:
    """Set the task in the CRM; return its number."""
    task = {
        "text": f"Thank {data_of(hook)['contact']} for {data_of(hook)['title']}",
        "complete_till": int(hook["at"]) + 900,
        "entity_id": int(hook["deal"]),
        "entity_type": "leads",
        "request_id": hook["id"],
    }
    answer = await client.post(f"{CRM}/api/v4/tasks", json=[task], headers={"Authorization": f"Bearer {TOKEN}"})
    answer.raise_for_status()
    return int(answer.json()["_embedded"]["tasks"][0]["id"])


async def tell_meta(hook: dict[str, Any]) -> int:
    """Send the Purchase; return how many Meta received."""
    event = {
        "event_name": "Purchase",
        "event_time": int(hook["at"]),
        "event_id": hook["id"],
        "action_source": "system_generated",
        "user_data": {"ph": [hashlib.sha256(data_of(hook)["phone"].lstrip("+").encode()).hexdigest()]},
        "custom_data": {"value": float(data_of(hook)["amount"]), "currency": "USD"},
    }
    answer = await client.post(META, json={"data": [event], "access_token": TOKEN})
    answer.raise_for_status()
    return int(answer.json()["events_received"])


def data_of(hook: dict[str, Any]) -> dict[str, Any]:
    """Return what the hook tells."""
    data: dict[str, Any] = hook["data"]
    return data


class Hooks:
    """An ASGI application that hands each hook's body over and then answers 200."""

    def __init__(
        self, take: Callable[[dict[str, Any]], Awaitable[None]], begin: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._take = take
        self._begin = begin

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or the server's start and end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if body:
            await self._take(json.loads(body))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"{}"})

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup" and self._begin is not None:
                await self._begin()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
