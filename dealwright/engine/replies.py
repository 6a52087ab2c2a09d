"""Replies: which messages of a contact answer which of an execution's own, and what the last of them said. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.engine.records import Answer, News, Progress
from dealwright.language.facts import Reply
from dealwright.model.events import Event, MessageReceived

_LONGEST: Final = 4_096
"""Characters of an answer that are remembered; channels with longer messages are cut here."""


class Written(msgspec.Struct, frozen=True):
    """What a step writes to a contact: by which channel, and which template (empty: none)."""

    via: str
    template: str = ""


def written_by(automation: ir.Automation) -> dict[str, Written]:
    """Return what the automation's steps write to contacts, by step."""
    found = {}
    for step in ir.actions(automation.do):
        match step:
            case ir.SendMessageStep(message=ir.TemplateMessage(name=template)):
                found[step.name] = Written(step.via, template)
            case ir.SendMessageStep():
                found[step.name] = Written(step.via)
            case ir.SendEmailStep():
                found[step.name] = Written("email")
    return found


def answers(event: Event, step: str, progress: Progress, written: Mapping[str, Written]) -> bool:
    """Say whether the event is an answer to the message of a step: it came after it, in its conversation.

    A message that says itself what it answers answers nothing else; but a template that was sent twice is one.
    """
    if not isinstance(event, MessageReceived) or step not in written:
        return False
    sent, message = progress.outcomes.get(step), event.message
    if sent is None or sent.status != "sent" or message.via != written[step].via:
        return False
    if message.reply_to is None:
        # What was not written into a conversation does not say to whom it went: any contact of the deal may answer.
        return sent.receipt.get("contact_id", event.contact.id) == event.contact.id
    template = written[step].template
    alike = [step, *(name for name, each in written.items() if template and each.template == template)]
    ids = [each.receipt.get("message_id") for name in alike if (each := progress.outcomes.get(name)) is not None]
    return message.reply_to in ids


def noted(progress: Progress, news: Iterable[News], written: Mapping[str, Written]) -> Progress:
    """Return the progress with the answers among the news remembered, the newest to each step."""
    found = dict(progress.replies)
    for item in news:
        if not isinstance(item.event, MessageReceived):
            continue
        message = item.event.message
        for step, each in written.items():
            known = found.get(step)
            if (known is None or known.event < item.id) and answers(item.event, step, progress, written):
                text = message.text if len(message.text) <= _LONGEST else f"{message.text[: _LONGEST - 1]}…"
                found[step] = Answer(template=each.template, text=text, button=message.button or "", event=item.id)
    return progress if found == progress.replies else msgspec.structs.replace(progress, replies=found)


def unused(progress: Progress, to: str | None) -> Answer | None:
    """Return the oldest answer (to that step, or to any) that has ended no wait yet."""
    waiting = [each for step, each in progress.replies.items() if not each.used and (to is None or step == to)]
    return min(waiting, key=lambda each: each.event, default=None)


def used(progress: Progress, event: int) -> Progress:
    """Return the progress with the answers that an event gave marked: one answer ends one wait."""
    kept = {
        step: msgspec.structs.replace(each, used=True) if each.event == event else each
        for step, each in progress.replies.items()
    }
    return msgspec.structs.replace(progress, replies=kept) if kept else progress


def last(progress: Progress) -> Reply | None:
    """Return what the last answer said."""
    newest = max(progress.replies.values(), key=lambda each: each.event, default=None)
    return None if newest is None else Reply(text=newest.text, button=newest.button)


def pressed(progress: Progress) -> dict[str, str]:
    """Return the button of the newest answer to each template; empty if that was in words."""
    newest: dict[str, Answer] = {}
    for each in progress.replies.values():
        if each.template and (each.template not in newest or newest[each.template].event < each.event):
            newest[each.template] = each
    return {template: each.button for template, each in newest.items()}
