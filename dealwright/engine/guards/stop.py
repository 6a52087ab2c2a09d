"""The stop guard: what an operator stopped is held, never dropped."""

from __future__ import annotations

from dealwright.engine.guards.base import SEND, Answer, Candidate, Hold
from dealwright.engine.records import Controls


class Stop:
    """Holds the effects of a stopped automation, or of a stopped account."""

    name = "stop"

    def ask(self, candidate: Candidate, controls: Controls) -> Answer:
        """Hold while the stop stands."""
        return Hold(reason="stop") if controls.is_stopped(candidate.automation.key) else SEND
