"""How often an automation may act: for every event, or once per deal, person, stage visit, value or record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NoReturn, TypeAlias

from dealwright.language.deal import DealFields
from dealwright.language.durations import RunningTime
from dealwright.language.origin import refused


@dataclass(frozen=True, slots=True)
class EveryEvent:
    """For every event that matches."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an automation acts once for."""

    per: Literal["person", "stage_visit", "value", "record"]

    if not TYPE_CHECKING:

        def __call__(self, *args: object, **kwargs: object) -> NoReturn:
            if self.per == "person" and (args or kwargs):
                hint = f"a field that is a user is Person({args[0]!r:.80})" if args else "a field is Person(...)"
                raise refused("person is what once(per=person) counts by, and no kind of field", hint=hint)
            raise refused(f"{self.per} is called nothing", hint=f"write {self.per}, without parentheses")

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("__") or self.per != "record":
                raise AttributeError(name)
            hint = f"name the kind of records: Instalment.{name}; in texts it is {{{{ record.{name} }}}}"
            raise refused(f"record says how often an automation acts, and has no {name!r}", hint=hint)


@dataclass(frozen=True, slots=True)
class Once:
    """Once for each of something, within a time (None: for ever)."""

    per: Literal["deal", "person", "stage_visit", "value", "record"]
    within: RunningTime | None


Again: TypeAlias = EveryEvent | Once
"""How often an automation may act."""

person: Final = Scope("person")
"""Whoever stands behind the deal's main contact, whatever deal it is."""

stage_visit: Final = Scope("stage_visit")
"""One stay of a deal in one stage; coming back is another visit."""

value: Final = Scope("value")
"""What the trigger's fields, or the data of its event, hold on a deal; the same value again is no news."""


record: Final = Scope("record")
"""One record under a deal, of an automation that answers what happens to records."""


def every_event() -> EveryEvent:
    """The automation acts for every event that matches."""
    return EveryEvent()


def once(*, per: DealFields | Scope, within: RunningTime | None = None) -> Once:
    """The automation acts once per deal (`per=deal`), `person`, `stage_visit`, `value` or `record`.

    It acts again after `within`.
    """
    if isinstance(per, DealFields):
        if per._path != "deal":
            raise refused(f"once(per={per!r}) is no scope", hint="write per=deal")
        scope: Literal["deal", "person", "stage_visit", "value", "record"] = "deal"
    elif isinstance(per, Scope):
        scope = per.per
    else:
        raise _no_scope(per)
    if within is not None and (not isinstance(within, RunningTime) or within.amount == 0):
        raise refused("once(within=...) takes a length of time that runs on", hint="within=days(30)")
    return Once(scope, within)


def _no_scope(given: object) -> Exception:
    shown = getattr(given, "__name__", repr(given))
    hint = "from dealwright import person, record, stage_visit, value"
    if shown == "Person":
        hint = "Person is a kind of field: write once(per=person)"
    return refused(f"once(per=...) takes deal, person, stage_visit, value or record, not {shown}", hint=hint)
