"""A flag of records that is asked whether it is unset or yes, though whatever makes them says no (DW223)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.compile.rules.rule import Spot, Subject, all_steps

_WAYS: Final = frozenset({"answers", "late", "on_error", "on_timeout", "otherwise", "unset"})


def unset_or_yes(subject: Subject) -> Iterator[Spot]:
    """Yield the first step that asks so of each flag that steps only make records with no in it."""
    for account in subject.groups:
        made: dict[tuple[str, str], list[object]] = {}
        for automation in account.automations:
            for step in all_steps(automation.do):
                if isinstance(step, ir.CreateRecordStep):
                    shapes = next((each.fields for each in account.records if each.key == step.record), ())
                    for shape in shapes:
                        if shape.type == "flag":
                            made.setdefault((step.record, shape.key), []).append(step.fields.get(shape.key))
        flags = {flag for flag, values in made.items() if all(each == ir.FlagValue(value=False) for each in values)}
        told: set[tuple[str, str]] = set()
        for automation in account.automations if flags else ():
            for step in all_steps(automation.do):
                for flag in set(_asked(_conditions(step), "")) & flags - told:
                    told.add(flag)
                    path, line = subject.step_at(automation, step.name)
                    name = ".".join(flag)
                    yield Spot(
                        path=path,
                        line=line,
                        message=f"{step.name!r} asks whether {name} is unset or yes: every step that makes one says no,"
                        " and those are left out",
                        hint=f"write {name}.is_unset() | {name}.is_false(), or {name}.is_true() alone",
                    )


def _conditions(step: ir.Step) -> object:
    return tuple(case.when for case in step.cases) if isinstance(step, ir.BranchStep) else step


def _asked(node: object, kind: str) -> Iterator[tuple[str, str]]:
    """Yield the flags of records of which it is asked whether they are unset or yes; other steps are others."""
    match node:
        case ir.Any(
            of=(ir.Not(of=ir.IsSet(field=one)), ir.Compare(field=other, op="==", value=ir.FlagValue(value=yes)))
        ) if yes:
            if kind and one == other and one.path.startswith("record."):
                yield kind, one.path.removeprefix("record.")
        case ir.Aggregate(record=record) | ir.OfRecords(record=record):
            yield from (each for name in node.__struct_fields__ for each in _asked(getattr(node, name), record))
        case msgspec.Struct():
            for name in node.__struct_fields__:
                inner = getattr(node, name)
                if not (isinstance(node, ir.Step) and name in _WAYS):
                    yield from _asked(inner, kind)
        case tuple():
            for each in node:
                yield from _asked(each, kind)
        case dict():
            for each in node.values():
                yield from _asked(each, kind)
