"""Objects of the language that are used as Python's own: called, counted, gone over, or asked for what they have not.

Python says `'Role' object has no attribute 'next'`; an author wants to read what they wrote, and what to write.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType, MethodType
from typing import Final, NamedTuple, get_args

import dealwright
from dealwright.language.contacts import ContactsFields
from dealwright.language.custom import FieldsMeta, fields_of
from dealwright.language.deal import EventFields
from dealwright.language.durations import RunningTime, WorkingTime
from dealwright.language.message_texts import Template
from dealwright.language.records import Record, Records
from dealwright.language.schema import did_you_mean
from dealwright.language.triggers import Trigger
from dealwright.language.values import StepName

_HOME: Final = "dealwright.language"
_MOST_LISTED: Final = 12
_CALLED: Final = re.compile(r"'(\w+)' object is not callable")
_SUBSCRIPTED: Final = re.compile(r"'(\w+)' object is not subscriptable")
_COUNTED: Final = re.compile(r"object of type '(\w+)' has no len\(\)")
_GONE_OVER: Final = re.compile(r"'(\w+)' object is not iterable")
_JOINED: Final = re.compile(r"unsupported operand type\(s\) for (\S+): '(\w+)' and '(\w+)'")
_COMPARED: Final = re.compile(r"'(\S+)' not supported between instances of '(\w+)' and '(\w+)'")
_SEVERAL: Final = "several are asked with any(...) or all(...), and counted with count"


class Misuse(NamedTuple):
    """What an author is told: the code, what was written, and what to write."""

    code: str
    message: str
    hint: str


def no_attribute(error: AttributeError, written: ast.expr | None) -> Misuse | None:
    """Say what an object of the language has instead; None if it is none of the language's."""
    name, owner = error.name, error.obj
    if not isinstance(name, str) or owner is None:
        return None
    shown = _shown(written.value) if isinstance(written, ast.Attribute) else ""
    if isinstance(owner, StepName) and isinstance(written, ast.Attribute) and isinstance(written.value, ast.Attribute):
        given = f'{_shown(written.value.value)}["{written.value.attr}"].{name}'
        return Misuse("DW912", f"{shown} is the step's own name, and has no {name!r}", f"write {given}")
    if isinstance(owner, str) and isinstance(written, ast.Attribute) and isinstance(written.value, ast.Constant):
        hint = f"write {owner}.{name}, without quotes" if owner.isidentifier() else ""
        return Misuse("DW910", f"a text has no {name!r}", hint)
    if isinstance(owner, FunctionType | MethodType):
        if not owner.__module__.startswith(_HOME):
            return None
        call = shown or owner.__name__
        given = f'"{name}"' if owner.__qualname__ == EventFields.data.__qualname__ else "..."
        return Misuse("DW912", f"{call} is called, and has no {name!r}", f"write {call}({given})")
    kind = owner if isinstance(owner, type) else type(owner)
    if not _is_ours(kind):
        return None
    message = f"{shown or kind.__name__} has no {name!r}"
    if isinstance(owner, type) and issubclass(owner, Record) and hasattr(Records, name):
        return Misuse("DW912", message, f"a deal has several: write deal.records({owner.__name__}).{name}")
    own = fields_of(owner) if isinstance(owner, FieldsMeta) else {}
    has = list(own) or sorted(_public(kind))
    hint = did_you_mean(name, has) or _elsewhere(name) or (_listed(has) if len(has) <= _MOST_LISTED else "")
    return Misuse("DW912", message, hint)


def wrong_use(words: str, written: ast.expr | None) -> Misuse | None:
    """Say what to write instead of what Python cannot do with an object of the language; None if it has none."""
    for pattern, say in _USES.items():
        found = pattern.fullmatch(words)
        kinds = [_kind(name) for name in found.groups()[-2:]] if found is not None else []
        if found is not None and any(kinds):
            return say(found, written)
    return None


def _called(found: re.Match[str], written: ast.expr | None) -> Misuse:
    shown, given = found[1], False
    if isinstance(written, ast.Call):
        if isinstance(written.func, ast.Call | ast.Compare | ast.BinOp):
            message = "a comma is missing here: Python takes what stands behind it in parentheses for a call of it"
            return Misuse("DW910", message, "write a comma between the two")
        shown, given = _shown(written.func) or shown, bool(written.args or written.keywords)
    hint = f"compare it: {shown} == ..." if given else f"write {shown}, without parentheses"
    return Misuse("DW910", f"{shown} is not called", hint)


