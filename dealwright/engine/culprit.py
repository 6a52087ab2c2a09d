"""Culprit: a batch that failed is worked again in ever smaller ones, until what makes it fail is alone and is parked.

A batch fails as a whole when something fails that no connector or definition answers for: a guard, a connector's
`delivery`, a value that the journal's database does not take. One execution must not keep its neighbours from their
work for ever. So what the batch still has goes back to the journal, the next claims are half as large, and a claim of
one that fails three times is the culprit. Who is claimed again is read again: what left without an answer is decided
by its delivery class, as after a crash.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Collection
from typing import Final

from dealwright.engine.records import Settlement
from dealwright.errors import JournalError
from dealwright.faults import FaultInjected

_log = logging.getLogger(__name__)

TRIES: Final = 3
"""Claims of one execution that fail before it is parked: not everything that fails once fails for ever."""

_AGAIN: Final = 1.0
"""Seconds until a culprit is tried again, times its failures; its neighbours do not wait."""


def for_all(error: Exception) -> bool:
    """Say whether an error says nothing of an execution: the journal is away, or the machine is at its end."""
    return isinstance(error, JournalError | OSError | MemoryError | FaultInjected)


class Culprits:
    """How large the next claims of an account's automations are, and which executions have failed alone, how often."""

    def __init__(self) -> None:
        self._limits: dict[str, int] = {}
        self._failures: dict[str, int] = {}

    def limit(self, automation: str, most: int) -> int:
        """Return how many executions the next claim of an automation takes at most."""
        return min(most, self._limits.get(automation, most))

    def worked(self, automation: str, most: int) -> None:
        """A batch was worked without failing: the next claims may be larger again, and at last as large as they can."""
        if automation in self._limits:
            self._limits[automation] *= 2
            if self._limits[automation] >= most:
                del self._limits[automation]

    def failed(self, automation: str, left: Collection[str], error: Exception) -> list[Settlement]:
        """Return what becomes of the executions that a failed batch still has."""
        # The type and the places only: texts may hold what a row held.
        places = "".join(traceback.format_tb(error.__traceback__))
        what, many = type(error).__name__, len(left)
        _log.error("a batch of %s failed with %s; its %d go on in smaller ones\n%s", automation, what, many, places)
        self._limits[automation] = max(1, min(many, self._limits.get(automation, many)) // 2)
        if many > 1:
            return [Settlement(execution_id=id_, state="ready", reason="given back: its batch failed") for id_ in left]
        return [self._alone(id_, what) for id_ in left]

    def _alone(self, execution_id: str, error: str) -> Settlement:
        failures = self._failures[execution_id] = self._failures.get(execution_id, 0) + 1
        if failures < TRIES:
            reason = f"cannot be worked: {error}"
            return Settlement(execution_id=execution_id, state="retrying", reason=reason, not_before=_AGAIN * failures)
        del self._failures[execution_id]
        reason = f"cannot be worked: {error}, tried {failures} times alone; the log names the place"
        return Settlement(execution_id=execution_id, state="parked", reason=reason)
