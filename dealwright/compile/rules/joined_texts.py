"""DW213: two texts of a list become one because the comma between them is missing."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.sources import Source, called

_SIDE_BY_SIDE: Final = re.compile(r"""["']\s*(\\\s*|\#.*\s*)*[rRbBuUfF]{0,2}["']""")


def _look(subject: Subject) -> Iterator[Spot]:
    for source in subject.sources.values():
        for element in _elements(source):
            if isinstance(element, ast.Constant | ast.JoinedStr) and _is_joined(source, element):
                yield Spot(
                    path=source.path,
                    line=element.lineno,
                    column=element.col_offset + 1,
                    message="two texts stand side by side in a list: Python joins them to one",
                    hint="write a comma between them, or parentheses around a text that is meant to be one",
                )


def _elements(source: Source) -> Iterator[ast.expr]:
    """Yield what stands in lists, and among the values of a call."""
    lists: list[ast.List | ast.Tuple | ast.Set] = [*source.nodes(ast.List), *source.nodes(ast.Tuple)]
    for several in (*lists, *source.nodes(ast.Set)):
        yield from several.elts
    for call in source.nodes(ast.Call):
        # The first text of a step is its name, never a list's; has(...) and is_in(...) take several.
        if called(call) in ("has", "is_in", "add_tags", "remove_tags"):
            yield from call.args


def _is_joined(source: Source, element: ast.expr) -> bool:
    if isinstance(element, ast.Constant) and not isinstance(element.value, str | bytes):
        return False
    last, end = element.end_lineno or element.lineno, element.end_col_offset or 0
    if last == element.lineno and end - element.col_offset <= 5:
        return False
    text = _segment(source, element.lineno, element.col_offset, last, end)
    if _SIDE_BY_SIDE.search(text) is None:
        return False
    before = source.lines[element.lineno - 1].encode()[: element.col_offset].decode().rstrip()
    if not before and element.lineno > 1:
        before = source.lines[element.lineno - 2].rstrip()
    after = source.lines[last - 1].encode()[end:].decode().lstrip()
    if not after and last < len(source.lines):
        after = source.lines[last].lstrip()
    if before.endswith("(") and after.startswith(")") and not _calls(before):
        return False
    try:
        tokens = tokenize.generate_tokens(io.StringIO(f"({text})").readline)
        return sum(token.type == tokenize.STRING for token in tokens) > 1
    except (tokenize.TokenError, SyntaxError):
        return False


def _calls(before: str) -> bool:
    """Say whether the parenthesis that ends the text is that of a call."""
    rest = before[:-1].rstrip()
    return bool(rest) and (rest[-1].isalnum() or rest[-1] in "_)]")


def _segment(source: Source, first: int, start: int, last: int, end: int) -> str:
    lines = [line.encode() for line in source.lines[first - 1 : last]]
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    return b"\n".join(lines).decode()


RULE: Final = Rule(
    code="DW213",
    severity="error",
    title="two texts in a list are joined by a missing comma",
    reason=(
        "Python joins two texts that stand side by side. In a list of reasons, tags or values, a forgotten comma "
        "makes one of two, and says nothing. Where a long text is meant, parentheses around it say so."
    ),
    bad="""
spam = Automation(
    key="spam",
    on=deal_created(in_=Sales),
    when=[deal.tags.has("spam" "robot")],
    do=[set_task("look", text="Look at {{ deal.title }}", due=hours(1))],
)
""",
    good="""
spam = Automation(
    key="spam",
    on=deal_created(in_=Sales),
    when=[deal.tags.has("spam", "robot")],
    do=[set_task("look", text="Look at {{ deal.title }}", due=hours(1))],
)
""",
    look=_look,
)
