"""What a reviewer found where a project's data is wrong: said plainly, and who does not need it goes on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cli_world import Company
from click.testing import CliRunner, Result

from dealwright.cli.main import cli
from dealwright.clock import SystemClock
from dealwright.errors import JournalError
from dealwright.journal.store import Journal

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Type in the project's directory."""
    monkeypatch.chdir(ROOT)
    for name in ("DEALWRIGHT_PROJECT", "DEALWRIGHT_TARGET", "DEALWRIGHT_DATA", "DEALWRIGHT_JOURNAL"):
        monkeypatch.delenv(name, raising=False)


def typed(data: object, *words: str) -> Result:
    result = CliRunner().invoke(cli, ["--data", str(data), *words])
    assert "Traceback" not in result.output and "defect" not in result.output, result.output
    return result


def _newer(crm: Path) -> None:
    with closing(sqlite3.connect(crm)) as database:
        database.execute("update alembic_version set version_num = '9999_future'")
        database.commit()


def _damage(crm: Path) -> None:
    crm.write_bytes(b"Dear Sir or Madam, " * 100)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_newer, "has schema 9999_future"),
        pytest.param(_damage, "no SQLite database", marks=pytest.mark.slow),  # doctor takes seconds
    ],
)
def test_a_crm_that_cannot_be_used_is_told_and_who_needs_only_the_journal_goes_on(
    company: Company, spoil: object, told: str
) -> None:
    company.crm.close()
    for side in company.folder.glob("crm.db-*"):
        side.unlink()
    spoil(company.folder / "crm.db")  # type: ignore[operator]
    refused = typed(company.folder, "crm", "users", "ls")
    assert (refused.exit_code, told in refused.stderr, "crm.db" in refused.stderr) == (1, True, True)
    looked = typed(company.folder, "status")
    assert looked.exit_code in (0, 1) and told not in looked.output and "Error" not in looked.output
    examined = typed(company.folder, "doctor")
    assert examined.exit_code == 1 and told in examined.stdout
    assert "in the project's directory" not in examined.output
    assert "definitions" in examined.stdout and "prefect" in examined.stdout, "it goes on"


def test_another_programs_database_is_no_journal(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "journal.db")) as other:
        other.execute("create table x (a)")
        with pytest.raises(JournalError, match=r"journal\.db holds tables .* another program's, and nothing was"):
            Journal(f"sqlite:///{tmp_path / 'journal.db'}", SystemClock())
        assert other.execute("select name from sqlite_master").fetchall() == [("x",)]


def test_a_data_folder_that_can_be_none_is_refused_with_what_to_give() -> None:
    refused = typed("/dev/null", "status")
    assert refused.exit_code == 2
    assert "/dev/null cannot be the data folder" in refused.stderr and "--data" in refused.stderr


@pytest.mark.parametrize("name", ["../../../etc/passwd", "targets/local", "/etc/passwd"])
def test_a_target_is_a_name_and_no_path(tmp_path: Path, name: str) -> None:
    refused = typed(tmp_path, "--target", name, "status")
    assert refused.exit_code == 2
    assert "a target is the name of a file in deployments/targets" in refused.stderr
