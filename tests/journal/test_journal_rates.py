"""Tokens of an outside system: one row for all engines of a journal, on the leases' clock."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from journal_world import HandClock, Open, execute, one

from dealwright.journal.database import Lease
from dealwright.journal.rates import LONGEST_PAUSE, Rate
from dealwright.journal.store import Journal
from dealwright.ports import Pace

SEVEN = Pace(rate=7.0)
LONG = 1e6


def take(journal: Journal, pace: Pace = SEVEN, *, patience: float = LONG, account: str = "acme") -> float:
    """Take one token of the account's CRM and return the wait for it."""
    taken, wait = journal.take_token(account, "kommo", pace, patience=patience)
    assert taken
    return wait


def test_tokens_come_at_the_rate_and_not_faster(open_sqlite: Open, clock: HandClock) -> None:
    journal = open_sqlite()
    waits = [take(journal) for _ in range(8)]
    assert waits == pytest.approx([n / 7 for n in range(8)])
    clock.seconds += 100.0
    assert [take(journal), take(journal)] == pytest.approx([0.0, 1 / 7]), "what was not used in time is not saved up"


def test_a_burst_is_as_many_at_once_and_then_the_rate(open_sqlite: Open) -> None:
    journal, pace = open_sqlite(), Pace(rate=2.0, burst=3)
    assert [take(journal, pace) for _ in range(5)] == pytest.approx([0.0, 0.0, 0.0, 0.5, 1.0])


def test_engines_of_one_journal_share_the_tokens_and_accounts_do_not(open_journal: Open) -> None:
    """On each database, from four connections at once: no two are told the same moment."""
    journals = [open_journal() for _ in range(4)]
    barrier = Barrier(4)

    def take_five(journal: Journal) -> Sequence[float]:
        barrier.wait(30)
        return [take(journal, Pace(rate=0.1)) for _ in range(5)]

    with ThreadPoolExecutor(4) as pool:
        waits = sorted(wait for taken in pool.map(take_five, journals) for wait in taken)
    # PostgreSQL's clock goes on meanwhile, by far less than the ten seconds between two tokens.
    assert waits == pytest.approx([10.0 * n for n in range(20)], abs=3.0)
    assert take(journals[0], Pace(rate=0.1), account="other") == 0.0


def test_a_pause_is_everybodys_and_a_shorter_one_changes_nothing(open_journal: Open) -> None:
    one_engine, another = open_journal(), open_journal()
    one_engine.pause_tokens("acme", "kommo", 40.0)
    another.pause_tokens("acme", "kommo", 5.0)
    taken, wait = another.take_token("acme", "kommo", SEVEN, patience=10.0)
    assert not taken
    assert 35.0 < wait <= 40.0
    assert take(another) == pytest.approx(40.0, abs=5.0)
    another.pause_tokens("acme", "kommo", 1e9)
    assert take(one_engine) <= LONGEST_PAUSE


def test_a_token_that_nobody_waits_for_is_not_taken(open_sqlite: Open) -> None:
    journal = open_sqlite()
    slow = Pace(rate=0.05)
    assert take(journal, slow) == 0.0
    assert [journal.take_token("acme", "kommo", slow, patience=10.0) for _ in range(3)] == [(False, 20.0)] * 3
    assert take(journal, slow) == 20.0


def test_after_a_reboot_nobody_waits_longer_than_was_left(open_sqlite: Open, clock: HandClock) -> None:
    """The new boot counts its seconds from nought: the old row's moments lie in its far future."""
    journal = open_sqlite()
    journal.pause_tokens("acme", "kommo", 30.0)
    clock.seconds = 3.0
    assert take(journal) == pytest.approx(30.0)
    execute(journal, "update rates set boot = 'an earlier one', at = 9000, free_at = 9001, paused_until = 9004")
    assert take(journal) == pytest.approx(4.0)


@pytest.mark.parametrize("hour", [-3600.0, 3600.0])
def test_a_databases_clock_that_jumps_blocks_nobody(hour: float) -> None:
    before = Rate(boot="database", at=10_000.0, free_at=10_000.5, paused_until=10_002.0)
    wait, after = before.seen(Lease("database", 10_000.0 + hour)).take(SEVEN)
    assert wait == (2.0 if hour < 0 else 0.0)
    assert after.free_at - after.at == pytest.approx(wait + 1 / 7)


def test_a_pause_on_postgresql_ends_by_the_databases_clock(open_postgresql: Open) -> None:
    journal = open_postgresql()
    journal.pause_tokens("acme", "kommo", 30.0)
    execute(journal, "update rates set at = at - 29.9, paused_until = paused_until - 29.9")
    assert take(journal) < 0.2
    assert one(journal, "select boot from rates") == "database"
