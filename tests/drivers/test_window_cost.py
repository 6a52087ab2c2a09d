"""What a window costs in the `prefect` driver: measured and printed, for docs/scaling.md.

python -m pytest -s -q -m nightly tests/drivers/test_window_cost.py
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from statistics import median

import psycopg
import pytest
from driver_world import World, until

from dealwright.clock import SystemClock

pytestmark = pytest.mark.nightly

WINDOWS = 8
IDLE = 15.0
TABLES = ("flow_run", "flow_run_state", "task_run", "task_run_state", "artifact", "log", "events")


def ticks(pid: int, *, children: bool = False) -> float:
    """Return the CPU seconds of a process, or of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    first = 13 if children else 11
    return (int(fields[first]) + int(fields[first + 1])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def prefect_database(world: World) -> Iterator[psycopg.Connection]:
    url = world.prefect.settings()["PREFECT_SERVER_DATABASE_CONNECTION_URL"].replace("+asyncpg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def rows(connection: psycopg.Connection) -> dict[str, int]:
    """Count the rows of Prefect's tables."""
    return {table: connection.execute(f"select count(*) from {table}".encode()).fetchone()[0] for table in TABLES}  # type: ignore[index]


def size(connection: psycopg.Connection) -> int:
    found = connection.execute("select pg_database_size(current_database())").fetchone()
    assert found is not None
    return int(found[0])


@pytest.mark.parametrize("world", ["prefect"], indirect=True)
def test_what_a_window_costs(world: World) -> None:
    clock = SystemClock()
    assert world.prefect.child.pid is not None
    world.deals("pauses", 1)  # warm: the deployment, the pool and the caches are made
    until("the first is done", lambda: world.states("pauses") == {"done": 1})
    world.all_recorded("pauses")
    (note,) = (world.folder / "data" / "workers").glob("*/worker.pid")
    server, worker = world.prefect.child.pid, json.loads(note.read_text())["pid"]
    with prefect_database(world) as prefect:
        begun = clock.monotonic(), ticks(server), ticks(worker)
        threading.Event().wait(IDLE)
        passed = clock.monotonic() - begun[0]
        idle, worker_idle = (ticks(server) - begun[1]) / passed, (ticks(worker) - begun[2]) / passed
        before, grown = rows(prefect), size(prefect)
        begun, flows = (clock.monotonic(), ticks(server), ticks(worker)), ticks(worker, children=True)
        first_act = []
        for number in range(WINDOWS):
            asked = clock.monotonic()
            world.deals("pauses", 1)
            until("it is done", lambda n=number: world.states("pauses") == {"done": n + 2})  # type: ignore[misc]
            first_act.append(clock.monotonic() - asked)
            world.all_recorded("pauses")
        until("processes are gone", lambda: not world.query("select 1 from asked_windows"))
        threading.Event().wait(3)
        passed = clock.monotonic() - begun[0]
        cpu = (ticks(server) - begun[1] - idle * passed) / WINDOWS
        worker_cpu = (ticks(worker) - begun[2] - worker_idle * passed) / WINDOWS
        flow_cpu = (ticks(worker, children=True) - flows) / WINDOWS
        after, grown = rows(prefect), size(prefect) - grown
    runs = [world.asks("GET", f"/flow_runs/{window[3]}") for window in world.windows("pauses")[1:]]
    waits = [
        (datetime.fromisoformat(run["start_time"]) - datetime.fromisoformat(run["created"])).total_seconds()
        for run in runs
    ]
    connections = world.query(
        "select datname, count(*) from pg_stat_activity where datname ~ '^(journal|prefect|crm)_' group by datname"
    )
    each = {table: (after[table] - before[table]) / WINDOWS for table in TABLES}
    print(f"\nwindows: {WINDOWS}, load {os.getloadavg()[0]:.1f}")
    print(f"asked for until the run began: median {median(waits):.1f} s, worst {max(waits):.1f} s")
    print(f"deal created until it was answered: median {median(first_act):.1f} s, worst {max(first_act):.1f} s")
    print(f"rows each: {each}")
    print(f"database: {grown / WINDOWS / 1024:.0f} kB each")
    print(f"CPU each: server {cpu * 1000:.0f} ms, worker {worker_cpu * 1000:.0f} ms, the run's own {flow_cpu:.1f} s")
    print(f"idle CPU: server {idle * 1000:.0f} ms/s, worker {worker_idle * 1000:.0f} ms/s")
    print(f"connections: {sorted(connections)}")
    assert each["flow_run"] == 1
    assert each["task_run"] == 1
    assert each["artifact"] == 1
