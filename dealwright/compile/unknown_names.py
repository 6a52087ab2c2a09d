"""Names that are not there, or not yet, and fields of the company's own that were asked of the wrong fields."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType
from typing import Any, Final

import dealwright
from dealwright.compile.sources import called
from dealwright.errors import DefinitionError
from dealwright.language.company import CompanyFields
from dealwright.language.custom import fields_of
from dealwright.language.deal import ContactFields, DealFields
from dealwright.language.fields import UnknownField
from dealwright.language.schema import did_you_mean

_FOREIGN: Final[Mapping[str, str]] = {
    "Decimal": "write from decimal import Decimal",
    "ZoneInfo": "write from zoneinfo import ZoneInfo",
    "account": "{{ account.name }} is for texts; a condition asks the deal, an event or a setting",
    "date": "write from datetime import date",
    "datetime": "write from datetime import datetime",
    "false": "write False",
    "none": "write None",
    "null": "write None",
    "now": "definitions have no clock: wait(...) lets time pass, date_reached(...) answers a day",
    "settings": 'a setting is an object of its own: limit = setting("limit", int, default=3), then limit',
    "steps": 'a step is an object of its own: call = set_task("call", ...), then call.task_id',
    "timedelta": "lengths of time are written days(2), hours(3), working_days(1)",
    "today": "definitions have no clock: wait(...) lets time pass, date_reached(...) answers a day",
    "true": "write True",
}
"""What other places have words for: Python's own library, JSON, other languages."""


_ONE_CONTACT: Final = ("contact", "event.contact")
"""Contacts that a company's own class has to be said of."""


def no_name(name: str, line: int, tree: ast.Module, written: ast.expr | None, frame: FrameType) -> tuple[str, str]:
    """Return the message and the hint for a name that is not there on a line of a file."""
    inside = "__qualname__" in frame.f_locals
    if inside and frame.f_code.co_name == name:
        return f"{name!r} is not there yet: its own stages are being written", _of_the_class(name, tree, written, frame)
    for first, last in _bindings(name, line, tree):
        if first <= line:
            return f"{name!r} is not there yet: it is being written here", "name it where it is whole, further down"
        if last > line:
            return f"{name!r} is not there yet: it is written on line {first}", "move it above this line"
    return f"there is no {name!r} in this file", _hint(name, written, tree, _known(frame))


def nearest(word: str, candidates: Iterable[str]) -> str:
    """The nearest name by its letters, or else one that begins with the same word: `send_event` for `send_mail`."""
    known = sorted(set(candidates))
    first, _, rest = word.partition("_")
    alike = next((name for name in known if rest and name.startswith(f"{first}_")), None)
    return did_you_mean(word, known) or (f"did you mean {alike}?" if alike else "")


def own_field(error: DefinitionError, frame: FrameType) -> str:
    """Return what to write if it is a field of the company's own, which other fields have; empty if it is none."""
    if not isinstance(error, UnknownField):
        return ""
    name, owner, known = str(error.name), error.obj, _known(frame)
    if isinstance(owner, ContactFields) and owner._path in _ONE_CONTACT:
        for kind, value in known.items():
            if isinstance(value, type) and issubclass(value, ContactFields) and name in fields_of(value):
                return f"it is a field of {kind}: write {kind}({owner._path}).{name}"
    for base, part in ((DealFields, ""), (ContactFields, "contact"), (CompanyFields, "company")):
        if not isinstance(owner, base):
            continue
        for var, value in known.items():
            if not part and isinstance(value, base) and name in fields_of(type(value)):
                kind = type(value).__name__
                there = var if owner._path == value._path else f"{kind}({owner._path})"
                return f"it is a field of {kind}: write {there}.{name}"
        for kind, value in known.items():
            if isinstance(value, type) and issubclass(value, base) and name in fields_of(value):
                how = f"{part}: {kind} = {kind}() in your class of DealFields" if part else f"deal = {kind}() above"
                return f"it is a field of {kind}: write {how}"
    return ""


def not_in(name: str, names: Mapping[str, Any]) -> str:
    """Return what a file has in the place of a name that another one imports from it."""
    deals = [each for each, value in names.items() if isinstance(value, DealFields) and value._path == "deal"]
    if name == "deal" and deals:
        return f"the deal is called {deals[0]} there: import that, and write {deals[0]}, once(per={deals[0]})"
    return did_you_mean(name, [each for each in names if not each.startswith("_")])


def options_in_a_list(written: ast.expr | None) -> str:
    """Return how a choice is written whose options stand one after the other; empty if that is not to be seen."""
    if not isinstance(written, ast.Call) or any(isinstance(each, ast.Starred) for each in written.args):
        return ""
    label, *options = map(ast.unparse, written.args)
    return f"put the options in a list: {called(written)}({label}, [{', '.join(options)}])".replace("'", '"')


def _known(frame: FrameType) -> dict[str, Any]:
    return {**frame.f_globals, **frame.f_locals}


def _of_the_class(name: str, tree: ast.Module, written: ast.expr | None, frame: FrameType) -> str:
    parts = [each for each in ast.walk(tree) if isinstance(each, ast.Attribute) and each.value is written]
    part = next((each.attr for each in parts), "")
    if part in frame.f_locals:
        return f"write {part} alone, without {name} before it"
    return "a stage further up is called by its name alone; one that is further down is not known yet"


def _bindings(name: str, line: int, tree: ast.Module) -> Iterator[tuple[int, int]]:
    """Where the file gives this name to something: at its top, and in the class that the line is of."""
    classes = [each for each in tree.body if isinstance(each, ast.ClassDef)]
    bodies = [each.body for each in classes if each.lineno <= line <= (each.end_lineno or 0)]
    for statement in [each for body in (*bodies, tree.body) for each in body]:
        first, last = statement.lineno, statement.end_lineno or statement.lineno
        if last < line:
            continue
        match statement:
            case ast.FunctionDef(name=bound) | ast.ClassDef(name=bound) if bound == name:
                yield first, last
            case ast.Assign(targets=targets):
                stored = [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]
                if name in stored:
                    yield first, last
            case ast.AnnAssign(target=ast.Name(id=bound), value=ast.expr()) if bound == name:
                yield first, last


def _hint(name: str, written: ast.expr | None, tree: ast.Module, known: Mapping[str, Any]) -> str:
    if name in dealwright.__all__:
        return f"write from dealwright import {name}"
    if name in _FOREIGN:
        return _FOREIGN[name]
    own = [each for each in known if not each.startswith("_")]
    near = nearest(name, [*dealwright.__all__, *own])
    if _takes_text(written, tree):
        return f'{f"{near} " if near else ""}a text stands in quotes: "{name}"'
    return near or "write it, or import it, above this line"


def _takes_text(written: ast.expr | None, tree: ast.Module) -> bool:
    """Say whether the name stands right where a word of the language takes a text."""
    for call in [each for each in ast.walk(tree) if isinstance(each, ast.Call)]:
        keyword = next((each.arg for each in call.keywords if each.value is written), None)
        word = getattr(dealwright, called(call), None)
        if keyword is not None and callable(word):
            takes = inspect.signature(word).parameters.get(keyword)
            return takes is not None and re.search(r"\bstr\b", str(takes.annotation)) is not None
    return False
