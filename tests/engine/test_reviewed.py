"""What a reviewer found in the engine beside lost answers: each defect with the test that shows it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from engine_world import Sales, World, account
from sqlalchemy import text

from dealwright import Automation, deal_created, once, person, send_event, set_task, working_days
from dealwright.clock import SystemClock
from dealwright.engine.act import remedy
from dealwright.engine.loop import Engine
from dealwright.engine.records import EffectRow
from dealwright.journal import workers
from dealwright.model.delivery import Keyed
from dealwright.model.requests import SendEvent
from dealwright.testing.scripted import ScriptedConnector

TELL = Automation(key="tell", on=deal_created(in_=Sales), do=[send_event("created", to="erp")])


@pytest.mark.parametrize(("minutes", "wanted"), [(10, "repeat"), (40, "park"), (-10, "repeat"), (-40, "park")])
def test_a_wall_clock_that_was_set_back_makes_no_old_effect_young(minutes: int, wanted: str) -> None:
    # Half of the hour for which the key is kept is for clocks that are wrong, either way.
    clock = SystemClock()
    effect = EffectRow(
        key="k",
        execution_id="x",
        step="s",
        target="erp",
        state="unknown",
        delivery=Keyed(dedupes_for=timedelta(hours=1)),
        request=SendEvent(to="erp", name="n", deal_id="1", body={}, occurred_at=datetime(2026, 1, 1, tzinfo=UTC)),
        attempts=1,
        first_sent=clock.wall() - timedelta(minutes=minutes),
    )
    assert remedy(effect, clock) == wanted


def test_a_source_that_cannot_be_told_what_was_taken_stops_nobody(tmp_path: Path) -> None:
    """Its events come again and again, and are known; they are routed and carried out meanwhile."""
    world = World(tmp_path, account(TELL), ScriptedConnector(delivery=Keyed()))

    def taken(source_ids: Sequence[str]) -> None:
        raise ConnectionError

    world.crm.taken = taken  # type: ignore[method-assign]
    world.new_deal()

    async def until_done(running: Engine) -> None:
        while world.states() != {"tell": {"done": 1}}:
            await asyncio.sleep(0.01)

    world.run(until_done)
    assert world.journal.counts("events") == {"deal_created": 1}
    world.close()


def test_a_deal_that_is_gone_does_not_end_what_nobody_has_answered(tmp_path: Path) -> None:
    other = ScriptedConnector(delivery=Keyed(), faults=["lose-answer"])
    world = World(tmp_path, account(TELL), other)

    async def nothing(ids: Sequence[str]) -> dict[str, object]:
        return {}

    world.crm.read_deals = nothing  # type: ignore[method-assign,assignment]
    world.new_deal()
    world.work()
    assert world.states() == {"tell": {"parked": 1}}
    assert world.effects() == {"send_event": {"unknown": 1}}
    world.close()


def test_persons_that_merge_raise_the_epoch_so_that_gates_ask_again(tmp_path: Path) -> None:
    greet = Automation(
        key="greet",
        on=deal_created(in_=Sales),
        again=once(per=person),
        do=[set_task("t", text="t", due=working_days(1))],
    )
    world = World(tmp_path, account(greet))
    first = world.crm.create_contact(name="M", phone="+1 212 555 0100")
    second = world.crm.create_contact(name="Maria", email="maria@example.com")
    for contact in (first, second):
        world.new_deal(contacts=[contact.id])
    world.work()
    before = world.journal.controls("acme").epoch
    both = world.crm.create_contact(name="Maria M", phone="212-555-0100", email="maria@example.com")
    world.new_deal(contacts=[both.id])
    world.work()
    assert world.journal.controls("acme").epoch == before + 1
    world.close()


def test_a_process_of_which_nothing_can_be_read_counts_as_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_descriptors(self: Path, *_: object, **__: object) -> str:
        raise OSError(24, "too many open files")

    monkeypatch.setattr(Path, "read_text", no_descriptors)
    assert workers.process_started(os.getpid()) == workers.UNTOLD


def test_a_run_that_is_asked_for_beside_an_open_window_is_its_next_record(tmp_path: Path) -> None:
    world = World(tmp_path, account(TELL), ScriptedConnector(delivery=Keyed()))
    engine = world.engine(linger=300.0)
    world.new_deal()

    async def press(running: Engine) -> None:
        while not world.states().get("tell", {}).get("done"):
            await asyncio.sleep(0.01)
        world.journal.ask_run("acme", "tell", "run-1", actor="prefect")
        asked = text("select count(*) as n from windows where run_id = 'run-1'")
        while not world.journal.database.rows(asked)[0]["n"]:
            await asyncio.sleep(0.01)

    world.run(press, engine)
    world.close()
