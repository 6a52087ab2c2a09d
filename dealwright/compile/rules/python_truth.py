"""DW211: `and`, `or`, `not`, `in` or a chain of comparisons, where conditions are joined."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from dealwright.compile.fields_seen import Fields, field_names
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.sources import Source

_OPS: Final = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
}
_JOINS: Final = {ast.BitOr: "|", ast.BitAnd: "&"}
_SIGNS: Final = {ast.And: ("and", "&"), ast.Or: ("or", "|")}


def _look(subject: Subject) -> Iterator[Spot]:
    roots = field_names(subject.sources.values())
    for source in subject.sources.values():
        fields = Fields(roots)
        for joined in source.nodes(ast.BoolOp):
            word, sign = _SIGNS[type(joined.op)]
            first, *rest = joined.values
            if word == "or" and fields.is_field(first) and not any(map(fields.is_condition, rest)):
                # `deal.amount or 0 > 5` is read as `deal.amount or (0 > 5)`, and meant otherwise.
                second = rest[0].left if isinstance(rest[0], ast.Compare) else rest[0]
                instead = f"{ast.unparse(first)}.or_({ast.unparse(second)[:60]})"
                hint = f"write {instead}; in a text {{{{ ... or 'there' }}}}"
                yield _spot(source, joined, "`or` behind a field is decided now", hint)
            elif word == "or" and all(map(fields.is_field, joined.values)):
                value = f"{ast.unparse(first)}.or_({ast.unparse(rest[0])[:60]})"
                hint = f"write {value} where a value is meant, (...) | (...) where conditions are"
                yield _spot(source, joined, "`or` between fields is decided now", hint)
            elif any(map(fields.is_condition, joined.values)):
                yield _spot(source, joined, f"`{word}` between conditions is decided now", f"write (...) {sign} (...)")
        for turned in source.nodes(ast.UnaryOp):
            if isinstance(turned.op, ast.Not) and fields.is_condition(turned.operand):
                yield _spot(source, turned, "`not` before a condition is decided now", "write ~(...)")
        for compared in source.nodes(ast.Compare):
            yield from _compared(source, compared, fields)


def _compared(source: Source, compared: ast.Compare, fields: Fields) -> Iterator[Spot]:
    sides = (compared.left, *compared.comparators)
    if not any(map(fields.is_field, sides)):
        return
    if any(isinstance(op, ast.In | ast.NotIn) for op in compared.ops):
        hint = 'write .is_in("a", "b"), or .has("vip") of tags'
        yield _spot(source, compared, "`in` beside a field is decided now", hint)
    elif len(compared.ops) > 1:
        hint = "write two comparisons: (deal.amount > 0) & (deal.amount < 9)"
        message, meant = "a chain of comparisons keeps the last one only", _meant(compared)
        if meant is not None:
            message, hint = "`|` and `&` bind before comparisons: parentheses are missing", f"write {meant}"
        yield _spot(source, compared, message, hint)


def _meant(compared: ast.Compare) -> str | None:
    """How `a > 5 | b > 3` was meant, which Python reads as `a > (5 | b) > 3`; None for a chain."""
    written, left = "", ast.unparse(compared.left)
    for place, (op, right) in enumerate(zip(compared.ops, compared.comparators, strict=True)):
        last = place == len(compared.ops) - 1
        joined = right.op if isinstance(right, ast.BinOp) else None
        if last == isinstance(joined, ast.BitOr | ast.BitAnd):
            return None
        if last or not isinstance(right, ast.BinOp):
            return f"{written}({left} {_OPS[type(op)]} {ast.unparse(right)})"
        written += f"({left} {_OPS[type(op)]} {ast.unparse(right.left)}) {_JOINS[type(right.op)]} "
        left = ast.unparse(right.right)
    return None


def _spot(source: Source, node: ast.expr, message: str, hint: str) -> Spot:
    message = f"{message}, before there is any deal" if message.endswith("now") else message
    return Spot(path=source.path, line=node.lineno, column=node.col_offset + 1, message=message, hint=hint)


RULE: Final = Rule(
    code="DW211",
    severity="error",
    title="a condition is joined with Python words",
    reason=(
        "`and`, `or`, `not`, `in`, `if` and `0 < x < 9` are decided while the file is read, before there is any "
        "deal. Conditions are joined with `&`, `|` and `~`."
    ),
    bad="""
big = Automation(
    key="big",
    on=deal_created(in_=Sales),
    when=[(deal.amount > 1000) and deal.company.is_set()],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    good="""
big = Automation(
    key="big",
    on=deal_created(in_=Sales),
    when=[(deal.amount > 1000) & deal.company.is_set()],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    look=_look,
    silenceable=False,
)
