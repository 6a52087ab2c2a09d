"""What a step works with, the facts that stand in its values, its texts and its cases; and what an update writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.language import templates

_OF_CONTACT: Final = re.compile(r"(?:event\.contact|contact|deal\.main_contact|deal\.contact_as\.\w+)\.(\w+)")
_LISTED: Final = re.compile(r"deal\.records\.(\w+)\.\*\.(\w+)")


def works_with(given: object, about: str) -> Iterator[str]:
    """Yield what a step works with, as `deal.amount` or `instalment.paid`; steps on a way of its own are others."""
    match given:
        case ir.Ref(path=path):
            yield from _named(path, about)
        case ir.TemplateText(source=source):
            with suppress(templates.TemplateError):  # one that cannot be read is told as that
                for path in templates.paths(source):
                    yield from _named(path, about)
        case ir.Aggregate(record=kind, value=value, where=where):
            yield from works_with((value, where), kind)
        case ir.OfRecords(record=kind):
            yield from works_with((given.of, given.where), kind)
        case ir.BranchStep(cases=cases):
            yield from works_with(tuple(case.when for case in cases), about)
        case tuple():
            for each in given:
                yield from works_with(each, about)
        case dict():
            yield from works_with(tuple(given.values()), about)
        case msgspec.Struct():
            ways = ir.ways_of(given) if ir.is_step(given) else ()
            for name in given.__struct_fields__:
                if (inner := getattr(given, name)) not in ways:
                    yield from works_with(inner, about)


def written(step: ir.Step) -> Iterator[tuple[str, ir.Expression]]:
    """Yield the facts that an update step writes, each with its value, as conditions name them: `deal.amount`."""
    match step:
        case ir.UpdateDealStep(changes=changes):
            holder = "deal"
        case ir.UpdateContactStep(contact=holder, changes=changes):
            pass
        case ir.UpdateCompanyStep(changes=changes):
            holder = "deal.company"
        case ir.UpdateRecordStep(changes=changes):
            holder = "record"
        case _:
            return
    yield from ((f"{holder}.{name}", value) for name, value in changes.items())


def _named(path: str, about: str) -> Iterator[str]:
    if path.startswith("record."):
        yield f"{about}.{path.split('.')[1]}"
    elif listed := _LISTED.match(path):
        yield f"{listed[1].replace('_', '-')}.{listed[2]}"
    elif of_contact := _OF_CONTACT.match(path):
        yield f"contact.{of_contact[1]}"
    elif path.startswith("deal."):
        yield f"deal.{path.split('.')[1]}"
