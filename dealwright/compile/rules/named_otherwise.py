"""What another system is told under the name of one field, and which is another one of the same holder (DW287)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.reach import called, reach_of
from dealwright.compile.rules.rule import Spot, Subject, all_steps
from dealwright.model.custom import FieldShape

_ONE_FACT: Final = re.compile(r"\{\{\s*([\w.]+)\s*(?:or\s[^}]*)?\}\}")
"""A text that is one field and nothing else, but for what stands there where it is unset."""
_CONTACT: Final = re.compile(r"deal\.main_contact|deal\.contact_as\.\w+|event\.contact")
_OF_ANY: Final = "contact"
"""Stands for whichever contact it is."""
_SPOKEN: Final = {"phone": "a phone number", "email": "an e-mail address"}

_WORDS: Final = (
    "amount code count customer client date day id info key kind label name note notes number order price ref",
    "reference state status sum text time title total type unit value",
    "nombre fecha importe numero codigo tipo estado nota notas valor texto nome data betrag datum nummer preis",
)
_ANY: Final = frozenset(word for words in _WORDS for word in words.split())
"""Names that another system has for its own things: what stands under one may well be called otherwise here."""


def named_otherwise(subject: Subject) -> Iterator[Spot]:
    """Yield what is given to an outside system under the name of another field than the one that it is."""
    for account, automation in subject.automations:
        fields = fields_of(account, automation.on)
        for step in all_steps(automation.do):
            given = _told(step)
            paths = {name: fact_of(value) for name, value in given.items()}
            for name, path in paths.items():
                wrong, meant = _meant(name, path, fields)
                if not wrong or meant in paths.values() or meant in _stands_in(given[name]):
                    continue
                file, line = subject.step_at(automation, step.name)
                yield Spot(
                    path=file,
                    line=line,
                    message=f"{step.name!r} gives {path} as {name!r}{wrong}",
                    hint=f"did you mean {meant}? If not, call it otherwise" if meant else "name another field",
                )


def fact_of(value: ir.Expression) -> str:
    """Return the path of the one fact that a value is; empty if it is none, or more."""
    match value:
        case ir.Ref(path=path):
            return path
        case ir.OrElse(of=of):
            return fact_of(of)
        case ir.TemplateText(source=source) if found := _ONE_FACT.fullmatch(source.strip()):
            return found[1]
    return ""


def _told(step: ir.Step) -> Mapping[str, ir.Expression]:
    """Return what the step gives to another system, by name."""
    match step:
        case ir.SendEventStep(with_=given) | ir.SendConversionStep(with_=given) | ir.LookupStep(ask=given):
            return given
    return {}


def fields_of(account: ir.Account, on: ir.Trigger) -> Mapping[str, FieldShape]:
    """Return the company's own fields by path, with those of the event and the record that an automation is about."""
    holders = {"deal": account.deal_fields, "deal.company": account.company_fields, _OF_ANY: account.contact_fields}
    if isinstance(on, ir.OnEventReceived) and (event := account.outside_event(on.name)) is not None:
        holders["event.data"] = event.fields
    if isinstance(on, ir.OnRecord):
        holders["record"] = next((each.fields for each in account.records if each.key == on.record), ())
    return {f"{holder}.{shape.key}": shape for holder, shapes in holders.items() for shape in shapes}


def _meant(name: str, path: str, fields: Mapping[str, FieldShape]) -> tuple[str, str]:
    """Return what is wrong with the name, and the path of the field that it says; empty if it may be meant so."""
    holder, _, field = path.rpartition(".")
    kept = _OF_ANY if _CONTACT.fullmatch(holder) else holder
    of_name, of_field = f"{kept}.{name}", f"{kept}.{field}"
    shape = fields.get(of_field)
    wanted, is_ = called(name), reach_of(path, shape.type if shape is not None else "")
    if wanted and is_ and wanted != is_:
        there = kept == _OF_ANY or f"{kept}.{wanted}" in fields
        return f", which is {_SPOKEN[is_]}", f"{holder}.{wanted}" if there else ""
    meant = fields.get(of_name)
    if name in field or field in name or name in _ANY or meant is None or shape is None:
        return "", ""
    if meant.sensitive and not shape.sensitive:
        return "", ""  # what is sensitive is not told, and something else goes in its place
    return f", and there is {holder}.{name}", f"{holder}.{name}"


def _stands_in(value: ir.Expression) -> Iterator[str]:
    """Yield the facts that stand in where the first one is unset."""
    match value:
        case ir.OrElse(of=of, other=other):
            if isinstance(other, ir.Ref | ir.OrElse):
                yield from (fact_of(other), *_stands_in(other))
            yield from _stands_in(of)
        case ir.TemplateText(source=source):
            yield from re.findall(r"[\w.]+", source)
