"""What hears Kommo's hooks in the demo, where there is no web process."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import httpx

from dealwright.clock import PlayedClock
from dealwright.intake.settings import hook_sources
from dealwright.journal.store import Journal
from dealwright_flows.hearing import Hearing
from dealwright_http import Secret
from dealwright_kommo import KommoHooks, KommoSettings
from dealwright_kommo.settings import Token

MONDAY = datetime(2026, 5, 4, 13, 5, tzinfo=UTC)
SECRET = "the-secret-of-the-hooks-address"
HOOK = {"leads[add][0][id]": "7", "leads[add][0][status_id]": "8101", "leads[add][0][pipeline_id]": "8100"}


def test_only_what_carries_the_secret_is_appended_and_what_is_no_hook_is_refused(tmp_path: Path) -> None:
    clock = PlayedClock(MONDAY)
    (tmp_path / "secret").write_text(SECRET)
    settings = KommoSettings(url="http://127.0.0.1:1", token=Token(Secret("t")))
    table = {"kommo": {"from": "kommo", "secret_file": str(tmp_path / "secret")}}
    (source,) = hook_sources(table, environ={}, clock=clock, readers={"kommo": KommoHooks(settings, clock)})
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}", clock)
    journal.start()

    async def main() -> None:
        hearing = Hearing("acme", source, journal)
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{await hearing.start()}") as sender:
                assert (await sender.post("/wrong", data=HOOK)).status_code == 401
                assert (await sender.post(f"/{SECRET}", json=HOOK)).status_code == 422
                assert journal.counts("events") == {}
                assert (await sender.post(f"/{SECRET}", data=HOOK)).status_code == 200
                assert sum(journal.counts("events").values()) == 1
        finally:
            await hearing.stop()

    asyncio.run(asyncio.wait_for(main(), 30))
    journal.close()
