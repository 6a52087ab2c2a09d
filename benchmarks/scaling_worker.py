"""One worker of `scaling`: a process that carries one window, as a flow run of the `prefect` driver does."""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing

from benchmarks.company import BATCH, MONDAY, Losing
from dealwright.clock import PlayedClock
from dealwright.engine.loop import AccountSite, Engine
from dealwright.journal.store import Journal
from dealwright_embedded_crm import EmbeddedCrm


def main(journal_url: str, crm_url: str, broken: str) -> None:
    """Get ready, wait for a line, work until idle."""
    clock = PlayedClock(MONDAY)
    with (
        closing(Journal(journal_url, clock)) as journal,
        closing((Losing if broken == "broken" else EmbeddedCrm)(crm_url, clock)) as crm,
    ):
        journal.start()
        site = AccountSite(key="acme", crm=crm, feeds=(), connectors=(crm,))
        engine = Engine(journal, [site], clock, linger=0.5, batch_limit=BATCH, carries=False)
        print("ready", flush=True)
        sys.stdin.readline()
        asyncio.run(engine.run_window("acme", "greet"))


if __name__ == "__main__":
    main(*sys.argv[1:])
