"""Clocks jump an hour in the middle of the work: nothing is lost, nothing happens twice, nothing waits for an hour."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from databases import postgresql

from dealwright.clock import SystemClock
from dealwright_http.faults import Fault
from tests.faults.vendors import Company, company

HOUR: Final = timedelta(hours=1)
WAVE: Final = 5
PATIENCE: Final = 300.0
"""Seconds that anything may wait in all: the back-offs of what goes wrong here, and far from an hour."""

LOST: Final = {
    "kommo": (Fault(method="POST", path="/api/v4/tasks", drop=True, commit=True),),
    "meta": (Fault(method="POST", drop=True, commit=True), Fault(method="POST", status=429, retry_after=60)),
    "erp": (Fault(drop=True, commit=True), Fault(status=503, retry_after=5)),
}
"""What is in the middle when the clocks jump: answers that were lost, and pauses that were asked for."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty journal on each database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'journal.db'}"
    else:
        with postgresql("jumps") as made:
            yield made


def jump_in_the_middle(folder: Path, url: str, by: timedelta) -> tuple[int, float]:
    """Jump while answers are missing, and back later; return how many are parked, and the seconds it took."""

    async def main() -> tuple[int, float]:
        since = SystemClock().monotonic()
        async with company(folder, journal_url=url) as here:
            for name, faults in LOST.items():
                here.simulators[name].fail(*faults)
            await here.leads(WAVE)
            await here.quiet(lambda: unanswered(here) == {"task", "meta", "erp"})
            here.clock.jumped += by
            await here.leads(WAVE, start=WAVE)
            await here.quiet(lambda: done(here, "task") == done(here, "meta") == 2 * WAVE)
            here.clock.jumped -= by
            await here.leads(WAVE, start=2 * WAVE)
            await here.quiet()
            assert not any(len(simulator.script) for simulator in here.simulators.values())
            return await here.audit(3 * WAVE), SystemClock().monotonic() - since + here.clock.skipped

    return asyncio.run(main())


def unanswered(here: Company) -> set[str]:
    """Return the automations of which an answer was lost."""
    return {row["automation"] for row in here.rows("select automation from dw_effects where state = 'unknown'")}


def done(here: Company, automation: str) -> int:
    """Count what has ended well."""
    return here.journal.counts("executions").get(automation, {}).get("done", 0)


@pytest.mark.slow
@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["forward", "back"])
def test_our_clocks_jump_while_answers_are_missing(tmp_path: Path, url: str, by: timedelta) -> None:
    """Receivers refuse what is signed an hour off: it comes again, signed anew, and nobody has to look at it."""
    parked, seconds = jump_in_the_middle(tmp_path, url, by)
    assert parked == 0
    assert seconds < PATIENCE
