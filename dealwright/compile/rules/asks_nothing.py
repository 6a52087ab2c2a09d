"""DW235: conditions that are false of no deal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import describe, ir
from dealwright.compile.possible import Logic, possible
from dealwright.compile.rules.askings import always, askings
from dealwright.compile.rules.required import required_at
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_parts, all_steps
from dealwright.compile.rules.ways import Place, about_record


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        logic = subject.logic(account)
        told: set[tuple[tuple[str, int], str]] = set()
        for asking in askings(subject, automation):
            if logic.never(asking.condition):
                continue  # what is never true is told by other rules
            for part in always(logic, asking.condition):
                message = f"{describe.condition(part)} {_why(logic, part)}"
                if (asking.at, message) not in told:
                    told.add((asking.at, message))
                    path, line = asking.at
                    yield Spot(path=path, line=line, message=message, hint=_hint(logic, part))
        for place in subject.places(account, automation):
            if automation.origin == "authored":
                yield from _known(subject, account, automation, logic, place)
            elif automation.origin == "criteria":
                yield from _required(subject, account, automation, logic, place)


def _known(
    subject: Subject, account: ir.Account, automation: ir.Automation, logic: Logic, place: Place
) -> Iterator[Spot]:
    """Yield what is known already where it is asked: a wait that goes on at once, any() of the record that it is."""
    step = place.step
    if not isinstance(step, ir.WaitUntilStep | ir.BranchStep) or not possible(*place.lately):
        return
    if isinstance(step, ir.WaitUntilStep):
        if step.until is not None and not logic.always(step.until) and _holds(logic, place, step.until):
            path, line = subject.step_at(automation, step.name)
            yield Spot(
                path=path,
                line=line,
                message=f"{step.name!r} waits for what is true already, and goes on at once:"
                f" {describe.condition(step.until)}",
                hint="wait for what is to happen, such as replied() or stage_changed(); or take the wait out",
            )
        elif (fact := _unset_anyhow(account, logic, place, step.until)) and automation.origin == "authored":
            path, line = subject.step_at(automation, step.name)
            yield Spot(
                path=path,
                line=line,
                message=f"{step.name!r} waits until {fact} is unset, as it is at first, and steps write it only: it"
                " goes on at once, or never",
                hint=f"did you mean {fact}.is_set()?",
            )
        return
    own = about_record(logic, automation.on, place)
    for index, case in enumerate(step.cases):
        for part in always(own, case.when):
            if isinstance(part, ir.OfRecords) and not logic.always(part):
                path, line = subject.case_at(automation, step.name, index)
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{describe.condition(part)} is always true here: of the record that set it off",
                    hint="write .all(...) if all of them are meant, or ask about this one alone",
                )


def _required(
    subject: Subject, account: ir.Account, automation: ir.Automation, logic: Logic, place: Place
) -> Iterator[Spot]:
    """Yield what entry criteria ask for though the CRM lets no deal in without it."""
    step, required = place.step, required_at(account, automation, place.step)
    if not required or not isinstance(step, ir.BranchStep):
        return
    when = step.cases[0].when
    for part in all_parts(when):
        if not logic.always(part) and possible(logic.not_true(part)) and not possible(*required, logic.not_true(part)):
            path, line = subject.step_at(automation, step.name)
            yield Spot(
                path=path,
                line=line,
                message=f"{describe.condition(part)} is true of every deal that comes here: required= of the stage"
                " asks for it already",
                hint="take it out of the criteria; or out of required=, if a deal may come without it and be a breach",
            )


def _unset_anyhow(account: ir.Account, logic: Logic, place: Place, until: ir.Condition | None) -> str:
    """Return the own field that is waited for to be unset, which it may be: steps write it, and none clears it."""
    match until:
        case ir.Not(of=ir.IsSet(field=ir.Ref(path=path)) as known) if path.startswith("deal."):
            name = path.removeprefix("deal.")
        case _:
            return ""
    if name not in {each.key for each in account.deal_fields} or _holds_ever(logic, place, known):
        return ""
    values = [
        step.changes[name]
        for automation in account.automations
        for step in all_steps(automation.do)
        if isinstance(step, ir.UpdateDealStep) and name in step.changes
    ]
    return path if values and not any(isinstance(each, ir.Cleared) for each in values) else ""


def _holds_ever(logic: Logic, place: Place, condition: ir.Condition) -> bool:
    return not possible(*place.known, logic.not_true(condition))


def _holds(logic: Logic, place: Place, condition: ir.Condition) -> bool:
    return not possible(*place.lately, logic.not_true(condition))


def _why(logic: Logic, part: ir.Condition) -> str:
    if isinstance(part, ir.Compare) and part.field.path in logic.settings:
        return "is true of every value that the setting may have: it asks nothing"
    if isinstance(part, ir.Any) and possible(logic.not_true(part)):
        return "is never false: it asks only whether the fields are set"
    return "is true of every deal: it asks nothing"


def _hint(logic: Logic, part: ir.Condition) -> str:
    match part:
        case ir.Compare(field=ir.Ref(path=path)) if path in logic.settings:
            return "compare with a value between its min and max, or take it out"
        case ir.Any():
            return "join its parts with & if all of them are meant, or take it out; that a field is set is .is_set()"
        case ir.Scored():
            return "compare with another number: the points come to none that is below"
        case ir.CompareReckoned() | ir.Compare(field=ir.Ref(type="number")):
            return "write > 0 if there must be one, or take it out"
    return "take it out, or ask for something else"


RULE: Final = Rule(
    code="DW235",
    severity="warning",
    title="a condition asks nothing",
    reason=(
        "No deal is the one and the other, so every deal is not the one or not the other: two != that are joined with "
        "| are always true. So is a count of 0 or more, points that come to that number in any case, and a "
        "comparison that every value which a setting may have meets. The automation runs for all, and what was "
        "meant is most likely & instead of |. Nothing is asked either by a wait for what holds already, nor by any() "
        "of records where the one that set it off is such a record, nor by criteria for what the stage requires."
    ),
    bad="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    when=[(deal.company != "Acme") | (deal.company != "Example")],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    good="""
call = Automation(
    key="call",
    on=deal_created(in_=Sales),
    when=[(deal.company != "Acme") & (deal.company != "Example")],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    look=_look,
)
