"""One source that a step gives to two names, the second of which is another source's (DW287)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.named_otherwise import fact_of, fields_of
from dealwright.compile.rules.rule import Spot, Subject, all_steps

_BUILT_IN: Final = {"deal.amount": "money", "deal.close_date": "day", "deal.reference": "text", "deal.title": "text"}


def given_twice(subject: Subject) -> Iterator[Spot]:
    """Yield what is given under two names, where there is another one of its type for the second of them."""
    for account, automation in subject.automations:
        types = {**_BUILT_IN, **{path: shape.type for path, shape in fields_of(account, automation.on).items()}}
        for step in all_steps(automation.do):
            for given, own in given_by_name(step):
                paths = {name: path for name, value in given.items() if (path := fact_of(value))}
                for name, path in paths.items():
                    first = next((each for each, its in paths.items() if its == path and each != name), None)
                    meant = _meant(name, path, types)
                    # What is changed itself may well begin with what a neighbour holds.
                    if first is None or not meant or meant in paths.values() or meant == f"{own}.{name}":
                        continue
                    file, line = subject.step_at(automation, step.name)
                    yield Spot(
                        path=file,
                        line=line,
                        message=f"{step.name!r} gives {path} as {first!r} and as {name!r}, and there is {meant}",
                        hint=f"did you mean {name}={meant}? If not, call it otherwise",
                    )


def given_by_name(step: ir.Step) -> Iterator[tuple[Mapping[str, ir.Expression], str]]:
    """Yield what a step is given by name, and the path of what it changes: its own fields may be exchanged."""
    match step:
        case ir.UpdateDealStep(changes=given):
            yield given, "deal"
        case ir.UpdateContactStep(changes=given, contact=contact):
            yield given, contact
        case ir.UpdateCompanyStep(changes=given):
            yield given, "deal.company"
        case ir.UpdateRecordStep(changes=given):
            yield given, "record"
        case ir.CreateContactStep(fields=given) | ir.CreateRecordStep(fields=given):
            yield given, ""
        case ir.SendEventStep(with_=given) | ir.SendConversionStep(with_=given) | ir.LookupStep(ask=given):
            yield given, ""
        case ir.CreateDealStep(custom=given, title=title):
            named = {"title": title, "amount": step.amount, "close_date": step.close_date, "reference": step.reference}
            yield given | {name: value for name, value in named.items() if value is not None}, ""


def _meant(name: str, path: str, types: Mapping[str, str]) -> str:
    """Return the path of another field of the same holder and type that the name ends with; empty if there is none."""
    holder, _, field = path.rpartition(".")
    if _ends_with(name, field):
        return ""
    for other, type_ in types.items():
        its_holder, _, key = other.rpartition(".")
        if its_holder == holder and key != field and type_ == types.get(path) and _ends_with(name, key):
            return other
    return ""


def _ends_with(name: str, key: str) -> bool:
    return name == key or name.endswith((f"_{key}", f"-{key}"))
