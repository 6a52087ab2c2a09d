"""Replies in a rehearsal: what a contact would answer to a message that was imagined, and when. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from dealwright.compile import ir
from dealwright.engine.records import News, Progress
from dealwright.engine.replies import written_by
from dealwright.errors import DefinitionError
from dealwright.language.example_replies import Reply
from dealwright.model.crm import Contact, Deal
from dealwright.model.events import MessageReceived
from dealwright.model.messages import Message

_NOBODY = Contact(id="0")


def listening(automation: ir.Automation) -> frozenset[str]:
    """Return the steps that wait for an answer."""
    waits = ir.waits(automation.do)
    return frozenset(step.name for step in waits if any(isinstance(on, ir.OnReplied) for on in step.on))


def buttons(automation: ir.Automation) -> dict[str, str]:
    """Return the texts of all buttons that the automation's messages have, by their ids."""
    return {
        each.id: each.text
        for step in ir.actions(automation.do)
        if isinstance(step, ir.SendMessageStep) and isinstance(step.message, ir.TemplateMessage)
        for each in step.message.buttons
    }


def replies_to(automation: ir.Automation, replies: Mapping[str, Reply]) -> dict[str, Reply]:
    """Return the answers with the texts of the buttons that are pressed.

    Raises:
        DefinitionError: no such step waits for an answer, or no message before has such a button.
    """
    waits, there = listening(automation), buttons(automation)
    found = {}
    for step, reply in replies.items():
        if step not in waits:
            known = ", ".join(sorted(waits)) or "none"
            raise DefinitionError(f"{step!r} of {automation.key!r} waits for no answer; those that do: {known}")
        if reply.button is not None and reply.button not in there:
            known = ", ".join(map(repr, there)) or "none"
            raise DefinitionError(f"no message of {automation.key!r} has the button {reply.button!r}; it has {known}")
        found[step] = msgspec.structs.replace(reply, text=reply.text or there[str(reply.button)])
    return found


class Replies:
    """Hands out each answer once, when its step waits."""

    def __init__(self, automation: ir.Automation, replies: Mapping[str, Reply]) -> None:
        self._automation = automation
        self._waits = {step.name: step for step in ir.waits(automation.do)}
        self._left = dict(replies)
        self._told = 0

    def during(self, step: str, now: datetime, until: datetime, deal: Deal, progress: Progress) -> News | None:
        """Return the answer that comes while the step waits; None if none does."""
        reply = self._left.pop(step, None)
        if reply is None or now + reply.after > until:
            return None
        self._told += 1
        to = next((on.to for on in self._waits[step].on if isinstance(on, ir.OnReplied)), None)
        contact = self._who(to, deal, progress)
        written = written_by(self._automation)
        message = Message(
            id=f"reply-{self._told}",
            contact_id=contact.id,
            direction="in",
            text=reply.text,
            at=now + reply.after,
            author=contact.name or "",
            via=written[to].via if to in written and to is not None else "crm",
            button=reply.button,
            reply_to=None if reply.button is None else self._above(reply.button, to, progress),
        )
        event = MessageReceived(
            source_id=message.id,
            occurred_at=message.at,
            actor="user:you",
            contact=contact,
            message=message,
            deals=(deal,),
        )
        return News(id=self._told, event=event)

    def _above(self, button: str, to: str | None, progress: Progress) -> str | None:
        """The message under which the button was pressed: that of the step, else the newest that has it."""
        sent = [
            step.name
            for step in ir.actions(self._automation.do)
            if isinstance(step, ir.SendMessageStep)
            and isinstance(step.message, ir.TemplateMessage)
            and any(each.id == button for each in step.message.buttons)
            and step.name in progress.outcomes
        ]
        if not sent:
            return None
        newest = max(sent, key=lambda name: progress.outcomes[name].turn)
        found = progress.outcomes[to if to in sent and to is not None else newest].receipt.get("message_id")
        return found if isinstance(found, str) else None

    def _who(self, to: str | None, deal: Deal, progress: Progress) -> Contact:
        """Whom the step has written to; without one the deal's main contact."""
        sent = progress.outcomes.get(to or "")
        wrote_to = None if sent is None else sent.receipt.get("contact_id")
        return next((each for each in deal.contacts if each.id == wrote_to), deal.main_contact or _NOBODY)
