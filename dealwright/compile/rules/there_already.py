"""DW237: a step writes what is there already, on every way to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from dealwright.compile import describe, ir
from dealwright.compile.possible import Alternatives, Logic, differ, possible
from dealwright.compile.rules.readings import written
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_parts, all_steps
from dealwright.compile.rules.twice import rows
from dealwright.compile.rules.ways import Place
from dealwright.language.schema import FieldType


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        if automation.origin != "authored":
            continue
        logic = subject.logic(account)
        yield from _undone(subject, automation)
        yield from _answered_alike(subject, automation)
        for place in subject.places(account, automation):
            if told := _told(place, logic, account):
                path, line = subject.step_at(automation, place.step.name)
                hint = "write something else, ask for something else before it, or take it out"
                yield Spot(path=path, line=line, message=told, hint=hint)


def _undone(subject: Subject, automation: ir.Automation) -> Iterator[Spot]:
    """Yield steps that write back what the change which set it off has replaced, whoever has made it."""
    match automation.on:
        case ir.OnOwnerChanged():
            name = "owner"
        case ir.OnDealUpdated(fields=(name,)):
            pass
        case _:
            return
    asked = {each.path for part in all_parts(automation.when) for each in _asked(part)}
    if not asked <= {f"deal.{name}", f"event.before.{name}"}:
        return
    for step in automation.do:
        value = step.changes.get(name) if isinstance(step, ir.UpdateDealStep) else None
        if isinstance(value, ir.Ref) and value.path == f"event.before.{name}":
            path, line = subject.step_at(automation, step.name)
            yield Spot(
                path=path,
                line=line,
                message=f"{step.name!r} undoes every change that sets {automation.key!r} off: deal.{name} is given"
                " what it was before",
                hint="write something else, or ask in when= which changes are to be undone",
            )


def _answered_alike(subject: Subject, automation: ir.Automation) -> Iterator[Spot]:
    """Yield what an answer writes though it was written right before the question, and nothing else is ever written."""
    steps = list(all_steps(automation.do))
    for row in rows(automation.do):
        before: dict[str, ir.UpdateDealStep] = {}
        for step in row:
            if isinstance(step, ir.UpdateDealStep):
                before |= dict.fromkeys(step.changes, step)
            elif isinstance(step, ir.AskStep):
                for answer in step.answers:
                    yield from _written_again(subject, automation, before, (step, answer), steps)
            if ir.ways_of(step) or isinstance(step, ir.WaitStep | ir.WaitForStep):
                before = {}


def _written_again(
    subject: Subject,
    automation: ir.Automation,
    before: dict[str, ir.UpdateDealStep],
    asked: tuple[ir.AskStep, ir.Answer],
    steps: list[ir.Step],
) -> Iterator[Spot]:
    question, answer = asked
    for step in answer.do:
        for name, value in step.changes.items() if isinstance(step, ir.UpdateDealStep) else ():
            ever = [
                each.changes[name] for each in steps if isinstance(each, ir.UpdateDealStep) and name in each.changes
            ]
            # Where another value is written somewhere, this one may be said once more for its sake.
            if name in before and isinstance(value, ir.FlagValue | ir.TextValue) and set(ever) == {value}:
                path, line = subject.step_at(automation, step.name)
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{step.name!r} writes what {before[name].name!r} has written before {question.name!r}"
                    f" asked: deal.{name} = {describe.expression(value)}, whatever is answered",
                    hint=f"write what {answer.answer!r} means, or take it out",
                )


def _asked(part: ir.Condition) -> Iterator[ir.Ref]:
    """Yield the facts of a condition that asks only whether there is one, or whether two differ; else one of none."""
    match part:
        case ir.IsSet(field=field):
            yield field
        case ir.Compare(field=field, op="!=", value=ir.Ref() as other):
            yield from (field, other)
        case _:
            yield ir.Ref(path="", type="text")


def _told(place: Place, logic: Logic, account: ir.Account) -> str:
    """Say what the step writes though it is there; empty if it may be news, or if nothing ever comes there."""
    step = place.step
    match step:
        case ir.MoveDealStep(to=to):
            there: list[ir.Condition] = [ir.Compare(field=ir.Ref(path="deal.stage", type="stage"), op="==", value=to)]
            if _holds(place, logic, there):
                return f"{step.name!r} moves the deal to {to.pipeline}.{to.stage}, where it stands already"
        case ir.ChangeTagsStep(add=add, remove=remove):
            tags = ir.Ref(path="deal.tags", type="tags")
            there = [ir.Has(field=tags, values=(tag,)) for tag in add]
            there += [ir.Not(of=ir.Has(field=tags, values=(tag,))) for tag in remove]
            if _holds(place, logic, there):
                did = [f"adds {tag!r}, which is on the deal" for tag in add]
                did += [f"takes {tag!r} off, which is not on the deal" for tag in remove]
                return f"{step.name!r} {', and '.join(did)}, wherever it is reached"
        case _:
            same = [(path, value) for path, value in written(step) if _is_there(place, logic, account, path, value)]
            if same:
                told = ", ".join(f"{path} = {describe.expression(value)}" for path, value in same)
                return f"{step.name!r} writes what is there already wherever it is reached: {told}"
    return ""


def _is_there(place: Place, logic: Logic, account: ir.Account, path: str, value: ir.Expression) -> bool:
    """Say whether the field is certainly what is written; of lists nothing is known, and a role picks somebody."""
    if isinstance(value, ir.Ref):
        return value.path == path or _certain(place, differ(path, value.path))
    if isinstance(value, ir.Cleared):
        return _holds(place, logic, [ir.Not(of=ir.IsSet(field=ir.Ref(path=path, type="text")))])
    if isinstance(value, ir.TagsValue) or not isinstance(value, ir.Value):
        return False
    field = ir.Ref(path=path, type=_type(account, path, value))
    return _holds(place, logic, [ir.Compare(field=field, op="==", value=value)])


def _type(account: ir.Account, path: str, value: ir.Value) -> FieldType:
    """What the conditions on the way say that the field is: an amount is given as a number too."""
    own = {f"deal.{field.key}" for field in account.deal_fields if field.type == "money"} | {"deal.amount"}
    match value:
        case ir.NumberValue():
            return "money" if path in own else "number"
        case ir.MoneyValue():
            return "money"
    return "text"


def _holds(place: Place, logic: Logic, there: Iterable[ir.Condition]) -> bool:
    """Say whether all of it is certainly true when the step is done."""
    return all(_certain(place, logic.not_true(each)) for each in there)


def _certain(place: Place, otherwise: Alternatives) -> bool:
    """Say whether it is never otherwise where the step stands, and whether the step is ever reached."""
    return possible(*place.still) and not possible(*place.still, otherwise)


RULE: Final = Rule(
    code="DW237",
    severity="warning",
    title="a step writes what is there already",
    reason=(
        "A deal that has come to a stage is not moved by a move to that stage, and a field that is asked to be one "
        "thing is not changed by writing that thing. The step does nothing, ever: most likely another stage, another "
        "value or another condition is meant. A step that gives a field what it was before the change that sets the "
        "automation off undoes every such change."
    ),
    bad="""
move = Automation(
    key="move",
    on=entered(Sales.met),
    do=[
        set_task("quote", text="Write the quote for {{ deal.title }}", due=working_days(1)),
        move_deal("on", to=Sales.met),
    ],
)
""",
    good="""
move = Automation(
    key="move",
    on=entered(Sales.met),
    do=[
        set_task("quote", text="Write the quote for {{ deal.title }}", due=working_days(1)),
        move_deal("on", to=Sales.quoted),
    ],
)
""",
    look=_look,
)
