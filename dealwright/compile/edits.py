"""Edits: what puts a mechanical mistake right, as exact pieces of a file's text. Nothing else of the file is touched.

Each is driven by a finding that keeps the file from being loaded, or a field from being written, so what is changed had
no meaning before. Where more than one correction is near, there is none.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

import dealwright
from dealwright.compile.fields_seen import Fields, field_names
from dealwright.compile.findings import Finding
from dealwright.compile.sources import Source, called

RENAMED: Final = {
    "add_task": "set_task",
    "create_task": "set_task",
    "deal_moved": "stage_changed",
    "send_mail": "send_email",
    "stage_entered": "entered",
}
"""Words as other systems, or drafts of this language, call them."""

RENAMED_KEYWORDS: Final = {
    ("Automation", "conditions"): "when",
    ("Automation", "steps"): "do",
    ("Automation", "trigger"): "on",
    ("ask", "timeout"): "within",
    ("once", "every"): "within",
    ("wait_until", "within"): "timeout",
}
"""Keyword arguments as they are often guessed."""

_NEAR: Final = 0.6
_NO_NAME: Final = re.compile(r"there is no '(\w+)' in this file")
_NO_IMPORT: Final = re.compile(r"cannot import name '(\w+)' from 'dealwright'")
_NO_KEYWORD: Final = re.compile(r"(\w+) takes no '(\w+)'")
_TOO_MANY: Final = re.compile(r"(\w+) is given too many values without a name")
_NO_FIELD: Final = re.compile(r"[\w.]+ has no '(\w+)'")
_MEANT: Final = re.compile(r"did you mean (\w+)\?")
_F_STRING: Final = re.compile(r"""[fF]("{3}|'{3}|"|')(.*)\1""", re.DOTALL)
_HOLE: Final = re.compile(r"\{([^{}]*)\}")


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


def edits(findings: Iterable[Finding], sources: Iterable[Source]) -> dict[str, list[Edit]]:
    """Return what to replace in each file, from its beginning to its end, nothing twice."""
    kept = {source.path: source for source in sources}
    roots = field_names(kept.values())
    found: dict[str, list[Edit]] = {}
    for finding in findings:
        source = kept.get(finding.path)
        if source is None or source.tree is None:
            continue
        file = Written(source, source.tree)
        for pattern, way in _WAYS.items():
            if (told := pattern.match(finding.message)) is not None:
                found.setdefault(finding.path, []).extend(way(file, finding, told))
        if finding.code == "DW212":
            found.setdefault(finding.path, []).extend(_plain_text(file, finding, Fields(roots)))
    return {path: chosen for path, wanted in found.items() if (chosen := _apart(wanted))}


def applied(text: str, wanted: Iterable[Edit]) -> str:
    """Return the text with the edits made."""
    for edit in sorted(wanted, key=lambda each: each.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _apart(wanted: Iterable[Edit]) -> list[Edit]:
    """The edits in order, without those that another one has in whole or in part."""
    chosen: list[Edit] = []
    for edit in sorted(wanted, key=lambda each: (each.start, each.end, each.text)):
        if not chosen or edit.start > chosen[-1].end or (edit.start == chosen[-1].end and edit.start < edit.end):
            chosen.append(edit)
    return chosen


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the only candidate that is near, or None if there is none or a choice."""
    near = difflib.get_close_matches(word, sorted(set(candidates)), n=2, cutoff=_NEAR)
    return near[0] if len(near) == 1 else None


# --- names ----------------------------------------------------------------------------------------------------------


def _no_name(file: Written, finding: Finding, told: re.Match[str]) -> Iterator[Edit]:
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


def _no_import(file: Written, finding: Finding, told: re.Match[str]) -> Iterator[Edit]:
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


# --- calls ----------------------------------------------------------------------------------------------------------


def _no_keyword(file: Written, finding: Finding, told: re.Match[str]) -> Iterator[Edit]:
    """A keyword that a call does not take: the one that was meant."""
    name, wrong = told[1], told[2]
    takes = _takes(name)
    meant = RENAMED_KEYWORDS.get((name, wrong)) or nearest(wrong, takes)
    calls = [call for call in _calls(file, name, finding.line) if any(each.arg == wrong for each in call.keywords)]
    if meant is None or meant not in takes or len(calls) != 1:
        return
    if any(each.arg == meant for each in calls[0].keywords):
        return
    for keyword in calls[0].keywords:
        if keyword.arg == wrong:
            start = file.at(keyword.lineno, keyword.col_offset)
            what = f"{name} takes {meant}=, not {wrong}="
            yield Edit(start=start, end=start + len(wrong), text=meant, what=what, of=finding)


def _too_many(file: Written, finding: Finding, told: re.Match[str]) -> Iterator[Edit]:
    """A value without a name, where there is only one name that it can have."""
    name = told[1]
    parameters = list(_takes(name).values())
    named = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]
    placed = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    calls = [call for call in _calls(file, name, finding.line) if len(call.args) == len(placed) + 1]
    if len(named) != 1 or len(calls) != 1 or any(each.arg in (None, *named) for each in calls[0].keywords):
        return
    value = calls[0].args[-1]
    if not isinstance(value, ast.Starred):
        start, _ = file.span(value)
        yield Edit(start=start, end=start, text=f"{named[0]}=", what=f"{name} takes {named[0]}= by name", of=finding)


def _takes(name: str) -> dict[str, inspect.Parameter]:
    word = vars(dealwright).get(name) if name in dealwright.__all__ else None
    return dict(inspect.signature(word).parameters) if callable(word) else {}


def _calls(file: Written, name: str, line: int) -> list[ast.Call]:
    """The calls of that name on that line: those that begin there, or else those that go over it."""
    found = [node for node in file.nodes() if isinstance(node, ast.Call) and called(node) == name]
    begun = [call for call in found if call.lineno == line]
    return begun or [call for call in found if call.lineno <= line <= (call.end_lineno or call.lineno)]


# --- fields ---------------------------------------------------------------------------------------------------------


def _no_field(file: Written, finding: Finding, told: re.Match[str]) -> Iterator[Edit]:
    """A field that is not there: the one that was meant, if it stands on the line once and is near enough."""
    wrong, hint = told[1], _MEANT.search(finding.hint)
    nodes = [node for node in file.nodes() if isinstance(node, ast.Attribute) and node.attr == wrong]
    nodes = [node for node in nodes if node.end_lineno == finding.line]
    if finding.code != "DW912" or hint is None or len(nodes) != 1:
        return
    if difflib.SequenceMatcher(None, wrong, hint[1]).ratio() >= 0.75:
        _, end = file.span(nodes[0])
        what = f"the field is called {hint[1]}"
        yield Edit(start=end - len(wrong), end=end, text=hint[1], what=what, of=finding)


def _plain_text(file: Written, finding: Finding, fields: Fields) -> Iterator[Edit]:
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


_WAYS: Final[dict[re.Pattern[str], Callable[[Written, Finding, re.Match[str]], Iterator[Edit]]]] = {
    _NO_NAME: _no_name,
    _NO_IMPORT: _no_import,
    _NO_KEYWORD: _no_keyword,
    _TOO_MANY: _too_many,
    _NO_FIELD: _no_field,
}
