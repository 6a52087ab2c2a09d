"""Events from outside with typed fields, and how they find a deal: `class Paid(OutsideEvent): number = Text()`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, get_args

from dealwright.language.conditions import Reference
from dealwright.language.custom import CustomField, FieldsMeta, check_only_fields
from dealwright.language.deal import is_data_name
from dealwright.language.fields import Field, reference
from dealwright.language.origin import Origin, here, refused
from dealwright.language.pipeline import PipelineType, is_pipeline
from dealwright.language.schema import FieldType, did_you_mean, spoken
from dealwright.model.custom import FieldShape

IfMany = Literal["newest_open", "ask", "refuse", "each"]
"""What becomes of an event that fits several deals."""

IfNone = Literal["create", "hold", "drop"]
"""What becomes of an event that fits no deal."""

EVENT_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
"""How another system may call an event."""

_BY_CONTACT: Final[Mapping[str, FieldType]] = {"deal.contacts.phone": "phone", "deal.contacts.email": "email"}
_UNLIKE: Final = frozenset({"phone", "email", "choice"})
"""Kinds of texts that are never the same; a Text may hold any of them."""

_NOT_BY: Final = frozenset(
    {"id", "stage", "pipeline", "tags", "user", "flag", "money", "day", "moment", "choices", "link"}
)
_MOST_PAIRS: Final = 10


@dataclass(frozen=True, slots=True)
class Pair:
    """One way to find a deal: a field of the event equals a field of the deal, named by its path."""

    field: CustomField
    other: Reference

    @property
    def path(self) -> str:
        """The path of the deal's field."""
        return self.other.path


@dataclass(frozen=True, init=False)
class Match:
    """How an event that names no deal finds one: the first pair that finds something decides.

    `in_` are the pipelines that are looked in. `if_many` says what several deals mean: the newest open one, a person
    is asked, it is refused, or each of them. `if_none`: a deal is created, the event is held, or it is dropped.
    """

    by: tuple[Pair, ...]
    in_: tuple[PipelineType, ...]
    if_many: IfMany
    if_none: IfNone
    origin: Origin

    def __init__(
        self,
        *,
        by: Sequence[tuple[CustomField, Field]],
        in_: PipelineType | Sequence[PipelineType],
        if_many: IfMany = "ask",
        if_none: IfNone = "hold",
    ) -> None:
        values = {
            "by": _pairs(by),
            "in_": _places(in_),
            "if_many": _one_of(if_many, get_args(IfMany), "if_many"),
            "if_none": _one_of(if_none, get_args(IfNone), "if_none"),
            "origin": here(),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)


class OutsideEvent(metaclass=FieldsMeta):
    """Something that happens in another system, with the fields that are read of it; `key` is the event's name there.

    `match` says how one that names no deal finds it; without it the sender names the deal.
    """

    key: ClassVar[str]
    match: ClassVar[Match | None] = None
    _place: ClassVar[str] = "event.data"
    _shapes: ClassVar[tuple[FieldShape, ...]] = ()

    def __init_subclass__(cls) -> None:
        if cls.__bases__ != (OutsideEvent,):
            raise refused(f"{cls.__name__} extends an event, which has its own fields", hint="write its fields out")
        key = cls.__dict__.get("key")
        if not isinstance(key, str) or not EVENT_NAME.fullmatch(key):
            shown = "no key" if key is None else f"the key {key!r:.80}, which is not the name of an event"
            raise refused(f"{cls.__name__} has {shown}", hint='key = "erp.invoice.paid", as the other system calls it')
        fields = {name: field for name, field in vars(cls).items() if isinstance(field, CustomField)}
        for name, field in fields.items():
            if not is_data_name(name):
                hint = "use letters, digits and underscores, and begin with a letter"
                raise refused(f"{name!r} cannot be a field of an event", hint=hint)
            if field.holds in ("choices", "user") or field.renamed_from:
                hint = "write a Text(), a Choice(...), or one field for each"
                raise refused(f"{name!r} of {cls.__name__} is what the data of an event cannot tell", hint=hint)
        _check_match(cls.__name__, cls.__dict__.get("match"), fields)
        check_only_fields(cls, ("key", "match"))
        cls._shapes = tuple(field.shape() for field in fields.values())

    def __new__(cls) -> OutsideEvent:
        """Refuse: what happened is known when it happens."""
        raise refused(f"{cls.__name__} is a kind of event: nothing is made of it", hint=f"write {cls.__name__}, bare")


