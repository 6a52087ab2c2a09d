"""Owns what the Prefect side needs of the journal, as a protocol: tests bring a journal in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from dealwright.compile import ir
from dealwright.model.window import Window


class ReleaseLike(Protocol):
    """A release: what an account's automations mean at present."""

    @property
    def account(self) -> ir.Account:
        """The definitions."""
        ...

    @property
    def digest(self) -> str:
        """Their digest."""
        ...


class DeploymentLike(Protocol):
    """What Prefect was last told about an automation."""

    @property
    def version(self) -> str:
        """The behaviour digest."""
        ...


class RecorderJournal(Protocol):
    """The queue of the recorder and the place where the operator's buttons become rows."""

    def windows_to_record(self, limit: int = 50) -> Sequence[Window]:
        """Return windows that are not recorded yet, oldest first, open ones too."""
        ...

    def carried_windows(self) -> Sequence[Window]:
        """Return the windows that flow runs carry: the open ones, and those whose run somebody suspended."""
        ...

    def note_run(self, window_id: str, run_id: str) -> None:
        """Remember that the window's run is open in Prefect."""
        ...

    def note_recorded(self, window_id: str) -> None:
        """Remember that the window is recorded whole."""
        ...

    def note_dropped(self, window_id: str) -> None:
        """Remember that somebody deleted the window's run: it is not recorded again."""
        ...

    def forget_runs(self) -> None:
        """Prefect's database was replaced: what was opened there is new again."""
        ...

    def set_paused(self, account: str, automation: str, paused: bool, *, actor: str) -> None:
        """Pause or unpause an automation."""
        ...

    def paused(self, account: str) -> set[str]:
        """Return the automations of the account that are paused."""
        ...

    def cancel_window(self, window_id: str, *, actor: str) -> None:
        """Ask for the window's end: the request in flight is finished, leases go back."""
        ...

    def suspend_window(self, window_id: str, suspended: bool) -> None:
        """Remember that the window's run was suspended, or resumed."""
        ...

    def ask_run(self, account: str, automation: str, run_id: str, *, actor: str) -> int:
        """Wake the automation now; its window's record is this run. Asking again before it has opened changes nothing.

        A run that is a window's ended record already is retried: what that window left failed goes again, and its
        number is returned.
        """
        ...

    def active_release(self, account: str) -> ReleaseLike | None:
        """Return what the account runs at present."""
        ...

    def deployed(self, account: str, automation: str) -> DeploymentLike | None:
        """Return what was last deployed, None if nothing ever was."""
        ...

    def note_deployed(self, account: str, automation: str, version: str, deployment_id: str) -> None:
        """Remember what was deployed."""
        ...


class Api(Protocol):
    """Prefect's API as recorder and buttons use it."""

    async def get(self, path: str) -> Any:
        """GET a path."""
        ...

    async def post(self, path: str, body: object) -> Any:
        """POST a body."""
        ...

    async def patch(self, path: str, body: object) -> Any:
        """PATCH with a body."""
        ...

    async def delete(self, path: str) -> None:
        """DELETE a path."""
        ...
