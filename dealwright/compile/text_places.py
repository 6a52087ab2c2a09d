"""Where the bodies of messages stand in an author's file: a dictionary of texts is many lines below its name."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

from dealwright.compile.sources import MAX_FILE, content
from dealwright.language.origin import Origin
from dealwright.language.texts import Body


def place_of(body: Body, line: int = 1) -> Origin:
    """Return where a body was written, or a line of it that lies in a file of its own."""
    if body.in_file:
        return Origin(body.origin.file, line)
    lines = _lines(body.origin.file).get(body.text, ())
    # What is written twice in one file is told where it stands next below the definition's first line.
    return Origin(body.origin.file, min((each for each in lines if each >= body.origin.line), default=body.origin.line))


@lru_cache(maxsize=64)
def _lines(file: str) -> dict[str, list[int]]:
    """Every text of a Python file, with the lines it begins on."""
    try:
        data = content(Path(file))
        tree = ast.parse(data) if len(data) <= MAX_FILE else None
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, list[int]] = {}
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.setdefault(node.value, []).append(node.lineno)
    return found
