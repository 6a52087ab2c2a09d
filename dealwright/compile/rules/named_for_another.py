"""DW298: a step that is named after a field writes another one, and nothing writes the one that it is named after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from dealwright.compile import ir
from dealwright.compile.rules.outside_events import facts_in
from dealwright.compile.rules.plain_words import plain_words
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.model.custom import FieldShape

_SHORT: Final = 4
"""Words below it say nothing: set, new, day, sum."""
_LEAST: Final = 3
"""Words below it join others: at, on, de."""


class _Write(NamedTuple):
    """The one field that a step writes."""

    automation: ir.Automation
    step: str
    shape: FieldShape


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        authored = [each for each in account.automations if each.origin == "authored"]
        writes = [write for each in authored for write in _writes(each, account.deal_fields)]
        if not writes:
            continue
        written = {name for each in account.automations for name in _written(each)}
        required = {name for pipeline in account.pipelines for stage in pipeline.stages for name in stage.required}
        read = {fact for each in account.automations for fact in _read(each)}
        waiting = [
            each
            for each in account.deal_fields
            if each.key not in written and each.key not in required and f"deal.{each.key}" in read
        ]
        for automation, step, shape in writes if waiting else ():
            others = [each for each in waiting if each.type == shape.type and _is_named_after(step, each)]
            if len(others) != 1 or _shares_a_word(step, shape):
                continue
            unlike = [each for each in account.deal_fields if each not in others and _is_named_after(step, each)]
            if unlike:
                continue
            path, line = subject.step_at(automation, step)
            yield Spot(
                path=path,
                line=line,
                message=f"{step!r} writes deal.{shape.key}: it is named after deal.{others[0].key}, which is asked for"
                " and which nothing writes",
                hint=f"did you mean {others[0].key}=...? If not, call the step otherwise",
            )


def _writes(automation: ir.Automation, shapes: Sequence[FieldShape]) -> Iterator[_Write]:
    for step in all_steps(automation.do):
        if isinstance(step, ir.UpdateDealStep) and len(step.changes) == 1:
            ((name, value),) = step.changes.items()
            shape = next((each for each in shapes if each.key == name), None)
            if shape is not None and not isinstance(value, ir.Cleared):
                yield _Write(automation, step.name, shape)


def _written(automation: ir.Automation) -> Iterator[str]:
    for step in all_steps(automation.do):
        match step:
            case ir.UpdateDealStep(changes=given) | ir.CreateDealStep(custom=given):
                yield from given


def _read(automation: ir.Automation) -> Iterator[str]:
    """Yield what is asked for, waited for and watched; what texts name people may have written."""
    on = automation.on
    if isinstance(on, ir.OnDealUpdated):
        yield from (f"deal.{name}" for name in on.fields)
    yield from facts_in(automation.when)
    for step in all_steps(automation.do):
        match step:
            case ir.WaitUntilStep(until=until):
                yield from facts_in(until)
            case ir.BranchStep(cases=cases):
                yield from (fact for case in cases for fact in facts_in(case.when))


def _is_named_after(step: str, shape: FieldShape) -> bool:
    """Say whether the step has the name of the field, its first word, or a long word of its label."""
    if step.replace("-", "_") == shape.key:
        return True
    words = plain_words(step)
    label = plain_words(shape.label)
    return len(words) == 1 and len(words[0]) >= _SHORT and words[0] in label


def _shares_a_word(step: str, shape: FieldShape) -> bool:
    own = [*plain_words(shape.key.replace("_", " ")), *plain_words(shape.label)]
    return any(len(word) >= _LEAST and word in own for word in plain_words(step))


RULE: Final = Rule(
    code="DW298",
    severity="warning",
    title="a step that is named after one field writes another one",
    reason=(
        "Two days of a deal are of one type, so nothing refuses the wrong one. A step that is called tasting and "
        "writes when the party begins, where a rule waits for the tasting and nothing else writes it, leaves the one "
        "unset and spoils the other. Told is a step that writes one own field and has the key, or a long word of the "
        "label, of one other own field of that type alone: one that is asked for, and that no step writes."
    ),
    bad="""
class Own(DealFields):
    tasting_at, starts_at = Moment("Tasting"), Moment("The party begins")


own = Own()


class Booked(OutsideEvent):
    key = "agenda.booked"
    number, at = Text(), Moment()
    match = Match(by=[(number, own.reference)], in_=Sales)


booked = Automation(
    key="booked",
    on=event_received(Booked),
    when=[Booked.at.is_set()],
    do=[update_deal("tasting", starts_at=Booked.at)],
)
remind = Automation(
    key="remind",
    on=deal_updated(fields=[own.tasting_at]),
    when=[own.tasting_at.is_set(), own.starts_at.is_set()],
    do=[set_task("cook", text="Cook for {{ deal.title }}, tasting on {{ deal.tasting_at }}", due=days(1))],
)
""",
    good="""
class Own(DealFields):
    tasting_at, starts_at = Moment("Tasting"), Moment("The party begins")


own = Own()


class Booked(OutsideEvent):
    key = "agenda.booked"
    number, at = Text(), Moment()
    match = Match(by=[(number, own.reference)], in_=Sales)


booked = Automation(
    key="booked",
    on=event_received(Booked),
    when=[Booked.at.is_set()],
    do=[update_deal("tasting", tasting_at=Booked.at)],
)
remind = Automation(
    key="remind",
    on=deal_updated(fields=[own.tasting_at]),
    when=[own.tasting_at.is_set(), own.starts_at.is_set()],
    do=[set_task("cook", text="Cook for {{ deal.title }}, tasting on {{ deal.tasting_at }}", due=days(1))],
)
""",
    look=_look,
)
