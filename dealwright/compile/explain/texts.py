"""What a step writes, in words: literals, facts, and texts whose blanks are named instead of spelled as paths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from jinja2 import nodes

from dealwright.compile.explain.names import Names
from dealwright.compile.explain.tongue import harmless
from dealwright.language.templates import parsed

_FILTERS: Final = {
    "upper": "fill.upper", "lower": "fill.lower", "truncate": "fill.shortened", "date": "fill.day", "time": "fill.time",
    "money": "fill.money",
}  # fmt: skip
"""Filters that change what is read; the others only tidy up."""


def filled(source: str, names: Names) -> str:
    """Return the template with its blanks named: `Call ‹the name of the main contact›`."""
    tree = parsed(source)
    return _escaped(source) if tree is None else "".join(_parts(tree.body, names))


def _escaped(text: str) -> str:
    return "\n".join(harmless(line) for line in text.split("\n"))


def _parts(body: Sequence[nodes.Node], names: Names) -> Iterator[str]:
    for node in body:
        match node:
            case nodes.TemplateData():
                yield _escaped(node.data)
            case nodes.Output():
                yield from _parts(node.nodes, names)
            case nodes.If():
                yield f"‹{'; '.join(_ways(node, names))}›"
            case nodes.For():
                inner = "".join(_parts(node.body, names))
                yield f"‹{names.tongue.say('fill.each', values=_value(node.iter, names), then=inner)}›"
            case _:
                yield f"‹{_value(node, names)}›"


def _ways(node: nodes.If, names: Names) -> Iterator[str]:
    for way in (node, *node.elif_):
        then = "".join(_parts(way.body, names))
        yield names.tongue.say("fill.when", test=_test(way.test, names), then=then)
    if node.else_:
        yield names.tongue.say("fill.else", then="".join(_parts(node.else_, names)))


def _value(node: nodes.Node, names: Names) -> str:
    tongue = names.tongue
    match node:
        case nodes.Const(value=str(text)):
            return tongue.quoted(text)
        case nodes.Const(value=value):
            return harmless(str(value))
        case nodes.Or():
            return tongue.say("fill.or", first=_value(node.left, names), second=_value(node.right, names))
        case nodes.CondExpr():
            otherwise = _value(node.expr2, names) if node.expr2 is not None else ""
            then = _value(node.expr1, names)
            return tongue.say("fill.if", then=then, test=_test(node.test, names), otherwise=otherwise)
        case nodes.Filter():
            inner = _value(node.node, names) if node.node is not None else ""
            return tongue.say(_FILTERS[node.name], value=inner) if node.name in _FILTERS else inner
        case nodes.Name() | nodes.Getattr():
            return _named(_path(node), names)
    return _test(node, names)


def _test(node: nodes.Node, names: Names, *, holds: bool = True) -> str:
    tongue = names.tongue
    not_ = "" if holds else ".not"
    match node:
        case nodes.Not():
            return _test(node.node, names, holds=not holds)
        case nodes.And() | nodes.Or():
            sides = [_test(side, names, holds=holds) for side in (node.left, node.right)]
            return tongue.all_of(sides) if isinstance(node, nodes.And) is holds else tongue.one_of(sides)
        case nodes.Compare():
            right = node.ops[0]
            op = "==" if (right.op == "eq") is holds else "!="
            return tongue.say(f"if.compare.{op}", field=_value(node.expr, names), value=_value(right.expr, names))
    return tongue.say(f"if.is_set{not_}", field=_value(node, names))


def _named(path: str, names: Names) -> str:
    """Return the fact; the variable of a loop stands for itself."""
    return names.field(path) if "." in path else harmless(path)


def _path(node: nodes.Node) -> str:
    return f"{_path(node.node)}.{node.attr}" if isinstance(node, nodes.Getattr) else str(getattr(node, "name", ""))
