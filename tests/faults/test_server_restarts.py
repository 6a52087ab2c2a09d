"""PostgreSQL is restarted, and crashes, in the middle of the work: nothing is lost, nothing is done twice."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import msgspec
import pytest

from tests.faults.own_postgresql import own_server
from tests.kill.audit import audit
from tests.kill.harness import IN_FLIGHT, Worker, finish
from tests.kill.world import World, world

WAVE = 8


@pytest.mark.slow
def test_the_journals_server_restarts_and_crashes_while_an_engine_works(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Ends all sessions, then is killed, each in the middle of a wave; the same engine process goes on both times."""
    folder = Path("/var/tmp") / tmp_path_factory.mktemp("restarts").name
    with own_server(folder) as server, world(tmp_path_factory.mktemp("world"), "sqlite") as made:
        _keep_journal_at(made, server.url)
        worker = Worker(made, arguments=["--forever"])
        try:
            worker.ready()
            for mode in ("fast", "immediate", "fast"):
                made.people_make(WAVE)
                time.sleep(0.3)
                server.stop(mode)
                time.sleep(1.0)
                server.start()
            assert worker.process.poll() is None, "the engine must outlive its server"
            finish(made, alone=False)
            worker.signal(signal.SIGTERM)
            assert worker.end() == 0
        finally:
            worker.put_down()
        report = audit(made, [], alone=False)
        # A request whose answer could not be written is for a person, if nobody knows it by a key.
        others = [item for item in report.violations if item.sort != "parked"]
        assert others == [], str(report)
        assert report.figures["parked"] <= 3 * IN_FLIGHT
        assert report.figures["deals"] == 3 * WAVE


def _keep_journal_at(made: World, url: str) -> None:
    made.places = msgspec.structs.replace(made.places, journal=url)
    (made.directory / "world.json").write_bytes(msgspec.json.encode(made.places))
