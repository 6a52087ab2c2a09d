"""The source files of a company, as the rules that read Python see them: lines, and the syntax tree."""

from __future__ import annotations

import ast
import errno
import os
import re
import stat
from collections import defaultdict, deque
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar

_Node = TypeVar("_Node", bound=ast.AST)
MAX_FILE: Final = 1_000_000
"""The largest definition file, in bytes."""

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
        kept: defaultdict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        left: deque[ast.AST] = deque() if self.tree is None else deque((self.tree,))
        while left:  # as ast.walk does, in a third of its time
            node = left.popleft()
            kept[type(node)].append(node)
            for name in node._fields:
                inner = getattr(node, name, None)
                if isinstance(inner, ast.AST):
                    left.append(inner)
                elif isinstance(inner, list):
                    left.extend(each for each in inner if isinstance(each, ast.AST))
        return kept

    def nodes(self, kind: type[_Node]) -> list[_Node]:
        """Return every node of one kind."""
        return self._nodes.get(kind, [])  # type: ignore[return-value]

    @cached_property
    def _calls(self) -> dict[tuple[int, str], ast.Call]:
        found: dict[tuple[int, str], ast.Call] = {}
        for call in self.nodes(ast.Call):
            found.setdefault((call.lineno, called(call)), call)
        return found

    def call(self, line: int, name: str) -> ast.Call | None:
        """Return the call of that name on that line, the outermost one."""
        return self._calls.get((line, name))


def called(call: ast.Call) -> str:
    """Return the name of what is called, without what stands before its last dot."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def span(node: ast.expr) -> tuple[int, int, int | None, int | None]:
    """Return where a node begins and ends, by lines and by columns in bytes, as tracebacks have it too."""
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def argument(call: ast.Call, name: str) -> ast.expr | None:
    """Return the value of a keyword of the call."""
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def content(path: Path) -> bytes:
    """Return what a regular file holds, at most one byte more than is allowed; pipes and devices are not opened.

    Raises:
        OSError: the file cannot be read, or is no regular file.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        # A pipe would be waited for without end, and a device may never come to one.
        raise OSError(errno.EINVAL, "it is no regular file")
    # Where it was put in between, a pipe is not waited for either.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(MAX_FILE + 1)


def read(root: Path, files: Iterable[str]) -> dict[str, Source]:
    """Return the sources of files that can be read; what cannot is the loader's to tell."""
    found = {}
    for file in files:
        try:
            data = content(root / file)
            if len(data) <= MAX_FILE:
                found[file] = Source(file, data.decode("utf-8-sig"))
        except (OSError, UnicodeDecodeError):
            continue
    return found
