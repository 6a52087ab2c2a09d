"""Who sends: people who make leads in Kommo, Kommo's hooks of them, and billing, each until it is taken.

What was taken is written down in `sent.jsonl`, so that anybody can recount. Like every real sender it repeats a request
that was not answered: the same event may come twice, and must count once.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import httpx
import msgspec

from dealwright.clock import SystemClock
from tests.chaos.company import ACCOUNT, INSTALMENTS
from tests.chaos.places import Places
from tests.chaos.site import PIPELINE, STAGES

_REPEAT: Final = 0.05
"""Seconds after which a request that was not answered is sent again."""

_PAYS: Final = 2
"""Every so many deals pay in instalments."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One event that intake has acknowledged: `n` numbers the instalments of a deal, None is its lead's own hook."""

    deal: str
    n: int | None = None


class Sender:
    """Sends waves of deals; `deals` counts them over the run."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._log = (places.path / "sent.jsonl").open("ab", buffering=0)
        self._client = httpx.AsyncClient(trust_env=False, timeout=5)
        self.deals = 0
        self.repeats = 0

    async def make(self, count: int) -> list[str]:
        """Let people make leads in Kommo, which is up; return their ids."""
        numbers = range(self.deals, self.deals + count)
        leads = [
            {
                "name": f"Deal {n}",
                "price": 100 + n,
                "pipeline_id": PIPELINE,
                "status_id": STAGES["incoming"],
                "contacts": [{"name": f"Kim {n}", "phone": f"+1212555{n % 10_000:04}", "email": f"kim{n}@example.com"}],
            }
            for n in numbers
        ]
        answer = await self._client.post(
            f"http://127.0.0.1:{self._places.kommo}/_control/leads", content=json.dumps(leads)
        )
        answer.raise_for_status()
        self.deals += count
        return [str(each) for each in answer.json()["ids"]]

    async def tell(self, deals: list[str]) -> None:
        """Send the hooks of these leads side by side, and the instalments of a deal one after the other."""
        await asyncio.gather(*(self._tell(deal) for deal in deals))

    async def close(self) -> None:
        """Close connections and the log."""
        await self._client.aclose()
        self._log.close()

    async def _tell(self, deal: str) -> None:
        hook = {
            "leads[add][0][id]": deal,
            "leads[add][0][pipeline_id]": PIPELINE,
            "leads[add][0][status_id]": STAGES["incoming"],
            "account[id]": "30000001",
        }
        form = urlencode(hook).encode()
        await self._until_taken(
            f"/hooks/{ACCOUNT}/kommo/{self._places.secret}", form, {"content-type": "application/x-www-form-urlencoded"}
        )
        self._remember(Sent(deal=deal))
        if int(deal) % _PAYS:
            return
        for n in range(INSTALMENTS):
            body = json.dumps({"id": f"pay-{deal}-{n}", "event": "instalment", "deal": deal, "data": {"n": n}}).encode()
            await self._until_taken(f"/hooks/{ACCOUNT}/billing", body, None)
            self._remember(Sent(deal=deal, n=n))

    async def _until_taken(self, path: str, body: bytes, headers: dict[str, str] | None) -> None:
        while True:
            try:
                answer = await self._client.post(
                    f"http://127.0.0.1:{self._places.web}{path}", content=body, headers=headers or self._signed(body)
                )
                if answer.status_code == httpx.codes.OK:
                    return
                if answer.status_code < 500 and answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                    raise AssertionError(f"intake refused a good hook: {answer.status_code} {answer.text}")
            except httpx.HTTPError:
                pass
            self.repeats += 1
            await asyncio.sleep(_REPEAT)

    def _signed(self, body: bytes) -> dict[str, str]:
        stamp = str(int(SystemClock().wall().timestamp()))
        signature = hmac.new(self._places.secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        return {
            "content-type": "application/json",
            "dealwright-timestamp": stamp,
            "dealwright-signature": f"v1={signature}",
        }

    def _remember(self, sent: Sent) -> None:
        self._log.write(msgspec.json.encode(sent) + b"\n")


def read(directory: Path) -> list[Sent]:
    """Return what was sent and taken, as the file says."""
    lines = (directory / "sent.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Sent) for line in lines]
