"""Edits as values, the file that they are made in, and which word was most likely meant."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from dealwright.compile.findings import Finding
from dealwright.compile.near import one_slip
from dealwright.compile.sources import Source

_NEAR: Final = 0.6
_NEARER: Final = 0.75
_MEANT: Final = re.compile(r"did you mean (\w+)\?")


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """Replace the characters from `start` to `end`; `what` says it in words, `of` is the finding that asks for it."""

    start: int
    end: int
    text: str
    what: str
    of: Finding


class Written:
    """One file with its syntax tree, and where in its text the nodes of the tree stand."""

    def __init__(self, source: Source, tree: ast.Module) -> None:
        self.source = source
        self.tree = tree
        self.newline = "\r\n" if "\r\n" in source.text else "\n"
        self._starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", source.text))]

    def at(self, line: int, column: int) -> int:
        """Return the place in the text of a line and of a column in UTF-8 bytes, as the tree counts them."""
        content = self.source.lines[line - 1].encode("utf-8")
        return self._starts[line - 1] + len(content[:column].decode("utf-8"))

    def span(self, node: ast.expr | ast.stmt | ast.alias) -> tuple[int, int]:
        """Return where a node begins and ends in the text."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.at(node.lineno, node.col_offset), self.at(node.end_lineno, node.end_col_offset)

    def nodes(self) -> Iterator[ast.AST]:
        """Yield every node."""
        return ast.walk(self.tree)


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the only candidate that is near, or None if there is none or a choice.

    One that is one slip of the hand away is nearer than those that are more.
    """
    near = difflib.get_close_matches(word, sorted(set(candidates)), n=5, cutoff=_NEAR)
    slipped = [each for each in near if one_slip(word, each)]
    chosen = slipped or near
    return chosen[0] if len(chosen) == 1 else None


def hinted(finding: Finding, wrong: str) -> str | None:
    """What the finding's hint names, if that is near enough to be put in without asking."""
    hint = _MEANT.search(finding.hint)
    if hint is None:
        return None
    near = one_slip(wrong, hint[1]) or difflib.SequenceMatcher(None, wrong, hint[1]).ratio() >= _NEARER
    return hint[1] if near else None
