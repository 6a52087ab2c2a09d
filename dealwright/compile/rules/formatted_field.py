"""DW212: a field in an f-string, str(), format(), `%` or `+`: it has no text yet."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from dealwright.compile.fields_seen import Fields, field_names, on_classes
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.sources import Source, called

_TEXTS: Final = frozenset({"str", "format", "repr"})


def _look(subject: Subject) -> Iterator[Spot]:
    roots = field_names(subject.sources.values())
    kinds = on_classes(subject.sources.values())
    for source in subject.sources.values():
        fields = Fields(roots, kinds)
        for node, inner in _texts(source):
            if fields.is_field(inner):
                yield Spot(
                    path=source.path,
                    line=node.lineno,
                    column=node.col_offset + 1,
                    message=f"{ast.unparse(inner)} has no text yet: no deal is looked at while the file is read",
                    hint=_hint(inner, fields),
                )


def _hint(inner: ast.expr, fields: Fields) -> str:
    """What to write instead: what hangs on a class is spelled by what it is of in texts."""
    if any(isinstance(each, ast.Call | ast.BinOp) for each in ast.walk(inner)):
        return "a text names facts alone: write it to a field with update_deal(...), and name that field in the text"
    place, _, rest = ast.unparse(inner).partition(".")
    spelled = {"Record": "record", "OutsideEvent": "event.data"}.get(fields.kind_of(place), place)
    return f'write "{{{{ {spelled}.{rest} }}}}" in a plain text, without f'


def _texts(source: Source) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield what makes a text, with each expression that goes into it."""
    for text in source.nodes(ast.JoinedStr):
        for value in text.values:
            if isinstance(value, ast.FormattedValue):
                yield text, value.value
    for call in source.nodes(ast.Call):
        if called(call) in _TEXTS:
            for given in (*call.args, *(keyword.value for keyword in call.keywords)):
                yield call, given
    for sum_ in source.nodes(ast.BinOp):
        if isinstance(sum_.op, ast.Add | ast.Mod):
            sides = (sum_.left, sum_.right)
            if any(map(_is_text, sides)):  # numbers and lengths of time are added to fields
                right = sum_.right
                inner = right.elts if isinstance(right, ast.Tuple) else [right]
                for each in (sum_.left, *inner):
                    yield sum_, each


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


RULE: Final = Rule(
    code="DW212",
    severity="error",
    title="a field is put into a text by Python",
    reason=("A field has no value while the file is read. In a plain text, { deal.title } is filled in for each deal."),
    bad="""
ask = Automation(
    key="ask",
    on=deal_created(in_=Sales),
    do=[set_task("call", text=f"Call about {deal.title}", due=hours(1))],
)
""",
    good="""
ask = Automation(
    key="ask",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    look=_look,
    silenceable=False,
)
