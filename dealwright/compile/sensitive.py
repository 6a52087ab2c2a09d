"""What leaves the company: which sensitive fields a step would tell an outside system, or write where they are none.

A value is followed through fields, texts and arithmetic; what a condition asks is not told to anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.language import templates
from dealwright.language.schema import CONTACT_FIELDS, UPDATABLE
from dealwright.model.custom import FieldShape
from dealwright.model.shapes import HasShapes, shape_at

_NAMES: Final = re.compile(r"[\w.*-]+")

ADVERTISING: Final = "the advertising platform"


class Leak(msgspec.Struct, frozen=True):
    """A sensitive field that a step would tell or write down elsewhere."""

    path: str
    to: str
    kind: str
    """`told`: reveals= allows it; `advertised`: nothing does; `copied`: the field that it is written to is not
    sensitive."""


def is_sensitive(path: str, own: HasShapes) -> bool:
    """Say whether what stands at the path, or at one of those that it is reckoned of, is sensitive."""
    shapes = (shape_at(each, own) for each in _NAMES.findall(path))
    return any(shape is not None and shape.sensitive for shape in shapes)


def leaks(step: ir.Step, own: HasShapes) -> Iterator[Leak]:
    """Yield the sensitive fields that the step would tell, but those that it reveals, or write where they are none."""
    match step:
        case ir.SendEventStep(to=system, with_=given) | ir.LookupStep(system=system, ask=given):
            for path in _sensitive(given, own):
                if path not in step.reveals and _of_record(path) not in step.reveals:
                    yield Leak(path, f"the system {system!r}", "told")
        case ir.SendConversionStep():
            for path in _sensitive((step.value, step.lead_id, step.with_), own):
                yield Leak(path, ADVERTISING, "advertised")
        case ir.UpdateDealStep(changes=given):
            yield from _copied(given, own.deal, own)
        case ir.CreateDealStep():
            built_in = {name: getattr(step, name) for name in (*UPDATABLE, "title") if hasattr(step, name)}
            yield from _copied({**built_in, **step.custom}, own.deal, own)
        case ir.CreateContactStep(fields=given) | ir.UpdateContactStep(changes=given):
            yield from _copied(given, own.contact, own)
        case ir.UpdateCompanyStep(changes=given):
            yield from _copied(given, own.company, own)
        case ir.CreateRecordStep(record=kind, fields=given) | ir.UpdateRecordStep(record=kind, changes=given):
            yield from _copied(given, own.records.get(kind, {}), own)


def _of_record(path: str) -> str:
    """Return what is revealed where a list of records is: the field of each of them."""
    _, star, key = path.partition(".*.")
    return f"record.{key}" if star else path


def _copied(given: Mapping[str, object], shapes: Mapping[str, FieldShape], own: HasShapes) -> Iterator[Leak]:
    for name, value in given.items():
        target = shapes.get(name)
        if name in UPDATABLE or name in CONTACT_FIELDS or target is None or not target.sensitive:
            for path in _sensitive(value, own):
                yield Leak(path, name, "copied")


def _sensitive(given: object, own: HasShapes) -> list[str]:
    return [path for path in dict.fromkeys(named(given)) if is_sensitive(path, own)]


def named(given: object) -> Iterator[str]:
    """Yield the paths of the facts of which a value is made; what its conditions ask is no part of it.

    Points are made of nothing but conditions: who reads the sum reads what they came to.
    """
    match given:
        case ir.Point(when=condition):
            yield from _asked(condition)
        case ir.Aggregate(value=value, where=where):
            yield from named(value)
            yield from _asked(where)
        case ir.Ref(path=path):
            yield path
        case ir.TemplateText(source=source):
            with suppress(templates.TemplateError):  # one that cannot be read is told as that
                yield from sorted(templates.paths(source))
        case tuple() | list():
            for each in given:
                yield from named(each)
        case dict():
            for each in given.values():
                yield from named(each)
        case msgspec.Struct() if given.__struct_config__.tag_field != "if":
            for name in given.__struct_fields__:
                yield from named(getattr(given, name))


def _asked(given: object) -> Iterator[str]:
    """Yield the paths of the facts that a condition asks for."""
    match given:
        case ir.Ref(path=path):
            yield path
        case tuple():
            for each in given:
                yield from _asked(each)
        case msgspec.Struct():
            for name in given.__struct_fields__:
                yield from _asked(getattr(given, name))
