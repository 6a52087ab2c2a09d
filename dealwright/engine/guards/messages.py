"""The messages guard: what an operator stopped of an account's messages to customers is held, never dropped."""

from __future__ import annotations

from dealwright.engine.guards.base import SEND, Answer, Candidate, Hold
from dealwright.engine.records import Controls
from dealwright.model.requests import MESSAGES


class Messages:
    """Holds what would reach a customer, of any automation, while the account's messages are stopped."""

    name = "messages"

    def ask(self, candidate: Candidate, controls: Controls) -> Answer:
        """Hold a message while the stop stands; everything else goes on."""
        stopped = controls.messages_stopped and candidate.effect.request.kind in MESSAGES
        return Hold(reason="stop messages") if stopped else SEND
