"""F-strings of fields put right, as the plain texts that say the same of each deal."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from dealwright.compile.edit import Edit, Written
from dealwright.compile.fields_seen import Fields
from dealwright.compile.findings import Finding

_F_STRING: Final = re.compile(r"""[fF]("{3}|'{3}|"|')(.*)\1""", re.DOTALL)
_HOLE: Final = re.compile(r"\{([^{}]*)\}")


def plain_text(file: Written, finding: Finding, fields: Fields) -> Iterator[Edit]:
    """An f-string of fields, and of nothing else, as the plain text that says the same of each deal."""
    for node in file.nodes():
        if not isinstance(node, ast.JoinedStr) or (node.lineno, node.col_offset + 1) != (finding.line, finding.column):
            continue
        start, end = file.span(node)
        text = _unformatted(file.source.text[start:end], node, fields)
        if text is not None:
            what = "a plain text, in which fields are filled in for each deal"
            yield Edit(start=start, end=end, text=text, what=what, of=finding)


def _unformatted(literal: str, node: ast.JoinedStr, fields: Fields) -> str | None:
    """The literal without its f; None where that might say something else."""
    whole = _F_STRING.fullmatch(literal)
    holes = [each for each in node.values if isinstance(each, ast.FormattedValue)]
    if whole is None or any(mark in whole[2] for mark in ("\\", "{{", "}}", "{%", "{#", whole[1])):
        return None
    if any(each.conversion != -1 or each.format_spec is not None for each in holes):
        return None
    said = _HOLE.findall(whole[2])
    if len(said) != len(holes) or not all(_is_fact(each.value, fields) for each in holes):
        return None
    for written, hole in zip(said, holes, strict=True):
        try:
            same = ast.dump(ast.parse(written.strip(), mode="eval").body) == ast.dump(hole.value)
        except SyntaxError:
            return None
        if not same:
            return None
    made = whole[1] + _HOLE.sub(lambda hole: f"{{{{ {hole[1].strip()} }}}}", whole[2]) + whole[1]
    plain = ast.parse(made, mode="eval").body
    return made if isinstance(plain, ast.Constant) and isinstance(plain.value, str) else None


def _is_fact(node: ast.expr, fields: Fields) -> bool:
    """Say whether the expression is spelt as texts spell the fact: `deal.title`, and not by another name for it."""
    if not fields.is_field(node):
        return False
    inner = node
    while isinstance(inner, ast.Attribute):
        inner = inner.value
    return isinstance(inner, ast.Name) and inner.id in ("deal", "event")
