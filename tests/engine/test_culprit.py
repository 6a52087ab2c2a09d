"""Culprits: what makes a whole batch fail is found and parked with its cause; its neighbours do not wait for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from databases import postgresql
from engine_world import MONDAY, World, account
from sqlalchemy import text
from test_poison import TELL, FastClock, states, until

from dealwright.engine.culprit import TRIES, Culprits
from dealwright.engine.records import EffectOutcome, GateRequest, GateResult, Settlement, Turn
from dealwright.errors import JournalError, Unavailable
from dealwright.journal.store import Journal
from dealwright.model.delivery import AtMostOnce, Delivery, Keyed
from dealwright.model.events import DealCreated
from dealwright.model.requests import Call, Outcome, Request, SendEvent
from dealwright.testing.scripted import ScriptedConnector

DEALS = 40
BAD = "deal 17"
HELD = "what a row held: person@" + "example.com"
EVERYWHERE = ("delivery", "plan", "gate", "receipt", "settle")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty journal, on each database (on PostgreSQL a back-off takes its time)."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'journal.db'}"
    else:
        with postgresql("culprit") as made:
            yield made


class Bad:
    """What is wrong with one deal, and where; `where` empty: it was repaired."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.met = 0

    def meet(self, where: str, found: bool) -> None:
        """Fail at this place if the deal is among those that came here."""
        if found and where == self.where:
            self.met += 1
            raise KeyError(HELD)


class Picky(ScriptedConnector):
    """Cannot say how the bad deal is delivered."""

    def __init__(self, bad: Bad, delivery: Delivery) -> None:
        super().__init__(delivery=delivery)
        self.bad = bad
        self.away = False

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        """Carry out the calls, unless it is away."""
        if self.away:
            raise Unavailable
        return await super().perform(calls)

    def delivery(self, request: Request) -> Delivery:
        """Say how a request is delivered."""
        assert isinstance(request, SendEvent)
        self.bad.meet("delivery", request.body["title"] == BAD)
        return super().delivery(request)


class Failing(Journal):
    """A journal that does not take what is about the bad deal."""

    bad: Bad
    source = ""

    def _about(self, ids: Sequence[str]) -> bool:
        query = "select x.id from executions x join events e on e.id = x.event_id where e.source_id = :source"
        rows = self.database.rows(text(query), source=self.source)
        return any(row["id"] in ids for row in rows)

    def plan(self, turns: Sequence[Turn]) -> frozenset[str]:
        self.bad.meet("plan", self._about([turn.execution_id for turn in turns]))
        return super().plan(turns)

    def pass_gate(
        self, account: str, epoch: int, automation: str, requests: Sequence[GateRequest]
    ) -> Sequence[GateResult] | None:
        self.bad.meet("gate", self._about([item.effect.execution_id for item in requests]))
        return super().pass_gate(account, epoch, automation, requests)

    def receive_outcomes(self, outcomes: Sequence[EffectOutcome]) -> None:
        self.bad.meet("receipt", self._about([item.effect.execution_id for item in outcomes]))
        super().receive_outcomes(outcomes)

    def settle(self, settlements: Sequence[Settlement]) -> frozenset[str]:
        done = [item.execution_id for item in settlements if item.state == "done"]
        self.bad.meet("settle", self._about(done))
        return super().settle(settlements)


class Town(World):
    """A world whose journal and connector stumble over one deal."""

    def __init__(self, folder: Path, url: str, bad: Bad, delivery: Delivery) -> None:
        self.bad = bad
        self.fast = FastClock(MONDAY)
        self.connector = Picky(bad, delivery)
        super().__init__(folder, account(TELL), self.connector, journal_url=url, clock=self.fast)
        for number in range(DEALS):
            self.new_deal(title=f"deal {number}")
        (bad_event,) = [item.event for item in self.crm.pull(DEALS * 2) if is_bad(item.event)]
        assert isinstance(self.journal, Failing)
        self.journal.source = bad_event.source_id

    def open_journal(self) -> Journal:
        journal = Failing(self.url, self.clock, takeover_after=1.0)
        journal.bad = self.bad
        journal.start()
        return journal

    def parked(self) -> list[dict[str, Any]]:
        rows = self.journal.database.rows(text("select id, reason from dw_executions where state = 'parked'"))
        return [dict(row) for row in rows]


def is_bad(event: object) -> bool:
    """Say whether an event tells of the bad deal."""
    return isinstance(event, DealCreated) and event.after.title == BAD


