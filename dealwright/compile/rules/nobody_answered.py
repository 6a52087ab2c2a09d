"""DW414: what somebody answered is used where nobody has answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.compile.rules.nobody_replied import nobody_replied
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.language import templates

_ANSWER: Final = "answer."


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        yield from nobody_replied(subject, account, automation)
        asks = [step for step in all_steps(automation.do) if isinstance(step, ir.AskStep)]
        # Where there are several, what another one was answered may be meant.
        for step in all_steps(asks[0].late) if len(asks) == 1 else ():
            for path in dict.fromkeys(_named(step)):
                file, line = subject.step_at(automation, step.name)
                yield Spot(
                    path=file,
                    line=line,
                    message=f"{step.name!r} names {path}, and nobody has answered {asks[0].name!r} there: late= is done"
                    " when no answer has come",
                    hint=f"take {path} out, or do it in the way of an answer",
                )


def _named(given: object) -> Iterator[str]:
    """Yield the facts of an answer that a step names; steps on a way of its own are others."""
    match given:
        case ir.Ref(path=path) if path.startswith(_ANSWER):
            yield path
        case ir.TemplateText(source=source):
            with suppress(templates.TemplateError):  # one that cannot be read is told as that
                yield from (path for path in sorted(templates.paths(source)) if path.startswith(_ANSWER))
        case dict():
            yield from _of(given.values())
        case tuple():
            yield from _of(each for each in given if not isinstance(each, ir.Step))
        case msgspec.Struct():
            yield from _of(getattr(given, name) for name in given.__struct_fields__)


def _of(several: Iterable[object]) -> Iterator[str]:
    for each in several:
        yield from _named(each)


RULE: Final = Rule(
    code="DW414",
    severity="warning",
    title="an answer is used where nobody has answered",
    reason=(
        "What late= lists is done when no answer has come in time. Who answered, what, and what they wrote beside it is"
        " unset there: a text has a gap, and a condition is never true. So may `reply.text` be"
        " behind a wait for an answer that goes on when its time is over, where nothing asks whether somebody answered."
    ),
    bad="""
may = Automation(
    key="may",
    on=entered(Sales.quoted),
    do=[
        ask(
            "may",
            who=deal.owner,
            question="May we offer {{ deal.title }}?",
            yes=[set_task("offer", text="Offer {{ deal.title }}", due=hours(4))],
            within=working_hours(8),
            late=[set_task("decide", text="Decide about {{ deal.title }}: {{ answer.note }}", due=hours(1))],
        ),
    ],
)
""",
    good="""
may = Automation(
    key="may",
    on=entered(Sales.quoted),
    do=[
        ask(
            "may",
            who=deal.owner,
            question="May we offer {{ deal.title }}?",
            yes=[set_task("offer", text="Offer {{ deal.title }}: {{ answer.note or 'no word' }}", due=hours(4))],
            within=working_hours(8),
            late=[set_task("decide", text="Decide about {{ deal.title }}", due=hours(1))],
        ),
    ],
)
""",
    look=_look,
)
