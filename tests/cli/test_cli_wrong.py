"""Every option and argument of every command is given the wrong kind of thing: it says so, and never falls over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from cli_world import Company, PlayedProject, Shell
from click.testing import CliRunner
from msgspec.structs import replace

from dealwright.cli.main import cli
from dealwright.cli.manual import commands
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_embedded_crm.commands import opening

pytestmark = pytest.mark.slow  # every command with every wrong kind: minutes on a busy machine

HOSTILE = (
    "",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udcff",
    "\x1b[31m\u202e\r\n",
    "-1",
    "-999999999999999999999999",
    "0",
    "999999999999999999999999999999",
    "1e400",
    "nan",
    "%s%n{0}{{7*7}}",
    "' or 1=1 --",
    "../../../../etc/passwd",
    "x" * 100_000,
    "株式会社\U0001f4a5",
    "--",
    "-",
    "--json",
    "[red]x[/red]",
)
SERVE = {"dealwright up", "dealwright demo", "dealwright simulators up"}
"""These begin to work when nothing is wrong with what was typed: they get what cannot be right."""


def typed_wrong(command: click.Command) -> Iterator[list[str]]:
    """Yield words for a command with one wrong thing each."""
    arguments = [parameter for parameter in command.params if isinstance(parameter, click.Argument)]
    given = ["1"] * sum(1 for argument in arguments if argument.required)
    for parameter in command.params:
        for text in HOSTILE:
            if isinstance(parameter, click.Argument):
                yield [text] if text.startswith("--") and text != "--" else ["--", text]
            elif parameter.is_flag:
                yield [*given, f"{parameter.opts[0]}={text}"]
            else:
                yield [*given, parameter.opts[0], text]
    yield ["--no-such-option", *given]
    yield [*given, "\x1b[31mtoo", "many", "words", "\u202e"]


def again(typed: Shell, company: Company) -> PlayedProject:
    """Return the project with its CRM opened anew: `dealwright crm` closes what it has opened."""
    crm = EmbeddedCrm(f"sqlite:///{company.folder / 'crm.db'}", company.clock)
    typed.project.accounts = tuple(replace(each, crm=crm) for each in typed.project.accounts)
    return typed.project


def _is_wrong(word: str) -> bool:
    """Say whether the word cannot be right for any command: what it does not have, or a flag that is given a value."""
    return word.startswith("--no-such") or (word.startswith("--") and "=" in word) or word == "too"


def walked() -> Iterator[object]:
    """Yield every command's path; those that many options make long are for the slow suite."""
    for path, command in commands(cli):
        long = len(command.params) > 5 or path in SERVE
        yield pytest.param(path, marks=pytest.mark.slow if long else ())


@pytest.mark.parametrize("path", list(walked()))
def test_wrong_kinds_end_with_a_plain_message(
    typed: Shell, company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pipeline_defs").mkdir()
    monkeypatch.setenv("DEALWRIGHT_PROJECT", str(tmp_path / "none.py"))
    monkeypatch.setattr(opening, "load_project", lambda: again(typed, company))
    command = dict(commands(cli))[path]
    if isinstance(command, click.Group):
        cases: list[list[str]] = [["\x1b[31m\x07"], ["--nothing"], ["\ud800"], ["-1"]]
    else:
        cases = list(typed_wrong(command))
    for words in cases:
        if path in SERVE and not any(_is_wrong(word) for word in words):
            continue
        result = CliRunner().invoke(cli, [*path.split()[1:], *words], input="")
        shown = [word[:40] for word in words]
        assert result.exit_code in (0, 1, 2), (shown, result.exit_code)
        assert result.exception is None or isinstance(result.exception, SystemExit), (shown, result.exception)
        assert "Traceback" not in result.output, shown
        assert "\x1b" not in result.output, shown
        assert "\u202e" not in result.output, shown
        assert "defect of ours" not in result.output, (shown, result.output[:300])


@pytest.mark.parametrize("word", ["\x00", "a\ud800", "\udcff"])
def test_what_is_no_text_is_refused_for_every_command_at_once(word: str) -> None:
    for words in (
        ["events", "ls", "--deal", word],
        [word],
        ["--project", word, "status"],
        ["crm", "deals", "ls", word],
    ):
        result = CliRunner().invoke(cli, words)
        assert (result.exit_code, "no text" in result.stderr) == (2, True), result.output
