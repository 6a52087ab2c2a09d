"""DW414: what somebody answered is used where nobody has answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.compile.atoms import Atom
from dealwright.compile.possible import Alternatives, possible, unset
from dealwright.compile.rules.nobody_replied import ended_by_a_branch, nobody_replied
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.texts import bare_paths
from dealwright.compile.rules.ways import ends
from dealwright.language import templates
from dealwright.language.records import segment

_ANSWER: Final = "answer."
_ALWAYS_SAID: Final = frozenset({"answer.by", "answer.choice"})
"""What every answer has; a note is left out at will."""


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        yield from nobody_replied(subject, account, automation)
        yield from _gone_on(subject, account, automation)
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


def _gone_on(subject: Subject, account: ir.Account, automation: ir.Automation) -> Iterator[Spot]:
    """Tell of texts that name an answer behind a question that is gone on from when nobody has answered."""
    asks = [step for step in all_steps(automation.do) if isinstance(step, ir.AskStep)]
    if len(asks) != 1 or _ends(asks[0].late, automation):
        return
    (ask,) = asks
    names = [f"steps.{name}.{each}" for name in {ask.name, segment(ask.name)} for each in ("choice", "by", "note")]
    if ended_by_a_branch(automation, (_ANSWER, *names, f"steps.{ask.name}.outcome")):
        return
    # What late= does is told by itself, and what it names.
    late = {id(step) for step in all_steps(ask.late)}
    answers = [*(f"{_ANSWER}{each}" for each in ("choice", "by", "note")), *names]
    over: Alternatives = [(Atom(f"steps.{ask.name}.outcome", "==", "timed_out"), *unset(*answers)[0])]
    asked = False
    for place in subject.places(account, automation):
        step = place.step
        if asked and id(step) not in late:
            for path in dict.fromkeys(bare_paths(step)):
                if path in _ALWAYS_SAID and possible(*place.known, over):
                    file, line = subject.step_at(automation, step.name)
                    yield Spot(
                        path=file,
                        line=line,
                        message=f"{step.name!r} names {path}, and nobody need have answered {ask.name!r}: it is gone"
                        " on, too, behind late=",
                        hint=f"end it there with late=[..., stop()], or write {{{{ {path} or '...' }}}}",
                    )
        asked = asked or step is ask


def _ends(late: tuple[ir.Step, ...], automation: ir.Automation) -> bool:
    """Say whether nothing goes on behind late=: it stops there, or moves the deal, which may end it."""
    moves = any(isinstance(each, ir.MoveDealStep | ir.MoveBackStep) for each in all_steps(late))
    return ends(late) or (moves and bool(automation.exit_on))


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
            yield from _of(each for each in given if not ir.is_step(each))
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
        " unset there: a text has a gap, and a condition is never true. So they may be"
        " behind the question where late= does not stop, and so may `reply.text` be"
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