def is_outside_event(value: object) -> bool:
    """Say whether it is a class of events."""
    return isinstance(value, type) and issubclass(value, OutsideEvent) and value is not OutsideEvent


def _check_match(name: str, match: object, fields: dict[str, CustomField]) -> None:
    if match is None:
        return
    if not isinstance(match, Match):
        raise refused(f"match of {name} is a Match(...), not {type(match).__name__}", hint="match = Match(by=[...])")
    for pair in match.by:
        if not any(field is pair.field for field in fields.values()):
            hint = "pairs begin with a field that is written above, in the class itself"
            raise refused(f"match of {name} names a field that is not its own", hint=hint)


def _pairs(given: object) -> tuple[Pair, ...]:
    hint = "by=[(number, deal.reference)]"
    if not isinstance(given, list | tuple) or not given:
        raise refused("by of a Match is a list of pairs", hint=hint)
    if len(given) > _MOST_PAIRS:
        raise refused(f"a Match has at most {_MOST_PAIRS} pairs", hint="name what tells the deal best")
    return tuple(_pair(item, hint) for item in given)


def _pair(item: object, hint: str) -> Pair:
    if not isinstance(item, tuple) or len(item) != 2:
        raise refused("by of a Match is a list of pairs: a field of the event, a field of the deal", hint=hint)
    own, other = item
    if not isinstance(own, CustomField):
        raise refused("a pair of a Match begins with a field of the event", hint=hint)
    if not isinstance(other, Field) or not other._path.startswith("deal."):
        raise refused("a pair of a Match ends with a field of the deal", hint=hint)
    if other.kind in _NOT_BY or other._path.startswith(("deal.stage", "deal.pipeline", "deal.owner")):
        raise refused(f"no deal is found by {other._path}, which many have", hint="name a number or a text of its own")
    if other._path.startswith("deal.main_contact."):
        raise refused(
            f"a Match looks at every contact of a deal, and {other._path} is of one",
            hint=f"write deal.contacts.{other._path.rpartition('.')[2]}",
        )
    path = str(other._path)
    if path.startswith("deal.contacts.") and path not in _BY_CONTACT:
        raise refused(f"no deal is found by {path}", hint="write deal.contacts.phone or deal.contacts.email")
    if (own.holds == "number") != (other.kind == "number") or own.holds in _NOT_BY:
        message = f"a pair of a Match compares {spoken(own.holds)} with {path}, which is {spoken(other.kind)}"
        raise refused(message, hint="give both the same type, Text or Number")
    kind = _BY_CONTACT.get(path, other.kind)
    if own.holds in _UNLIKE and kind in _UNLIKE and own.holds != kind:
        message = f"a pair of a Match compares {spoken(own.holds)} with {path}, which is {spoken(kind)}: never found"
        alike = next((path for path, each in _BY_CONTACT.items() if each == own.holds), "")
        raise refused(message, hint=f"write {alike}" if alike else "pair it with a field of its own kind, or a Text")
    return Pair(own, reference(other))


def _places(given: object) -> tuple[PipelineType, ...]:
    items = tuple(given) if isinstance(given, list | tuple) else (given,)
    if not items:
        raise refused("in_ of a Match names no pipeline", hint="in_=[NewBusiness]")
    for item in items:
        if not is_pipeline(item):
            shown = item.__name__ if isinstance(item, type) else type(item).__name__
            raise refused(f"in_ of a Match names pipelines, and {shown} is none", hint="in_=[NewBusiness]")
    return tuple(item for item in items if is_pipeline(item))


def _one_of(given: object, options: tuple[str, ...], what: str) -> str:
    if not isinstance(given, str) or given not in options:
        near = did_you_mean(given, options) if isinstance(given, str) else ""
        raise refused(f"{what} of a Match cannot be {given!r:.80}", hint=near or f"there are {', '.join(options)}")
    return given
