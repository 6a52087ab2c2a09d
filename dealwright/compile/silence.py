"""Silencing: `# dealwright: ignore[DW101] because ...` on the finding's line, or on the line above it.

On the first line of a statement it also holds for the lines below. It needs a reason; one that silences nothing, or
names a code that is none, is a finding itself. What keeps files from being used cannot be silenced.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from dealwright.compile.findings import Finding
from dealwright.compile.sources import Source

_MARK: Final = "dealwright:"
_FORM: Final = re.compile(r"#\s*dealwright:\s*ignore\s*\[([^\]]*)\]\s*(.*)", re.IGNORECASE)
_REASON: Final = re.compile(r"because\b\W*(.*)", re.IGNORECASE)
_LIKE: Final = "# dealwright: ignore[DW101] because the customers call it so"


@dataclass(slots=True)
class _Silence:
    """One comment: which codes it silences, on which lines, and which of them it has silenced."""

    path: str
    line: int
    column: int
    codes: tuple[str, ...]
    reason: str
    lines: range
    used: set[str] = field(default_factory=set)


def silenced(
    findings: Iterable[Finding],
    sources: Mapping[str, Source],
    rules: Collection[str],
    codes: Collection[str],
    *,
    unjudged: Collection[str] = (),
) -> list[Finding]:
    """Return the findings that are left, and what is wrong with the comments.

    `rules` are the codes that can be silenced, `codes` all that there are; whether those of `unjudged` are found here
    is not known.
    """
    left: list[Finding] = []
    comments: dict[str, list[_Silence]] = {}
    for path, source in sources.items():
        if _MARK in source.text:
            kept, wrong = _comments(source)
            comments[path] = kept
            left.extend(wrong)
    for finding in findings:
        matching = [
            each
            for each in comments.get(finding.path, ())
            if finding.code in each.codes and finding.code in rules and finding.line in each.lines
        ]
        for each in matching:
            each.used.add(finding.code)
        if not matching:
            left.append(finding)
    for silence in (each for several in comments.values() for each in several):
        silence.used.update(unjudged)
        left.extend(_wrong(silence, rules, codes))
    return left


def _comments(source: Source) -> tuple[list[_Silence], list[Finding]]:
    kept: list[_Silence] = []
    wrong: list[Finding] = []
    for line, column, text in _comment_tokens(source):
        if _MARK not in text:
            continue
        form = _FORM.match(text)
        if form is None:
            message = "a comment to dealwright that cannot be read"
            wrong.append(_finding("DW920", source.path, line, column, message, f"write {_LIKE}"))
            continue
        said = _REASON.match(form[2].strip())
        codes = tuple(code.strip().upper() for code in form[1].split(",") if code.strip())
        reason = said[1].strip() if said else ""
        kept.append(_Silence(source.path, line, column, codes, reason, _lines(source, line, column)))
    return kept, wrong


def _comment_tokens(source: Source) -> Iterator[tuple[int, int, str]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.start[1] + 1, token.string
    except (tokenize.TokenError, SyntaxError):
        # The loader tells that it is no Python.
        return


def _lines(source: Source, line: int, column: int) -> range:
    """The lines that a comment is about: its own and, where it stands alone, the next; statements to their end."""
    alone = not source.lines[line - 1][: column - 1].strip()
    first = line
    while alone and first < len(source.lines) and source.lines[first - 1].lstrip().startswith("#"):
        first += 1
    ends = [
        node.end_lineno or node.lineno
        for kind in (ast.Assign, ast.Expr, ast.AnnAssign)
        for node in source.nodes(kind)
        if node.lineno == first
    ]
    return range(line, max([first, *ends]) + 1)


def _wrong(silence: _Silence, rules: Collection[str], codes: Collection[str]) -> Iterator[Finding]:
    here = (silence.path, silence.line, silence.column)
    if not silence.codes:
        yield _finding("DW920", *here, "a silence names no code", f"write {_LIKE}")
    elif not silence.reason:
        named = ", ".join(silence.codes)
        yield _finding("DW920", *here, f"{named} is silenced without a reason", "write because ... behind the bracket")
        return
    for code in silence.codes:
        if code not in codes:
            yield _finding("DW922", *here, f"there is no code {code}", "docs/rules.md lists them", warns=True)
        elif code not in rules:
            message = f"{code} cannot be silenced: what it finds keeps the file from being used"
            yield _finding("DW923", *here, message, "put it right")
        elif code not in silence.used:
            yield _finding("DW921", *here, f"{code} is not found here", "take the silence out", warns=True)


def _finding(code: str, path: str, line: int, column: int, message: str, hint: str, *, warns: bool = False) -> Finding:
    return Finding(
        code=code, path=path, line=line, column=column, message=message, hint=hint,
        severity="warning" if warns else "error",
    )  # fmt: skip
