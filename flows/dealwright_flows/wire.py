"""Owns the bodies we send to Prefect for one window: pure, so that every rule of them is tested without a server.

Whatever is sent twice has the same identity twice: the window's id as idempotency key, uuid5 ids of events and task
runs, a transition id for each state. Nothing personal is in any body: ids, counts and our own words.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec

from dealwright.journal.asks import AskedWindow
from dealwright.model.window import StepSummary, SubjectRow, Window
from dealwright_flows import names

Body: TypeAlias = dict[str, Any]


class WorkPool(msgspec.Struct, frozen=True, kw_only=True):
    """The work pool whose workers carry the windows, and its type as Prefect names it."""

    name: str
    type: str = "process"

    @property
    def job_variables(self) -> Body:
        """How a worker starts a run: straight away, without first looking for code in a storage."""
        return {"command": "python -m prefect.engine"} if self.type == "process" else {}


TABLE_ROWS: Final = 200
FAILED_SHARE: Final = 0.05
RESUMING: Final = "Resuming"
"""The name that Prefect gives the state of a run which was suspended and waits for a worker."""
LOGGER: Final = "dealwright.window"
_SPACE: Final = uuid.UUID("8f8ff3d5-2b6c-4b64-9d4e-3b2f64f5a8aa")
_ATTENTION: Final = ("failed", "parked", "held")
_WORST_FIRST: Final = ("failed", "parked", "held", "retrying", "cancelled", "waiting", "skipped", "done")


def identity(*parts: str) -> str:
    """Return the uuid that stands for these words, the same for ever."""
    return str(uuid.uuid5(_SPACE, "/".join(parts)))


# --- deployments ----------------------------------------------------------------------------------------------------


def deployment(
    flow_id: str,
    account: str,
    automation: str,
    *,
    version: str,
    why: str = "",
    paused: bool | None = None,
    pool: WorkPool | None = None,
) -> Body:
    """Return the upsert of a deployment; without `paused` Prefect keeps what the operator chose."""
    body: Body = {
        "flow_id": flow_id,
        "name": names.flow_name(account, automation),
        "entrypoint": names.entrypoint(account, automation),
        "version": version,
        "tags": names.tags(account),
        "description": why,
        "parameter_openapi_schema": {"type": "object", "properties": {}},
    }
    if pool is not None:
        body |= {"work_pool_name": pool.name, "job_variables": pool.job_variables}
    return body if paused is None else {**body, "paused": paused}


def ours(**more: object) -> Body:
    """Return the filter for the deployments we made."""
    return {"deployments": {"tags": {"all_": [names.MANAGED]}, **more}}


# --- a window's run -------------------------------------------------------------------------------------------------


def opening(window: Window, *, late: bool) -> Body:
    """Return the body that creates the window's run, running."""
    return {
        "name": names.late_run_name(window) if late else names.run_name(window),
        "idempotency_key": window.id,
        "tags": ["window"],
        "state": {"type": "RUNNING", "message": f"window {window.id}"},
    }


def adopting(window: Window) -> Body:
    """Return the state that makes a claimed run the window's record."""
    return _transition(window, "open", {"type": "RUNNING", "name": "Running", "message": f"window {window.id}"})


def asking(window: AskedWindow) -> Body:
    """Return the body that asks for a run which opens this window, on whatever worker takes it."""
    return {
        "name": names.asked_run_name(window),
        "idempotency_key": window.id,
        "tags": ["window"],
        "state": {"type": "SCHEDULED", "message": f"window {window.id} is asked for"},
    }


def waiting(later: str) -> Body:
    """Return the state of a run that was started while its automation is paused."""
    state = {
        "type": "SCHEDULED",
        "name": "Scheduled",
        "message": "the automation is paused",
        "state_details": {"scheduled_time": later},
    }
    return {"state": state, "force": True}


def not_needed() -> Body:
    """Return the end of a run that was asked for and finds its automation paused."""
    return {"state": {"type": "COMPLETED", "name": "Done", "message": "the automation is paused"}, "force": True}


def resuming() -> Body:
    """Return the state of a suspended run that goes on."""
    return {"state": {"type": "RUNNING", "name": "Running", "message": "resumed"}, "force": True}


