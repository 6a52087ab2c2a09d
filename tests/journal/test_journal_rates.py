"""Tokens of an outside system: one row for all engines of a journal, on the leases' clock."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
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
    moment, wait = journal.take_token(account, "kommo", pace, pace.span, patience=patience)
    assert moment is not None
    return wait


def test_seven_tokens_a_second_are_seven_in_any_second(open_sqlite: Open, clock: HandClock) -> None:
    journal = open_sqlite()
    assert [take(journal) for _ in range(15)] == pytest.approx([0.0] * 7 + [1.0] * 7 + [2.0])
    clock.seconds += 100.0
    assert [take(journal) for _ in range(8)] == pytest.approx([0.0] * 7 + [1.0]), "what was not used is not saved up"


def test_a_burst_is_so_many_more_in_a_longer_span(open_sqlite: Open) -> None:
    journal, pace = open_sqlite(), Pace(rate=2.0, burst=3)
    assert [take(journal, pace) for _ in range(5)] == pytest.approx([0.0, 0.0, 0.0, 0.0, 2.0])


def test_who_leaves_late_makes_those_of_other_engines_wait(open_journal: Open) -> None:
    """On each database: the token's moment was long ago, and yet no span of any engine holds more than two."""
    one_engine, another = open_journal(), open_journal()
    two = Pace(rate=2.0)
    long = 1000.0
    moments = [one_engine.take_token("acme", "kommo", two, long, patience=LONG)[0] for _ in range(2)]
    for moment in moments:
        assert moment is not None
        assert one_engine.use_token("acme", "kommo", two, long, moment) == 0.0
    theirs, wait = another.take_token("acme", "kommo", two, long, patience=LONG)
    assert theirs is not None
    assert wait == pytest.approx(long, abs=5.0)
    # A span that is shorter by most of it: their moment has come, unless one of ours left later than it was to.
    assert another.use_token("acme", "kommo", two, long, theirs) == pytest.approx(long, abs=5.0)


def test_a_span_never_holds_more_than_may_be_however_late_each_of_them_leaves() -> None:
    chance = Random(7)
    rate, now, waiting = Rate(boot="a boot", at=0.0, paused_until=0.0), 0.0, []
    left: list[float] = []
    while len(left) < 500:
        now += chance.expovariate(20.0)
        rate = rate.seen(Lease("a boot", now))
        if len(waiting) < 4:
            moment, rate = rate.take(7, 1.0)
            waiting.append(moment)
        due = [each for each in waiting if each <= now]
        if due and chance.random() < 0.5:  # of four engines, any of them, now sooner and now later
            moment = chance.choice(due)
            wait, rate = rate.use(7, 1.0, moment)
            if not wait:
                waiting.remove(moment)
                left.append(now)
    assert all(after - before >= 1.0 for before, after in zip(left, left[7:], strict=False))
    assert len(left) / left[-1] > 4.5, "and those that wait for one another do not wait for nothing"


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
    moment, wait = another.take_token("acme", "kommo", SEVEN, 1.0, patience=10.0)
    assert moment is None
    assert 35.0 < wait <= 40.0
    assert take(another) == pytest.approx(40.0, abs=5.0)
    another.pause_tokens("acme", "kommo", 1e9)
    assert take(one_engine) <= LONGEST_PAUSE


def test_a_token_that_nobody_waits_for_is_not_taken(open_sqlite: Open) -> None:
    journal = open_sqlite()
    slow = Pace(rate=0.05)
    assert take(journal, slow) == 0.0
    assert [journal.take_token("acme", "kommo", slow, 20.0, patience=10.0) for _ in range(3)] == [(None, 20.0)] * 3
    assert take(journal, slow) == 20.0


def test_after_a_reboot_nobody_waits_longer_than_was_left(open_sqlite: Open, clock: HandClock) -> None:
    """The new boot counts its seconds from nought: the old row's moments lie in its far future."""
    journal = open_sqlite()
    journal.pause_tokens("acme", "kommo", 30.0)
    clock.seconds = 3.0
    assert take(journal) == pytest.approx(30.0)
    execute(journal, "update rates set boot = 'an earlier one', at = 9000, paused_until = 9004")
    assert take(journal) == pytest.approx(4.0)


@pytest.mark.parametrize("hour", [-3600.0, 3600.0])
def test_a_databases_clock_that_jumps_blocks_nobody(hour: float) -> None:
    before = Rate(boot="database", at=10_000.0, taken=(9_999.5,), paused_until=10_002.0)
    moment, after = before.seen(Lease("database", 10_000.0 + hour)).take(1, 5.0)
    assert moment - after.at == (4.5 if hour < 0 else 0.0)
    assert after.paused_until - after.at == (2.0 if hour < 0 else 10_002.0 - 13_600.0)


def test_a_pause_on_postgresql_ends_by_the_databases_clock(open_postgresql: Open) -> None:
    journal = open_postgresql()
    journal.pause_tokens("acme", "kommo", 30.0)
    execute(journal, "update rates set at = at - 29.9, paused_until = paused_until - 29.9")
    assert take(journal) < 0.2
    assert one(journal, "select boot from rates") == "database"
