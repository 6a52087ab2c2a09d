"""What the engine counts about itself while it works, and how others hear of it, whatever becomes of the engine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from engine_world import World, account

from dealwright import Automation, days, deal_created, every_event, send_event, set_task
from dealwright.engine import meters
from dealwright.engine.meters import METERS, SIZES, Meters
from dealwright.intake import published
from dealwright.intake.published import Publisher, collected
from dealwright.journal.workers import process_started
from dealwright.model.delivery import AtMostOnce
from dealwright.testing.scripted import ScriptedConnector

TELL = Automation(
    key="tell",
    why="",
    on=deal_created(),
    again=every_event(),
    do=[set_task("call", text="Call", due=days(1)), send_event("deal-made", to="erp")],
)


@pytest.fixture
def fresh() -> Iterator[None]:
    METERS.__init__()  # type: ignore[misc]  # the process's own, begun anew
    yield
    METERS.__init__()  # type: ignore[misc]


def counters(reading: meters.Reading) -> dict[tuple[str, ...], int]:
    return {(each.name, *each.labels): each.value for each in reading.counters}


def test_a_value_falls_into_the_bucket_whose_end_it_does_not_pass() -> None:
    own = Meters()
    for value in (0.0, 1.0, 1.5, 500.0, 501.0):
        own.observe("batch_size", value, ends=SIZES)
    (spread,) = own.read().histograms
    assert spread.counts == (2, 1, 0, 0, 0, 0, 0, 0, 1, 1)
    assert spread.total == 1003.5


def test_work_is_counted_by_kind_and_outcome_and_timed(fresh: None, tmp_path: Path, journal_url: str) -> None:
    world = World(tmp_path, account(TELL), ScriptedConnector(delivery=AtMostOnce()), journal_url=journal_url)
    for _ in range(7):
        world.new_deal()
    world.work()
    world.close()
    reading = METERS.read()
    assert counters(reading) == {("effects", "send_event", "sent"): 7, ("effects", "set_task", "sent"): 7}
    spreads = {(each.name, *each.labels): each for each in reading.histograms}
    assert spreads["batch_size",].total == 7
    assert {key for key in spreads if key[0] == "connector_seconds"} == {
        ("connector_seconds", "embedded_crm", "sent"),
        ("connector_seconds", "scripted", "sent"),
    }
    for name in ("claim_seconds", "turn_seconds", "settle_seconds"):
        assert sum(spreads[name,].counts) >= 1, name


# --- published ------------------------------------------------------------------------------------------------------


def test_what_an_engine_counted_is_never_counted_less_when_it_dies(tmp_path: Path) -> None:
    own = Meters()
    own.count("effects", "set_task", "sent", by=3)
    own.observe("turn_seconds", 0.2)
    living = Publisher(own, tmp_path)
    published._bury(tmp_path)
    living.write()
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    file = published._File(pid=int(dead.stdout), started="1", reading=own.read())
    (tmp_path / "dead.json").write_bytes(msgspec.json.encode(file))
    before = collected(tmp_path)
    assert counters(before) == {("effects", "set_task", "sent"): 6}
    published._bury(tmp_path)
    assert not (tmp_path / "dead.json").exists()
    assert collected(tmp_path) == before
    # It was killed between writing the sum and deleting the file:
    (tmp_path / "dead.json").write_bytes(msgspec.json.encode(file))
    assert collected(tmp_path) == before
    (tmp_path / "dead-too.json").write_bytes(msgspec.json.encode(file))
    published._bury(tmp_path)
    assert counters(collected(tmp_path)) == {("effects", "set_task", "sent"): 9}
    published._bury(tmp_path)
    assert counters(collected(tmp_path)) == {("effects", "set_task", "sent"): 9}


def test_a_file_that_is_torn_or_another_programs_counts_nothing(tmp_path: Path) -> None:
    (tmp_path / "torn.json").write_bytes(b'{"pid": 1, "sta')
    (tmp_path / "other.json").write_bytes(b"[]")
    assert collected(tmp_path) == meters.Reading()
    assert collected(tmp_path / "nothing") == meters.Reading()


def test_an_engine_whose_numbers_cannot_be_written_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("no folder")
    publisher = Publisher(Meters(), tmp_path / "file")
    publisher.start()
    publisher.stop()
    assert len(caplog.records) == 1
    assert "metrics are not published (FileExistsError)" in caplog.text


def test_stopping_writes_what_was_counted_last(tmp_path: Path) -> None:
    own = Meters()
    publisher = Publisher(own, tmp_path)
    publisher.start()
    own.count("effects", "set_task", "sent")
    publisher.stop()
    assert counters(collected(tmp_path)) == {("effects", "set_task", "sent"): 1}
    assert process_started(os.getpid()) is not None
