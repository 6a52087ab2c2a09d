"""What is shown of sensitive fields: that they are set, and never what they hold. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from dealwright.engine.own import Own
from dealwright.model.crm import Contact, Deal, Record
from dealwright.model.custom import Custom, FieldShape, TextHeld
from dealwright.model.requests import (
    ContactChanges,
    CreateContact,
    CreateDeal,
    CreateRecord,
    DealChanges,
    UpdateCompany,
    UpdateRecord,
)

T = TypeVar("T")

HIDDEN: Final = "set, sensitive"
"""What stands in the place of what a sensitive field holds."""


def masked(value: T, own: Own) -> T:
    """Return an event, a request or whatever holds some, with the values of sensitive fields replaced."""
    return _masked(value, own) if own.sensitive else value


def _masked(value: Any, own: Own) -> Any:
    if isinstance(value, tuple):
        found = tuple(_masked(each, own) for each in value)
        return value if all(new is old for new, old in zip(found, value, strict=True)) else found
    if not isinstance(value, msgspec.Struct):
        return value
    changed: dict[str, Any] = {}
    for name in value.__struct_fields__:
        old = getattr(value, name)
        if name in ("custom", "company_custom"):
            new: Any = _hidden(old, own.company if name == "company_custom" else _shapes(value, own))
        else:
            new = _masked(old, own)
        if new is not old:
            changed[name] = new
    return msgspec.structs.replace(value, **changed) if changed else value


def _shapes(holder: msgspec.Struct, own: Own) -> Mapping[str, FieldShape]:
    match holder:
        case Deal() | CreateDeal() | DealChanges():
            return own.deal
        case Contact() | CreateContact() | ContactChanges():
            return own.contact
        case UpdateCompany():
            return own.company
        case Record() | CreateRecord() | UpdateRecord():
            return own.record
    return {}


def _hidden(customs: Any, shapes: Mapping[str, FieldShape]) -> Any:
    if not customs:
        return customs
    names = sensitive_names(shapes)
    if not any(each.key in names for each in customs):
        return customs
    return tuple(
        Custom(each.key, TextHeld(HIDDEN)) if each.key in names and each.value is not None else each for each in customs
    )


def sensitive_names(shapes: Mapping[str, FieldShape]) -> frozenset[str]:
    """Return the keys of the sensitive ones of these fields, and those that they had before."""
    sensitive = (shape for shape in shapes.values() if shape.sensitive)
    return frozenset(name for shape in sensitive for name in (shape.key, *shape.renamed_from))
