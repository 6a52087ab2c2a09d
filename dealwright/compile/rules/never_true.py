"""DW214: conditions that no deal can ever meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from dealwright.compile import describe, ir
from dealwright.compile.possible import Logic, one_of, possible
from dealwright.compile.rules.askings import askings, never
from dealwright.compile.rules.lists import idle_members
from dealwright.compile.rules.out_of_reach import Reached, out_of_reach, reached_by_points
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_parts, all_steps
from dealwright.compile.rules.ways import OF_CONTACTS, Parts, found_in, of_trigger
from dealwright.language.schema import did_you_mean


def _look(subject: Subject) -> Iterator[Spot]:
    yield from idle_members(subject)
    points: dict[int, Reached] = {}
    for account, automation in subject.automations:
        yield from _unlisted_reasons(subject, account, automation)
        logic = subject.logic(account)
        if id(account) not in points:
            points[id(account)] = reached_by_points(account, logic)
        yield from _inside(subject, automation, logic)
        yield from _below_nothing(subject, automation)
        yield from out_of_reach(subject, account, automation, logic, points[id(account)])
        wanted = logic.true(automation.when)
        yield from _never_ended(subject, automation, logic)
        if automation.for_each is not None and (told := _empty(automation, automation.for_each, logic)):
            path, line = subject.automation_at(automation, "for_each")
            hint = "take the part out that contradicts; when= is asked of the segment's deals as well"
            yield Spot(path=path, line=line, message=told, hint=hint)
            continue
        # What is looked at again need not stand any more where its trigger found it.
        begins = (of_trigger(automation.on, logic),) if automation.when_within is None else ()
        if possible(*begins, wanted):
            if begins and not possible(*begins, *found_in(automation, account), wanted):
                path, line = subject.condition_at(automation, None)
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{automation.key!r} runs for no deal that its event finds: Match(in_=...) looks in"
                    " pipelines which its conditions exclude",
                    hint="name the pipeline of the stages that it asks for in in_=, or ask for stages of that one",
                    severity="warning",
                )
            continue
        parts = all_parts(automation.when)
        culprits = (n for n, part in enumerate(parts) if not possible(*begins, logic.true(part)))
        path, line = subject.condition_at(automation, next(culprits, None))
        hint = "take the part out that contradicts, or join them with | if either will do"
        if not possible(*begins):
            (path, line), hint = subject.automation_at(automation, "on"), "name another stage, or take one of them out"
            why = f"it cannot be that {describe.trigger(automation.on)}"
        elif possible(wanted):
            why = f"its conditions contradict its trigger, which is that {describe.trigger(automation.on)}"
            if isinstance(automation.on, OF_CONTACTS) and possible(one_of("deal.stage", logic.closed), wanted):
                why += ": a deal that is won or lost hears nothing of it"
        else:
            why = f"no deal can meet {describe.condition(automation.when)}"
        yield Spot(path=path, line=line, message=f"{automation.key!r} never runs: {why}", hint=hint)


def _empty(automation: ir.Automation, segment: ir.Segment, logic: Logic) -> str:
    """Say why the segment never holds a deal that the automation runs for; empty if it may."""
    there = one_of("deal.pipeline", [ir.PipelineValue(pipeline=key) for key in segment.pipelines])
    asked = logic.true(segment.where)
    if not possible(there, asked):
        return f"the segment of {automation.key!r} never holds a deal: {describe.condition(segment.where)}"
    if possible(logic.true(automation.when)) and not possible(there, asked, logic.true(automation.when)):
        return f"{automation.key!r} never runs: its conditions contradict its segment"
    return ""


def _never_ended(subject: Subject, automation: ir.Automation, logic: Logic) -> Iterator[Spot]:
    for trigger in automation.exit_on:
        if not possible(of_trigger(trigger, logic)):
            path, line = subject.automation_at(automation, "exit_on")
            yield Spot(
                path=path,
                line=line,
                message=f"exit_on of {automation.key!r} names what never happens: {describe.trigger(trigger)}",
                hint="take in_= out, or name a stage of that pipeline",
            )


def _inside(subject: Subject, automation: ir.Automation, logic: Logic) -> Iterator[Spot]:
    """Yield what is never true inside of a condition that may be, and what is waited for in vain."""
    for step in all_steps(automation.do):
        if isinstance(step, ir.WaitUntilStep) and step.until is not None and logic.never(step.until):
            path, line = subject.step_at(automation, step.name)
            yield Spot(
                path=path,
                line=line,
                message=f"{step.name!r} waits for what never comes true: {describe.condition(step.until)}",
                hint="take the part out that contradicts, or join them with | if either will do",
            )
    for asking in askings(subject, automation):
        if asking.of != "points" and logic.never(asking.condition):
            continue  # the whole is told, here or by DW215 and DW111
        for part in never(logic, asking.condition):
            path, line = asking.at
            yield Spot(
                path=path,
                line=line,
                message=f"{describe.condition(part)} is never true",
                hint="take it out, or join its parts with | if either will do",
            )


def _below_nothing(subject: Subject, automation: ir.Automation) -> Iterator[Spot]:
    """Yield comparisons of an amount of the deal with one below 0: no step, rep or form writes such an amount."""
    asked: list[tuple[tuple[str, int], object]] = [*_asked(subject, automation)]
    asked += [(subject.step_at(automation, step.name), step) for step in ir.actions(automation.do)]
    told: set[ir.Compare] = set()
    for (path, line), given in asked:
        for each in _comparisons(given):
            value = each.value
            if not isinstance(value, ir.NumberValue | ir.MoneyValue) or each in told:
                continue
            amount = value.value if isinstance(value, ir.NumberValue) else value.amount
            if (each.op == "<" and amount <= 0) or (each.op in ("<=", "==") and amount < 0):
                told.add(each)
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{describe.condition(each)} is never true: an amount is never negative",
                    hint="write == 0, or .is_unset() for a deal without one",
                    severity="warning",
                )


def _comparisons(given: object) -> Iterator[ir.Compare]:
    """Yield the comparisons of the deal's amounts in a condition or a value, such as a sum of points."""
    match given:
        case ir.Compare(field=ir.Ref(type="money", path=path)) if path.startswith("deal."):
            yield given
        case msgspec.Struct():
            for name in given.__struct_fields__:
                yield from _comparisons(getattr(given, name))
        case tuple():
            for each in given:
                yield from _comparisons(each)
        case Mapping():
            yield from _comparisons(tuple(given.values()))


