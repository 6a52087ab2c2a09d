"""What a reviewer found about people's decisions and what locks them, and is so no more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from journal_world import (
    MONDAY,
    Open,
    claim,
    created,
    deal,
    effect_of,
    execute,
    gate,
    one,
    plan,
    receive,
    route,
    settle,
    states,
    turn_of,
)
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dealwright.engine.records import Claimed, EffectRow, Verdict
from dealwright.errors import JournalError
from dealwright.journal import lanes
from dealwright.journal.approvals import SHORTEST
from dealwright.journal.browse_show import Shown
from dealwright.journal.database import decided_again
from dealwright.journal.store import Journal
from dealwright.journal.trouble import trouble
from dealwright.model.events import EventReceived
from dealwright.ports import FeedItem

APPROVE = Verdict(decision="hold", guard="approve", reason="approve")


def begin(journal: Journal, *ids: str) -> list[Claimed]:
    receive(journal, *(created(f"e-{id_}", deal(id_)) for id_ in ids or ("a",)))
    route(journal)
    return list(claim(journal))


def hold(journal: Journal, claimed: Claimed, wanted: str = "") -> EffectRow:
    effect = effect_of(journal, claimed)
    if wanted:
        effect = replace(effect, request=replace(effect.request, text=wanted))  # type: ignore[call-arg]
    journal.plan([replace(turn_of(claimed, effect), n=claimed.turn + 1)])
    gate(journal, [effect], APPROVE)
    settle(journal, [claimed], "held", reason="approve")
    return effect


def test_an_approval_is_of_what_was_looked_at_and_not_of_what_is_held_since(journal: Journal) -> None:
    (claimed,) = begin(journal)
    hold(journal, claimed)
    seen = journal.to_approve(claimed.id)
    assert [effect.request.kind for effect in seen.effects] == ["set_task"]
    assert Shown(journal).execution("acme", claimed.id).asked_digest == seen.digest[:SHORTEST]
    journal.approve_execution(claimed.id, actor="ana", digest=seen.digest)
    (again,) = claim(journal)
    hold(journal, again, "GRATIS")
    for digest in (seen.digest, seen.digest[:SHORTEST], "", journal.to_approve(claimed.id).digest[: SHORTEST - 1]):
        with pytest.raises(JournalError, match=r"is not what has the digest.*executions show"):
            journal.approve_execution(claimed.id, actor="bob", digest=digest)
    assert states(journal) == ["held"]
    journal.approve_execution(claimed.id, actor="bob", digest=journal.to_approve(claimed.id).digest[:SHORTEST].upper())
    assert states(journal) == ["ready"]


def test_a_claim_does_not_wait_for_who_has_its_lane(open_postgresql: Open) -> None:
    """Else it has the executions and wants the lane of one who has the lane and wants the execution: a deadlock."""
    journal, other = open_postgresql(), open_postgresql()
    receive(journal, created("e-a", deal("a")))
    route(journal)
    execute(journal, "update executions set late = true")
    with ThreadPoolExecutor() as pool, journal.database.write() as connection:
        lanes.lock(journal.database, connection, [str(one(journal, "select key from lanes"))])
        assert len(pool.submit(claim, other).result(timeout=5)) == 1


@pytest.mark.parametrize("error", [psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure])
def test_a_decision_that_the_server_gives_up_is_made_again_and_not_for_ever(error: type[psycopg.Error]) -> None:
    given_up = DBAPIError("select 1", None, error())
    assert "Try again" in (trouble(given_up) or "")
    tries = []

    @decided_again
    def decide(succeeds: int) -> int:
        tries.append(1)
        if len(tries) < succeeds:
            raise JournalError("given up") from given_up
        return len(tries)

    assert decide(3) == 3
    tries.clear()
    with pytest.raises(JournalError):
        decide(100)
    assert len(tries) == 5


def test_a_decision_that_is_refused_is_not_made_again() -> None:
    tries = []

    @decided_again
    def decide() -> None:
        tries.append(1)
        raise JournalError("it is done")

    with pytest.raises(JournalError):
        decide()
    assert len(tries) == 1


def told(id_: str) -> FeedItem:
    event = EventReceived(
        source_id=id_, occurred_at=MONDAY, actor="hook:billing", source="billing", name="paid", deal_id="a"
    )
    return FeedItem(event=event, raw=b"{}")


def test_what_we_sent_and_comes_back_by_a_hook_joins_its_chain(journal: Journal) -> None:
    """What we send carries its key as its id: answered as if it were news, it would go round for ever."""
    claimed = begin(journal)
    (effect,) = plan(journal, claimed)
    assert journal.append("acme", "billing", [told(effect.key), told("dw-of-another"), told("7")]) == 3
    rows = journal.database.rows(
        text("select source_id, cause, chain, depth from events where kind = 'event_received'")
    )
    assert {row["source_id"]: (row["cause"], row["chain"], row["depth"]) for row in rows} == {
        effect.key: (effect.key, claimed[0].event_id, 1),
        "dw-of-another": (None, None, 0),
        "7": (None, None, 0),
    }
    came_back = next(item for item in journal.unrouted("acme", 10) if item.event.source_id == effect.key)
    assert came_back.event.cause == effect.key


def test_another_accounts_automations_of_a_chain_are_not_taken_for_ours(journal: Journal) -> None:
    claimed = begin(journal)
    (effect,) = plan(journal, claimed)
    journal.append("other", "billing", [replace(told(effect.key), event=created(effect.key, deal("a")).event)])
    joined = "update events set chain = :chain, depth = 1 where account = 'other'"
    execute(journal, joined, chain=claimed[0].event_id)
    (item,) = journal.unrouted("other", 10)
    assert item.ran == {"deal:a": frozenset()}
    execute(journal, "update events set account = 'acme' where account = 'other'")
    (item,) = journal.unrouted("acme", 10)
    assert item.ran == {"deal:a": frozenset({"greet"})}
