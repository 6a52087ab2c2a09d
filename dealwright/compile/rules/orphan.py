"""DW210: a definition that is in no account, so that it never runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.sources import Source, called

_MADE: Final = {"Automation": "automation", "Account": "account"}
_LISTS: Final = {"automation": "automations", "pipeline": "pipelines"}


def _look(subject: Subject) -> Iterator[Spot]:
    if not subject.outline.complete:
        # An account that could not be loaded might list it: only what is lost by how it is written is told.
        for each in subject.sources.values():
            yield from _lost(each)
        return
    if not subject.outline.of("account"):
        # That there is none is told by the loader.
        return
    for definition in subject.outline.definitions:
        source = subject.sources.get(definition.where.file)
        if definition.listed or source is None:
            continue
        name, why = _binding(source, definition.where.line)
        if definition.kind == "account":
            message = f"the account {definition.key!r} has no name in its file, so it is not used"
            hint = why or f"write {definition.key.replace('-', '_')} = Account(...)"
        else:
            message = f"the {definition.kind} {definition.key!r} is in no account: it is off"
            hint = why or f"add {name or 'it'} to {_LISTS[definition.kind]}=[...] of the account, or take it out"
        yield Spot(path=definition.where.file, line=definition.where.line, message=message, hint=hint)


def _lost(source: Source) -> Iterator[Spot]:
    """Yield definitions that a comma, a second use of their name or no name takes away, as the file is written."""
    for statement in source.tree.body if source.tree is not None else ():
        match statement:
            case ast.Expr(value=ast.Call() as made):
                pass
            case ast.Assign(value=ast.Tuple(elts=[ast.Call() as made]) | (ast.Call() as made)):
                pass
            case _:
                continue
        name, why = _binding(source, statement.lineno)
        if called(made) in _MADE and why and not _is_last(source, name, statement):
            message = f"the {_MADE[called(made)]} {name or 'written here'} is lost"
            yield Spot(path=source.path, line=statement.lineno, message=message, hint=why)


def _is_last(source: Source, name: str, statement: ast.Assign | ast.Expr) -> bool:
    """Say whether the name is given to several, and this is the one that keeps it."""
    several = [each for each in _assigned(source) for target in each.targets if _is_name(target, name)]
    return len(several) > 1 and several[-1] is statement and not isinstance(statement.value, ast.Tuple)


def _is_name(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and target.id == name


def _binding(source: Source, line: int) -> tuple[str, str]:
    """Return the name that the definition on the line is given, and what is wrong with how it is given."""
    for statement in source.tree.body if source.tree is not None else ():
        if not statement.lineno <= line <= (statement.end_lineno or 0):
            continue
        match statement:
            case ast.ClassDef(name=name):
                return name, ""
            case ast.Expr():
                return "", "it is given no name: write name = Automation(...), and list the name"
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Tuple()):
                return name, "there is a comma after it, which makes a tuple of it: take the comma out"
            case ast.Assign(targets=[ast.Name(id=name)]) if _bound_again(source, name) > 1:
                return name, f"the name {name} is given to something else in this file: give each a name of its own"
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call()):
                return name, ""
    return "", ""


def _bound_again(source: Source, name: str) -> int:
    return sum(_is_name(target, name) for node in _assigned(source) for target in node.targets)


def _assigned(source: Source) -> Iterator[ast.Assign]:
    """Yield what gives names of the file; a name in a class or a function is another one."""
    todo: list[ast.AST] = list(source.tree.body if source.tree is not None else ())
    while todo:
        node = todo.pop(0)
        if isinstance(node, ast.Assign):
            yield node
        elif not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.expr):
            todo[:0] = ast.iter_child_nodes(node)


RULE: Final = Rule(
    code="DW210",
    severity="error",
    title="a definition is in no account",
    reason=(
        "What no account lists is off, and nobody sees that it is. A comma at the end of a line makes a tuple of a "
        "rule, a name used twice loses the first one, and a rule written into no name is lost at once."
    ),
    bad="""
greet = Automation(
    key="greet",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)

acme = Account("acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[])
""",
    good="""
greet = Automation(
    key="greet",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)

acme = Account("acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[greet])
""",
    look=_look,
)