def _asked(subject: Subject, automation: ir.Automation) -> list[tuple[tuple[str, int], ir.Condition]]:
    """The parts of `when` and the cases of branches, with where they stand."""
    parts = all_parts(automation.when)
    asked = [(subject.condition_at(automation, place), part) for place, part in enumerate(parts)]
    for step in all_steps(automation.do):
        for place, case in enumerate(step.cases if isinstance(step, ir.BranchStep) else ()):
            asked.append((subject.case_at(automation, step.name, place), case.when))
    return asked


def _unlisted_reasons(subject: Subject, account: ir.Account, automation: ir.Automation) -> Iterator[Spot]:
    """Yield reasons that no lost stage lists where the deal may be; a program may write others, so it is a warning."""
    lost = {
        ir.StageValue(pipeline=pipeline.key, stage=stage.key): stage.reasons
        for pipeline in account.pipelines
        for stage in pipeline.stages
        if stage.kind == "lost"
    }
    if not lost or not all(lost.values()):
        return
    everywhere = [reason for reasons in lost.values() for reason in reasons]
    for (path, line), condition, known in _asked_where(subject, account, automation):
        for of, reason in _reasons(condition):
            # A deal has a reason only while it is lost, so it is one of where it stands.
            stage = of.replace("lost_reason", "stage")
            there = [each for each in lost if possible(*known, one_of(stage, [each]))] if reason in everywhere else []
            listed = [each for place in there for each in lost[place]] or everywhere
            if reason not in listed:
                yield Spot(
                    path=path,
                    line=line,
                    message=f"no lost stage {'where its deals can be ' if there else ''}lists the reason {reason!r}:"
                    " this is never true",
                    hint=did_you_mean(reason, listed) or f"there are {', '.join(dict.fromkeys(listed))}",
                    severity="warning",
                )


def _asked_where(
    subject: Subject, account: ir.Account, automation: ir.Automation
) -> Iterator[tuple[tuple[str, int], ir.Condition, Parts]]:
    """Yield the parts of `when` and the cases of branches, with what is known of the deal where they are asked."""
    logic = subject.logic(account)
    begins = (of_trigger(automation.on, logic),) if automation.when_within is None else ()
    known = (*begins, logic.true(automation.when))
    for place, part in enumerate(all_parts(automation.when)):
        yield subject.condition_at(automation, place), part, known
    for at in subject.places(account, automation):
        if isinstance(at.step, ir.BranchStep):
            for place, case in enumerate(at.step.cases):
                yield subject.case_at(automation, at.step.name, place), case.when, at.lately


def _reasons(condition: ir.Condition) -> Iterator[tuple[str, str]]:
    """Yield the reasons for a lost deal that the condition asks for, each with the field of which it does."""
    match condition:
        case ir.All(of=parts) | ir.Any(of=parts):
            for part in parts:
                yield from _reasons(part)
        case ir.Not(of=part):
            yield from _reasons(part)
        case ir.Compare(field=ir.Ref(path=path), op="==", value=ir.TextValue(value=reason)) if _is_reason(path):
            yield path, reason
        case ir.IsIn(field=ir.Ref(path=path), values=values) if _is_reason(path):
            yield from ((path, value.value) for value in values if isinstance(value, ir.TextValue))


def _is_reason(path: str) -> bool:
    return path in ("deal.lost_reason", "event.before.lost_reason")


RULE: Final = Rule(
    code="DW214",
    severity="error",
    title="a condition can never be true",
    reason=(
        "An automation that asks for an amount above ten and below five, or for a stage that its trigger excludes, "
        "never runs; nobody notices, because nothing happens. Neither does a segment that holds no deal, and what "
        "exit_on names and never happens ends nothing. A reason for a lost deal that no stage lists is a "
        "warning: a rep cannot choose it, and none of another pipeline than the deal's; "
        "and so are an amount of the deal below 0, and a number to which the points "
        "that are written there never come. A part of a condition that is never true is told too, and a wait_until() "
        "that only its time can end. A stage or an option that stands in a list with others and can never be is a "
        "warning, unless the list has a name and may serve elsewhere."
    ),
    bad="""
big = Automation(
    key="big",
    on=deal_created(in_=Sales),
    when=[deal.amount > 10, deal.amount < 5],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    good="""
big = Automation(
    key="big",
    on=deal_created(in_=Sales),
    when=[deal.amount > 5, deal.amount < 10],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    look=_look,
)
