"""What is said when something is wrong: plainly, with what to do, with an exit code, and never as a traceback."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from cli_world import Company, Shell
from click.testing import CliRunner, Result
from sqlalchemy.exc import DBAPIError, OperationalError

from dealwright.cli import failures, site
from dealwright.cli.main import cli
from dealwright.clock import SystemClock
from dealwright.errors import InputError, JournalError, NotFound
from dealwright.journal.store import Journal

SECRET = "maria@example.com"
ROOT = Path(__file__).parents[2]


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException, *words: str) -> Result:
    """Run a command whose project raises."""

    def fail() -> Any:
        raise error

    monkeypatch.setattr(site, "load_project", fail)
    return CliRunner().invoke(cli, [*words, "executions", "ls"])


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (InputError("no such file\nsecond line \x1b[31m"), 2, ["no such file", "second line \\e[31m"]),
        (NotFound("no deal"), 2, ["no deal"]),
        (JournalError("refused"), 1, ["refused"]),
        (ZeroDivisionError(SECRET), 1, ["ZeroDivisionError in tests/cli/test_cli_errors.py:", "--debug"]),
        (PermissionError(13, "Permission denied", "/data/x"), 1, ["/data/x: Permission denied", "may not do that"]),
        (OSError(28, "No space left on device"), 1, ["No space left on device", "disk is full"]),
        (RecursionError(SECRET), 1, ["RecursionError"]),
        (MemoryError(), 1, ["MemoryError"]),
    ],
)
def test_an_error_is_one_plain_message(
    monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, words: list[str]
) -> None:
    result = failing(monkeypatch, error)
    assert result.exit_code == code, result.output
    for word in words:
        assert word in result.stderr
    assert "Traceback" not in result.output
    assert SECRET not in result.output


def test_debug_shows_where_it_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    result = failing(monkeypatch, ZeroDivisionError(SECRET), "--debug")
    assert isinstance(result.exception, ZeroDivisionError)


def database_error(said: str, sqlstate: str | None = None) -> Exception:
    class Original(Exception):
        pass

    original = Original(said)
    original.sqlstate = sqlstate  # type: ignore[attr-defined]
    return OperationalError(f"insert {SECRET}", {"name": SECRET}, original)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (database_error("database is locked"), "another process"),
        (database_error("attempt to write a readonly database"), "read-only"),
        (database_error("database or disk is full"), "disk is full"),
        (database_error("unable to open database file"), "cannot be opened"),
        (database_error("file is not a database"), "damaged"),
        (database_error("connection to server at 127.0.0.1 failed: Connection refused"), "PostgreSQL is away"),
        (database_error("terminating connection", "57P01"), "PostgreSQL is away"),
        (database_error("canceling statement", "55P03"), "locked"),
        (database_error("could not extend file", "53100"), "disk is full"),
        (database_error("cannot execute INSERT in a read-only transaction", "25006"), "read-only"),
        (database_error('database "x" does not exist', "3D000"), "no such database"),
        (database_error(f"syntax error near {SECRET}"), "database refused what was asked"),
    ],
)
def test_a_database_that_fails_is_told_without_what_it_quotes(
    monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    result = failing(monkeypatch, error)
    assert result.exit_code == 1
    assert words in result.stderr, result.stderr
    assert SECRET not in result.output
    assert "\n  " in result.stderr, "what to do stands below"


def opened_as(monkeypatch: pytest.MonkeyPatch, url: str) -> Result:
    """List executions of a journal at an address."""

    class Project:
        accounts = ()

        def account(self, key: str | None = None) -> Any:
            return type("Binding", (), {"key": "acme"})

        def open_journal(self) -> Journal:
            return Journal(url, SystemClock())

    monkeypatch.setattr(site, "load_project", Project)
    return CliRunner().invoke(cli, ["executions", "ls"])


def test_a_newer_schema_is_said(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    with sqlite3.connect(company.folder / "journal.db") as connection:
        connection.execute("update alembic_version set version_num = '9999_future'")
    connection.close()
    result = opened_as(monkeypatch, company.url)
    assert (result.exit_code, "newer" in result.stderr) == (1, True), result.output


def test_a_file_that_is_no_database_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "journal.db").write_text("not a database, whatever its name says. " * 50)
    result = opened_as(monkeypatch, f"sqlite:///{tmp_path / 'journal.db'}")
    assert (result.exit_code, "no SQLite database" in result.stderr) == (1, True), result.output


def test_a_folder_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = opened_as(monkeypatch, f"sqlite:///{tmp_path / 'none' / 'journal.db'}")
    assert (result.exit_code, "cannot be opened" in result.stderr) == (1, True), result.output


def test_a_postgresql_that_is_away_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    result = opened_as(monkeypatch, "postgresql+psycopg://nobody@127.0.0.1:1/none")
    assert (result.exit_code, "does not answer" in result.stderr) == (1, True), result.output


@pytest.mark.slow
def test_a_reader_that_goes_away_ends_it_silently(tmp_path: Path) -> None:
    for buffered in ({}, {"PYTHONUNBUFFERED": "1"}):
        program = "from dealwright.cli.main import cli; import click\n"
        program += "@cli.command('flood')\ndef flood():\n    [click.echo('x' * 999) for _ in range(999)]\n"
        program += "cli.get_command = lambda ctx, name: flood\ncli(['flood'])"
        child = subprocess.Popen(
            [sys.executable, "-c", program],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | buffered,
        )
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        said = child.stderr.read()
        child.stderr.close()
        assert (child.wait(20), said) == (0, b"")


def test_ctrl_c_ends_with_130_and_no_traceback() -> None:
    program = "import os, signal\nfrom dealwright.cli.main import cli\n"
    program += "import click\n@click.command()\ndef wait():\n"
    program += "    os.kill(os.getpid(), signal.SIGINT)\n    while True: pass\n"
    program += "cli.get_command = lambda ctx, name: wait\ncli(['wait'])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=20, check=False)
    assert (done.returncode, done.stdout) == (130, b"")
    assert b"Traceback" not in done.stderr


def test_a_project_that_is_not_there_is_said_and_settings_do_not_stick(tmp_path: Path) -> None:
    before = os.environ.get("DEALWRIGHT_PROJECT")
    result = CliRunner().invoke(cli, ["--project", str(tmp_path / "none.py"), "executions", "ls"])
    assert (result.exit_code, "no project at" in result.stderr) == (2, True), result.output
    assert os.environ.get("DEALWRIGHT_PROJECT") == before


def test_the_global_options_stand_for_the_settings(tmp_path: Path) -> None:
    """The project is asked where it looks: it sees what was typed."""
    seen = tmp_path / "seen"
    (tmp_path / "project.py").write_text(
        "import os\nfrom pathlib import Path\nfrom dealwright.errors import InputError\n"
        "def project():\n    typed = os.environ['DEALWRIGHT_TARGET'] + os.environ['DEALWRIGHT_DATA']\n"
        f"    Path({str(seen)!r}).write_text(typed)\n"
        "    raise InputError('stop here')\n"
    )
    words = ["--project", str(tmp_path / "project.py"), "--target", "t1", "--data", "d1", "status"]
    assert CliRunner().invoke(cli, words).exit_code == 2
    assert seen.read_text() == "t1d1"


def test_the_projects_own_mistake_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "project.py").write_text("\n\nnothing_of_that_name\n")
    result = CliRunner().invoke(cli, ["--project", str(tmp_path / "project.py"), "status"])
    assert (result.exit_code, "NameError in project.py:3" in result.stderr) == (1, True), result.output


def test_every_ailment_has_something_to_do() -> None:
    for signs, message, todo in failures._AILMENTS:
        assert signs
        assert message
        assert todo
    assert issubclass(failures.Failure, click.ClickException)
    assert issubclass(DBAPIError, Exception)


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell_name: str) -> None:
    result = CliRunner().invoke(cli, ["completion", shell_name])
    assert result.exit_code == 0
    assert "_DEALWRIGHT_COMPLETE" in result.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("dealwright exec", "executions"),
        ("dealwright executions ls --state wai", "waiting"),
        ("dealwright executions ls --account a", "acme"),
        ("dealwright executions ls --automation gr", "greet"),
        ("dealwright stop ha", "hand-over"),
    ],
)
def test_words_are_completed(shell: Shell, words: str, expected: str) -> None:
    environment = {
        "_DEALWRIGHT_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    result = CliRunner().invoke(cli, [], prog_name="dealwright", env=environment)
    assert f"plain,{expected}" in result.output.splitlines()


def test_completion_says_nothing_when_there_is_no_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "load_project", lambda: 1 / 0)
    environment = {
        "_DEALWRIGHT_COMPLETE": "bash_complete",
        "COMP_WORDS": "dealwright executions ls --account a",
        "COMP_CWORD": "4",
    }
    result = CliRunner().invoke(cli, [], prog_name="dealwright", env=environment)
    assert result.output.strip() == ""
