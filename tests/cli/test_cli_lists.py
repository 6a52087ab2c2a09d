"""Lists: filters, order, limits, ids cut short."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cli_world import MONDAY, TRUTH, Shell


def ids(lines: list[dict[str, Any]], key: str = "id") -> list[Any]:
    return [line[key] for line in lines]


def test_executions_are_listed_newest_event_first_and_all_of_them(both: Shell) -> None:
    lines = both.json("executions", "ls", "--limit", 1000)
    assert len(lines) == sum(map(len, TRUTH.values()))
    events = ids(lines, "event")
    assert events == sorted(events, reverse=True)
    assert {line["deal"] for line in lines} == set(TRUTH)


@pytest.mark.parametrize("what", ["events", "executions", "effects"])
def test_a_limit_cuts_the_oldest_and_says_that_there_is_more(both: Shell, what: str) -> None:
    everything = both(what, "ls", "--json", "--limit", 1000)
    assert "there is more" not in everything.stderr
    some = both(what, "ls", "--json", "--limit", 5)
    assert "there is more" in some.stderr
    assert both.json(what, "ls", "--limit", 1000)[:5] == both.json(what, "ls", "--limit", 5)
    exactly = len(both.json(what, "ls", "--limit", 1000))
    assert "there is more" not in both(what, "ls", "--limit", exactly).stderr


@pytest.mark.parametrize("what", ["events", "executions", "effects"])
def test_a_deal_an_automation_and_a_state_choose_together(both: Shell, what: str) -> None:
    of_deal = both.json(what, "ls", "--deal", 8)
    assert {line["deal"] for line in of_deal} == {"8"}
    assert of_deal == both.json(what, "ls", "--deal", "deal:8")
    answered = both.json(what, "ls", "--deal", 8, "--automation", "greet", "--automation", "quote-large")
    assert len(answered) == 2
    everything = both.json(what, "ls", "--limit", 1000)
    if what != "events":
        wanted = [line for line in everything if line["state"] == "held"]
        assert both.json(what, "ls", "--state", "held") == wanted
        assert len(wanted) == 4
    assert both.json(what, "ls", "--deal", "none") == []


def test_states_and_kinds_of_events_and_effects(both: Shell) -> None:
    assert both.json("events", "ls", "--state", "waiting") == []
    assert len(both.json("events", "ls", "--state", "routed", "--state", "waiting", "--limit", 99)) == len(
        both.json("events", "ls", "--limit", 99)
    )
    assert {line["kind"] for line in both.json("events", "ls", "--kind", "stage_changed")} == {"stage_changed"}
    assert {line["kind"] for line in both.json("effects", "ls", "--kind", "set_task")} == {"set_task"}


@pytest.mark.parametrize(
    ("what", "time"),
    [("events", "received_at"), ("executions", "changed_at"), ("effects", "sent_at")],
)
def test_times_choose_what_is_so_old_in_the_accounts_zone_or_counted_back_from_now(
    both: Shell, what: str, time: str
) -> None:
    lines = both.json(what, "ls", "--limit", 1000)
    moments = [line[time] or line["planned_at"] for line in lines]
    second = (MONDAY + timedelta(days=1, hours=1)).isoformat().replace("+00:00", "Z")  # Tuesday 10:00 in New York
    assert second in moments
    newer = [line for line, moment in zip(lines, moments, strict=True) if moment >= second]
    for since in ("2026-03-03 10:00", "2026-03-03T15:00Z", "2d", "48h"):
        assert both.json(what, "ls", "--since", since, "--limit", 1000) == newer, since
    older = [line for line, moment in zip(lines, moments, strict=True) if moment < second]
    assert both.json(what, "ls", "--until", "2026-03-03 10:00", "--limit", 1000) == older
    assert both.json(what, "ls", "--since", "2026-03-03", "--until", "2d", "--limit", 1000) == []
    assert newer
    assert older


@pytest.mark.parametrize("wrong", ["yesterday", "2h30", "-2h", "2026-13-01", "1969-01-01", "٣h", "9999999h", "999999w"])
def test_a_moment_that_is_none_is_a_usage_error_that_shows_how_it_is_written(shell: Shell, wrong: str) -> None:
    assert "--since" in shell("executions", "ls", "--since", wrong, code=2).stderr


def test_ids_may_be_cut_short_while_only_one_starts_like_that(both: Shell) -> None:
    lines = both.json("executions", "ls", "--limit", 1000)
    for line in lines[:3]:
        assert both.json("executions", "show", line["id"][:10].upper())["id"] == line["id"]
    keys = ids(both.json("effects", "ls", "--limit", 1000), "key")
    assert both.json("effects", "show", keys[0][:12])["key"] == keys[0]
    assert both.json("effects", "show", keys[0][3:12])["key"] == keys[0]


@pytest.mark.parametrize("wrong", ["", "abc", "xyzw", "00000000", "%%%%", "a" * 41, "____", "dw-"])
def test_an_id_that_is_not_there_is_2_everywhere(shell: Shell, wrong: str) -> None:
    for command in ("show", "retry", "approve", "cancel"):
        assert "Error: " in shell("executions", command, wrong, code=2).stderr
    shell("effects", "show", wrong, code=2)
    shell("events", "show", wrong or 0, code=2)
    shell("events", "show", 99_999, code=2)
    shell("events", "replay", 99_999, code=2)
    shell("history", wrong, code=2)
    shell("releases", "activate", wrong, code=2)


def test_an_ambiguous_start_of_an_id_names_those_it_may_be(shell: Shell) -> None:
    from dealwright.cli import ids as module
    from dealwright.errors import InputError
    from dealwright.journal.browse import Browse

    whole = [line["id"] for line in shell.json("executions", "ls", "--limit", 1000)]
    browse = Browse(shell.project.journal.database)
    several = Several(browse, ["abcd1", "abcd2"])
    with pytest.raises(InputError, match="abcd1, abcd2; give more of it"):
        module.execution_id(several, "acme", "abcd")  # type: ignore[arg-type]
    assert module.execution_id(Several(browse, ["abcd", "abcd2"]), "acme", "abcd") == "abcd"  # type: ignore[arg-type]
    assert module.execution_id(browse, "acme", whole[0]) == whole[0]


class Several:
    """Finds what it is told to find."""

    def __init__(self, browse: object, found: list[str]) -> None:
        self.found = found

    def starting(self, what: str, account: str, prefix: str, limit: int) -> list[str]:
        """Return them."""
        return self.found


def test_an_automation_that_is_not_there_names_the_nearest(shell: Shell) -> None:
    assert "did you mean greet?" in shell("executions", "ls", "--automation", "gret", code=2).stderr
    assert "it has no automation" not in shell("executions", "ls", "--automation", "greet").stderr


def test_an_account_that_is_not_there_is_said(shell: Shell) -> None:
    for words in (("executions", "ls"), ("events", "ls"), ("effects", "ls"), ("status",), ("history", "1")):
        assert "no account 'nobody'; it has acme" in shell(*words, "--account", "nobody", code=2).stderr
