"""What stands twice in one list as it is written: conditions, options, stages, tags, fields, triggers."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Final

from dealwright.compile.fields_seen import Fields, field_names
from dealwright.compile.rules.rule import Spot, Subject
from dealwright.compile.sources import Source, called

_LISTS: Final[dict[str, frozenset[str]]] = {
    "Automation": frozenset({"when", "exit_on"}),
    "Segment": frozenset({"in_", "where"}),
    "Stage": frozenset({"required"}),
    "Won": frozenset({"required"}),
    "Lost": frozenset({"required", "reasons"}),
    "Match": frozenset({"by", "in_"}),
    "Template": frozenset({"buttons"}),
    "stage_changed": frozenset({"from_", "to", "in_"}),
    "deal_created": frozenset({"in_"}),
    "deal_updated": frozenset({"fields", "in_"}),
    "contact_updated": frozenset({"fields", "in_"}),
    "record_updated": frozenset({"fields", "in_"}),
    "send_email": frozenset({"cc", "bcc"}),
}
"""Keywords whose lists say each thing once, by what is called."""

_FIRST: Final = {"Criteria": 0, "case": 0, "wait_until": 1}
"""Which place in a call holds such a list, or what stands for one."""

_ROWS: Final = {
    "is_in": 0, "has": 0, "entered": 0, "points": 0, "any": 0, "all": 0, "where": 0, "add_tags": 1, "remove_tags": 1,
}  # fmt: skip
"""Calls that are such lists themselves, and where these begin."""

_SIGNS: Final[dict[type[ast.operator], str]] = {ast.BitOr: "|", ast.BitAnd: "&"}


def said_twice(subject: Subject) -> Iterator[Spot]:
    """Yield what stands in one list twice."""
    roots = field_names(subject.sources.values())
    for source in subject.sources.values():
        for call in source.nodes(ast.Call):
            for where, listed in _lists(call):
                yield from _twice(source, listed, where)
        yield from _joined_twice(source, Fields(roots))


def _lists(call: ast.Call) -> Iterator[tuple[str, Sequence[ast.expr]]]:
    name = called(call)
    for keyword in call.keywords:
        if keyword.arg in _LISTS.get(name, ()) and isinstance(keyword.value, ast.List | ast.Tuple):
            yield f"{keyword.arg}=", keyword.value.elts
    if name in _FIRST and len(call.args) > _FIRST[name]:
        listed = call.args[_FIRST[name]]
        if isinstance(listed, ast.List | ast.Tuple):
            yield f"{name}()", listed.elts
    if name in _ROWS:
        yield f"{name}()", call.args[_ROWS[name] :]


def _twice(source: Source, listed: Sequence[ast.expr], where: str) -> Iterator[Spot]:
    seen: set[str] = set()
    for each in listed:
        if isinstance(each, ast.Starred):
            continue
        # Points for one thing are given once, however many they are.
        said = each.elts[1] if where == "points()" and isinstance(each, ast.Tuple) and len(each.elts) > 1 else each
        written = ast.dump(said)
        if written in seen:
            yield _spot(source, said, f"stands twice in {where}")
        seen.add(written)


def _joined_twice(source: Source, fields: Fields) -> Iterator[Spot]:
    """Yield conditions that are joined with themselves."""
    inner: set[int] = set()
    for joined in source.nodes(ast.BinOp):
        sign = _SIGNS.get(type(joined.op))
        if sign is None or id(joined) in inner:
            continue
        parts: list[ast.expr] = []
        rest: list[ast.expr] = [joined]
        while rest:
            part = rest.pop()
            if isinstance(part, ast.BinOp) and type(part.op) is type(joined.op):
                inner.add(id(part))
                rest += [part.right, part.left]
            else:
                parts.append(part)
        seen: set[str] = set()
        for part in parts:
            if ast.dump(part) in seen and fields.is_condition(part):
                yield _spot(source, part, f"is joined with itself by {sign}")
            seen.add(ast.dump(part))


def _spot(source: Source, node: ast.expr, message: str) -> Spot:
    text = ast.unparse(node)
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    hint = "write what was meant in its place, or take it out"
    return Spot(path=source.path, line=node.lineno, column=node.col_offset + 1, message=f"{shown} {message}", hint=hint)
