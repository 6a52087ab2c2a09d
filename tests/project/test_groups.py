"""The suite's own tools: what `./run test all` relies on when it runs whole systems two at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

GROUP = """
import pytest

@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(8))
def test_of_a_group(number):
    pass
"""


@pytest.mark.slow
def test_tests_of_a_group_run_in_one_process(tmp_path: Path) -> None:
    """With pytest 9.2.0 they ran in both, and tests that share a server met one that had just begun."""
    (tmp_path / "test_group.py").write_text(GROUP)
    words = ["-v", "-n", "2", "--dist", "loadgroup", "-p", "no:cacheprovider", str(tmp_path)]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *words], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    workers = [line.split("]")[0] for line in ran.stdout.splitlines() if line.startswith("[gw") and "PASSED" in line]
    assert len(workers) == 8, ran.stdout
    assert len(set(workers)) == 1, ran.stdout
