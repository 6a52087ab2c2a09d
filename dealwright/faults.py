"""Named fault points: places where a test can make the process die or fail.

In production `hit()` is one `is None` test. A test process switches a point on through the environment variable
`DEALWRIGHT_FAULT`, `name`, `name:nth`, `name:nth:raise` or `name:nth:stop`: the nth time the point is reached the
process kills itself with SIGKILL, raises `FaultInjected`, or stops itself with SIGSTOP until somebody continues it.
Every point is declared here, so that the kill suite can enumerate them.
"""

from __future__ import annotations

import os
import signal
from typing import Final

POINTS: Final[dict[str, str]] = {
    "receive.before-append": "events were pulled, nothing is in the journal",
    "receive.after-append": "events are in the journal, the source does not know they were taken",
    "observe.before-commit": "deals that hook events name were read, nothing of it is kept",
    "observe.after-commit": "hook events tell their deals, nothing is routed",
    "match.before-observed": "an event from outside has found its deal, nothing of it is kept",
    "match.deal-made": "a deal was made for an event from outside, the journal does not know",
    "operate.before-commit": "a person's decision is written, the transaction is open",
    "enrol.counted": "deals that stand in a stage were counted, nothing of it is kept",
    "enrol.before-commit": "deals are enrolled, the transaction is open",
    "enrol.after-commit": "deals are enrolled and the cursor has moved, nothing is routed",
    "route.before-commit": "executions are inserted, the transaction is open",
    "route.after-commit": "executions are ready, nobody was woken",
    "claim.after-commit": "a batch is leased, nothing was decided",
    "plan.after-commit": "effects are planned, none is sending",
    "gate.before-commit": "reservations are taken, the transaction is open",
    "gate.after-commit": "effects are sending, the lease was not looked at again",
    "act.before-request": "the lease was checked, the request has not left (nobody can fence this point)",
    "act.after-request": "the outside system answered, no receipt is written",
    "receipt.after-commit": "receipts are written, executions are not settled",
    "settle.before-commit": "transitions are inserted, the transaction is open",
    "settle.after-commit": "executions are settled",
    "window.before-close": "the window's work is done, its row is still open",
    "record.after-open": "the run is open in Prefect, the journal does not know",
    "record.before-close": "task runs are visible, the run is still open",
}
"""Every fault point, and what is true when it is reached."""


class FaultInjected(RuntimeError):
    """A test asked for a failure at this point."""


class _Armed:
    """One armed fault point with its countdown."""

    def __init__(self, text: str) -> None:
        parts = text.split(":")
        self.name = parts[0]
        self.left = int(parts[1]) if len(parts) > 1 else 1
        self.action = parts[2] if len(parts) > 2 else "kill"
        if self.action not in ("kill", "raise", "stop"):
            raise ValueError(f"at a fault point a process can kill, raise or stop, not {self.action!r}")
        if self.name not in POINTS:
            known = ", ".join(sorted(POINTS))
            raise ValueError(f"no fault point named {self.name!r}; known: {known}")


_armed: _Armed | None = _Armed(os.environ["DEALWRIGHT_FAULT"]) if os.environ.get("DEALWRIGHT_FAULT") else None


def hit(name: str) -> None:
    """Die, fail or stop here if a test armed this point; otherwise do nothing."""
    if _armed is None or _armed.name != name:
        return
    _armed.left -= 1
    if _armed.left == 0:
        if _armed.action == "raise":
            raise FaultInjected(name)
        os.kill(os.getpid(), signal.SIGSTOP if _armed.action == "stop" else signal.SIGKILL)


def arm(text: str | None) -> None:
    """Arm a fault point in this process (`name[:nth[:raise|stop]]`), or disarm with None. For tests."""
    global _armed
    _armed = None if text is None else _Armed(text)
