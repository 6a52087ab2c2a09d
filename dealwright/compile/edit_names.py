"""Names put right: words that are not imported, and words, names and fields with a slip in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

import dealwright
from dealwright.compile.edit import Edit, Written, hinted, nearest
from dealwright.compile.findings import Finding

RENAMED: Final = {
    "add_task": "set_task",
    "create_task": "set_task",
    "deal_moved": "stage_changed",
    "send_mail": "send_email",
    "stage_entered": "entered",
}
"""Words as other systems, or drafts of this language, call them."""


def no_name(file: Written, finding: Finding, told: re.Match[str]) -> Iterator[Edit]:
    """A name that is not there: import it from dealwright, or write the one that was meant."""
    name = told[1]
    bound = _bound(file)
    if name in dealwright.__all__:
        loaded = [node.id for node in file.nodes() if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
        missing = sorted({each for each in loaded if each in dealwright.__all__ and each not in bound})
        if missing:
            yield _imported(file, missing, finding)
        return
    meant = RENAMED.get(name) or nearest(name, [*dealwright.__all__, *bound])
    if meant is not None and name not in bound:
        yield from _renamed(file, name, meant, finding)


def no_import(file: Written, finding: Finding, told: re.Match[str]) -> Iterator[Edit]:
    """A word that dealwright does not have: the one that was meant."""
    name = told[1]
    meant = RENAMED.get(name) or nearest(name, dealwright.__all__)
    for node in file.nodes():
        if meant is None or not isinstance(node, ast.ImportFrom) or node.module != "dealwright" or node.level:
            continue
        for alias in node.names:
            if alias.name == name:
                start, _ = file.span(alias)
                what = f"{name} is called {meant}"
                yield Edit(start=start, end=start + len(name), text=meant, what=what, of=finding)
                if alias.asname is None:
                    yield from _renamed(file, name, meant, finding)


def no_field(file: Written, finding: Finding, told: re.Match[str]) -> Iterator[Edit]:
    """A field that is not there: the one that was meant, if it stands on the line once and is near enough."""
    wrong, meant = told[1], hinted(finding, told[1])
    nodes = [node for node in file.nodes() if isinstance(node, ast.Attribute) and node.attr == wrong]
    nodes = [node for node in nodes if node.end_lineno == finding.line]
    if finding.code == "DW912" and meant is not None and len(nodes) == 1:
        _, end = file.span(nodes[0])
        what = f"the field is called {meant}"
        yield Edit(start=end - len(wrong), end=end, text=meant, what=what, of=finding)


def _renamed(file: Written, name: str, meant: str, finding: Finding) -> Iterator[Edit]:
    for node in file.nodes():
        if isinstance(node, ast.Name) and node.id == name:
            start, end = file.span(node)
            yield Edit(start=start, end=end, text=meant, what=f"{name} is called {meant}", of=finding)


def _bound(file: Written) -> set[str]:
    """Every name that the file gives to something, wherever it does."""
    found: set[str] = set()
    for node in file.nodes():
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                found |= {(alias.asname or alias.name).partition(".")[0] for alias in names}
            case ast.ExceptHandler(name=str(name)):
                found.add(name)
    return found


def _imported(file: Written, names: list[str], finding: Finding) -> Edit:
    """Put names into the import from dealwright that is there, or write one."""
    what = f"import {', '.join(names)} from dealwright"
    for node in file.tree.body:
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "dealwright"
            and not node.level
            and node.names[0].name != "*"
        ):
            start, end = file.span(node.names[-1])
            before = file.source.text[file.at(node.names[-1].lineno, 0) : start]
            alone = not before.strip() and node.names[-1].lineno > node.lineno
            joint = f",{file.newline}{before}" if alone else ", "
            return Edit(start=end, end=end, text="".join(f"{joint}{name}" for name in names), what=what, of=finding)
    line = 1
    for node in file.tree.body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not is_docstring and not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            break
        line = (node.end_lineno or node.lineno) + 1
    text = f"from dealwright import {', '.join(names)}{file.newline}"
    if line > len(file.source.lines):
        end = len(file.source.text)
        return Edit(start=end, end=end, text=f"{file.newline}{text}", what=what, of=finding)
    place = file.at(line, 0)
    return Edit(start=place, end=place, text=text, what=what, of=finding)
