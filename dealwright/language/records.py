"""Records under a deal, such as instalments or lines of a quote: `class Instalment(Record): paid = Flag("Paid")`.

`deal.records(Instalment)` are those of one deal. Inside of what is asked of them, and in an automation that one of them
set off, `Instalment.paid` is a field of that one record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, NoReturn, TypeAlias, TypeVar

from dealwright.language.conditions import Condition, OfRecords, Reference, conditions
from dealwright.language.custom import CustomField, FieldsMeta, check_names, fields_of
from dealwright.language.fields import DayField, Field, MomentField, MoneyField, NumberField, reference
from dealwright.language.groups import Group
from dealwright.language.keys import checked_key, checked_name, slug
from dealwright.language.origin import refused
from dealwright.language.schema import did_you_mean, spoken

PLACE: Final = "record"
"""How the record that something is about is named."""

_SUMMED: Final = ("number", "money")
_ORDERED: Final = ("number", "money", "day", "moment")
_Summed = TypeVar("_Summed", NumberField, MoneyField)
_Ordered = TypeVar("_Ordered", NumberField, MoneyField, DayField, MomentField)


class Record(metaclass=FieldsMeta):
    """One kind of records that deals have under them, with its fields: `class Instalment(Record): due_on = Day("Due")`.

    `key` is what the CRM knows the kind by (without it: the name of the class), `name` what people call one of them.
    """

    _place: ClassVar[str] = PLACE
    _key: ClassVar[str] = ""
    _name: ClassVar[str] = ""

    def __init_subclass__(cls, *, of: str = "deal", key: str | None = None, name: str | None = None) -> None:
        if cls.__bases__ != (Record,):
            raise refused(f"{cls.__name__} extends a kind of records, which has its own fields", hint="write them out")
        if of != "deal":
            raise refused(f"{cls.__name__} is of {of!r:.40}, and records stand under a deal", hint='write of="deal"')
        kept = _hyphened(cls.__name__) if key is None else checked_key(key, "a kind of records")
        if not kept[:1].isalpha():
            hint = 'class Instalment(Record, key="instalment")'
            raise refused(f"{cls.__name__} has a key that begins with no letter", hint=hint)
        cls._key = kept
        cls._name = cls.__name__ if name is None else checked_name(name, "a kind of records")
        if kept in ("deal", "contact", "company"):
            raise refused(
                f"a kind of records cannot be called {kept!r}", hint="give it another name, or a key= of its own"
            )
        check_names(cls, Record, "a record", ("id", "kind", "key", "name", "each"))
        fields = fields_of(cls)
        if not fields:
            hint = f'class {cls.__name__}(Record): amount = Money("Amount")'
            raise refused(f"{cls.__name__} has no field", hint=hint)
        for other in vars(cls):
            if not other.startswith("_") and other not in fields:
                raise refused(f"{other!r} of {cls.__name__} is no field", hint='write paid = Flag("Paid")')

    def __new__(cls) -> Record:
        """Refuse: which records a deal has is known when it is looked at."""
        hint = f"write deal.records({cls.__name__}), or {cls.__name__}, bare"
        raise refused(f"{cls.__name__} is a kind of records: nothing is made of it", hint=hint)


RecordType: TypeAlias = type[Record]
"""A kind of records."""

Word: TypeAlias = Literal["count", "total", "least", "greatest"]
"""What records can come to."""


def is_record(value: object) -> bool:
    """Say whether it is a kind of records."""
    return isinstance(value, type) and issubclass(value, Record) and value is not Record


def checked_kind(given: object, what: str) -> RecordType:
    """Return the kind of records that is given.

    Raises:
        DefinitionError: it is none.
    """
    if not is_record(given):
        shown = given.__name__ if isinstance(given, type) else repr(given)[:60]
        hint = 'class Instalment(Record): amount = Money("Amount"), and Instalment, bare'
        raise refused(f"{what} takes a kind of records, and {shown} is none", hint=hint)
    return given  # type: ignore[return-value]  # is_record has looked


def segment(key: str) -> str:
    """Return the key of a kind of records as paths spell it, which have no hyphens."""
    return key.replace("-", "_")


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What the records of one kind come to, of those for which `where` is true; `size` as that of arithmetic."""

    kind: RecordType
    of: Word
    value: Reference | None
    where: tuple[Condition, ...]

    @property
    def size(self) -> int:
        """How many parts it has."""
        inner = None if self.value is None else self.value.reckoned
        return 1 + (0 if inner is None else inner.size)


