"""The benchmarks run, tell every figure that docs/benchmarks.md names, and go red when work is lost."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from benchmarks.__main__ import ALL
from benchmarks.databases import SERVER
from benchmarks.frame import Benchmark

ROOT = Path(__file__).resolve().parents[2]
DOCS = (ROOT / "docs" / "benchmarks.md").read_text()

pytestmark = pytest.mark.xdist_group("benchmarks")  # one after the other: they make the environment of the peers once

EACH = pytest.mark.parametrize("benchmark", ALL, ids=lambda benchmark: benchmark.name)


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run benchmarks at their smallest, as `./run bench` does."""
    command = [sys.executable, "-m", "benchmarks", "--small", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)


def needs_its_database(benchmark: Benchmark) -> None:
    """Skip a benchmark on PostgreSQL where there is no server; in CI it then fails."""
    if benchmark.name.endswith("-pg") and os.environ.get("CI") != "true":
        try:
            psycopg.connect(SERVER).close()
        except psycopg.OperationalError:
            pytest.skip("no PostgreSQL server on 127.0.0.1:5432: benchmarks ran on SQLite only")


@pytest.mark.slow
@EACH
def test_a_benchmark_tells_its_figures_and_keeps_its_databases(benchmark: Benchmark, tmp_path: Path) -> None:
    needs_its_database(benchmark)
    done = bench(benchmark.name, "--json", "--keep", str(tmp_path / "kept"))
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert set(figures) == {key.name for key in benchmark.keys}
    # So few events may all have passed between two turns of the recorder: it then had nothing of them.
    assert figures.pop("recorder_overhead_p99_ms", 0) >= 0
    assert {name: value for name, value in figures.items() if not value > 0} == {}
    assert any((tmp_path / "kept" / benchmark.name).iterdir())


@pytest.mark.slow
@EACH
def test_a_benchmark_whose_work_is_broken_goes_red_and_tells_no_figure(benchmark: Benchmark) -> None:
    needs_its_database(benchmark)
    done = bench(benchmark.name, "--json", "--break")
    assert done.returncode == 1, done.stderr
    assert f"{benchmark.name}: RED" in done.stderr
    assert set(json.loads(done.stdout).values()) == {None}


def test_the_docs_name_every_figure_and_no_other() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", DOCS, re.MULTILINE)) == {key.name for each in ALL for key in each.keys}


@pytest.mark.slow
def test_a_benchmark_that_does_not_exist_is_refused_with_those_that_do() -> None:
    done = bench("drian")
    assert done.returncode == 2
    assert "there is no benchmark 'drian'" in done.stderr
    assert all(each.name in done.stderr for each in ALL)
