"""The repository agrees with itself: packages are listed wherever they must be, and nothing leaks into it."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = sorted(
    ["dealwright"]
    + [path.name for root in ("connectors", "flows") for path in (ROOT / root).glob("dealwright_*") if path.is_dir()]
)
LIMIT = 500
"""Lines of one file: one that passes it is two ideas."""


def tracked() -> list[Path]:
    """Return every file that git has, or would have."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file()]


def test_every_package_is_in_the_wheel_the_type_check_and_the_import_contracts() -> None:
    wheel = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert sorted(Path(name).name for name in wheel) == PACKAGES
    assert sorted(PYPROJECT["tool"]["mypy"]["packages"]) == PACKAGES
    assert sorted(PYPROJECT["tool"]["importlinter"]["root_packages"]) == PACKAGES


def test_every_connector_has_an_entry_point_and_is_kept_apart_from_the_others() -> None:
    connectors = {path.name for path in (ROOT / "connectors").glob("dealwright_*")} - {"dealwright_http"}
    entries = PYPROJECT["project"]["entry-points"]["dealwright.connectors"].values()
    assert {entry.partition(":")[0] for entry in entries} == connectors
    contracts = PYPROJECT["tool"]["importlinter"]["contracts"]
    apart = next(contract for contract in contracts if contract["type"] == "independence")
    assert set(apart["modules"]) == connectors


def test_no_file_is_two_ideas() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked()
        if path.suffix == ".py" and (lines := path.read_text().count("\n")) > LIMIT
    }
    assert not long


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("an index or registry host", r"pypi\.org|pythonhosted\.org|registry\.npmjs|deb\.debian\.org"),
        ("a path of somebody's machine", r"/[w]ork/(main|steering|shared|\.library)|/[r]oot/|/[h]ome/\w+/"),
        ("a clock that is not injected", r"datetime\.(now|utcnow)\(|date\.today\(|[^_.]time\.time\(\)"),
    ],
)
def test_nothing_leaks_into_the_repository(what: str, pattern: str) -> None:
    # The rule that finds clocks in definitions, its tests and its page name what they look for.
    allowed = {"dealwright/clock.py", "tests/project/test_layout.py", "docs/rules.md"}
    allowed |= {"dealwright/compile/rules/fixed_value.py", "tests/compile/rules/test_rules_reviewed.py"}
    found = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if str(path.relative_to(ROOT)) not in allowed
        and path.suffix in {".py", ".toml", ".md", ".lock", ".sh", ".yaml", ".json", ""}
        and re.search(pattern, path.read_text(errors="ignore"))
    ]
    assert not found, f"{what} in {found}"


def test_the_lock_holds_versions_and_hashes_only() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    lines = [line for line in lock.splitlines() if line and not line.startswith("#")]
    assert all(re.match(r"(\S+==\S+|    --hash=sha256:[0-9a-f]{64})", line) for line in lines)


def test_no_two_files_of_tests_have_one_name() -> None:
    """Outside of packages pytest knows a file by its name alone, and stops at a second one before it runs anything."""
    files = [
        each
        for top in ("tests", "pipeline_defs")
        for each in (ROOT / top).rglob("*.py")
        if not (each.parent / "__init__.py").exists() and each.name.startswith("test_")
    ]
    twice = [name for name, many in Counter(each.name for each in files).items() if many > 1]
    assert not twice
