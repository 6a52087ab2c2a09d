"""What values are reckoned of and what automations watch: shared by the rules about values that are kept up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from dealwright.compile import ir
from dealwright.compile.rules.outside_events import facts_in
from dealwright.compile.rules.rule import all_steps

RECKONED: Final = (ir.Points, ir.Reckoned, ir.Shift, ir.OrElse, ir.Aggregate)
"""Values that are made of facts, and so can be older than they are; one that is copied may be kept as it was."""

BUILT_IN: Final = frozenset({"title", "owner", "amount", "close_date", "reference", "company", "tags"})
"""Fields of every deal that `deal_updated(fields=)` can watch."""


ADDED: Final = "added"
REMOVED: Final = "taken away"
_COMES_AND_GOES: Final = (ADDED, REMOVED)


class Input(NamedTuple):
    """What changes a value: a field of the deal, or one of its records of a kind, that they come or that they go."""

    record: str
    field: str

    @property
    def name(self) -> str:
        """The field, as people read it."""
        return f"{self.record or 'deal'}.{self.field}"

    def __str__(self) -> str:
        """Say what happens."""
        if self.field in _COMES_AND_GOES:
            return f"a record {self.record!r} is {self.field}"
        return f"{self.name} changes"


class Kept(NamedTuple):
    """A field that a step of an automation writes, with what it writes there; `record` is the kind it is of, if any."""

    automation: ir.Automation
    step: str
    record: str
    field: str
    value: ir.Expression

    @property
    def target(self) -> tuple[str, str]:
        """What is written, for all who write it."""
        return self.record, self.field

    def __str__(self) -> str:
        """Return the field as the author writes it."""
        return f"{self.record or 'deal'}.{self.field}"


def writes(automation: ir.Automation) -> Iterator[Kept]:
    """Yield every field of the deal, or of the record in question, that the automation writes."""
    for step in all_steps(automation.do):
        match step:
            case ir.UpdateDealStep(changes=changes):
                kind = ""
            case ir.UpdateRecordStep(record=kind, changes=changes):
                pass
            case _:
                continue
        yield from (Kept(automation, step.name, kind, name, value) for name, value in changes.items())


def inputs(kept: Kept, account: ir.Account) -> frozenset[Input]:
    """Return what changes the value that is written, as far as an automation can hear of it.

    None if it adds to what is there, or is of the one event: such a value is no other one when its facts are.
    """
    facts = set(facts_in(kept.value))
    if f"{'record' if kept.record else 'deal'}.{kept.field}" in facts or any(f.startswith("event.") for f in facts):
        return frozenset()
    watchable = BUILT_IN | {field.key for field in account.deal_fields}
    found = set(_inputs(kept.value, kept.record or _kind(kept.automation.on)))
    return frozenset(each for each in found if each.record or (each.field in watchable and not kept.record))


def _kind(on: ir.Trigger) -> str:
    return on.record if isinstance(on, ir.OnRecord) else ""


def _inputs(node: object, kind: str) -> Iterator[Input]:
    match node:
        case ir.Ref(path=path):
            parts = path.split(".")
            if parts[0] == "record":
                yield Input(kind, parts[1])
            elif (parts[0] == "deal" and parts[1:2] != ["company"]) or path == "deal.company":
                yield Input("", parts[1])
        case ir.Aggregate(record=record) | ir.OfRecords(record=record):
            yield from (Input(record, ADDED), Input(record, REMOVED))
            for name in node.__struct_fields__:
                yield from _inputs(getattr(node, name), record)
        case msgspec.Struct():
            for name in node.__struct_fields__:
                yield from _inputs(getattr(node, name), kind)
        case tuple():
            for each in node:
                yield from _inputs(each, kind)


def watches(on: ir.Trigger, changed: Input) -> bool:
    """Say whether the trigger hears of the change."""
    match on:
        case ir.OnDealUpdated(fields=fields):
            return not changed.record and (not fields or changed.field in fields)
        case ir.OnOwnerChanged():
            return changed == ("", "owner")
        case ir.OnRecordUpdated(record=kind, fields=fields):
            return (
                changed.record == kind
                and changed.field not in _COMES_AND_GOES
                and (not fields or changed.field in fields)
            )
        case ir.OnRecordAdded(record=kind):
            return changed == (kind, ADDED)
        case ir.OnRecordRemoved(record=kind):
            return changed == (kind, REMOVED)
    return False
