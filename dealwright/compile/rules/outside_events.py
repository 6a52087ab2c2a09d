"""What the rules about events from outside have in common: each class with who answers it, and what is read of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final, NamedTuple

import msgspec

from dealwright.compile import ir
from dealwright.compile.rules.rule import Subject
from dealwright.language import templates

_TELLS: Final = frozenset({"deal.reference", "deal.contacts.phone", "deal.contacts.email"})
"""What tells one deal from another, beside a company's own fields."""


class Used(NamedTuple):
    """A class of events, where it was written, and the automations that begin with it."""

    event: ir.OutsideEvent
    path: str
    line: int
    answering: tuple[ir.Automation, ...]


def used(subject: Subject) -> Iterator[Used]:
    """Yield every class of events."""
    for account in subject.groups:
        for event in account.outside:
            where = event.where or ir.Where(file="", line=1)
            answering = tuple(each for each in account.automations if _begins_with(each.on, event.key))
            yield Used(event, where.file, where.line, answering)


def makes_nameless(account: ir.Account, event: ir.OutsideEvent) -> bool:
    """Say whether a deal is made for such an event that no later one can tell from others."""
    own = {f"deal.{field.key}" for field in account.deal_fields if field.type in ("text", "number", "phone", "email")}
    match = event.match
    return match is not None and match.if_none == "create" and not any(p.path in _TELLS | own for p in match.by)


def facts_in(value: Any) -> Iterator[str]:
    """Yield the paths of all facts that a part of the IR names, in conditions, values and texts."""
    if isinstance(value, ir.Ref):
        yield value.path
    elif isinstance(value, ir.TemplateText):
        with suppress(templates.TemplateError):  # one that cannot be read is told as that
            yield from templates.paths(value.source)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from facts_in(getattr(value, name))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from facts_in(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from facts_in(each)


def _begins_with(on: ir.Trigger, key: str) -> bool:
    return isinstance(on, ir.OnEventReceived) and on.name == key
