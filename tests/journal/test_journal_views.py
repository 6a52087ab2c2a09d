"""The public views: their columns as docs/views.md promises them, and the same values on both databases."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from journal_world import (
    HandClock,
    answer,
    claim,
    created,
    deal,
    execute,
    gate,
    one,
    plan,
    receive,
    route,
    settle,
    updated,
)
from sqlalchemy import text

from dealwright.journal.database import micros
from dealwright.journal.store import Journal
from dealwright.mirror.tables import metadata

DOCS = Path(__file__).parents[2] / "docs"
VIEWS = ("dw_events", "dw_executions", "dw_effects")


def promised() -> dict[str, list[str]]:
    """Return the columns that docs/views.md names, by view."""
    found: dict[str, list[str]] = {}
    view = ""
    for line in (DOCS / "views.md").read_text().splitlines():
        if heading := re.fullmatch(r"## (dw_\w+)", line):
            view = heading[1]
            found[view] = []
        elif row := re.match(r"\| `(\w+)` \|", line):
            found[view].append(row[1])
    return found


def columns(journal: Journal, view: str) -> list[str]:
    """Return the columns of a view as the database has it."""
    with journal.database.read() as connection:
        return list(connection.execute(text(f"select * from {view}")).keys())


def test_the_views_have_the_columns_that_their_page_promises(journal: Journal) -> None:
    assert promised() == {view: columns(journal, view) for view in VIEWS}


def test_the_page_of_the_journal_names_every_table() -> None:
    named = set(re.findall(r"`(\w+)`", (DOCS / "journal.md").read_text()))
    assert set(metadata.tables) <= named


def test_the_views_tell_the_same_on_both_databases(journal: Journal, clock: HandClock) -> None:
    clock.business = datetime(2026, 3, 2, 14, 0, 0, 123456, tzinfo=UTC)
    receive(journal, updated("2", deal("a", 2)))
    route(journal)
    receive(journal, created("1", deal("a", 1)))
    route(journal)
    clock.business += timedelta(seconds=1, microseconds=876543)
    claimed = claim(journal)
    effects = plan(journal, claimed)
    gate(journal, effects)
    answer(journal, effects)
    settle(journal, claimed, "done", reason="stopped at x")
    first = one(journal, "select min(id) from events")
    events = journal.database.rows(text("select * from dw_events order by id"))
    assert [list(row.values())[1:] for row in events] == [
        ["acme", "crm", kind, "deal:a", "2026-03-02T14:00:00.000000Z", "2026-03-02T14:00:00.123456Z", late]
        for kind, late in (("deal_updated", 0), ("deal_created", 1))
    ]
    (execution,) = journal.database.rows(text("select * from dw_executions where automation = 'greet'"))
    (effect,) = journal.database.rows(text("select * from dw_effects"))
    moment = "2026-03-02T14:00:01.999999Z"
    assert list(execution.values()) == [
        claimed[0].id,
        "acme",
        "greet",
        "deal:a",
        first + 1,
        "release",
        "done",
        "stopped at x",
        moment,
        moment,
    ]
    key = effects[0].key
    assert list(effect.values()) == [
        key,
        "acme",
        claimed[0].id,
        "greet",
        "call",
        "deal",
        "set_task",
        "KEYED",
        "sent",
        key,
        1,
        moment,
    ]


def test_instants_are_exact_to_the_microsecond_and_before_1970(journal: Journal) -> None:
    receive(journal, created("1", deal("a")))
    for when in (
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(1901, 2, 3, 4, 5, 6, 7, tzinfo=UTC),
        datetime(2099, 12, 31, 23, 59, 59, 999500, tzinfo=UTC),
    ):
        execute(journal, "update events set occurred_at = :at", at=micros(when))
        shown = one(journal, "select occurred_at from dw_events")
        assert shown == when.isoformat(timespec="microseconds").replace("+00:00", "Z")


def test_what_is_not_yet_is_null(journal: Journal) -> None:
    receive(journal, created("1", deal("a")))
    route(journal)
    (row,) = journal.database.rows(text("select started_at, ended_at from dw_executions"))
    assert list(row.values()) == [None, None]
