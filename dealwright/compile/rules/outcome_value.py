"""DW222: a condition asks whether a step ended in a way in which steps of its kind never end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps

_OF_ACTIONS: Final = frozenset({"sent", "dropped", "failed"})
_OF_WAITS: Final = frozenset({"met", "timed_out"})


def _look(subject: Subject) -> Iterator[Spot]:
    for _, automation in subject.automations:
        steps = list(all_steps(automation.do))
        ends = {f"steps.{step.name}.outcome": _ends(step) for step in steps}
        asked = (step for step in steps if isinstance(step, ir.AskStep))
        ends |= {f"steps.{step.name}.choice": frozenset(way.answer for way in step.answers) for step in asked}
        for step in steps:
            for condition in _conditions(step):
                yield from _odd(subject, automation, step.name, condition, ends)


def _odd(
    subject: Subject, automation: ir.Automation, at: str, condition: ir.Condition, ends: dict[str, frozenset[str]]
) -> Iterator[Spot]:
    match condition:
        case ir.All(of=parts) | ir.Any(of=parts):
            for part in parts:
                yield from _odd(subject, automation, at, part, ends)
        case ir.Not(of=part):
            yield from _odd(subject, automation, at, part, ends)
        case ir.Compare(field=field, value=ir.TextValue(value=word)):
            yield from _told(subject, automation, at, field.path, (word,), ends)
        case ir.IsIn(field=field, values=values):
            words = tuple(value.value for value in values if isinstance(value, ir.TextValue))
            yield from _told(subject, automation, at, field.path, words, ends)


def _told(
    subject: Subject,
    automation: ir.Automation,
    at: str,
    asked: str,
    words: tuple[str, ...],
    ends: dict[str, frozenset[str]],
) -> Iterator[Spot]:
    possible = ends.get(asked, frozenset())
    for word in words:
        if possible and word not in possible:
            path, line = subject.step_at(automation, at)
            _, name, what = asked.split(".")
            never, it = ("is never answered", "its answers are") if what == "choice" else ("never ends", "it ends")
            yield Spot(
                path=path,
                line=line,
                message=f"the step {name!r} {never} {word!r}",
                hint=f"{it} {', '.join(sorted(possible))}",
            )


def _ends(step: ir.Step) -> frozenset[str]:
    match step:
        case ir.WaitUntilStep():
            return _OF_WAITS
        case ir.LookupStep():
            return frozenset({"answered", "dropped", "failed"})
        case ir.AskStep(answers=answers):
            plain = {answer.answer for answer in answers} == {"yes", "no"}
            return frozenset({"dropped", "timed_out", *(("yes", "no") if plain else ("answered",))})
        case ir.WaitStep() | ir.StopStep() | ir.BranchStep():
            return frozenset()
        case _:
            return _OF_ACTIONS


def _conditions(step: ir.Step) -> tuple[ir.Condition, ...]:
    match step:
        case ir.BranchStep(cases=cases):
            return tuple(case.when for case in cases)
        case ir.WaitUntilStep(until=ir.All() | ir.Any() | ir.Not() | ir.Compare() | ir.IsIn() as until):
            return (until,)
        case _:
            return ()


RULE: Final = Rule(
    code="DW222",
    severity="error",
    title="a step never ends so",
    reason=(
        "An action is sent, dropped or failed; a wait for something is met or timed out; a question is answered or "
        "timed out. A condition that asks for an end of another kind is never true, and the way behind it is never "
        "taken."
    ),
    bad="""
rule = Automation(
    key="rule",
    on=entered(Sales.quoted),
    do=[
        wait_until("answer", deal_updated(), timeout=days(1), on_timeout=[]),
        branch("late", case(outcome("answer") == "failed", stop())),
    ],
)
""",
    good="""
rule = Automation(
    key="rule",
    on=entered(Sales.quoted),
    do=[
        wait_until("answer", deal_updated(), timeout=days(1), on_timeout=[]),
        branch("late", case(outcome("answer") == "timed_out", stop())),
    ],
)
""",
    look=_look,
)
