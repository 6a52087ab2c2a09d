"""The source files of a company, as the rules that read Python see them: lines, and the syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar

_Node = TypeVar("_Node", bound=ast.AST)
_MAX: Final = 1_000_000
_BREAK: Final = re.compile(r"\r\n|\r|\n")


def lines_of(text: str) -> list[str]:
    """Return the lines as Python counts them: no other character ends one."""
    return _BREAK.split(text)


class Source:
    """One file. Its tree is parsed when it is asked for, and walked once."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.lines = lines_of(text)

    @cached_property
    def tree(self) -> ast.Module | None:
        """The syntax tree; None if the file is no Python, which the loader tells."""
        try:
            return ast.parse(self.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None

    @cached_property
    def _nodes(self) -> dict[type[ast.AST], list[ast.AST]]:
        kept: dict[type[ast.AST], list[ast.AST]] = {}
        for node in ast.walk(self.tree) if self.tree is not None else ():
            kept.setdefault(type(node), []).append(node)
        return kept

    def nodes(self, kind: type[_Node]) -> list[_Node]:
        """Return every node of one kind."""
        return self._nodes.get(kind, [])  # type: ignore[return-value]

    @cached_property
    def calls(self) -> dict[int, list[ast.Call]]:
        """The calls that begin on a line."""
        found: dict[int, list[ast.Call]] = {}
        for call in self.nodes(ast.Call):
            found.setdefault(call.lineno, []).append(call)
        return found

    def call(self, line: int, name: str) -> ast.Call | None:
        """Return the call of that name on that line."""
        return next((call for call in self.calls.get(line, ()) if called(call) == name), None)


def called(call: ast.Call) -> str:
    """Return the name of what is called, without what stands before its last dot."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def argument(call: ast.Call, name: str) -> ast.expr | None:
    """Return the value of a keyword of the call."""
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def read(root: Path, files: Iterable[str]) -> dict[str, Source]:
    """Return the sources of files that can be read; what cannot is the loader's to tell."""
    found = {}
    for file in files:
        try:
            path = root / file
            if path.stat().st_size <= _MAX:
                found[file] = Source(file, path.read_bytes().decode("utf-8-sig"))
        except (OSError, UnicodeDecodeError):
            continue
    return found
