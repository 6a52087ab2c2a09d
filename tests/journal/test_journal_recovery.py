"""Start-up: who is surely dead is not waited for, who may live is."""

from __future__ import annotations

import os
import subprocess
import sys

from journal_world import (
    GRACE,
    LEASE,
    HandClock,
    Open,
    claim,
    created,
    deal,
    execute,
    one,
    receive,
    route,
    settle,
    states,
)

from dealwright.journal.store import Journal
from dealwright.journal.workers import new_worker_name, process_started, this_machine


def running(journal: Journal) -> Journal:
    """Leave one execution running, leased by this journal's worker."""
    receive(journal, created("1", deal("a")))
    route(journal)
    assert len(claim(journal)) == 1
    return journal


def gone_process() -> tuple[int, str]:
    """Return the id and the start of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        started = process_started(process.pid)
        assert started is not None
    return process.pid, started


def test_a_dead_worker_of_this_machine_is_recovered_at_once(journal: Journal, open_journal: Open) -> None:
    running(journal)
    pid, started = gone_process()
    execute(
        journal, "update workers set pid = :pid, pid_started = :started where id = :id",
        pid=pid, started=started, id=journal.worker,
    )  # fmt: skip
    other = open_journal()
    assert len(claim(other)) == 1
    assert one(other, "select count(*) from workers where id = :id", id=journal.worker) == 0
    assert one(other, "select count(*) from windows where worker = :id and crashed", id=journal.worker) == 1
    assert one(other, "select reason from transitions order by id desc limit 1") == "taken over"


def test_a_process_that_has_the_id_of_a_dead_worker_is_not_that_worker(journal: Journal, open_journal: Open) -> None:
    running(journal)
    execute(journal, "update workers set pid_started = 'long ago' where id = :id", id=journal.worker)
    assert open_journal().start().dead_workers == ()  # found when it was opened
    assert one(journal, "select count(*) from workers where id = :id", id=journal.worker) == 0


def test_a_living_worker_of_this_machine_is_left_alone(journal: Journal, open_journal: Open) -> None:
    running(journal)
    other = open_journal()
    assert other.start().dead_workers == ()
    assert claim(other) == ()
    assert one(other, "select count(*) from windows where crashed") == 0


def test_a_worker_of_another_pid_space_is_waited_for(journal: Journal, open_journal: Open, clock: HandClock) -> None:
    """Two containers on one kernel: the same boot, and process ids that say nothing about the other's."""
    running(journal)
    pid, _ = gone_process()
    execute(
        journal, "update workers set machine = :machine, pid = :pid where id = :id",
        machine=f"{this_machine().boot}/pid:[another]", pid=pid, id=journal.worker,
    )  # fmt: skip
    other = open_journal()
    assert other.start().dead_workers == ()
    assert claim(other) == ()
    clock.seconds += LEASE + GRACE + 1
    if journal.database.postgresql:
        execute(journal, "update executions set lease_until = lease_until - :by", by=LEASE + GRACE + 1)
    assert len(claim(other)) == 1


def test_a_worker_of_another_boot_is_dead_where_only_one_machine_works(journal: Journal, open_journal: Open) -> None:
    running(journal)
    execute(journal, "update workers set machine = 'another boot/pid:[1]' where id = :id", id=journal.worker)
    waits = journal.database.postgresql  # there it may be another machine, alive, and its lease is told by one clock
    if not waits:
        execute(journal, "update workers set lease_boot = 'another boot' where id = :id", id=journal.worker)
    other = open_journal()
    assert len(claim(other)) == (0 if waits else 1)


def test_what_a_dead_worker_had_not_leased_is_not_touched(journal: Journal, open_journal: Open) -> None:
    receive(journal, *(created(str(n), deal(f"d{n}")) for n in range(3)))
    route(journal)
    first, second = claim(journal, limit=2)
    settle(journal, [first], "retrying", not_before=1000.0)
    execute(journal, "update workers set pid_started = 'long ago' where id = :id", id=journal.worker)
    other = open_journal()
    assert sorted(states(other)) == ["ready", "retrying", "running"]
    assert [item.id for item in claim(other)] == [second.id, one(other, "select id from executions where event_id = "
        "(select max(event_id) from executions)")]  # fmt: skip


def test_start_up_counts_lanes_without_a_head(journal: Journal, open_journal: Open) -> None:
    receive(journal, created("1", deal("a")))
    route(journal)
    assert open_journal().start().lanes_without_head == 0
    execute(journal, "update executions set head = false")
    assert journal.start().lanes_without_head == 1


def test_names_of_workers_and_processes_are_told_apart() -> None:
    assert len({new_worker_name() for _ in range(100)}) == 100
    assert process_started(os.getpid()) == process_started(os.getpid()) is not None
    assert process_started(gone_process()[0]) is None
