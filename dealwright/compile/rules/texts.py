"""The texts of steps, and the facts in them that nothing stands in for when they are unset."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir

_GUARDED: Final = re.compile(r"\{%-?\s*(?:if|for)\b.*?\{%-?\s*end(?:if|for)\s*-?%\}", re.DOTALL)
_BARE: Final = re.compile(r"\{\{-?\s*([^\W\d][\w.]*)\s*(?:\|[^}]*)?-?\}\}")


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
                yield from _BARE.findall(_GUARDED.sub("", text))
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
        case ir.CreateContactStep():
            yield from step.fields.values()
        case ir.UpdateContactStep():
            yield from step.changes.values()
        case ir.SendEmailStep():
            yield from (step.subject, step.text, step.html)
