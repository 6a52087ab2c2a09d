"""A company's own fields by what holds them, and which of them stands at the path of a fact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from dealwright.model.custom import FieldShape


class HasShapes(Protocol):
    """Own fields by key."""

    @property
    def deal(self) -> Mapping[str, FieldShape]:
        """Those of deals."""
        ...

    @property
    def contact(self) -> Mapping[str, FieldShape]:
        """Those of contacts."""
        ...

    @property
    def company(self) -> Mapping[str, FieldShape]:
        """Those of companies."""
        ...

    @property
    def record(self) -> Mapping[str, FieldShape]:
        """Those of records of any kind; of several of a name one that is sensitive."""
        ...

    @property
    def records(self) -> Mapping[str, Mapping[str, FieldShape]]:
        """Those of each kind of records."""
        ...


def shape_at(path: str, own: HasShapes) -> FieldShape | None:
    """Return the own field at a path, or of which the path is a part; None if it is none."""
    parts = path.split(".")
    if parts[0] == "contact" or parts[:2] == ["event", "contact"]:
        return own.contact.get(parts[1 if parts[0] == "contact" else 2]) if len(parts) > 1 else None
    if parts[0] == "record":
        return own.record.get(parts[1]) if len(parts) > 1 else None
    below = parts[2:] if parts[:2] == ["event", "before"] else parts[1:] if parts[0] == "deal" else []
    match below:
        case ["main_contact", key, *_] | ["contact_as", _, key, *_]:
            return own.contact.get(key)
        case ["company", key, *_]:
            return own.company.get(key)
        case ["records", _, "*", key, *_]:
            return own.record.get(key)
        case ["records", *_]:
            return None
        case [key, *_]:
            return own.deal.get(key)
    return None


def of_any_kind(kinds: Iterable[Iterable[FieldShape]]) -> dict[str, FieldShape]:
    """Return the fields of all kinds of records by key; of several of one key one that is sensitive."""
    found: dict[str, FieldShape] = {}
    for shapes in kinds:
        for shape in shapes:
            if shape.key not in found or shape.sensitive:
                found[shape.key] = shape
    return found
