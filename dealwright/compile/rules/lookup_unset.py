"""DW271: what another system gives is used where it may have given nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.texts import bare_paths


def _look(subject: Subject) -> Iterator[Spot]:
    for _, automation in subject.automations:
        looking = {step.name: step.optional for step in all_steps(automation.do) if isinstance(step, ir.LookupStep)}
        if not looking:
            continue
        optional = {f"{name}.{each}" for name, names in looking.items() for each in names}
        for step, name in _used(automation.do, frozenset({*looking, *optional})):
            path, line = subject.step_at(automation, step.name)
            message = f"{step.name!r} uses what {name!r} gives, which is unset when the other system gives no answer"
            if name in optional:
                message = f"{step.name!r} uses {name}, which the other system may leave out"
            hint = "end it there with on_error=[..., stop()], ask for it in a branch, or write {{ ... or 'something' }}"
            yield Spot(path=path, line=line, message=message, hint=hint)


def _used(steps: Iterable[ir.Step], open_: frozenset[str]) -> Iterator[tuple[ir.Step, str]]:
    """Yield each step that uses what a lookup gives as it is; `open_` are those of which nobody has made sure."""
    for step in steps:
        for path in bare_paths(step):
            head, _, rest = path.partition(".")
            name = rest.partition(".")[0].replace("_", "-")
            given = f"{name}.{rest.partition('.')[2]}"
            if head == "steps" and not path.endswith(".error") and (name in open_ or given in open_):
                yield step, name if name in open_ else given
        match step:
            case ir.LookupStep(name=name, on_error=on_error):
                yield from _used(on_error, open_)
                if any(isinstance(each, ir.StopStep) for each in on_error):
                    open_ -= {name}
            case ir.BranchStep():
                for case in step.cases:
                    yield from _used(case.do, open_ - set(_named(case.when)))
                named = {name for case in step.cases for name in _named(case.when)}
                yield from _used(step.otherwise, open_ - named)
                yield from _used(step.unset or (), open_)
            case _:
                for way in ir.ways_of(step):
                    yield from _used(way, open_)


def _named(node: object) -> Iterator[str]:
    """Yield the steps whose fields a condition asks for, and those fields."""
    match node:
        case ir.Ref(path=path):
            if path.startswith("steps."):
                yield path.split(".")[1]
                yield path.removeprefix("steps.")
        case msgspec.Struct():
            for name in node.__struct_fields__:
                yield from _named(getattr(node, name))
        case tuple():
            for each in node:
                yield from _named(each)


RULE: Final = Rule(
    code="DW271",
    severity="warning",
    title="what another system gives may be unset",
    reason=(
        "Other systems are away at times, or answer something else. What they give is unset then: a text has a gap, "
        "and a field is cleared, unless on_error= ends the execution or a branch asks for it first."
    ),
    bad="""
check = Automation(
    key="check",
    on=deal_created(in_=Sales),
    do=[
        lookup("vies", at="vies:/check", ask={"vat": deal.company}, gives={"valid": bool, "name": str}),
        set_task("call", text="Call {{ steps.vies.name }}", due=hours(1)),
    ],
)
""",
    good="""
check = Automation(
    key="check",
    on=deal_created(in_=Sales),
    do=[
        lookup("vies", at="vies:/check", ask={"vat": deal.company}, gives={"valid": bool, "name": str}),
        set_task("call", text="Call {{ steps.vies.name or deal.title }}", due=hours(1)),
    ],
)
""",
    look=_look,
)
