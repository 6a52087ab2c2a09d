"""What happens when something beside the engine fails: the others go on, and nothing personal is logged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
from engine_world import MONDAY, Sales, World, account
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from dealwright import Automation, deal_created, every_event, set_task, wait, working_days
from dealwright import hours as real_hours
from dealwright.engine.loop import AccountSite, Engine
from dealwright.errors import Unavailable
from dealwright.ports import FeedItem

RULE = Automation(
    key="call",
    why="",
    on=deal_created(in_=Sales),
    again=every_event(),
    do=[
        set_task("call", text="{{ deal.title }}", due=working_days(1)),
        wait("hour", real_hours(1)),
        set_task("again", text="{{ deal.title }}", due=working_days(1)),
    ],
)


PERSONAL = "could not read Maria, +1 212 555 0142"


class BrokenFeed:
    """A source whose text of failure holds what nobody may read in a log."""

    source = "broken"

    def __init__(self) -> None:
        self.asked = 0

    def pull(self, limit: int) -> Sequence[FeedItem]:
        """Fail."""
        self.asked += 1
        raise ConnectionError(PERSONAL)

    def taken(self, source_ids: Sequence[str]) -> None:
        """Nothing was given."""


def test_a_source_that_is_away_costs_the_others_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    world = World(tmp_path, account(RULE))
    broken = BrokenFeed()
    site = AccountSite(key="acme", crm=world.crm, feeds=(broken, world.crm), connectors=(world.crm,))
    engine = Engine(world.journal, [site], world.clock, linger=0.1)
    world.new_deal()
    with caplog.at_level(logging.ERROR):

        async def until_waiting(running: Engine) -> None:
            while world.states() != {"call": {"waiting": 1}}:
                await asyncio.sleep(0.01)

        world.run(until_waiting, engine)
    assert broken.asked >= 1
    assert "the feed broken of acme failed with ConnectionError" in caplog.text
    assert "Maria" not in caplog.text
    world.close()


@pytest.mark.slow
def test_a_crm_that_cannot_be_read_is_asked_again(tmp_path: Path) -> None:
    """After the wait the deal is read again; the first reading fails, nothing is decided on stale facts."""
    world = World(tmp_path, account(RULE))
    world.new_deal()
    world.work()
    failing = FailingOnce(world)
    world.clock.move_to(MONDAY.replace(hour=16))
    world.work(failing.engine())
    assert failing.failed
    assert world.states() == {"call": {"done": 1}}
    reasons = [
        row["reason"] for row in world.journal.database.rows(text("select reason from transitions where reason <> ''"))
    ]
    assert "the CRM was not read: Unavailable" in reasons
    world.close()


class FailingOnce:
    """The world's CRM, whose first reading fails."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.failed = False
        read = world.crm.read_deals

        async def read_deals(ids: Sequence[str]) -> object:
            if not self.failed:
                self.failed = True
                raise Unavailable
            return await read(ids)

        world.crm.read_deals = read_deals  # type: ignore[method-assign,assignment]

    def engine(self) -> Engine:
        """Return an engine on it."""
        return self.world.engine()


def test_the_text_of_a_database_error_holds_no_values(tmp_path: Path) -> None:
    world = World(tmp_path, account(RULE))
    insert = text("insert into meta (key, value) values (:key, :value)")
    with pytest.raises(IntegrityError) as caught, world.journal.database.write() as connection:
        connection.execute(insert, {"key": "secret", "value": "Maria, +1 212 555 0142"})
    assert "Maria" not in str(caught.value)
    world.close()
