"""What mypy --strict says to users: nothing about good definitions, something about every mistake."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from wrong_definitions import BEGINNING, WRONG

from dealwright.compile.check import check
from dealwright.engine.examples import run

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
COMPANIES = HERE.parents[1] / "pipeline_defs"


def mypy(cache: Path, *arguments: str, cwd: Path = HERE) -> str:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={cache}", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout


def test_good_definitions_pass(tmp_path):
    files = sorted(path.name for path in HERE.glob("good*.py"))
    assert mypy(tmp_path, *files) == f"Success: no issues found in {len(files)} source files\n"
    assert len(re.findall(r"^r\d+ = Automation", (HERE / "good.py").read_text(), re.M)) >= 25


def test_the_reference_company_passes(tmp_path):
    assert mypy(tmp_path, "-p", "acme", cwd=COMPANIES).startswith("Success")


def test_every_mistake_is_rejected_on_its_line(tmp_path):
    rejected = {int(line) for line in re.findall(r"^bad\.py:(\d+): error", mypy(tmp_path, "bad.py"), re.M)}
    marked = {
        number for number, line in enumerate((HERE / "bad.py").read_text().splitlines(), 1) if line.endswith("# bad")
    }
    assert marked - rejected == set(), "accepted by mypy"
    assert rejected - marked == set(), "rejected without being a mistake"


def test_a_companys_definitions_pass_mypy_and_check(tmp_path):
    source = (HERE / "company.py").read_text(encoding="utf-8")
    assert mypy(tmp_path / "cache", "company.py") == "Success: no issues found in 1 source file\n"
    folder = tmp_path / "clinic"
    folder.mkdir()
    (folder / "rules.py").write_text(source, encoding="utf-8")
    loaded = check(folder)
    assert [str(finding) for finding in (*loaded.findings, *run(loaded))] == []
    (account,) = loaded.accounts
    assert len([each for each in account.automations if each.origin == "authored"]) >= 40


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What mypy and `check` say of every wrong definition, by its place in the list."""
    folder = tmp_path_factory.mktemp("wrong")
    for place, each in enumerate(WRONG):
        company = folder / f"w{place:03}"
        company.mkdir()
        (company / "rules.py").write_text(f"{BEGINNING}{each.source}\n{each.end}", encoding="utf-8")
    found: dict[int, dict[str, str]] = {place: {"mypy": "", "check": ""} for place in range(len(WRONG))}
    files = [f"w{place:03}/rules.py" for place in range(len(WRONG))]
    said = mypy(folder / "cache", "--namespace-packages", "--explicit-package-bases", *files, cwd=folder)
    for place, line in re.findall(r"^w(\d+)/rules\.py:\d+: error: (.*)$", said, re.M):
        found[int(place)]["mypy"] += f"{line}\n"
    for finding in check(folder).findings:
        place = int(Path(finding.path).parent.name.removeprefix("w"))
        found[place]["check"] += f"{finding.code} {finding.message}\n"
    return found


def test_there_are_many_wrong_definitions():
    assert len(WRONG) >= 40
    assert len({each.what for each in WRONG}) == len(WRONG)


@pytest.mark.parametrize("place", range(len(WRONG)), ids=[each.what for each in WRONG])
def test_every_wrong_definition_is_rejected_with_what_is_wrong(told, place):
    each = WRONG[place]
    assert each.message in told[place][each.by], told[place]


def test_check_alone_rejects_them_all(told):
    """Who does not run mypy is told all the same: types are looked at when definitions are read."""
    passed = [each.what for place, each in enumerate(WRONG) if not told[place]["check"]]
    assert passed == []
