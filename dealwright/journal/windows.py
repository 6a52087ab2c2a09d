"""Windows, and the queue of the recorder: what is to be shown in Prefect, and what its buttons asked for."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection

from dealwright import faults
from dealwright.journal.asks import forget_asked_runs, take_asked
from dealwright.journal.database import Row, instant, micros, statement
from dealwright.journal.operations import retry_failed_of
from dealwright.journal.parts import Part
from dealwright.journal.payload import seal, unseal
from dealwright.model.window import StepSummary, SubjectRow, Window

_COLUMNS: Final = (
    "id, account, automation, version, worker, opened_wall, closed_wall, phase, run_id, cancel_asked, crashed, "
    "summary, suspended, carried"
)
_OPEN: Final = statement(
    "insert into windows (id, account, automation, version, worker, opened_wall, phase, run_id, carried) "
    "values (:id, :account, :automation, :version, :worker, :wall, :phase, :run_id, :carried)"
)
_CLOSE: Final = statement("update windows set closed_wall = :closed, summary = :summary where id = :id")
_ABANDON: Final = statement(
    "update windows set crashed = true, closed_wall = :wall where id in :ids and closed_wall is null", "ids"
)
_ONE: Final = statement(f"select {_COLUMNS} from windows where id = :id")
_TO_RECORD: Final = statement(
    f"select {_COLUMNS} from windows where phase in ('new', 'opened') and not carried "
    "order by case when phase = 'opened' and closed_wall is null then 1 else 0 end, opened_wall, id limit :limit"
)
_NOTE_RUN: Final = statement("update windows set phase = 'opened', run_id = :run where id = :id and phase = 'new'")
_PHASE: Final = statement("update windows set phase = :phase where id = :id")
_FORGET: Final = statement("update windows set phase = 'new', run_id = null where phase = 'opened' and not carried")
_CANCEL: Final = statement("update windows set cancel_asked = true where id = :id and closed_wall is null")
_CANCELLED: Final = statement("select cancel_asked from windows where id = :id")
_ASK: Final = statement(
    "insert into run_requests (run_id, account, automation, asked_wall) values (:run, :account, :automation, :wall) "
    "on conflict (run_id) do nothing"
)
_ASK_AGAIN: Final = statement("update run_requests set window_id = null, asked_wall = :wall where run_id = :run")
_OF_RUN: Final = (
    "select id, phase from windows where run_id = :run and account = :account and automation = :automation order by id"
)
_OF_RUN_ALONE: Final = "select id from windows where run_id = :run and phase = 'recorded' order by id"
_SUSPEND: Final = statement("update windows set suspended = :suspended where id = :id")
_ASKED: Final = statement("select distinct automation from run_requests where account = :account and window_id is null")
_FIRST_ASKED: Final = (
    "select run_id from run_requests where account = :account and automation = :automation and window_id is null "
    "order by asked_wall, run_id limit 1"
)
_TAKEN: Final = statement("update run_requests set window_id = :window where run_id = :run")
_CARRIED: Final = statement(
    f"select {_COLUMNS} from windows where carried and run_id is not null and (closed_wall is null or suspended) "
    "order by opened_wall, id"
)
_RECENT: Final = statement(
    "select count(*) as count from windows "
    "where account = :account and automation = :automation and opened_wall > :since"
)
_ANY_OF_RUN: Final = statement("select 1 from windows where run_id = :run limit 1")
_SUSPENDED: Final = statement("select 1 from windows where run_id = :run and suspended limit 1")
_RESUMED: Final = statement("update windows set suspended = :no where run_id = :run")
_ROWS: Final = statement(
    """
    select subject, id, state, reason from executions where window_id = :window
    order by case state when 'failed' then 0 when 'parked' then 1 when 'held' then 2 when 'retrying' then 3 else 4 end,
        event_id
    limit :limit
    """
)


class _Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a closed window beside its columns."""

    failed: str | None = None
    executions: dict[str, int] = {}
    steps: tuple[StepSummary, ...] = ()
    rows: tuple[SubjectRow, ...] = ()


