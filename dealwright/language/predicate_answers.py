"""What a predicate returns on each of its ways: yes, no or nothing, and no number, text or date."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from typing import Final

_MAKE: Final = frozenset(
    {
        "abs", "dict", "divmod", "enumerate", "filter", "float", "frozenset", "int", "len", "list", "map", "range",
        "reversed", "round", "set", "sorted", "str", "sum", "tuple", "zip",
    }
)  # fmt: skip
"""Python's own functions that never say yes or no."""

_PARTS: Final = frozenset(
    {"year", "month", "day", "hour", "minute", "second", "microsecond", "days", "seconds", "numerator", "denominator"}
)
"""What dates, moments, times between them and numbers have: numbers."""

_GIVE: Final = frozenset(
    {
        "casefold", "ctime", "date", "isocalendar", "isoformat", "isoweekday", "lower", "lstrip", "quantize", "rstrip",
        "split", "splitlines", "strftime", "strip", "time", "timestamp", "title", "toordinal", "total_seconds", "upper",
        "weekday",
    }
)  # fmt: skip
"""What dates, moments and texts are asked for: numbers, texts and dates."""

_RECKON: Final = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
_NEVER: Final = (
    ast.JoinedStr, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
    ast.Lambda,
)  # fmt: skip


def neither(tree: ast.FunctionDef, own: Collection[str], types: Mapping[str, str]) -> str:
    """Return what the function returns on one of its ways that is certainly neither yes, no nor None; empty if nothing.

    `own` are names that mean something else in its file than in Python; `types` are those of the facts, by path.
    """
    facts = tree.args.args[0].arg if tree.args.args else tree.args.posonlyargs[0].arg
    given = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    given |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    ways = (way for value in _returned(tree.body) for way in _ways(value))
    known = {} if facts in given else types
    return next((ast.unparse(way) for way in ways if _is_neither(way, {*own, *given}, facts, known)), "")


def _returned(body: list[ast.stmt]) -> Iterator[ast.expr]:
    """Yield what the function returns; functions inside of it return what is their own."""
    nodes: list[ast.AST] = list(reversed(body))
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value
        elif not isinstance(node, ast.FunctionDef | ast.Lambda):
            nodes += reversed(list(ast.iter_child_nodes(node)))


def _ways(value: ast.expr) -> Iterator[ast.expr]:
    """Yield what an expression comes to; of `and` and `or` the last part, which the others may let through."""
    match value:
        case ast.IfExp(body=one, orelse=other):
            yield from (*_ways(one), *_ways(other))
        case ast.BoolOp(values=values):
            yield from _ways(values[-1])
        case ast.NamedExpr(value=inner):
            yield from _ways(inner)
        case _:
            yield value


def _is_neither(value: ast.expr, own: Collection[str], facts: str, types: Mapping[str, str]) -> bool:
    match value:
        case ast.Constant(value=constant):
            return constant is not None and not isinstance(constant, bool)
        case ast.BinOp(op=op):
            return isinstance(op, _RECKON)
        case ast.UnaryOp(op=op):
            return not isinstance(op, ast.Not)
        case ast.Attribute(attr=name):
            return name in _PARTS
        case ast.Call(func=ast.Name(id=name)):
            return name in _MAKE and name not in own
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get"), args=[ast.Constant(value=path)]):
            return name == facts and types.get(str(path), "flag") != "flag"
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in _GIVE
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=path)):
            return name == facts and types.get(str(path), "flag") != "flag"
    return isinstance(value, _NEVER)
