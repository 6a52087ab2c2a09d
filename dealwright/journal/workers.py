"""Workers: who holds leases, and which of them are surely dead (so that nobody waits for their leases)."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Connection

from dealwright.journal import lanes
from dealwright.journal.database import statement
from dealwright.journal.parts import Part
from dealwright.journal.windows import close_failed

_REGISTER: Final = statement(
    "insert into workers (id, machine, pid, pid_started, lease_boot, lease_until) "
    "values (:id, :machine, :pid, :pid_started, :boot, :until) "
    "on conflict (id) do update set lease_boot = excluded.lease_boot, lease_until = excluded.lease_until"
)
_OF_MACHINE: Final = statement("select id, pid, pid_started from workers where machine = :machine and id <> :own")
_EXPIRE: Final = statement(
    "update executions set lease_until = 0, lease_boot = 'dead' where state = 'running' and worker in :dead", "dead"
)
_CRASHED: Final = statement(
    "update windows set crashed = true, closed_wall = :wall where worker in :dead and closed_wall is null", "dead"
)
_ORPHANED: Final = statement(
    "update windows set carried = false where carried and phase = 'opened' and worker in :dead", "dead"
)
_ELSEWHERE: Final = statement(
    "select id from workers where machine <> :machine and id <> :own "
    "and (lease_boot <> :boot or lease_until + :grace <= :now)"
)
_WORKERS: Final = statement("select id from workers where id <> :own")
_FORGET: Final = statement("delete from workers where id in :dead", "dead")


WORKER_LEASE: Final = 60.0
"""Seconds after which a worker that other machines see no life of counts as dead, and then the longest call."""

UNTOLD: Final = "alive"
"""What stands for the start of a process of which nothing can be read."""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Where a process runs: `boot` names one boot of one kernel, `space` the process ids that are visible there."""

    boot: str
    space: str

    @property
    def name(self) -> str:
        """The machine as worker rows name it: processes of one name can see each other's ids."""
        return f"{self.boot}/{self.space}"


def this_machine() -> Machine:
    """Return where this process runs. Two containers on one kernel share a boot but not their process ids."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    space = Path("/proc/self/ns/pid")
    if boot.exists() and space.exists():
        return Machine(boot=boot.read_text().strip(), space=str(space.readlink()))
    return Machine(boot=f"{sys.platform}-{os.uname().nodename}", space="")


def process_started(pid: int) -> str | None:
    """Return what tells this process from a later one with the same id; None if there surely is no such process.

    UNTOLD: there is one, or nobody can say (no rights, no file descriptors left): it counts as alive.
    """
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return UNTOLD if _answers(pid) else None
        except OSError:
            return UNTOLD
        return None if fields[0] in "ZX" else fields[19]
    return UNTOLD if _answers(pid) else None


def _answers(pid: int) -> bool:
    """Say whether there is a process of that id, also one that hides."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def new_worker_name() -> str:
    """Return a name for this process that no other ever has."""
    return f"{os.getpid()}-{secrets.token_hex(4)}"


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """What start-up found: workers that died, and lanes without a head (always 0)."""

    dead_workers: tuple[str, ...]
    lanes_without_head: int


class Workers(Part):
    """This worker's own row, and start-up recovery."""

    def recover(self, machine: Machine) -> Recovery:
        """Register this worker, expire the leases of workers that surely died, mark their windows crashed.

        A worker is surely dead when it ran on this machine, under process ids that this process can see, and is gone.
        Others (of another machine, container or boot) are waited for: their own lease, then the longest call.
        """
        with self.database.write() as connection:
            dead = self._dead(connection, machine)
            self._bury(connection, dead)
            self._register(connection, machine)
            headless = lanes.without_head(connection)
        return Recovery(dead_workers=dead, lanes_without_head=headless)

    def recover_dead(self, machine: Machine) -> tuple[str, ...]:
        """Do the same for workers that died since, and prolong this worker's own lease; return the dead.

        What windows of this worker's own that failed had leased is free, and they are closed, as theirs are. It writes
        only if there is any of this, or when a part of the lease is over.
        """
        with self.database.read() as connection:
            dead = self._dead(connection, machine)
        fresh = self.clock.monotonic() < self._registered + WORKER_LEASE / 4
        failed = sorted(self._failed_windows)
        if dead or failed or not fresh:
            with self.database.write() as connection:
                self._bury(connection, dead)
                close_failed(connection, failed, wall=self._wall())
                self._register(connection, machine)
        self._failed_windows.difference_update(failed)
        return dead

    def living(self, machine: Machine) -> int:
        """Count the workers that are alive, this one (which has not started) not among them."""
        with self.database.read() as connection:
            dead = self._dead(connection, machine)
            workers = connection.execute(_WORKERS, {"own": self._worker}).scalars().all()
        return len(set(workers) - set(dead))

    def _register(self, connection: Connection, machine: Machine) -> None:
        self._registered = self.clock.monotonic()
        moment = self.database.lease(connection)
        pid = os.getpid()
        row = {"id": self._worker, "machine": machine.name, "pid": pid, "pid_started": process_started(pid)}
        connection.execute(_REGISTER, row | {"boot": moment.boot, "until": moment.now + WORKER_LEASE})

    def _dead(self, connection: Connection, machine: Machine) -> tuple[str, ...]:
        rows = connection.execute(_OF_MACHINE, {"machine": machine.name, "own": self._worker}).all()
        dead = [row.id for row in rows if process_started(row.pid) not in (row.pid_started, UNTOLD)]
        moment = self.database.lease(connection)
        elsewhere = {
            "machine": machine.name,
            "own": self._worker,
            "boot": moment.boot,
            "now": moment.now,
            "grace": self._takeover_after,
        }
        return (*dead, *connection.execute(_ELSEWHERE, elsewhere).scalars())

    def _bury(self, connection: Connection, dead: tuple[str, ...]) -> None:
        if dead:
            connection.execute(_EXPIRE, {"dead": dead})
            connection.execute(_CRASHED, {"dead": dead, "wall": self._wall()})
            connection.execute(_ORPHANED, {"dead": dead})  # what they did not record themselves the recorder does
            connection.execute(_FORGET, {"dead": dead})
