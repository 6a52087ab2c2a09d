"""Delivers the change feed to those who subscribed: signed, in order, at least once.

    POST <url>
    Content-Type: application/json
    Dealwright-Id: <id>                           the event's id, as in the body
    Dealwright-Timestamp: <seconds since 1970>    of this attempt
    Dealwright-Signature: v1=<hex>                HMAC-SHA256 of "<timestamp>.<body>" with the subscription's secret

    {"id": ..., "kind": ..., "occurred_at": ..., "actor": ..., "cause": ..., "data": {...}}

The body is what `GET /events` answers for the event. It is delivered when the answer is 2xx; only then, and when that
is on disk, comes the next one. So a crash repeats the event that was on its way, and skips none.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from http import HTTPStatus
from typing import Any, Final

import httpx
import msgspec

from dealwright.clock import Clock
from dealwright.errors import Rejected
from dealwright.signature import signed
from dealwright_embedded_crm import feed
from dealwright_embedded_crm.own_sight import Sight
from dealwright_embedded_crm.people_webhooks import Webhooks
from dealwright_embedded_crm.subscriptions import Subscription
from dealwright_http.addresses import Guard, Resolver, resolve
from dealwright_http.classify import retry_after
from dealwright_http.client import make_client

TICK: Final = 1.0
"""Seconds between two looks at the feed."""

TIMEOUT: Final = 10.0
"""Seconds that one request takes at most, with everything."""

AT_ONCE: Final = 8
"""Requests that are on their way at once, each to another subscription."""

PAGE: Final = 50
"""Events that are read at once for one subscription."""

FAR: Final = 1_000
"""A position that nothing wanted follows is moved when it lies so far back: not for every single event."""

LARGEST_ANSWER: Final = 65_536
"""So much of an answer is read, so that its connection can be used again; nobody reads what it says."""

log = logging.getLogger("dealwright.crm.webhooks")


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one request: a status or the name of what went wrong, never what the receiver said."""

    status: str
    arrived: bool = False
    gone: bool = False
    wait: float = 0.0


class Deliverer:
    """Delivers one CRM's feed. Several of them, in several processes, take turns at each subscription."""

    def __init__(self, crm: Webhooks, clock: Clock, *, resolver: Resolver = resolve) -> None:
        self._crm = crm
        self._clock = clock
        self._holder = secrets.token_hex(8)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._guards = {allow: Guard(clock, allow_private=allow, resolver=resolver) for allow in (False, True)}
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._ending = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set; what is on its way then is waited for.

        Raises:
            Unavailable: the CRM's database cannot be read.
        """
        self._ending.clear()
        turns: dict[str, asyncio.Task[int]] = {}
        try:
            while not stop.is_set():
                turns = {id_: turn for id_, turn in turns.items() if not _ended(id_, turn)}
                for each in await asyncio.to_thread(self._crm.due_webhooks):
                    if each.id not in turns:
                        turns[each.id] = asyncio.create_task(self._turn(each))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), TICK)
            self._ending.set()
            await asyncio.gather(*turns.values(), return_exceptions=True)
        finally:
            for turn in turns.values():
                turn.cancel()
            await asyncio.gather(*turns.values(), return_exceptions=True)
            await self.aclose()

    async def once(self) -> int:
        """Deliver what is there, to each subscription until it has all or fails; return how many events arrived."""
        waiting = await asyncio.to_thread(self._crm.due_webhooks)
        return sum(await asyncio.gather(*(self._turn(each) for each in waiting)))

    async def aclose(self) -> None:
        """Close all connections."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()

    async def _turn(self, told: Subscription) -> int:
        """Deliver to one subscription until it has everything, fails, or is another's."""
        page = await asyncio.to_thread(self._crm.next_for_webhook, told, PAGE)
        if not page.items:
            if page.seen - int(told.after) >= FAR:
                await asyncio.to_thread(self._crm.webhook_passed, told, page.seen)
            return 0
        held = await asyncio.to_thread(self._crm.hold_webhook, told.id, self._holder)
        if held is None:
            return 0
        mine, secret = held
        try:
            return await self._deliver(mine, secret.encode())
        finally:
            client = self._clients.pop(told.id, None)
            if client is not None:
                await client.aclose()

    async def _deliver(self, mine: Subscription, secret: bytes) -> int:
        arrived = 0
        while not self._ending.is_set():
            # Read again at the position that is held: another process may have delivered since.
            page = await asyncio.to_thread(self._crm.next_for_webhook, mine, PAGE)
            fields = any(feed.names_own_fields(raw) for _, raw in page.items)
            sight = Sight(await asyncio.to_thread(self._crm.own_fields)) if fields else None
            for number, raw in page.items:
                if self._ending.is_set():
                    break
                attempt = await self._post(mine, secret, feed.told(number, raw, sight))
                if not attempt.arrived:
                    await self._failed(mine, attempt)
                    return arrived
                arrived += 1
                if not await asyncio.to_thread(
                    self._crm.webhook_delivered, mine.id, self._holder, number, attempt.status
                ):
                    return arrived
                mine = msgspec.structs.replace(mine, after=str(number))
            if len(page.items) < PAGE:
                break
        await asyncio.to_thread(self._crm.release_webhook, mine.id, self._holder)
        return arrived

    async def _failed(self, mine: Subscription, attempt: Attempt) -> None:
        known = await asyncio.to_thread(
            self._crm.webhook_failed, mine.id, self._holder, attempt.status, gone=attempt.gone, wait=attempt.wait
        )
        # Neither the address, whose path can hold a key, nor the event: they are not for a log.
        if known is not None and known.disabled_reason is not None:
            log.warning("webhook %s is disabled: %s", known.id, known.disabled_reason)
        elif known is not None and known.failures == 1:
            log.warning("webhook %s failed with %s; it is tried again", known.id, attempt.status)

    async def _post(self, mine: Subscription, secret: bytes, event: dict[str, Any]) -> Attempt:
        body = msgspec.json.encode(event)
        async with self._places:
            client = self._clients.get(mine.id)
            if client is None:
                client = self._clients[mine.id] = make_client(self._guards[mine.allow_private], timeout=TIMEOUT)
            try:
                async with asyncio.timeout(TIMEOUT):
                    return await self._send(
                        client, mine.url, signed(secret, event["id"], body, int(self._clock.wall().timestamp())), body
                    )
            except TimeoutError:
                return Attempt(status="timeout")
            except Rejected as refusal:
                return Attempt(status=refusal.code)
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
                return Attempt(status=type(error).__name__)

    async def _send(self, client: httpx.AsyncClient, url: str, head: dict[str, str], body: bytes) -> Attempt:
        async with client.stream("POST", url, content=body, headers=head) as response:
            # The status has said it: an answer that breaks off in its body changes nothing.
            with contextlib.suppress(httpx.HTTPError):
                await _drain(response)
            status = response.status_code
            wait = retry_after(response.headers.get("Retry-After"), self._clock.wall())
            return Attempt(
                status=f"http {status}",
                arrived=200 <= status < 300,
                gone=status == HTTPStatus.GONE,
                wait=wait or 0.0,
            )


def _ended(id_: str, turn: asyncio.Task[int]) -> bool:
    if not turn.done():
        return False
    error = None if turn.cancelled() else turn.exception()
    if error is not None:
        log.error("webhook %s stopped with %s; it goes on in %g s", id_, type(error).__name__, TICK)
    return True


async def _drain(response: httpx.Response) -> None:
    left = LARGEST_ANSWER
    async for chunk in response.aiter_raw():
        left -= len(chunk)
        if left < 0:
            return
