"""The texts of steps, and the facts in them that nothing stands in for when they are unset."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir

_GUARDED: Final = re.compile(r"\{%-?\s*(?:if|for)\b.*?\{%-?\s*end(?:if|for)\s*-?%\}", re.DOTALL)
_BARE: Final = re.compile(r"\{\{-?\s*([^\W\d][\w.]*)\s*(?:\|[^}]*)?-?\}\}")


def unguarded(source: str) -> str:
    """Return what a text always says: without what stands inside of `if` and `for`."""
    return _GUARDED.sub("", source)


def bodies_of(step: ir.SendMessageStep) -> Iterator[ir.Body]:
    """Yield every body of a message, and of what goes in its place."""
    yield from step.message.bodies
    if isinstance(step.message, ir.FreeMessage) and step.message.outside_window is not None:
        yield from step.message.outside_window.bodies


def texts_of(step: ir.Step) -> Iterator[str]:
    """Yield the texts of a step that people read."""
    for value in _expressions(step):
        match value:
            case ir.TemplateText(source=text) | ir.TextValue(value=text):
                yield text


def bare_paths(step: ir.Step) -> Iterator[str]:
    """Yield the facts that the step writes as they are: alone in `{{ }}`, outside of `if`, or as a field."""
    for value in _expressions(step):
        match value:
            case ir.TemplateText(source=text):
                yield from _BARE.findall(unguarded(text))
            case ir.Ref(path=path):
                yield path


def _expressions(step: ir.Step) -> Iterator[ir.Expression | None]:
    match step:
        case ir.SetTaskStep():
            yield step.text
        case ir.AddNoteStep():
            yield step.text
        case ir.NotifyStep():
            yield step.text
        case ir.AskStep():
            yield step.question
        case ir.CreateDealStep():
            yield step.title
        case ir.UpdateDealStep():
            yield step.changes.get("title")
        case ir.CreateContactStep() | ir.CreateRecordStep():
            yield from step.fields.values()
        case ir.UpdateContactStep() | ir.UpdateCompanyStep() | ir.UpdateRecordStep():
            yield from step.changes.values()
        case ir.SendEmailStep():
            mails = step.by_language or (step,)
            yield from (text for each in mails for text in (each.subject, each.text, each.html))
        case ir.SendMessageStep():
            yield from (body.text for body in bodies_of(step))
