"""The texts of steps, and the facts in them that nothing stands in for when they are unset."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.language import templates

_GUARDED: Final = re.compile(r"\{%-?\s*(?:if|for)\b.*?\{%-?\s*end(?:if|for)\s*-?%\}", re.DOTALL)
_BARE: Final = re.compile(r"\{\{-?\s*([^\W\d][\w.]*)\s*(?:\|[^}]*)?-?\}\}")
_PASSING: Final = (ir.UpdateContactStep, ir.UpdateCompanyStep, ir.UpdateRecordStep)
"""Steps that change nothing where what they write is unset."""


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
        yield from _bare(value)


def gap_paths(step: ir.Step) -> Iterator[str]:
    """Yield those of them that leave a gap: what a step passes by where it is unset, alone in its value, does not."""
    for value in _expressions(step):
        if not (isinstance(step, _PASSING) and _is_alone(value)):
            yield from _bare(value)


def _bare(value: ir.Expression | None) -> Iterator[str]:
    match value:
        case ir.TemplateText(source=text) if _can_be_read(text):
            yield from _BARE.findall(unguarded(text))
        case ir.Ref(path=path):
            yield path


def _is_alone(value: ir.Expression | None) -> bool:
    match value:
        case ir.TemplateText(source=text):
            return _BARE.fullmatch(text.strip()) is not None
    return isinstance(value, ir.Ref)


def _can_be_read(text: str) -> bool:
    """Say whether what stands inside of `if` and `for` is known: a text that cannot be read is told as that."""
    if "{%" not in text:
        return True
    try:
        templates.paths(text)
    except templates.TemplateError:
        return False
    return True


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
