"""The process that is killed: an engine on real databases and real sockets, and the player of its business time.

It writes JSON lines to stdout: `{"at": "ready", ...}` when it has recovered, `{"at": "idle"}` when nothing is left.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from dealwright.engine import enrol
from dealwright.engine.bench import LEASE
from dealwright.engine.loop import AccountSite, Engine
from dealwright.errors import JournalError
from dealwright.journal.workers import Recovery
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_http import Secret
from dealwright_webhook import FOREVER, Target, WebhookConnector, WebhookSettings
from dealwright_webhook.settings import TIMEOUT
from tests.kill import breaks
from tests.kill.clock import FileClock
from tests.kill.definitions import ACCOUNT, BILLERS, COMPANY, ENROLLING
from tests.kill.hooks import HookFile
from tests.kill.world import Places

BATCH: Final = 8
"""Executions in one batch, and so the most sends of one window that can be in flight."""

BITE: Final = 5
"""Deals that are enrolled in one go: few, so that a few deals are several bites."""

LINGER: Final = 0.15
_LOOK: Final = 0.01


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """The worker has recovered and begins."""

    at: str = "ready"
    worker: str
    recovery: Recovery


def main(arguments: Sequence[str] | None = None) -> None:
    """Work until SIGINT or SIGTERM, or until nothing is left."""
    parser = argparse.ArgumentParser(prog="python -m tests.kill.worker", description=main.__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--forever", action="store_true", help="do not end when nothing is left")
    parser.add_argument("--halt", type=Path, help="halt at the gate until this file is there")
    parser.add_argument("--break", dest="broken", choices=sorted(breaks.BREAKS))
    parser.add_argument("--enrol", action="store_true", help="release also what begins with deals that stand there")
    parser.add_argument("--lease", type=float, default=LEASE, help="seconds of a lease")
    parser.add_argument("--takeover", type=float, help="seconds after a lease; default: the longest call's")
    parser.add_argument("--timeout", type=float, default=TIMEOUT, help="seconds that a receiver may take")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(_work(Places.read(options.directory), options))


async def _work(places: Places, options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    clock = places.clock
    enrol.BULK = BITE  # type: ignore[misc]
    crm = EmbeddedCrm(places.crm, clock)
    webhook = WebhookConnector(_targets(places, options.timeout), clock)
    longest = max(crm.call_timeout, webhook.call_timeout)
    journal = breaks.journal_class(options.broken, options.halt)(
        places.journal, clock, takeover_after=options.takeover or longest
    )
    journal.record_release(ENROLLING if options.enrol else COMPANY)
    if not journal.people(ACCOUNT, clock.now().date()).all_of(BILLERS):
        journal.set_role(ACCOUNT, BILLERS, crm.users(), actor="cli:kill")
    feeds = (crm, HookFile(Path(places.directory), clock))
    site = AccountSite(key=ACCOUNT, crm=crm, feeds=feeds, connectors=breaks.connectors(options.broken, (crm, webhook)))
    _say(Ready(worker=journal.worker, recovery=journal.start()))
    engine = Engine(journal, [site], clock, linger=LINGER, batch_limit=BATCH, lease=options.lease)
    await asyncio.gather(engine.run(stop), _play(engine, clock, stop, forever=options.forever))
    await webhook.aclose()
    journal.close()
    await crm.aclose()


async def _play(engine: Engine, clock: FileClock, stop: asyncio.Event, *, forever: bool) -> None:
    """Move business time to what is due next whenever nothing else is left to do."""
    while not stop.is_set():
        with contextlib.suppress(JournalError):  # its database is away, or full: the engine waits for it too
            if engine.idle():
                due = engine.next_due()
                if due is not None:
                    clock.move_to(due)
                elif not forever:
                    _say({"at": "idle"})
                    stop.set()
        await _until(stop, _LOOK)


async def _until(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


def _targets(places: Places, timeout: float) -> WebhookSettings:
    secret = Secret(places.secret.read_text(encoding="ascii"))
    return WebhookSettings(
        targets={
            "erp": Target(
                url=f"http://127.0.0.1:{places.erp}/hooks",
                secret=secret,
                allow_private=True,
                dedupes_for=FOREVER,
                timeout=timeout,
            ),
            "audit": Target(
                url=f"http://127.0.0.1:{places.audit}/hooks", secret=secret, allow_private=True, timeout=timeout
            ),
        }
    )


def _say(what: object) -> None:
    print(msgspec.json.encode(what).decode(), flush=True)


if __name__ == "__main__":
    main()
