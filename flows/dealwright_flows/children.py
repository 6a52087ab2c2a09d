"""Owns child processes: started so that they never outlive us, ended by their own process group.

A child is started through this very module (`python -m dealwright_flows.children PARENT COMMAND ...`), which asks the
kernel to end it when the parent dies and then becomes the command: a `kill -9` of `up` leaves no server behind. Where
the kernel cannot be asked (not Linux), the note beside the log lets the next start end what was left.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from dealwright.clock import Clock
from dealwright.errors import DealwrightError

_PR_SET_PDEATHSIG = 1


class Child:
    """One child process with its log file and a note of who it is."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self.log = directory / f"{name}.log"
        self._note = directory / f"{name}.pid"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it is known."""
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        """Whether the process is running."""
        return self._process is not None and self._process.poll() is None

    def start(self, command: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> None:
        """Start `command`; what it prints goes to the log. Call it from the main thread: the child is bound to it."""
        self.end_stale()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own commands, never a user's text
                [sys.executable, "-m", "dealwright_flows.children", str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(env),
                cwd=cwd,
                start_new_session=True,
            )
        born = _born(self._process.pid)
        self._note.write_text(json.dumps({"pid": self._process.pid, "born": born}), "utf-8")

    async def until_listening(self, what: str, host: str, port: int, *, clock: Clock, patience: float) -> None:
        """Wait until the process, which people know as `what`, takes connections at the address.

        Raises:
            DealwrightError: the process ended, or stayed silent for `patience` seconds.
        """
        deadline = clock.monotonic() + patience
        while True:
            try:
                _, writer = await asyncio.open_connection(host, port)
            except OSError:
                if not self.alive or clock.monotonic() > deadline:
                    raise DealwrightError(f"{what} did not start (log: {self.log}).\n{self.tail()}") from None
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return

    async def stop(self, patience: float = 5.0) -> None:
        """End the process: SIGTERM, then SIGKILL for its whole group once `patience` seconds are over."""
        process, self._process = self._process, None
        if process is None:
            return
        _signal_group(process.pid, signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, patience)
        except subprocess.TimeoutExpired:
            _signal_group(process.pid, signal.SIGKILL)
            await asyncio.to_thread(process.wait)
        self._note.unlink(missing_ok=True)

    def kill(self) -> None:
        """End the process at once, as a power cut would."""
        process, self._process = self._process, None
        if process is not None:
            _signal_group(process.pid, signal.SIGKILL)
            process.wait()

    def end_stale(self) -> None:
        """End a process that an earlier run left behind, if the note still means that very process."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            note = json.loads(self._note.read_text("utf-8"))
            pid, born = int(note["pid"]), note["born"]
            if born is not None and _born(pid) == born:
                _signal_group(pid, signal.SIGKILL)
        self._note.unlink(missing_ok=True)

    def tail(self, lines: int = 8) -> str:
        """Return the last lines of the log, for an error text."""
        try:
            return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])
        except OSError:
            return ""


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return our environment without anything that steers Prefect or us, and with `extra`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "DEALWRIGHT_"))}
    return {**kept, **extra}


def _signal_group(pid: int, sent: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, sent)


def _born(pid: int) -> str | None:
    """When the process was started, in the kernel's own words: a pid alone may mean another process by now."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[19]
    except OSError:
        pass
    try:
        asked = subprocess.run(  # noqa: S603
            ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return asked.stdout.strip() or None


def main(argv: Sequence[str]) -> None:
    """Bind this process to the parent's life, then become the command."""
    parent, command = int(argv[0]), list(argv[1:])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the kernel was asked
        raise SystemExit(1)
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
