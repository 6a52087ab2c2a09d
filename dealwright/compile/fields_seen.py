"""Which expressions in a file are fields of a deal, and which are conditions on them, told by the syntax alone."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from dealwright.compile.sources import Source, called

_ASKS: Final = frozenset(
    {"is_set", "is_unset", "has", "is_in", "is_open", "is_won", "is_lost", "is_true", "is_false", "any", "all"}
)


_ON_CLASS: Final = frozenset({"OutsideEvent", "Record"})
"""What is extended by classes on which their fields hang themselves."""
_NO_KINDS: Final[Mapping[str, str]] = MappingProxyType({})
_OF_DEAL: Final = frozenset({"contact_as", "records", "where", "total", "least", "greatest"})
"""Methods that give fields of a deal, or what has some."""


def field_names(sources: Iterable[Source]) -> frozenset[str]:
    """Return the names of what holds fields in a company's files: `deal = DealFields()`, events, and `event`."""
    kept = tuple(sources)
    kinds = {"DealFields"}
    for source in kept:
        for made in source.nodes(ast.ClassDef):
            if any(isinstance(base, ast.Name) and base.id in kinds for base in made.bases):
                kinds.add(made.name)
    names = {name for name in ("contact", "event") if any(name in source.text for source in kept)}
    for source in kept:
        for made in source.nodes(ast.ClassDef):
            if any(isinstance(base, ast.Name) and base.id in _ON_CLASS for base in made.bases):
                names.add(made.name)
        for assigned in source.nodes(ast.Assign):
            if isinstance(assigned.value, ast.Call) and called(assigned.value) in kinds:
                names |= {target.id for target in assigned.targets if isinstance(target, ast.Name)}
    return frozenset(names)


def on_classes(sources: Iterable[Source]) -> dict[str, str]:
    """Return the classes on which their fields hang themselves, with what each extends: `OutsideEvent` or `Record`."""
    return {
        made.name: base.id
        for source in sources
        for made in source.nodes(ast.ClassDef)
        for base in made.bases
        if isinstance(base, ast.Name) and base.id in _ON_CLASS
    }


class Fields:
    """Tells fields and conditions by how they are written; `kinds` are the classes on which fields hang themselves."""

    def __init__(self, roots: frozenset[str], kinds: Mapping[str, str] = _NO_KINDS) -> None:
        self._roots = roots
        self._kinds = kinds

    def kind_of(self, name: str) -> str:
        """Return what a class extends on which fields hang; empty if it is none."""
        return self._kinds.get(name, "")

    def is_field(self, node: ast.expr) -> bool:
        """Say whether this is a field: `deal.owner.name`, or `deal.amount * 2`."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
            return self.is_field(node.left) or self.is_field(node.right)
        if not isinstance(node, ast.Attribute | ast.Call):
            return False
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute) or (isinstance(inner, ast.Call) and called(inner) in _OF_DEAL):
            inner = inner.value if isinstance(inner, ast.Attribute) else inner.func
        return isinstance(inner, ast.Name) and inner.id in self._roots

    def is_condition(self, node: ast.expr) -> bool:
        """Say whether this is a condition on a field, or a field where a condition was meant."""
        match node:
            case ast.Compare():
                return any(self.is_field(side) for side in (node.left, *node.comparators))
            case ast.Call(func=ast.Attribute(attr=name, value=asked)):
                return name in _ASKS and self.is_field(asked)
            case ast.BinOp(op=ast.BitAnd() | ast.BitOr()):
                return self.is_condition(node.left) or self.is_condition(node.right)
            case ast.UnaryOp(op=ast.Invert() | ast.Not()):
                return self.is_condition(node.operand)
            case ast.BoolOp():
                return any(map(self.is_condition, node.values))
        return self.is_field(node)