class Windows(Part):
    """Windows as rows: opened and closed by the engine, recorded by the recorder."""

    def open_window(
        self, account: str, automation: str, version: str, *, recorded_by: str | None = None, asked: str | None = None
    ) -> Window:
        """Open a window of this worker; the oldest run that was asked for becomes its record.

        `recorded_by` is the flow run that carries the window and records it itself: the recorder leaves it alone while
        that worker lives. `asked` is the id under which the window was asked of Prefect.
        """
        parameters = {"account": account, "automation": automation}
        with self.database.write() as connection:
            id_ = take_asked(connection, asked) or secrets.token_hex(8)
            run = recorded_by or self._take_asked_run(connection, parameters, id_)
            close_failed(connection, sorted(self._failed_windows), wall=self._wall())
            row = parameters | {
                "id": id_,
                "version": version,
                "worker": self._worker,
                "wall": self._wall(),
                "phase": "new" if run is None else "opened",
                "run_id": run,
                "carried": recorded_by is not None,
            }
            connection.execute(_OPEN, row)
            found = connection.execute(_ONE, {"id": id_}).mappings().one()
        self._failed_windows.clear()
        self._open_windows.add(id_)
        return _window(found)

    def abandon_window(self, window_id: str) -> None:
        """Note that a window has failed: what it leased is free at once. The journal itself may be away."""
        self._open_windows.discard(window_id)
        self._failed_windows.add(window_id)

    def _take_asked_run(self, connection: Connection, parameters: dict[str, str], window_id: str) -> str | None:
        sql = statement(_FIRST_ASKED + self.database.for_update)
        run: str | None = connection.execute(sql, parameters).scalar_one_or_none()
        if run is not None:
            connection.execute(_TAKEN, {"window": window_id, "run": run})
        return run

    def window(self, window_id: str) -> Window:
        """Return one window."""
        return _window(self.database.rows(_ONE, id=window_id)[0])

    def close_window(self, window: Window) -> Window:
        """Close a window with what it did."""
        closed = msgspec.structs.replace(window, closed_at=self.clock.wall())
        assert closed.closed_at is not None
        summary = _Summary(failed=window.failed, executions=window.executions, steps=window.steps, rows=window.rows)
        with self.database.write() as connection:
            connection.execute(_CLOSE, {"id": window.id, "closed": micros(closed.closed_at), "summary": seal(summary)})
        self._open_windows.discard(window.id)
        self._failed_windows.discard(window.id)
        return closed

    def window_rows(self, window_id: str, limit: int) -> Sequence[SubjectRow]:
        """Read what a window left behind: failures first, then parked, held and retrying, then a sample."""
        rows = self.database.rows(_ROWS, window=window_id, limit=limit)
        return [
            SubjectRow(subject=row["subject"], execution=row["id"], state=row["state"], reason=row["reason"])
            for row in rows
        ]

    def window_cancelled(self, window_id: str) -> bool:
        """Say whether an operator cancelled the window."""
        return any(row["cancel_asked"] for row in self.database.rows(_CANCELLED, id=window_id))

    def cancel_window(self, window_id: str, *, actor: str) -> None:
        """Ask the engine to finish the request in flight, give leases back and close the window."""
        with self.database.write() as connection:
            connection.execute(_CANCEL, {"id": window_id, "actor": actor})

    def ask_run(self, account: str, automation: str, run_id: str, *, actor: str) -> int:
        """Wake the automation now; the window that it opens is recorded as this flow run.

        A run that is the ended record of a window already was asked for once more: the executions that this window
        left failed are retried, and the run becomes the record of that. Returns how many. Asking again before a
        window has opened changes nothing.
        """
        asked = {"run": run_id, "account": account, "automation": automation, "wall": self._wall()}
        retried = 0
        with self.database.write() as connection:
            windows = connection.execute(statement(_OF_RUN + self.database.for_update), asked).mappings().all()
            if any(row["phase"] in ("new", "opened") for row in windows):
                return 0
            connection.execute(_ASK, asked)
            if windows:
                connection.execute(_ASK_AGAIN, asked)
            for row in windows:
                retried += retry_failed_of(self.database, connection, row["id"], now=self._now(), actor=actor)
            faults.hit("operate.before-commit")
        return retried

    def run_asked(self, account: str) -> frozenset[str]:
        """Return the automations for which a run was asked and no window has opened since."""
        return frozenset(row["automation"] for row in self.database.rows(_ASKED, account=account))

    def retry_run(self, run_id: str, *, actor: str) -> int:
        """Retry the executions that the recorded windows of this run left failed; return how many.

        A flow run that starts once more does so in the `prefect` driver: nobody claims its run for it.
        """
        retried = 0
        with self.database.write() as connection:
            windows = connection.execute(statement(_OF_RUN_ALONE + self.database.for_update), {"run": run_id})
            for row in windows.mappings().all():
                retried += retry_failed_of(self.database, connection, row["id"], now=self._now(), actor=actor)
        return retried

    def run_has_windows(self, run_id: str) -> bool:
        """Say whether this run has carried or recorded a window before."""
        return bool(self.database.rows(_ANY_OF_RUN, run=run_id))

    def run_suspended(self, run_id: str) -> bool:
        """Say whether somebody suspended this run and nobody has resumed it."""
        return bool(self.database.rows(_SUSPENDED, run=run_id))

    def resume_run(self, run_id: str) -> bool:
        """Remember that a run goes on if it was suspended; say whether it was."""
        with self.database.write() as connection:
            if connection.execute(_SUSPENDED, {"run": run_id}).first() is None:
                return False
            connection.execute(_RESUMED, {"run": run_id, "no": False})
        return True

    def carried_windows(self) -> list[Window]:
        """Return the windows that flow runs carry: the open ones, and those whose run somebody suspended."""
        return [_window(row) for row in self.database.rows(_CARRIED)]

    def recent_windows(self, account: str, automation: str, seconds: float) -> int:
        """Count the windows of an automation that were opened in the last so many seconds, by whomever."""
        since = self._wall() - int(seconds * 1_000_000)
        return int(self.database.rows(_RECENT, account=account, automation=automation, since=since)[0]["count"])

    def suspend_window(self, window_id: str, suspended: bool) -> None:
        """Remember that somebody suspended the window's run, or resumed it."""
        with self.database.write() as connection:
            connection.execute(_SUSPEND, {"id": window_id, "suspended": suspended})

    def windows_to_record(self, limit: int = 50) -> list[Window]:
        """Return the windows whose record is not finished, oldest first; open ones have no `closed_at`."""
        return [_window(row) for row in self.database.rows(_TO_RECORD, limit=limit)]

    def note_run(self, window_id: str, run_id: str) -> None:
        """Remember that the window's flow run exists in Prefect."""
        with self.database.write() as connection:
            connection.execute(_NOTE_RUN, {"id": window_id, "run": run_id})

    def note_recorded(self, window_id: str) -> None:
        """Remember that the window's record is finished."""
        self._set_phase(window_id, "recorded")

    def note_dropped(self, window_id: str) -> None:
        """Remember that somebody deleted the window's flow run: its record is dropped."""
        self._set_phase(window_id, "dropped")

    def _set_phase(self, window_id: str, phase: str) -> None:
        with self.database.write() as connection:
            connection.execute(_PHASE, {"id": window_id, "phase": phase})

    def forget_runs(self) -> None:
        """Forget the flow runs of unfinished records: Prefect's database was replaced, they are opened again."""
        with self.database.write() as connection:
            connection.execute(_FORGET)
            forget_asked_runs(connection)


def close_failed(connection: Connection, window_ids: Sequence[str], *, wall: int) -> None:
    """Close windows that failed and could not be closed then: they count as crashed."""
    if window_ids:
        connection.execute(_ABANDON, {"ids": window_ids, "wall": wall})


def _window(row: Row) -> Window:
    summary = _Summary() if row["summary"] is None else unseal(row["summary"], _Summary)
    return Window(
        id=row["id"],
        account=row["account"],
        automation=row["automation"],
        version=row["version"],
        worker=row["worker"],
        opened_at=instant(row["opened_wall"]),
        closed_at=None if row["closed_wall"] is None else instant(row["closed_wall"]),
        phase=row["phase"],
        run_id=row["run_id"],
        crashed=bool(row["crashed"]),
        cancelled=bool(row["cancel_asked"]),
        suspended=bool(row["suspended"]),
        carried=bool(row["carried"]),
        failed=summary.failed,
        executions=summary.executions,
        steps=summary.steps,
        rows=summary.rows,
    )
