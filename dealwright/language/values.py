"""What an action may be given to write: literals, fields by reference, texts with fields in them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from types import FunctionType, MethodType
from typing import Final, TypeAlias

from dealwright.errors import DefinitionError
from dealwright.language import schema
from dealwright.language.conditions import Condition, Reference
from dealwright.language.custom import CustomField
from dealwright.language.durations import RunningTime, WorkingTime
from dealwright.language.fields import Field, reference
from dealwright.language.groups import Group
from dealwright.language.money import Amount, number
from dealwright.language.origin import refused
from dealwright.language.pipeline import StageLike, is_pipeline
from dealwright.language.roles import Pick, Role


@dataclass(frozen=True, slots=True)
class Words:
    """A text, perhaps with `{{ ... }}` in it."""

    source: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """No value: clears what it is given to."""


@dataclass(frozen=True, slots=True)
class TagList:
    """A whole set of tags."""

    tags: tuple[str, ...]


Stored: TypeAlias = Words | Nothing | TagList | Reference | Pick | Decimal | Amount | bool | date | datetime
"""A value as a step keeps it."""


@dataclass(frozen=True, slots=True)
class Keep:
    """The default of every field of `update_deal`: leave it alone."""


KEEP: Final = Keep()
_PROXY: Final = re.compile(r"<\w+ field [^<>]+>|<fields of [\w.]+>")


class StepName(str):
    """The name of a step that gives a field of that name too: no text that anybody means to write."""

    __slots__ = ()


NO_AMOUNT: Final = 'multiply it by an amount, such as Money("1", "USD"), or make it a Money(...) field'
"""What to do with a number where an amount is wanted."""

MAX_TEXT: Final = 16_384
"""The longest text an author may write, in characters."""


def text(value: object, what: str, *, fields: tuple[str, ...] = ("text", "id")) -> Stored:
    """Return a text or a field that is one."""
    if isinstance(value, Field):
        return _field(value, what, fields)
    if not isinstance(value, str):
        raise refused(f"{what} is a text, not {_named(value)}", hint='write "..." or a field such as deal.title')
    return words(value, what)


def words(value: str, what: str) -> Words:
    """Return a text that can be written: not too long, and without what `{field!r}` leaves in an f-string."""
    if isinstance(value, StepName):
        hint = (
            f'write the step\'s ["name"], such as looked["name"], or "{{{{ steps.{value.replace("-", "_")}.name }}}}"'
        )
        raise refused(f"{what} is the name of the step {str(value)!r}, and not what it gives as name", hint=hint)
    if _PROXY.search(value):
        raise refused(
            f"{what} has a field written into it by an f-string",
            hint='write "{{ deal.title }}" in a plain string; it is filled in for each deal',
        )
    if len(value) > MAX_TEXT:
        raise refused(f"{what} is longer than {MAX_TEXT:,} characters", hint="shorten it", code="DW303")
    return Words(value)


def amount(value: object, what: str) -> Stored:
    """Return an amount that may be written: not negative."""
    if isinstance(value, Field):
        if value.kind == "number":
            raise refused(f"{what} is an amount, and {value._path} a number in no currency", hint=NO_AMOUNT)
        return _field(value, what, ("money",))
    if isinstance(value, Amount):
        plain = value.amount
    elif isinstance(value, str):
        raise refused(f"{what} is a number or an amount, not a text", hint='write 99.5, or Money("99.50", "EUR")')
    else:
        plain = number(value, "an amount")
    if plain < 0:
        raise refused(f"{what} cannot be negative: {plain}", hint="write an amount of 0 or more")
    return value if isinstance(value, Amount) else plain


def day(value: object, what: str) -> Stored:
    """Return a calendar day."""
    if isinstance(value, Field):
        return _field(value, what, ("day",))
    if not isinstance(value, date) or isinstance(value, datetime):
        raise refused(f"{what} is a day, not {_named(value)}", hint="write date(2026, 3, 14) or deal.close_date")
    return value


def user(value: object, what: str) -> Stored:
    """Return a user: a field that is one, the name or id of one, or a role that somebody is picked of."""
    if isinstance(value, Field):
        return _field(value, what, ("user",))
    if isinstance(value, CustomField):
        kind, name = type(value).__name__, value.label or "Ana Lima"
        raise refused(f"{what} is a user, and {kind}(...) is a kind of field", hint=f"write {name!r}, without {kind}()")
    if isinstance(value, Role):
        return value.round_robin()
    if isinstance(value, Pick):
        return value
    if not isinstance(value, str) or not value.strip():
        hint = _uncalled(value) or _USER
        raise refused(f"{what} is a user, not {_named(value)}", hint=hint)
    if "{{" in value or "{%" in value:
        raise refused(f"{what} is a user, not a text to fill in", hint=_USER)
    if value in schema.ALWAYS or value in schema.EVENT:
        raise refused(f"{what} is the name {value!r}, which nobody has", hint=f"write {value}, without quotes")
    return Words(value)


def tags(value: object, what: str) -> TagList | Reference:
    """Return a whole set of tags."""
    if isinstance(value, Field):
        kept = _field(value, what, ("tags",))
        assert isinstance(kept, Reference)
        return kept
    if not isinstance(value, list | tuple) or not all(isinstance(tag, str) and tag.strip() for tag in value):
        raise refused(f"{what} is a list of texts, not {_named(value)}", hint='write tags=["vip", "partner"]')
    return TagList(tuple(dict.fromkeys(value)))


def anything(value: object, what: str) -> Stored:
    """Return a value that can stand in a JSON event."""
    if isinstance(value, Field):
        if value.kind in ("stage", "pipeline", "user"):
            raise refused(f"{what} would be {value._path}, which is more than a text", hint=f"write {value._path}.name")
        return reference(value)
    if value is None:
        return Nothing()
    if isinstance(value, str):
        return words(value, what)
    if isinstance(value, bool | Amount):
        return value
    if isinstance(value, datetime) and value.tzinfo is None:
        raise refused(f"{what} has no time zone", hint="write datetime(..., tzinfo=ZoneInfo(...))")
    if isinstance(value, date):
        return value
    if not isinstance(value, int | float | Decimal):
        raise refused(f"{what} cannot be {_named(value)}", hint=_instead(value))
    return number(value, what)


def own(value: object, what: str) -> Stored:
    """Return a value that a company's own field can be given; whether it fits is seen when the field is known."""
    if isinstance(value, Field):
        if value.kind in ("stage", "pipeline"):
            raise refused(f"{what} would be {value._path}, which is more than a text", hint=f"write {value._path}.name")
        return reference(value)
    if isinstance(value, list | tuple):
        if not all(isinstance(option, str) and option.strip() for option in value):
            raise refused(f"{what} is a list of options", hint='write ["implant", "cleaning"]')
        return TagList(tuple(dict.fromkeys(value)))
    if isinstance(value, Role | Pick):
        role = value.name if isinstance(value, Role) else value.role
        raise refused(
            f"{what} is given the role {role!r}, and somebody of a role is picked for the deal and its tasks alone",
            hint=f'write assign_owner("owner", to=Role("{role}")) before it, and deal.owner here; or name a user',
        )
    return anything(value, what)


