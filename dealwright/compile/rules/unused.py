"""DW236: a definition that nothing uses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.sources import Source, called

_MADE: Final = {
    "setting": "setting",
    "Role": "role",
    "Template": "template",
    "WhatsAppTemplate": "template",
    "Segment": "segment",
    "Criteria": "criteria",
    "Message": "message",
    "EmailText": "e-mail",
}


def _look(subject: Subject) -> Iterator[Spot]:
    sources = list(subject.sources.values())
    if any(source.tree is None for source in sources):
        return  # what cannot be read might use anything
    taken = {name for source in sources for name in _taken(source)}
    for source in sources:
        read = _read(source)
        for name, what, line in _defined(source):
            if name not in read and name not in taken:
                yield Spot(
                    path=source.path,
                    line=line,
                    message=f"nothing uses {name}: it is {what} that changes nothing",
                    hint="use it where it was meant, or take it out",
                )


def _defined(source: Source) -> Iterator[tuple[str, str, int]]:
    """Yield what the file defines that does nothing by itself: its name, what it is, and its line."""
    assert source.tree is not None
    for statement in source.tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if called(call) in _MADE:
                yield name, _one(_MADE[called(call)]), statement.lineno
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as call) if called(call) in _MADE:
                yield name, _one(_MADE[called(call)]), statement.lineno
            case ast.ClassDef(name=name, bases=bases) if any(_named(base) == "OutsideEvent" for base in bases):
                yield name, "an event from outside", statement.lineno


def _named(given: ast.expr) -> str:
    return given.attr if isinstance(given, ast.Attribute) else given.id if isinstance(given, ast.Name) else ""


def _one(what: str) -> str:
    if what == "criteria":
        return what
    return f"{'an' if what[0] in 'aeio' else 'a'} {what}"


def _read(source: Source) -> set[str]:
    """Return every name that the file reads."""
    return {name.id for name in source.nodes(ast.Name) if isinstance(name.ctx, ast.Load)}


def _taken(source: Source) -> Iterator[str]:
    """Yield the names that the file reads of other files; any part of anything may be one of them."""
    read = _read(source)
    for part in source.nodes(ast.Attribute):
        yield part.attr
    for taken in source.nodes(ast.ImportFrom):
        if taken.level == 0 and taken.module == "dealwright":
            continue
        for alias in taken.names:
            if alias.name == "*":
                yield from read
            elif (alias.asname or alias.name) in read:
                yield alias.name


RULE: Final = Rule(
    code="DW236",
    severity="warning",
    title="nothing uses a definition",
    reason=(
        "A setting that no rule reads can be changed by everybody, and nothing happens; a role of which nobody is "
        "picked, a template, message or e-mail that nothing sends and an event from outside that nothing answers are "
        "there for nothing. Mostly another one was named where this one was meant."
    ),
    bad="""
large = setting("large-deal", Money, default=Money(10_000, "USD"))
big = Automation(
    key="big",
    on=deal_created(in_=Sales),
    when=[deal.amount > 10_000],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    good="""
large = setting("large-deal", Money, default=Money(10_000, "USD"))
big = Automation(
    key="big",
    on=deal_created(in_=Sales),
    when=[deal.amount > large],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    look=_look,
)