def resuming_elsewhere() -> Body:
    """Return the state of a suspended run that goes on on whatever worker takes it."""
    return {"state": {"type": "SCHEDULED", "name": RESUMING, "message": "resumed"}, "force": True}


def claiming() -> Body:
    """Return the state that claims a scheduled run; the loser of a race is told ABORT in the body."""
    return {"state": {"type": "PENDING", "name": "Pending", "message": "claimed by Dealwright"}}


def end_state(window: Window) -> Body:
    """Return the state the window's run ends in (engine-contract §1)."""
    total = sum(window.executions.values())
    if window.crashed:
        return {"type": "CRASHED", "name": "Crashed", "message": f"the worker died; {_done_of(window)}"}
    if window.cancelled:
        return {"type": "CANCELLED", "name": "Cancelled", "message": _done_of(window)}
    failed = window.executions.get("failed", 0)
    if window.failed is not None:
        return {"type": "FAILED", "name": "Failed", "message": window.failed}
    if total and failed / total > FAILED_SHARE:
        return {"type": "FAILED", "name": "Failed", "message": said(window.executions)}
    attention = sum(window.executions.get(state, 0) for state in _ATTENTION)
    name = f"Done, {attention} need{'s' if attention == 1 else ''} attention" if attention else "Done"
    return {"type": "COMPLETED", "name": name, "message": said(window.executions)}


def closing(window: Window) -> Body:
    """Return the transition to the window's end state."""
    return _transition(window, "end", end_state(window))


def crashing(run_ids: Sequence[str]) -> Body:
    """Return the bulk transition of runs whose worker died, whatever state an operator left them in."""
    state = {"type": "CRASHED", "name": "Crashed", "message": "the worker that carried this window died"}
    return {"flow_runs": {"id": {"any_": list(run_ids)}}, "state": state, "force": True}


def _transition(window: Window, which: str, state: Body) -> Body:
    # The run is part of it: after Prefect's database was replaced, the same window ends another run.
    key = identity("transition", window.id, window.run_id or "", which)
    return {"state": {**state, "state_details": {"transition_id": key}}}


def _done_of(window: Window) -> str:
    return f"{window.executions.get('done', 0)} of {sum(window.executions.values())} done"


# --- its steps ------------------------------------------------------------------------------------------------------

StepState = Literal["COMPLETED", "FAILED"]
_WENT_WELL: Final = frozenset({"sent", "repeated", "taken", "passed", "waiting", "stopped", "dropped"})


def step_state(step: StepSummary) -> tuple[StepState, str]:
    """Return state type and name of a step's task run: failed only if nothing of it went well."""
    bad = sum(count for outcome, count in step.counts.items() if outcome in ("rejected", "unknown"))
    good = sum(count for outcome, count in step.counts.items() if outcome in _WENT_WELL)
    if bad and not good:
        return "FAILED", "Failed"
    return "COMPLETED", f"Done, {bad} failed" if bad else "Done"


def step_events(window: Window, run_id: str) -> list[Body]:
    """Return one event for each step, as Prefect's own client reports a task run, with the times given."""
    events: list[Body] = []
    before: str | None = None
    for step in window.steps:
        events.append(_step_event(window, run_id, step, before))
        before = task_run_id(window, run_id, step)
    return events


def task_run_id(window: Window, run_id: str, step: StepSummary) -> str:
    """Return the id of the task run that shows a step."""
    return identity("task", window.id, run_id, step.name)


def seen_steps(window: Window, run_id: str) -> Body:
    """Return the filter for the task runs of this window, among those of all windows that its run has recorded."""
    return {"task_runs": {"id": {"any_": [task_run_id(window, run_id, step) for step in window.steps]}}}


