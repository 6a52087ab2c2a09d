"""A window: one automation's work until it was idle, as the recorder shows it in Prefect. Nothing personal is in it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec


class StepSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What one step of the automation did in one window: real wall times and counts by outcome.

    `counts` names outcomes: `sent`, `repeated`, `dropped`, `held`, `rejected`, `unknown`, `retrying` for actions;
    `taken`, `passed`, `waiting`, `stopped` for branches, waits and stops.
    """

    name: str
    started_at: datetime
    ended_at: datetime
    counts: dict[str, int]


class SubjectRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the window's table: ids, states and our own words only; failures first, then a sample."""

    subject: str
    execution: str
    state: str
    reason: str = ""


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """One window. `executions` counts how the window left its executions (`done`, `skipped`, `failed`, `parked` ...).

    `version` is the automation's behaviour digest; `run_id` is the Prefect flow run that is its record, once known;
    `cancelled` says that an operator cancelled it, `suspended` that one suspended its run, `crashed` that its worker
    died, `carried` that its run carries it and records it by itself.
    """

    id: str
    account: str
    automation: str
    version: str
    worker: str
    opened_at: datetime
    closed_at: datetime | None = None
    phase: Literal["new", "opened", "recorded", "dropped"] = "new"
    run_id: str | None = None
    crashed: bool = False
    cancelled: bool = False
    suspended: bool = False
    carried: bool = False
    failed: str | None = None
    executions: dict[str, int] = {}
    steps: tuple[StepSummary, ...] = ()
    rows: tuple[SubjectRow, ...] = ()