@pytest.mark.slow
@pytest.mark.parametrize("where", EVERYWHERE)
def test_what_makes_its_batch_fail_is_parked_alone_and_comes_back_after_a_fix(
    tmp_path: Path, url: str, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    town = Town(tmp_path, url, Bad(where), Keyed())
    until(town, lambda: states(town).get("done", 0) == DEALS - 1)
    assert town.bad.met <= 10, "halving finds one of forty in six steps; nobody waits for its back-off"
    until(town, lambda: states(town) == {"done": DEALS - 1, "parked": 1}, town.fast)
    (parked,) = town.parked()
    assert parked["reason"] == "cannot be worked: KeyError, tried 3 times alone; the log names the place"
    assert HELD not in caplog.text
    assert "in meet" in caplog.text, "the log says where it failed"
    town.bad.where = ""
    town.journal.retry_execution(parked["id"], actor="ana", even_if_sent=where == "receipt")
    until(town, lambda: states(town) == {"done": DEALS})
    assert sorted(town.connector.committed.values()) == [1] * DEALS
    assert town.effects() == {"send_event": {"sent": DEALS}}
    town.close()


def test_what_was_sent_in_a_batch_that_failed_then_is_not_sent_again(tmp_path: Path, url: str) -> None:
    """The receipts of a request cannot be written: whom nobody may repeat is for a person, once, and named."""
    town = Town(tmp_path, url, Bad("receipt"), AtMostOnce())
    until(town, lambda: states(town) == {"parked": DEALS}, town.fast)
    assert sorted(town.connector.committed.values()) == [1] * DEALS
    assert {item["reason"] for item in town.parked()} >= {"created: outcome unknown, a person decides"}
    assert town.effects() == {"send_event": {"unknown": DEALS}}
    town.close()


@pytest.mark.parametrize("where", ["event", "progress", "request"])
def test_what_cannot_be_read_is_parked_at_its_claim(tmp_path: Path, url: str, where: str) -> None:
    town = Town(tmp_path, url, Bad(""), Keyed())
    town.connector.away = True  # so that there is progress, and a request, to be damaged
    until(town, lambda: states(town).get("retrying", 0) == DEALS)
    town.connector.away = False
    column, table, id_ = {
        "event": ("body", "events", "id = (select event_id from executions where id = :id)"),
        "progress": ("progress", "executions", "id = :id"),
        "request": ("request", "effects", "execution_id = :id"),
    }[where]
    with town.journal.database.write() as connection:
        (bad,) = connection.execute(text("select min(id) from executions")).scalars()
        connection.execute(
            text(f"update {table} set {column} = :junk where {id_}"), {"junk": b"\x01\x00\x00{", "id": bad}
        )
    until(town, lambda: states(town) == {"done": DEALS - 1, "parked": 1}, town.fast)
    (parked,) = town.parked()
    assert parked["id"] == bad
    assert parked["reason"].startswith("cannot be read: DecodeError (a row of it is damaged")
    assert sorted(town.connector.committed.values()) == [1] * (DEALS - 1)
    town.close()


@pytest.mark.slow
def test_a_journal_that_is_away_parks_nobody(tmp_path: Path) -> None:
    """What says nothing of an execution is waited out, however often it comes."""
    town = Town(tmp_path, f"sqlite:///{tmp_path / 'journal.db'}", Bad(""), Keyed())
    assert isinstance(town.journal, Failing)
    failing = Away(town.journal.plan)
    town.journal.plan = failing  # type: ignore[method-assign]
    until(town, lambda: failing.times > TRIES)
    failing.away = False
    until(town, lambda: states(town) == {"done": DEALS}, town.fast)
    assert sorted(town.connector.committed.values()) == [1] * DEALS
    town.close()


class Away:
    """A call that fails while the journal's server is away."""

    def __init__(self, call: Callable[[Sequence[Turn]], frozenset[str]]) -> None:
        self.call = call
        self.away = True
        self.times = 0

    def __call__(self, turns: Sequence[Turn]) -> frozenset[str]:
        if self.away:
            self.times += 1
            raise JournalError("the server does not answer")
        return self.call(turns)


def test_claims_shrink_to_one_and_grow_again() -> None:
    culprits = Culprits()
    sizes = []
    many = [f"x{n}" for n in range(20)]
    for _ in range(6):
        sizes.append(culprits.limit("a", 500))
        culprits.failed("a", many[: sizes[-1]], ValueError())
    assert sizes == [500, 10, 5, 2, 1, 1]
    assert culprits.limit("b", 500) == 500, "another automation is not concerned"
    grown = []
    while culprits.limit("a", 500) < 500:
        culprits.worked("a", 500)
        grown.append(culprits.limit("a", 500))
    assert grown == [2, 4, 8, 16, 32, 64, 128, 256, 500]
