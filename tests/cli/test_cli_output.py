"""How results look: they fit the terminal, hostile texts are inert, pipes are not cut."""

from __future__ import annotations

import io
import re

import pytest
from cli_world import Shell
from rich.cells import cell_len
from rich.console import Console

from dealwright.cli import output

HOSTILE = "a\x1b[2J\x07\r\nb\u202ec\x00[bold]d[/bold] 株式会社"
INERT = "a\\e[2J\\x07\\r\\nb\\u202ec\\x00[bold]d[/bold] 株式会社"
TITLES = ("id", "title", "state", "reason")


def printed(monkeypatch: pytest.MonkeyPatch, width: int, rows: list[tuple[str, ...]]) -> str:
    """Return a table as a terminal of that width shows it."""
    file = io.StringIO()
    console = Console(file=file, width=width, color_system=None, highlight=False, markup=False, emoji=False)
    monkeypatch.setattr(output, "console", lambda: console)
    console.print(output.table(TITLES, rows, fixed=("id", "state")))
    return file.getvalue()


@pytest.mark.parametrize("width", [1, 5, 12, 20, 33, 40, 60, 80, 81, 120, 200])
def test_a_table_fits_any_terminal_and_its_ids_are_never_cut(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    rows = [("3fa29c04", HOSTILE * 3, "failed", "a reason " * 20), ("77b0aa11", "社" * 200, "done", "")]
    told = printed(monkeypatch, width, rows)
    if width >= len("id: 3fa29c04"):
        assert "3fa29c04" in told
        assert "77b0aa11" in told
    assert all(cell_len(line.rstrip()) <= width for line in told.splitlines()), told
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", told)


def test_what_fits_is_not_cut_and_columns_stand_under_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    told = printed(monkeypatch, 120, [("1", HOSTILE, "held", "stop"), ("2", "株式", "done", "x")]).splitlines()
    assert INERT in told[1]
    places = {cell_len(line[: line.index(word)]) for line, word in zip(told, ("state", "held", "done"), strict=True)}
    assert len(places) == 1, told


def test_a_very_narrow_terminal_gets_one_field_per_line(monkeypatch: pytest.MonkeyPatch) -> None:
    told = printed(monkeypatch, 24, [("3fa29c04", "Forty chairs", "failed", "refused")])
    assert [line.rstrip() for line in told.splitlines() if line.strip()] == [
        "id: 3fa29c04",
        "title: Forty chairs",
        "state: failed",
        "reason: refused",
    ]


def test_a_pipe_gets_everything_on_one_line_each_without_spaces_at_the_end(shell: Shell) -> None:
    told = shell("executions", "ls", "--state", "parked").stdout.splitlines()
    assert len(told) == 2
    assert told[1].endswith("won: outcome unknown, a person decides")
    assert "(America/New_York)" in told[0]
    assert all(line == line.rstrip() for line in told)


@pytest.mark.parametrize("command", [("history", "1"), ("history", "1", "--json")])
def test_a_hostile_title_is_inert_in_what_the_journal_tells(shell: Shell, command: tuple[str, ...]) -> None:
    told = shell(*command).stdout
    assert "=1+1 [red]x[/red]" in told
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", told)


def test_a_hostile_title_is_inert_in_each_show(shell: Shell) -> None:
    (effect,) = shell.json("effects", "ls", "--deal", 1, "--kind", "set_task")
    for command in (("effects", "show", effect["key"]), ("executions", "show", effect["execution"])):
        told = shell(*command).stdout
        assert "=1+1 [red]x[/red]" in told, told
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", told)
