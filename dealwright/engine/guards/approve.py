"""The approve guard: a person lets each effect go, and only as it was rendered when they looked at it."""

from __future__ import annotations

from dealwright.engine.guards.base import SEND, Answer, Candidate, Hold
from dealwright.engine.records import Controls, request_digest
from dealwright.model.requests import UNAPPROVED


class Approve:
    """Holds the effects of an automation, or of an account, in mode approve, until their request was approved.

    Its reasons begin with its name: what is held so, and nothing else, can be approved.
    """

    name = "approve"

    def ask(self, candidate: Candidate, controls: Controls) -> Answer:
        """Hold what nobody approved, and what renders differently than what was approved."""
        if controls.mode(candidate.automation.key) != "approve" or candidate.effect.request.kind in UNAPPROVED:
            return SEND
        approved = candidate.effect.approved
        if approved is None:
            return Hold(reason="approve")
        if approved != request_digest(candidate.effect.request):
            return Hold(reason="approve: it is not what was approved any more, for the deal has changed")
        return SEND
