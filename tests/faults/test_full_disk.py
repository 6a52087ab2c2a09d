"""SQLite on a full disk: the engine says so, nothing is lost or done twice, and it goes on when there is room."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Final

import msgspec
import pytest

from tests.faults.small_disk import fill
from tests.kill.audit import audit
from tests.kill.harness import IN_FLIGHT, Worker, finish
from tests.kill.world import world

WAVE: Final = 16
PATIENCE: Final = 20.0


@pytest.mark.slow
def test_the_journals_disk_is_full_and_is_given_room_again(
    small_disk: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with world(tmp_path / "world", "sqlite") as made:
        made.places = msgspec.structs.replace(made.places, journal=f"sqlite:///{small_disk / 'journal.db'}")
        (made.directory / "world.json").write_bytes(msgspec.json.encode(made.places))
        worker = Worker(made, arguments=["--forever"])
        said = ""
        try:
            worker.ready()
            made.people_make(WAVE)
            worker.wait(0.3)
            fill(small_disk / "other people's files")
            made.people_make(2 * WAVE)
            deadline = time.monotonic() + PATIENCE
            while "the disk is full" not in said:
                assert time.monotonic() < deadline, f"nobody said that the disk is full: {said[-2000:]}"
                worker.wait(0.1)
                said += capfd.readouterr().err
            assert worker.process.poll() is None, "the engine must outlive a full disk"
            (small_disk / "other people's files").unlink()
            finish(made, alone=False)
            worker.signal(signal.SIGTERM)
            assert worker.end() == 0
        finally:
            worker.put_down()
        report = audit(made, [], alone=False)
        # A request whose answer could not be written is for a person, if nobody knows it by a key.
        others = [item for item in report.violations if item.sort != "parked"]
        assert others == [], str(report)
        assert report.figures["deals"] == 3 * WAVE
        assert report.figures["parked"] <= IN_FLIGHT
        assert "cannot be used: the disk is full. Make room" in said
        assert "person" not in said, "no address of a customer belongs in a log"
