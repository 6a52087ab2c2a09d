"""One suite for the fake and for the real connector with the simulator: what the engine may rely on."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Literal, TypeAlias

import pytest
from meta_world import conversion, counted, key, world

from dealwright.engine.act import perform
from dealwright.engine.records import EffectRow
from dealwright.model.delivery import Keyed
from dealwright.model.requests import Call, Refused, Sent, TryAgain, Unknown
from dealwright.ports import Connector
from dealwright.testing.scripted import ScriptedConnector
from dealwright_http.faults import Fault
from dealwright_meta.sansio import DEDUPES_FOR

Wrong: TypeAlias = Literal["lose-answer", "never-arrive", "rate-limited", "refuse"]
REAL: dict[Wrong, Fault] = {
    "lose-answer": Fault(status=504, commit=True),
    "never-arrive": Fault(status=504),
    "rate-limited": Fault(status=429, retry_after=60),
    "refuse": Fault(status=400, body={"error": {"code": 100, "error_subcode": 2804019}}),
}


class Side:
    """A connector, how to make it fail, and what the other side counts."""

    def __init__(
        self, connector: Connector, fail: Callable[[Wrong], None], counted: Callable[[], Counter[str]]
    ) -> None:
        self.connector = connector
        self.fail = fail
        self.counted = counted

    async def send(self, *calls: Call) -> list[type]:
        """Send as the engine does; return what came of each."""
        effects = [effect_of(self.connector, call) for call in calls]
        outcomes = await perform(self.connector, effects, "automation:acme.won", lambda: True)
        assert [outcome.effect.key for outcome in outcomes] == [call.key for call in calls]
        return [type(outcome.outcome) for outcome in outcomes]


def effect_of(connector: Connector, call: Call) -> EffectRow:
    return EffectRow(
        key=call.key,
        execution_id="1",
        step="buy",
        target="deal:1",
        state="sending",
        delivery=connector.delivery(call.request),
        request=call.request,
        attempts=0,
    )


@asynccontextmanager
async def fake(folder: Path) -> AsyncIterator[Side]:
    scripted = ScriptedConnector(["send_conversion"], delivery=Keyed(dedupes_for=DEDUPES_FOR))
    yield Side(scripted, scripted._faults.append, lambda: scripted.committed)


@asynccontextmanager
async def real(folder: Path) -> AsyncIterator[Side]:
    async with world(folder / "log") as (connector, simulation):
        yield Side(connector, lambda wrong: simulation.fail(REAL[wrong]), lambda: Counter(counted(folder / "log")))


Make: TypeAlias = Callable[[Path], AbstractAsyncContextManager[Side]]
both_sides = pytest.mark.parametrize("make", [fake, real])


@both_sides
def test_it_says_what_it_does_and_that_meta_knows_repeats(make: Make, tmp_path: Path) -> None:
    async def act() -> None:
        async with make(tmp_path) as side:
            assert isinstance(side.connector, Connector)
            assert side.connector.actions() == {"send_conversion"}
            assert side.connector.delivery(conversion(1).request) == Keyed(dedupes_for=DEDUPES_FOR)
            assert side.connector.at_once > 0
            assert side.connector.call_timeout > 0

    asyncio.run(act())


@both_sides
def test_each_conversion_has_an_outcome_and_counts_once_however_often_it_is_sent(make: Make, tmp_path: Path) -> None:
    async def act() -> None:
        async with make(tmp_path) as side:
            calls = [conversion(number) for number in range(5)]
            for _ in range(3):
                assert await side.send(*calls) == [Sent] * 5
            assert side.counted() == {key(number): 1 for number in range(5)}

    asyncio.run(act())


@both_sides
@pytest.mark.parametrize(
    ("wrong", "means", "then"),
    [
        ("lose-answer", Unknown, 1),
        ("never-arrive", Unknown, 0),
        ("rate-limited", TryAgain, 0),
        ("refuse", Refused, 0),
    ],
)
def test_what_goes_wrong_means_the_same_and_a_repeat_mends_it(
    make: Make, wrong: Wrong, means: type, then: int, tmp_path: Path
) -> None:
    async def act() -> None:
        async with make(tmp_path) as side:
            side.fail(wrong)
            assert await side.send(conversion(1)) == [means]
            assert side.counted().total() == then
            assert await side.send(conversion(1)) == [Sent]
            assert side.counted() == {key(1): 1}

    asyncio.run(act())