def _step_event(window: Window, run_id: str, step: StepSummary, before: str | None) -> Body:
    kind, name = step_state(step)
    task_run = task_run_id(window, run_id, step)
    started, ended = _stamp(step.started_at), _stamp(max(step.started_at, step.ended_at))
    return {
        "id": identity("event", window.id, run_id, step.name, kind),
        "occurred": ended,
        "event": f"prefect.task-run.{name}",
        "resource": {
            "prefect.resource.id": f"prefect.task-run.{task_run}",
            "prefect.resource.name": step.name,
            "prefect.state-type": kind,
            "prefect.state-name": name,
            "prefect.state-timestamp": ended,
            "prefect.run-count": "1",
            "prefect.orchestration": "client",
        },
        "related": [{"prefect.resource.id": f"prefect.flow-run.{run_id}", "prefect.resource.role": "flow-run"}],
        "payload": {
            "intended": {"from": "RUNNING", "to": kind},
            "initial_state": {"type": "RUNNING", "name": "Running", "state_details": {}},
            "validated_state": {
                "type": kind,
                "name": name,
                "message": said(step.counts),
                "state_details": {},
                "data": None,
            },
            "task_run": {
                "name": step.name,
                "task_key": step.name,
                "dynamic_key": window.id,
                "tags": [],
                "run_count": 1,
                "flow_run_run_count": 1,
                "expected_start_time": started,
                "start_time": started,
                "end_time": ended,
                "total_run_time": max(0.0, (step.ended_at - step.started_at).total_seconds()),
                "labels": {},
                "empirical_policy": {"max_retries": 0, "retry_delay_seconds": 0.0},
                "task_inputs": {"after": [{"input_type": "task_run", "id": before}]} if before else {},
            },
        },
    }


# --- its table and its log line -------------------------------------------------------------------------------------


def table(window: Window, run_id: str) -> Body:
    """Return the table of subjects and outcomes."""
    rows = table_rows(window)
    total = sum(window.executions.values())
    shown = f"{len(rows)} of {total} executions" if total > len(rows) else f"{len(rows)} executions"
    return {
        "key": re.sub(r"[^a-z0-9]+", "-", names.flow_name(window.account, window.automation).lower()).strip("-"),
        "type": "table",
        # The window's id tells whose table it is: a run that is retried has one for each of its windows.
        "description": f"{shown}; {said(window.executions)}. The journal has them all (window {window.id}).",
        "data": json.dumps(rows),
        "flow_run_id": run_id,
    }


def table_rows(window: Window) -> list[dict[str, str]]:
    """Return the rows of the window's table: at most 200, what needs a person first."""
    ranked = sorted(window.rows, key=lambda row: _rank(row.state))[:TABLE_ROWS]
    return [_cells(row) for row in ranked]


def log_line(window: Window, run_id: str, *, late: bool) -> list[Body]:
    """Return the window's one log line."""
    bad = end_state(window)["type"] in ("FAILED", "CRASHED")
    line = {
        "name": LOGGER,
        "level": 40 if bad else 20,
        "message": log_text(window, late=late),
        "timestamp": _stamp(window.closed_at or window.opened_at),
        "flow_run_id": run_id,
    }
    return [line]


def log_text(window: Window, *, late: bool) -> str:
    """Return the window in words: its true times and what came of it."""
    ended = window.closed_at or window.opened_at
    spent = (ended - window.opened_at).total_seconds()
    parts = [
        f"Window {window.id} of {names.flow_name(window.account, window.automation)}, worker {window.worker}:",
        f"{window.opened_at:%Y-%m-%d %H:%M:%S} to {ended:%H:%M:%S} UTC ({spent:.1f} s).",
        f"Executions: {said(window.executions)}.",
        *(f"{step.name}: {said(step.counts)}." for step in window.steps),
    ]
    if late:
        parts.append("Recorded late: Prefect was away, so the run's own times are those of the recording.")
    return " ".join(parts)


def said(counts: Mapping[str, int]) -> str:
    """Return counts as people say them: `37 done, 2 parked`."""
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items(), key=_by_rank) if count) or "nothing"


def _cells(row: SubjectRow) -> dict[str, str]:
    return {"subject": row.subject, "state": row.state, "reason": row.reason, "execution": row.execution}


def _rank(state: str) -> int:
    return _WORST_FIRST.index(state) if state in _WORST_FIRST else len(_WORST_FIRST)


def _by_rank(item: tuple[str, int]) -> tuple[int, str]:
    return -_rank(item[0]), item[0]


def _stamp(when: datetime) -> str:
    return when.isoformat()
