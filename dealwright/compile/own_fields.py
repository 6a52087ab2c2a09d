"""Which of a company's own fields an account has: those of the classes that it names, or that its definitions use."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dealwright.language.account import Account
from dealwright.language.company import CompanyFields
from dealwright.language.conditions import Reference
from dealwright.language.custom import fields_of, origin_of, shapes_of
from dealwright.language.deal import ContactFields, DealFields
from dealwright.language.origin import Origin
from dealwright.language.outside import OutsideEvent
from dealwright.language.pipeline import StageLike, parts
from dealwright.language.records import PLACE, Record, RecordType, is_record, segment
from dealwright.language.schema import FieldType
from dealwright.model.custom import FieldShape
from dealwright.model.shapes import of_any_kind

_BASES: Final[tuple[type, ...]] = (DealFields, ContactFields, CompanyFields)
_NAMES: Final[Mapping[type, str]] = {DealFields: "a deal", ContactFields: "a contact", CompanyFields: "a company"}
_parts: Final[dict[type, tuple[str, ...] | None]] = {}
_OF_USER: Final = ("name", "first_name", "email")

Shapes = Mapping[str, FieldShape]
"""Fields by key."""


@dataclass(frozen=True, slots=True)
class TwoClasses:
    """Two classes of one kind, neither of which extends the other: nobody could say which fields there are."""

    what: str
    first: type
    second: type

    @property
    def origin(self) -> Origin:
        """Where the second one was written."""
        return origin_of(self.second)

    @property
    def message(self) -> str:
        """What is wrong, with both places."""
        first = origin_of(self.first)
        return (
            f"the fields of {self.what} stand in two classes, {self.second.__name__} here and {self.first.__name__}"
            f" at {Path(first.file).name}:{first.line}"
        )

    def hint(self, account: str) -> str:
        """What to do; kinds of records extend nothing."""
        if is_record(self.second):
            return f"use one of the two in {account!r}, or give {self.second.__name__} a key= of its own"
        return f"let one extend the other, or use one of them in {account!r}"


@dataclass(frozen=True, slots=True)
class OwnFields:
    """The fields of deals, contacts and companies that are the company's own, and its kinds of records, by key."""

    deal: Shapes = field(default_factory=dict)
    contact: Shapes = field(default_factory=dict)
    company: Shapes = field(default_factory=dict)
    conflicts: tuple[TwoClasses, ...] = ()
    kinds: Mapping[str, RecordType] = field(default_factory=dict)

    @property
    def records(self) -> Mapping[str, Shapes]:
        """The fields of each kind of records."""
        return {key: {shape.key: shape for shape in shapes_of(kind)} for key, kind in self.kinds.items()}

    @property
    def record(self) -> Shapes:
        """The fields of records of any kind; of several of a name one that is sensitive."""
        return of_any_kind(map(shapes_of, self.kinds.values()))

    def of_record(self, kind: str) -> dict[str, FieldType]:
        """Return the facts of one record of a kind, if it is one."""
        return _under(PLACE, self.records.get(kind, {}))

    def facts(self, known: Collection[str]) -> dict[str, FieldType]:
        """Return the facts that they add to those that are known somewhere."""
        found: dict[str, FieldType] = {}
        for deal in ("deal", "event.before"):
            if f"{deal}.id" in known:
                found |= _under(deal, self.deal) | _under(f"{deal}.company", self.company)
        if "deal.id" in known:
            for key, shapes in self.records.items():
                found[f"deal.records.{segment(key)}.count"] = "number"
                found |= _under(f"deal.records.{segment(key)}.*", shapes)
        if self.contact:
            for path in known:
                # Whoever has a last name is a contact: the main one, the event's, the recipient.
                if path.endswith(".last_name"):
                    found |= _under(path.removesuffix(".last_name"), self.contact)
        return found


def own_fields(account: Account) -> OwnFields:
    """Return the account's own fields; of two classes of which one extends the other, those of the larger one."""
    found: dict[type, list[type]] = {base: [] for base in _BASES}
    records: dict[str, RecordType] = {}
    conflicts: list[TwoClasses] = []
    for kind in _used(account):
        if issubclass(kind, Record):
            same = records.setdefault(segment(kind._key), kind)
            if same is not kind and not any(each.second is kind for each in conflicts):
                conflicts.append(TwoClasses(f"records {kind._key!r}", same, kind))
            continue
        base = next((each for each in _BASES if issubclass(kind, each)), None)
        if base is not None and kind not in found[base] and fields_of(kind):
            found[base].append(kind)
    chosen: dict[type, Shapes] = {}
    for base, kinds in found.items():
        kinds.sort(key=lambda kind: (origin_of(kind).file, origin_of(kind).line))
        whole: type | None = next((kind for kind in kinds if all(issubclass(kind, other) for other in kinds)), None)
        if kinds and whole is None:
            whole = kinds[0]
            other = next(kind for kind in kinds if not issubclass(kind, whole) and not issubclass(whole, kind))
            conflicts.append(TwoClasses(_NAMES[base], whole, other))
        chosen[base] = {} if whole is None else {shape.key: shape for shape in shapes_of(whole)}
    deal, contact, company = (chosen[base] for base in _BASES)
    of_records = {kind._key: kind for _, kind in sorted(records.items())}
    return OwnFields(deal, contact, company, tuple(conflicts), of_records)


def _used(account: Account) -> Iterator[type]:
    """Every class of fields that the account names or that anything in its definitions is a field of."""
    left: list[Any] = [account.kinds, account.automations]
    left.extend(vars_of(stage) for pipeline in account.pipelines for stage in parts(pipeline).stages.values())
    while left:
        item = left.pop()
        if isinstance(item, Reference):
            left.extend((None if item.own is None else item.own.owner, item.reckoned, item.points))
        elif isinstance(item, type):
            if issubclass(item, OutsideEvent):
                left.append(item.match)
            if issubclass(item, _BASES) or is_record(item):
                yield item
                if issubclass(item, DealFields):
                    left.extend(item._joined)
        elif isinstance(item, tuple | list):
            left.extend(item)
        elif isinstance(item, Mapping):
            left.extend(item.values())
        elif (names := _parts_of(type(item))) is not None:
            left.extend(getattr(item, name) for name in names)


def vars_of(stage: StageLike) -> tuple[Any, ...]:
    """Return what a stage was given, but the pipeline that it belongs to."""
    slots = (name for each in type(stage).__mro__ for name in vars(each).get("__slots__", ()))
    return tuple(getattr(stage, name, None) for name in slots if name != "_pipeline")


def _parts_of(kind: type) -> tuple[str, ...] | None:
    if kind not in _parts:
        whole = dataclasses.is_dataclass(kind) and kind is not Origin
        _parts[kind] = tuple(each.name for each in dataclasses.fields(kind)) if whole else None
    return _parts[kind]


def _under(path: str, shapes: Shapes) -> dict[str, FieldType]:
    found: dict[str, FieldType] = {}
    for key, shape in shapes.items():
        found[f"{path}.{key}"] = shape.type
        if shape.type == "user":
            found.update((f"{path}.{key}.{part}", "text") for part in _OF_USER)
    return found