def _subscripted(found: re.Match[str], written: ast.expr | None) -> Misuse:
    shown = _shown(written.value) if isinstance(written, ast.Subscript) else ""
    hint = _SEVERAL if _is_several(found[1]) else "name a part of it with a dot"
    if found[1] == ContactsFields.__name__:
        hint = 'one is deal.main_contact or deal.contact_as("buyer"); all are asked with any(...)'
    return Misuse("DW910", f"{shown or found[1]} has no parts in [ ]", hint)


def _counted(found: re.Match[str], written: ast.expr | None) -> Misuse:
    shown = _shown(written.args[0]) if isinstance(written, ast.Call) and written.args else ""
    hint = f"write {shown or '...'}.count" if _is_several(found[1]) else "nothing of it can be counted"
    return Misuse("DW910", f"{shown or found[1]} has no len(): no deal is looked at while definitions are read", hint)


def _gone_over(found: re.Match[str], written: ast.expr | None) -> Misuse:
    what = _shown(written) if isinstance(written, ast.Name | ast.Attribute) else ""
    hint = _SEVERAL if _is_several(found[1]) else "a list is wanted here: write [...] around it"
    return Misuse(
        "DW910",
        f"{what or _SPOKEN.get(found[1], 'this')} cannot be gone over: definitions are read before any deal",
        hint,
    )


def _joined(found: re.Match[str], written: ast.expr | None) -> Misuse:
    sign, *names = found.groups()
    triggers = [kind.__name__ for kind in get_args(Trigger)]
    if any(name in triggers for name in names):
        hint = "write one automation for each; both may name one list of steps. entered(...) takes several stages"
        return Misuse("DW910", f"`{sign}` does not join triggers: an automation has one", hint)
    first, second = (_SPOKEN.get(name, f"a {name}") for name in names)
    hint = ""
    if any(_is_several(name) for name in names):
        hint = f"ask how many there are: .count {sign} ..."
    elif any(name in (RunningTime.__name__, WorkingTime.__name__) for name in names):
        hint = "a length is one number of one unit: hours(27), working_days(2)"
    return Misuse("DW910", f"`{sign}` does nothing with {first} and {second}", hint)


_SPOKEN: Final[Mapping[str, str]] = {
    "Records": "the records of a deal",
    "RunningTime": "a length of time",
    "WorkingTime": "a length of working time",
    "float": "a number",
    "int": "a number",
    "list": "a list",
    "str": "a text",
}
"""What the classes are called by people who have never seen their names."""


_USES: Final[Mapping[re.Pattern[str], Callable[[re.Match[str], ast.expr | None], Misuse]]] = {
    _CALLED: _called,
    _SUBSCRIPTED: _subscripted,
    _COUNTED: _counted,
    _GONE_OVER: _gone_over,
    _JOINED: _joined,
    _COMPARED: _joined,
}


def _is_ours(kind: type) -> bool:
    return any(each.__module__.startswith(_HOME) for each in kind.__mro__)


def _kind(name: str) -> type | None:
    """The class of the language that has this name, whether authors write it or not."""
    for module in [each for known, each in sys.modules.items() if known.startswith(_HOME)]:
        found = vars(module).get(name)
        if isinstance(found, type) and found.__module__ == module.__name__:
            return found
    return None


def _is_several(name: str) -> bool:
    return name in (ContactsFields.__name__, Records.__name__)


def _public(kind: type) -> set[str]:
    """What an author may ask of it: neither where it was written nor what only the compiler reads."""
    ours = [each for each in kind.__mro__ if each.__module__.startswith(_HOME)]
    return {name for each in ours for name in vars(each) if not name.startswith("_")} - {"origin", "kind"}


def _elsewhere(name: str) -> str:
    """Whose part this is: `pressed` belongs to a Template."""
    words = [value for each in dealwright.__all__ if isinstance(value := getattr(dealwright, each), type)]
    having = [kind for kind in words if _is_ours(kind) and isinstance(vars(kind).get(name), FunctionType)]
    with_ = " with buttons=[Button(...)]" if name == Template.pressed.__name__ else ""
    return f"{name}(...) belongs to a {having[0].__name__}{with_}" if having else ""


def _listed(names: Iterable[str]) -> str:
    return f"it has {', '.join(names)}"


def _shown(written: ast.expr | None) -> str:
    text = ast.unparse(written) if written is not None else ""
    return text if len(text) <= 60 and "\n" not in text else ""
