"""What mypy --strict says to users: nothing about good definitions, something about every mistake."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
COMPANIES = HERE.parents[1] / "pipeline_defs"


def mypy(cache: Path, *arguments: str, cwd: Path = HERE) -> str:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={cache}", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout


def test_good_definitions_pass(tmp_path):
    assert mypy(tmp_path, "good.py") == "Success: no issues found in 1 source file\n"
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
