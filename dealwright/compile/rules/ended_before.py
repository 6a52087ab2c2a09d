"""DW238: a step waits for what ends the whole automation, and what comes after it is never done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from dealwright.compile import describe, ir
from dealwright.compile.possible import possible
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.language import templates

_MOVES: Final = (ir.MoveDealStep, ir.MoveBackStep)
_Named = dict[str, frozenset[object]]
"""What a trigger says of the events that it names; what it says nothing of may be anything."""


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        yield from _in_vain(subject, account, automation)
        for step, goes_on in _waits(automation.do):
            ended = [(on, by) for on in step.on if (by := _ended_by(automation, on)) is not None]
            if not ended or not (goes_on or _is_asked(automation, step)):
                continue
            whole = len(ended) == len(step.on) and step.until is None
            path, line = subject.step_at(automation, step.name)
            happens, by = ended[0]
            yield Spot(
                path=path,
                line=line,
                message=f"{step.name!r} waits for what ends {automation.key!r}, and never goes on for it:"
                f" {describe.trigger(happens)} (exit_on: {describe.trigger(by)})",
                hint="take it out of exit_on, and end with stop() where it is to end; or take it out of wait_until()",
                severity="error" if whole else "warning",
            )


def _in_vain(subject: Subject, account: ir.Account, automation: ir.Automation) -> Iterator[Spot]:
    """Yield what waits for a condition that is true only where exit_on has ended it, or where nothing told so."""
    if not automation.exit_on or not any(step.until is not None for step in ir.waits(automation.do)):
        return
    logic = subject.logic(account)
    for place in subject.places(account, automation):
        step = place.step
        if not isinstance(step, ir.WaitUntilStep) or step.until is None or logic.never(step.until):
            continue
        if possible(*place.kept) and not possible(*place.kept, logic.true(step.until)):
            path, line = subject.step_at(automation, step.name)
            yield Spot(
                path=path,
                line=line,
                message=f"{step.name!r} waits for what never comes true: {describe.condition(step.until)}, which"
                f" exit_on of {automation.key!r} ends it by, or which is known not to be so",
                hint="take it out of exit_on, and end with stop() where it is to end; or wait for something else",
                severity="warning",
            )


def _waits(steps: Sequence[ir.Step], behind: bool = False) -> Iterator[tuple[ir.WaitUntilStep, bool]]:
    """Yield what waits for something to happen, and whether a step is done only if it does: none after its time."""
    for place, step in enumerate(steps):
        more = behind or place + 1 < len(steps)
        if isinstance(step, ir.WaitUntilStep):
            yield step, more and any(isinstance(each, ir.StopStep) for each in step.on_timeout)
        for way in ir.ways_of(step):
            yield from _waits(way, more)


def _is_asked(automation: ir.Automation, step: ir.WaitUntilStep) -> bool:
    """Say whether something asks how the wait ended, or what was answered."""
    told = tuple(_paths(automation.do))
    answer = any(isinstance(each, ir.OnReplied | ir.OnMessageReceived) for each in step.on)
    return f"steps.{step.name}.timed_out" in told or (
        answer and any(path.startswith(("reply.", "pressed.")) for path in told)
    )


def _paths(given: object) -> Iterator[str]:
    match given:
        case ir.Ref(path=path):
            yield path
        case ir.TemplateText(source=source):
            try:
                yield from templates.paths(source)
            except templates.TemplateError:
                return  # one that cannot be read is told as that
        case msgspec.Struct():
            for name in given.__struct_fields__:
                yield from _paths(getattr(given, name))
        case tuple():
            for each in given:
                yield from _paths(each)
        case dict():
            yield from _paths(tuple(given.values()))


def _ended_by(automation: ir.Automation, awaited: ir.Trigger) -> ir.Trigger | None:
    """Return what of exit_on every such event is too; None if one may happen that ends nothing."""
    wanted = _named(awaited)
    if "to" in wanted or "from" in wanted or wanted["kind"] == frozenset({"stage_changed"}):
        # While nothing has moved it, a deal stands where its trigger found it.
        began = {ir.OnEntered: "stages", ir.OnDealCreated: "stages", ir.OnStageChanged: "to"}
        name = began.get(type(automation.on))
        stands = getattr(automation.on, name) if name else ()
        if stands and not any(isinstance(step, _MOVES) for step in all_steps(automation.do)):
            wanted.setdefault("from", frozenset(stands))
    return next((each for each in automation.exit_on if _covers(_named(each), wanted)), None)


def _covers(ends: _Named, wanted: _Named) -> bool:
    return all(name in wanted and wanted[name] <= values for name, values in ends.items())


def _named(on: ir.Trigger) -> _Named:
    """What the trigger says of the events that it names, once there is a deal."""
    said: dict[str, tuple[object, ...]] = {"kind": (type(on).__struct_config__.tag,)}
    said["pipelines"] = getattr(on, "pipelines", ())
    match on:
        case ir.OnEntered(stages=stages):
            said |= {"kind": ("stage_changed",), "to": stages}
        case ir.OnStageChanged(from_=sources, to=targets):
            said |= {"from": sources, "to": targets}
        case ir.OnOwnerChanged():
            said |= {"kind": ("deal_updated",), "fields": ("owner",)}
        case ir.OnMessageReceived():
            said["kind"] = ("message",)
        case ir.OnReplied(to=to):
            said |= {"kind": ("message",), "answered": () if to is None else (to,)}
        case _:
            rest = {name: getattr(on, name) for name in on.__struct_fields__ if name not in ("data", "pipelines")}
            said |= {name: value if isinstance(value, tuple) else (value,) for name, value in rest.items()}
    named = {name: frozenset(values) - {None} for name, values in said.items()}
    if not named["pipelines"]:
        named["pipelines"] = frozenset(each.pipeline for each in named.get("to", ()) if isinstance(each, ir.StageValue))
    return {name: values for name, values in named.items() if values}


RULE: Final = Rule(
    code="DW238",
    severity="error",
    title="a step waits for what ends the automation",
    reason=(
        "What exit_on names ends the execution wherever it stands, before a wait for the same thing goes on: what "
        "comes after that wait, or asks how it ended, is never done. It is a warning where the step waits for other "
        "things too."
    ),
    bad="""
ask = Automation(
    key="ask",
    on=entered(Sales.quoted),
    exit_on=[activity_logged()],
    do=[
        wait_until("called", activity_logged(kind="call"), timeout=days(3), on_timeout=[stop("no-call")]),
        set_task("offer", text="Send the offer to {{ deal.title }}", due=days(1)),
    ],
)
""",
    good="""
ask = Automation(
    key="ask",
    on=entered(Sales.quoted),
    exit_on=[stage_changed(from_=Sales.quoted)],
    do=[
        wait_until("called", activity_logged(kind="call"), timeout=days(3), on_timeout=[stop("no-call")]),
        set_task("offer", text="Send the offer to {{ deal.title }}", due=days(1)),
    ],
)
""",
    look=_look,
)