class Records(Group):
    """The records of one kind that a deal has: how many, what they come to, and what is true of them."""

    __slots__ = ("_kind", "_where")
    _kind: RecordType
    _where: tuple[Condition, ...]

    def __init__(self, path: str, kind: RecordType, where: tuple[Condition, ...] = ()) -> None:
        super().__init__(path)
        object.__setattr__(self, "_kind", kind)
        object.__setattr__(self, "_where", where)

    def where(self, *of: Condition) -> Records:
        """Those of them for which all of this is true; what comes of them is unset where that is not known of one."""
        asked = self._asked(of, "where")
        return Records(self._path, self._kind, (*self._where, *asked))

    @property
    def count(self) -> NumberField:
        """How many there are."""
        path = self._path if not self._where else f"deal.records({self._kind.__name__}).where(...)"
        field = NumberField(f"{path}.count")
        object.__setattr__(field, "_reckoned", Aggregate(self._kind, "count", None, self._where))
        return field

    def any(self, *of: Condition) -> Condition:
        """At least one of them is such that all of this is true."""
        return OfRecords(self._kind, False, self._asked(of, "any"), self._where)

    def all(self, *of: Condition) -> Condition:
        """There is at least one, and all of this is true of every one of them."""
        return OfRecords(self._kind, True, self._asked(of, "all"), self._where)

    def total(self, of: _Summed, /) -> _Summed:
        """The sum of a field, or of what is reckoned of fields; 0 of none, unset if it is unset for one of them."""
        return self._of(of, "total", _SUMMED)

    def least(self, of: _Ordered, /) -> _Ordered:
        """The smallest or earliest of those that are set; unset if none is."""
        return self._of(of, "least", _ORDERED)

    def greatest(self, of: _Ordered, /) -> _Ordered:
        """The largest or latest of those that are set; unset if none is."""
        return self._of(of, "greatest", _ORDERED)

    def _asked(self, of: tuple[Condition, ...], word: str) -> tuple[Condition, ...]:
        asked = conditions(of, f"deal.records({self._kind.__name__}).{word}()")
        if not asked:
            hint = f"write {word}({self._example()} == ...)"
            raise refused(f"deal.records({self._kind.__name__}).{word}() asks for nothing", hint=hint)
        return asked

    def _of(self, of: _Ordered, word: Word, kinds: tuple[str, ...]) -> _Ordered:
        name = self._kind.__name__
        given: object = of
        if not isinstance(given, Field) or given.kind not in kinds or given._sum is not None or given._setting:
            shown = spoken(given.kind) if isinstance(given, Field) else repr(given)[:60]
            hint = f"name a field of it that is {' or '.join(map(spoken, kinds))}, such as {self._example(kinds)}"
            raise refused(f"{word}() of deal.records({name}) is of a field of {name}, not of {shown}", hint=hint)
        made: _Ordered = _KINDS[of.kind](f"deal.records({name}).{word}({of._path})")
        object.__setattr__(made, "_reckoned", Aggregate(self._kind, word, reference(of), self._where))
        return made

    def _example(self, kinds: tuple[str, ...] = ()) -> str:
        fields = fields_of(self._kind)
        fitting = [key for key, field in fields.items() if not kinds or field.holds in kinds]
        return f"{self._kind.__name__}.{(fitting or list(fields))[0]}"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("__"):
                raise AttributeError(name)
            near = did_you_mean(name, ("count", "any", "all", "total", "least", "greatest", "where"))
            own = fields_of(self._kind).get(name)
            hint = near or "ask any(...), all(...), count, total(...), least(...), greatest(...) or where(...) of them"
            if isinstance(own, CustomField):
                hint = f"a deal has many: write any({self._kind.__name__}.{name} == ...)"
            raise refused(f"deal.records({self._kind.__name__}) has no {name!r}", hint=hint, code="DW912")


_KINDS: Final[dict[str, Any]] = {
    "number": NumberField,
    "money": MoneyField,
    "day": DayField,
    "moment": MomentField,
}


def _hyphened(name: str) -> str:
    """Return the name of a class as a key: `QuoteLine` is `quote-line`."""
    spaced = "".join(f" {each}" if each.isupper() else each for each in name)
    return checked_key(slug(spaced), "a kind of records")
