"""The step that asks another system for facts, which later steps use as fields of it."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import MappingProxyType, NoneType, UnionType
from typing import TYPE_CHECKING, Any, Final, Union, get_args, get_origin

from dealwright.language import values
from dealwright.language.conditions import Reference
from dealwright.language.durations import Length, RunningTime, WorkingTime
from dealwright.language.fields import DayField, Field, FlagField, NumberField, TextField, UnknownField
from dealwright.language.keys import MAX_KEY, checked_key, checked_step
from dealwright.language.origin import refused
from dealwright.language.schema import FieldType, did_you_mean
from dealwright.language.steps import Sendable, Step, steps
from dealwright.language.values import StepName, Stored
from dealwright.model.requests import Given

GIVEN: Final[Mapping[Given, FieldType]] = MappingProxyType(
    {"flag": "flag", "text": "text", "whole": "number", "number": "number", "day": "day"}
)
"""What a field holds that is given so."""

MOST: Final = 20
"""Values that are asked with, and values that are given, at most."""

LONGEST: Final = 20
"""Seconds that a question may take: a lease must hold meanwhile."""

_TYPES: Final[Mapping[object, Given]] = {
    bool: "flag", str: "text", int: "whole", Decimal: "number", date: "day",
}  # fmt: skip
_FIELDS: Final[Mapping[FieldType, type[Field]]] = {
    "flag": FlagField, "text": TextField, "number": NumberField, "day": DayField,
}  # fmt: skip
_PATH: Final = re.compile(r"(/[A-Za-z0-9._~-]+)+/?|/")
_TAKEN: Final = frozenset(
    {"error", "outcome", "kind", "origin", "ask", "gives", "on_error", "cache", "timeout", "system", "path", "optional"}
)


@dataclass(frozen=True, kw_only=True)
class Lookup(Step):
    """Asks another system; what it gives are fields of the step: `vies.valid`, or `vies["valid"]`."""

    kind = "lookup"
    system: str
    path: str
    ask: Mapping[str, Stored]
    gives: Mapping[str, Given]
    optional: tuple[str, ...]
    timeout: int | None
    cache: Length | None
    reveals: tuple[Reference, ...] = ()
    on_error: tuple[Step, ...] = field(default=())

    @property
    def error(self) -> TextField:
        """Why nothing was given, in words; unset if something was."""
        return TextField(self._receipt("error"))

    def __getitem__(self, name: str) -> Any:
        """Return what is given under that name, as a field."""
        if name not in self.gives:
            raise refused(f"{self.name!r} does not give {name!r}", hint=f"it gives {', '.join(self.gives)}")
        return _FIELDS[GIVEN[self.gives[name]]](self._receipt(name))

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    else:

        def __getattr__(self, name: str) -> Field:
            if name.startswith("_") or name not in self.gives:
                if name.startswith("__"):
                    raise AttributeError(name)
                hint = did_you_mean(name, self.gives) or f"it gives {', '.join(self.gives)}"
                raise UnknownField(f"{self.name!r} gives no {name!r}", code="DW912", hint=hint)
            return self[name]

    def __dir__(self) -> list[str]:
        return [*self.gives, "error"]


def lookup(
    name: str,
    *,
    at: str,
    ask: Mapping[str, Sendable],
    gives: Mapping[str, type[bool] | type[str] | type[int] | type[Decimal] | type[date] | UnionType],
    timeout: int | None = None,
    cache: Length | None = None,
    on_error: Sequence[Step] = (),
    reveals: Sequence[Field] = (),
) -> Lookup:
    """Ask another system for facts: `at` is `"system:/path"`, where the target file says where the system is.

    `ask` are the values it is asked with, `gives` the names and types of what its answer must hold (`bool`, `str`,
    `int`, `Decimal`, `date`); what may be missing is `str | None`, and is unset then. If it does not answer within
    `timeout` seconds, or not that, nothing is given and the steps of `on_error` are done; what comes after goes on
    unless they stop(). With `cache` an answer to the same question is used again for so long. `reveals` lists the
    sensitive fields in `ask` that this system may know.
    """
    name = checked_step(name)
    system, path = _place(at, name)
    asked = _asked(ask, name)
    given, optional = _given(gives, name)
    return Lookup(
        name=StepName(name) if "name" in given else name,
        system=system,
        path=path,
        ask=asked,
        gives=given,
        optional=optional,
        timeout=_timeout(timeout, name),
        cache=_cache(cache, name),
        reveals=values.revealed(reveals, f"reveals of {name!r}"),
        on_error=steps(on_error, f"on_error of {name!r}"),
    )


def _timeout(given: object, name: str) -> int | None:
    if given is None:
        return None
    if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= LONGEST:
        raise refused(f"timeout of {name!r} is a number of seconds, 1 to {LONGEST}", hint="timeout=5")
    return given


def _place(at: object, name: str) -> tuple[str, str]:
    if isinstance(at, str) and ("{" in at or "?" in at):
        raise refused(
            f"at of {name!r} is one place, the same for every deal", hint='say what is asked in ask={"vat": ...}'
        )
    system, colon, path = at.partition(":") if isinstance(at, str) else ("", "", "")
    if not colon or _PATH.fullmatch(path) is None or len(path) > 200 or ".." in path:
        shown = repr(at)[:80] if isinstance(at, str) else f"a {type(at).__name__}"
        raise refused(f"at of {name!r} is a system and a path, not {shown}", hint='at="vies:/check"')
    return checked_key(system, "a system"), path


def _asked(ask: object, name: str) -> Mapping[str, Stored]:
    if not isinstance(ask, Mapping) or len(ask) > MOST:
        raise refused(f"ask of {name!r} are names and values, {MOST} at most", hint='ask={"vat": deal.company}')
    for part in ask:
        _checked_name(part, f"a name in ask of {name!r}")
    return MappingProxyType({part: values.anything(value, f"{part} of {name!r}") for part, value in ask.items()})


def _given(gives: object, name: str) -> tuple[Mapping[str, Given], tuple[str, ...]]:
    """The names and kinds of what is given, and which of the names may be missing."""
    hint = 'gives={"valid": bool, "name": str}'
    if not isinstance(gives, Mapping) or not 1 <= len(gives) <= MOST:
        raise refused(f"gives of {name!r} are names and types, {MOST} at most", hint=hint)
    found: dict[str, Given] = {}
    optional: list[str] = []
    for part, written in gives.items():
        _checked_name(part, f"a name in gives of {name!r}")
        if part in _TAKEN:
            raise refused(
                f"{name!r} cannot give {part!r}: each step has that already", hint="have the system call it otherwise"
            )
        type_, may_be_missing = _type(written)
        kind = _TYPES.get(type_) if isinstance(type_, type) else None
        if kind is None:
            shown = written.__name__ if isinstance(written, type) else repr(written)[:60]
            hint = "write bool, str, int, Decimal or date; str | None if it may be missing"
            hint = f"write Decimal, for any number; {hint.removeprefix('write ')}" if type_ is float else hint
            raise refused(f"{part!r} of {name!r} cannot be {shown}", hint=hint)
        found[part] = kind
        if may_be_missing:
            optional.append(part)
    return MappingProxyType(found), tuple(optional)


def _type(written: object) -> tuple[object, bool]:
    """The type that was written, and whether None was written beside it: `str | None`, `Optional[str]`."""
    parts = get_args(written) if get_origin(written) in (Union, UnionType) else ()
    rest = [part for part in parts if part is not NoneType]
    return (rest[0], True) if len(rest) == 1 and len(parts) == 2 else (written, False)


def _checked_name(part: object, what: str) -> None:
    usable = isinstance(part, str) and part.isascii() and part.isidentifier() and len(part) <= MAX_KEY
    if not isinstance(part, str) or not usable or keyword.iskeyword(part):
        shown = repr(part)[:80] if isinstance(part, str) else f"a {type(part).__name__}"
        raise refused(f"{shown} cannot be {what}", hint="use letters, digits and underscores")


def _cache(given: object, name: str) -> Length | None:
    if given is None:
        return None
    if not isinstance(given, RunningTime | WorkingTime) or given.amount == 0:
        raise refused(f"cache of {name!r} is a length of time", hint="cache=days(90)")
    return given
