"""What vendors do wrong, through the real connectors and the engine: nothing is lost and nothing happens twice."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from databases import postgresql

from dealwright.clock import SystemClock
from dealwright.journal.store import Journal
from dealwright_http.faults import Fault
from dealwright_kommo.simulator import Manners
from tests.faults.vendors import TIMEOUT, company

LEADS: Final = 8

FAULTS: Final = {
    "500": Fault(status=500),
    "500 after the commit": Fault(status=500, commit=True),
    "504 after the commit": Fault(status=504, commit=True),
    "429 with a hint": Fault(status=429, retry_after=1),
    "a reset": Fault(drop=True),
    "a reset after the commit": Fault(drop=True, commit=True),
    "a slow trickle": Fault(trickle=TIMEOUT / 3),
    "a trickle that takes too long": Fault(trickle=TIMEOUT * 3),
    "too late": Fault(commit=True, delay=TIMEOUT * 1.5),
    "cut off": Fault(cut=True),
    "another content type": Fault(content_type="text/html"),
    "nonsense": Fault(status=200, commit=True, body="<html>It works!</html>", content_type="text/html"),
}
KNOWN: Final = {"429 with a hint", "a slow trickle", "cut off", "another content type", "nonsense"}
"""After these a sender of webhooks knows whether it was done: only their status counts."""

WRITES: Final = {
    "task": ("kommo", Fault(method="POST", path="/api/v4/tasks")),
    "tag": ("kommo", Fault(method="PATCH", path="/api/v4/leads")),
    "meta": ("meta", Fault(method="POST")),
    "erp": ("erp", Fault(method="POST")),
}
READ: Final = Fault(method="GET", path="/api/v4/leads")
LOOK: Final = Fault(method="GET", path="/api/v4/tasks")


def at(place: Fault, fault: Fault) -> Fault:
    """Return a fault as it goes wrong at this place."""
    return msgspec.structs.replace(fault, method=place.method, path=place.path)


def play(
    folder: Path, journal: Path, faults: list[tuple[str, Fault]], *, leads: int = LEADS, unmet: int = 0, **options: Any
) -> int:
    """Let leads come in while all that goes wrong, but `unmet` at most; return how many executions are parked."""
    shutil.copy(journal, folder / "journal.db")

    async def main() -> int:
        async with company(folder, **options) as here:
            for simulator, fault in faults:
                here.simulators[simulator].fail(fault)
            await here.leads(leads)
            await here.quiet()
            left = {name: len(simulator.script) for name, simulator in here.simulators.items()}
            assert sum(left.values()) <= unmet, f"faults that nobody met: {left}"
            return await here.audit(leads)

    return asyncio.run(main())


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal in one file, to be copied."""
    file = tmp_path_factory.mktemp("journal") / "template.db"
    Journal(f"sqlite:///{file}", SystemClock()).close()
    return file


@pytest.mark.slow
def test_without_faults_everything_is_done_once(tmp_path: Path, journal: Path) -> None:
    assert play(tmp_path, journal, []) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_writes_that_go_wrong(tmp_path: Path, journal: Path, name: str) -> None:
    """At each vendor, twice if the first one is repeated; and once for what nobody may repeat."""
    faults = [(simulator, at(place, FAULTS[name])) for simulator, place in WRITES.values()]
    parked = play(tmp_path, journal, [*faults, *faults, ("trail", FAULTS[name])], unmet=len(faults))
    assert (parked == 0) == (name in KNOWN), "unknown is parked, and nothing else is"


@pytest.mark.slow
@pytest.mark.parametrize("third", range(3))
def test_reads_that_go_wrong(tmp_path: Path, journal: Path, third: int) -> None:
    """Leads cannot be read when hooks tell of them, nor tasks when a lost answer is looked for."""
    some = list(FAULTS.values())[third::3]
    lost = at(WRITES["task"][1], FAULTS["a reset after the commit"])
    reads = [("kommo", at(place, fault)) for fault in some for place in (READ, LOOK)]
    assert play(tmp_path, journal, [*reads, ("kommo", lost)], unmet=2) == 0, "a look that succeeds is the last"


@pytest.mark.slow
@pytest.mark.parametrize("late", [False, True], ids=["before the commit", "after the commit"])
def test_a_batch_above_what_kommo_takes_is_halved_and_nothing_is_there_twice(
    tmp_path: Path, journal: Path, late: bool
) -> None:
    assert play(tmp_path, journal, [], leads=20, manners=Manners(largest=3, late=late)) == 0


@pytest.mark.slow
def test_several_of_them_on_postgresql(tmp_path: Path, journal: Path) -> None:
    names = ("500 after the commit", "a reset", "a trickle that takes too long")
    faults = [
        (simulator, at(place, FAULTS[name]))
        for name in names
        for simulator, place in [*WRITES.values(), ("kommo", READ)]
    ]
    with postgresql("vendors") as url:
        parked = play(
            tmp_path, journal, [*faults, ("trail", FAULTS["500"])], leads=10, unmet=4, journal_url=url, batch=5
        )
    assert parked >= 1
