"""A journal in memory and windows to put in it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from dealwright.clock import SystemClock
from dealwright.compile import ir
from dealwright.model.calendar import Calendar
from dealwright.model.window import StepSummary, SubjectRow, Window


class Release(msgspec.Struct, frozen=True):
    """A release as the recorder sees it."""

    account: ir.Account
    digest: str


class Deployment(msgspec.Struct, frozen=True):
    """What Prefect was told."""

    version: str
    deployment_id: str


def automation(key: str, *, why: str = "") -> ir.Automation:
    return ir.Automation(
        key=key,
        on=ir.OnDealCreated(),
        when=ir.All(of=()),
        again=ir.EveryEvent(),
        do=(ir.StopStep(name="end"),),
        why=why,
    )


def account(*keys: str, name: str = "acme") -> ir.Account:
    return ir.Account(
        key=name,
        name=name.title(),
        calendar=Calendar(zone="UTC", spans=()),
        country="DE",
        currency="EUR",
        pipelines=(),
        automations=tuple(automation(key) for key in keys),
    )


class FakeJournal:
    """The recorder's part of the journal, kept in memory."""

    def __init__(self, *accounts: ir.Account) -> None:
        self.windows: dict[str, Window] = {}
        self.releases = {each.key: Release(each, f"release-of-{each.key}") for each in accounts}
        self.pauses: set[tuple[str, str]] = set()
        self.asked: dict[str, tuple[str, str]] = {}
        self.cancelled: list[str] = []
        self.retried: list[str] = []
        self.forgotten = 0
        self.deployments: dict[tuple[str, str], Deployment] = {}

    def put(self, *windows: Window) -> None:
        self.windows.update({window.id: window for window in windows})

    def change(self, window_id: str, **changes: object) -> Window:
        self.windows[window_id] = msgspec.structs.replace(self.windows[window_id], **changes)
        return self.windows[window_id]

    def windows_to_record(self, limit: int = 50) -> list[Window]:
        due = [window for window in self.windows.values() if window.phase in ("new", "opened")]
        return sorted(due, key=lambda window: window.opened_at)[:limit]

    def note_run(self, window_id: str, run_id: str) -> None:
        self.change(window_id, run_id=run_id, phase="opened")

    def note_recorded(self, window_id: str) -> None:
        self.change(window_id, phase="recorded")

    def note_dropped(self, window_id: str) -> None:
        self.change(window_id, phase="dropped")

    def forget_runs(self) -> None:
        self.forgotten += 1
        for window in self.windows.values():
            if window.phase == "opened":
                self.change(window.id, phase="new", run_id=None)

    def set_paused(self, account: str, automation: str, paused: bool, *, actor: str) -> None:
        assert actor == "prefect"
        (self.pauses.add if paused else self.pauses.discard)((account, automation))

    def paused(self, account: str) -> set[str]:
        return {automation for of, automation in self.pauses if of == account}

    def cancel_window(self, window_id: str, *, actor: str) -> None:
        assert actor == "prefect"
        self.cancelled.append(window_id)
        self.change(window_id, cancelled=True)

    def carried_windows(self) -> list[Window]:
        return [each for each in self.windows.values() if each.carried and (not each.closed_at or each.suspended)]

    def suspend_window(self, window_id: str, suspended: bool) -> None:
        self.change(window_id, suspended=suspended)

    def ask_run(self, account: str, automation: str, run_id: str, *, actor: str) -> int:
        assert actor == "prefect"
        self.asked[run_id] = (account, automation)
        ended = [each for each in self.windows.values() if each.run_id == run_id and each.phase == "recorded"]
        self.retried += [each.id for each in ended]
        return sum(each.executions.get("failed", 0) for each in ended)

    def active_release(self, account: str) -> Release | None:
        return self.releases.get(account)

    def deployed(self, account: str, automation: str) -> Deployment | None:
        return self.deployments.get((account, automation))

    def note_deployed(self, account: str, automation: str, version: str, deployment_id: str) -> None:
        self.deployments[account, automation] = Deployment(version, deployment_id)


def window(automation: str = "greet", *, closed: bool = True, ago: float = 1.0, **more: object) -> Window:
    """A window that was opened `ago` seconds ago and, if closed, worked for half a second."""
    opened = SystemClock().wall() - timedelta(seconds=ago)
    ended = opened + timedelta(seconds=0.5)
    values: dict[str, object] = {
        "id": str(uuid.uuid4()),
        "account": "acme",
        "automation": automation,
        "version": "v1",
        "worker": "engine-1",
        "opened_at": opened,
    }
    if closed:
        values |= {
            "closed_at": ended,
            "executions": {"done": 2, "parked": 1},
            "steps": (
                StepSummary(name="look", started_at=opened, ended_at=ended, counts={"taken": 3}),
                StepSummary(name="task", started_at=opened, ended_at=ended, counts={"sent": 2, "unknown": 1}),
            ),
            "rows": (
                SubjectRow(subject="deal:1", execution="e1", state="done"),
                SubjectRow(subject="deal:2", execution="e2", state="parked", reason="unknown outcome"),
                SubjectRow(subject="deal:3", execution="e3", state="done"),
            ),
        }
    return Window(**{**values, **more})  # type: ignore[arg-type]


EPOCH = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def until(true: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Wait for something another process does."""
    clock = SystemClock()
    deadline = clock.monotonic() + seconds
    while not true():
        assert clock.monotonic() < deadline, "it did not happen"
        threading.Event().wait(0.02)
