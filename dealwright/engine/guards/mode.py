"""The mode guard: in shadow an effect walks the whole road and is dropped at its end; its request is kept."""

from __future__ import annotations

from dealwright.engine.guards.base import SEND, Answer, Candidate, Drop
from dealwright.engine.records import Controls
from dealwright.model.requests import READS


class Mode:
    """Drops the effects of an automation, or of an account, that is in shadow."""

    name = "mode"

    def ask(self, candidate: Candidate, controls: Controls) -> Answer:
        """Drop in shadow; what only reads is asked there too, else nobody would see which way is taken."""
        shadow = controls.mode(candidate.automation.key) == "shadow" and candidate.effect.request.kind not in READS
        return Drop(reason="shadow") if shadow else SEND
