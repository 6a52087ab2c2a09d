"""The engine of a run, as a process of its own: it claims, decides, acts, and records its windows in Prefect."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
from collections.abc import Sequence
from pathlib import Path

from dealwright.clock import SystemClock
from dealwright_flows.api import PrefectApi
from dealwright_flows.deployments import Deployments
from dealwright_flows.recorder import Recorder
from dealwright_flows.server import PrefectServer
from tests.chaos import arming, breaks, site
from tests.chaos.company import ACCOUNT
from tests.chaos.places import BATCH, LINGER, Places

RECORDS: float = 20.0
"""Seconds that the recorder is given at the end, where there is a Prefect that it can tell."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Work until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.engine", description=main.__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--name", default="engine")
    parser.add_argument("--break", dest="broken", choices=breaks.NAMES)
    parser.add_argument("--without-prefect", action="store_true", help="there is none: do not wait for it at the end")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    records = 0.0 if options.without_prefect else RECORDS
    asyncio.run(_work(Places.read(options.directory), options.name, options.broken, records))


async def _work(places: Places, name: str, broken: str | None, records: float) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    arming.listen(places.path, name)
    clock = SystemClock()
    site.shorten_leases()
    project = site.project(places, clock)
    breaks.into_engine(broken)
    journal = breaks.journal_class(broken)(places.journal, clock, takeover_after=site.TAKEOVER)
    journal.start()
    engine = project.engine(journal, clock=clock, linger=LINGER, batch_limit=BATCH)
    server = PrefectServer(places.path / "prefect", clock=clock)
    never = asyncio.Event()
    async with PrefectApi(server.api_url, server.auth) as api:
        deployments = Deployments(journal, api, [ACCOUNT])
        recorder = Recorder(journal, api, deployments, clock=clock)
        recording = asyncio.create_task(recorder.run(never))
        arming.say_ready(places.path, name)
        await engine.run(stop)
        await recorder.drain(records)
        recording.cancel()
        await asyncio.gather(recording, return_exceptions=True)
    await project.aclose()
    journal.close()


if __name__ == "__main__":
    main()