_MOVES: Final = 'a step of its own moves it: move_deal("approve", to=NewBusiness.won)'


def customs(given: Mapping[str, object], step: str, word: Callable[..., object]) -> dict[str, Stored]:
    """Return what a step gives own fields, by key; a keyword of its with a slip in it is told as that."""
    found: dict[str, Stored] = {}
    for key, value in given.items():
        if key in ("stage", "pipeline"):
            hint = "write in_=NewBusiness.incoming" if word.__name__.startswith("create") else _MOVES
            raise refused(f"{word.__name__} does not say where the deal stands with {key}=", hint=hint)
        try:
            found[key] = own(value, f"{key} of {step!r}")
        except DefinitionError:
            near = schema.did_you_mean(key, keywords(word))
            if not near:
                raise
            raise refused(f"{word.__name__} takes no {key!r}", hint=near) from None
    return found


@lru_cache(maxsize=64)
def keywords(word: Callable[..., object]) -> tuple[str, ...]:
    """Return what a step takes by name, beside own fields."""
    taken = inspect.signature(word).parameters.values()
    return tuple(each.name for each in taken if each.kind is each.KEYWORD_ONLY)


def revealed(given: object, what: str) -> tuple[Reference, ...]:
    """Return the sensitive fields that may be told all the same."""
    hint = "reveals=[deal.treatment]"
    if not isinstance(given, list | tuple):
        raise refused(f"{what} is a list of fields", hint=hint)
    found = []
    for each in given:
        if not isinstance(each, Field):
            raise refused(f"{what} lists fields, and {_named(each)} is none", hint=hint)
        if each._own is None or not each._own.sensitive:
            raise refused(f"{what} lists {each._path}, which is not sensitive", hint="leave it out")
        found.append(reference(each))
    return tuple(found)


_USER: Final = "a user is somebody of your own: write deal.owner, or a user's name or id"


def or_nothing(kept: Stored | None) -> Stored:
    """Return the value, or what clears."""
    return Nothing() if kept is None else kept


def _field(value: Field, what: str, kinds: tuple[str, ...]) -> Reference:
    if value.kind not in kinds:
        wanted = schema.spoken(kinds[0])
        raise refused(f"{what} is {wanted}, and {value._path} {schema.spoken(value.kind)}", hint=f"give it {wanted}")
    return reference(value)


def _named(value: object) -> str:
    """What was given, as people would call it: its class is a name of ours that no author has written."""
    match value:
        case None | str() | int() | float() | Decimal():
            return repr(value)[:80]
        case Field() | Group():
            return value._path
        case Condition():
            return "a condition"
        case StageLike():
            return f"the stage {value.name!r}"
        case RunningTime() | WorkingTime():
            return "a length of time"
        case MethodType(__name__=name) | FunctionType(__name__=name):
            return f"{name}, which is not called"
        case type(__name__=name):
            return f"the class {name}"
    return f"a {type(value).__name__}"


def _uncalled(value: object) -> str:
    name = value.__name__ if isinstance(value, MethodType | FunctionType) else ""
    return f"write {name}(), with parentheses" if name else ""


def _instead(value: object) -> str:
    """What to write in the place of something that is no value."""
    match value:
        case Group():
            parts = [each for each in ("name", "count", "text") if hasattr(type(value), each)]
            named = f"name one of its fields, such as {value._path}.{parts[0]}" if parts else "name one of its fields"
            return f"{named}; a user is deal.owner, or a user's name" if "contact" in value._path else named
        case Condition():
            return 'a branch writes where a condition is true: branch("size", case(deal.amount > 0, update_deal(...)))'
        case StageLike():
            return f"write its name as a text, {value.name!r}; move_deal(...) moves the deal"
        case RunningTime() | WorkingTime():
            return "a day is so long after another: deal.close_date + days(3)"
    if is_pipeline(value):
        return "write a text; create_deal(...) puts a deal into a pipeline"
    return _uncalled(value) or "write a text, a number, True or False, a date(...), or a field such as deal.title"
