"""The step with which a person decides: a question, its answers, and what is done if nobody answers in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, overload

from dealwright.language import values
from dealwright.language.durations import Length, RunningTime, WorkingTime, length_hint
from dealwright.language.fields import ChoiceField, TextField, UserField
from dealwright.language.keys import checked_name, checked_step
from dealwright.language.origin import refused
from dealwright.language.roles import Pick, Role
from dealwright.language.steps import Step, TextLike, steps
from dealwright.language.values import Stored

MOST_ANSWERS: Final = 10
"""Answers that one question may have."""

_LONGEST_ANSWER: Final = 40


@dataclass(frozen=True)
class Way:
    """One answer, and what is done after it."""

    answer: str
    do: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True)
class Ask(Step):
    """Asks a person; later steps may name `choice`, `by` and `note`."""

    kind = "ask"
    who: Stored
    question: Stored
    ways: tuple[Way, ...]
    within: Length
    late: tuple[Step, ...]

    @property
    def choice(self) -> ChoiceField:
        """The answer that was given; unset if nobody answered in time."""
        return ChoiceField(self._receipt("choice"), tuple(way.answer for way in self.ways))

    @property
    def by(self) -> TextField:
        """The name of whoever answered."""
        return TextField(self._receipt("by"))

    @property
    def note(self) -> TextField:
        """What they wrote beside their answer."""
        return TextField(self._receipt("note"))


@overload
def ask(
    name: str,
    *,
    who: UserField | Role | Pick,
    question: TextLike,
    within: Length,
    yes: Sequence[Step] = (),
    no: Sequence[Step] = (),
    late: Sequence[Step] = (),
) -> Ask: ...
@overload
def ask(
    name: str,
    *,
    who: UserField | Role | Pick,
    question: TextLike,
    within: Length,
    answers: Mapping[str, Sequence[Step]],
    late: Sequence[Step] = (),
) -> Ask: ...
def ask(
    name: str,
    *,
    who: UserField | Role | Pick,
    question: TextLike,
    within: Length,
    yes: Sequence[Step] = (),
    no: Sequence[Step] = (),
    answers: Mapping[str, Sequence[Step]] | None = None,
    late: Sequence[Step] = (),
) -> Ask:
    """Ask a person, and do what belongs to the answer: `yes` or `no`, or one of your own `answers`.

    `who` is a field that is a user, or a role: then anybody of it who is there may answer, and `closers.round_robin()`
    is one of them. The execution waits, and holds nobody else up. The question is listed by `dealwright asks ls`, and
    who is asked is told by e-mail. If nobody has answered `within` that time, the steps of `late` are done, and a later
    answer is refused. What comes after goes on either way, unless the steps stop().
    """
    name = checked_step(name)
    if not isinstance(who, UserField | Role | Pick):
        raise refused(
            f"who of {name!r} is a colleague by field, or a role", hint="write who=deal.owner, or who=closers"
        )
    kept = values.text(question, f"question of {name!r}")
    if isinstance(kept, values.Words) and not kept.source.strip():
        raise refused(f"the step {name!r} asks nothing", hint='question="{{ deal.title }}: may we?"')
    return Ask(
        name=name,
        who=Pick(who.name, "everybody", defined=who.origin)
        if isinstance(who, Role)
        else values.user(who, f"who of {name!r}"),
        question=kept,
        ways=_ways(name, yes, no, answers),
        within=_time(within, name),
        late=steps(late, f"late of {name!r}"),
    )


def _time(within: object, name: str) -> Length:
    if not isinstance(within, RunningTime | WorkingTime):
        shown, hint = type(within).__name__, length_hint("within", within, "working_hours(4)")
        raise refused(f"within of {name!r} is a length of time, not {shown}", hint=hint)
    if within.amount == 0:
        raise refused(f"the step {name!r} gives no time to answer", hint="within=working_hours(4)")
    return within


def _ways(
    name: str, yes: Sequence[Step], no: Sequence[Step], answers: Mapping[str, Sequence[Step]] | None
) -> tuple[Way, ...]:
    if answers is None:
        return Way("yes", steps(yes, f"yes of {name!r}")), Way("no", steps(no, f"no of {name!r}"))
    hint = 'answers={"discount": [...], "free delivery": [...]}'
    if yes or no:
        raise refused(f"{name!r} has answers of its own, and yes or no beside", hint=hint)
    if not isinstance(answers, Mapping) or not 2 <= len(answers) <= MOST_ANSWERS:
        raise refused(f"answers of {name!r} are 2 to {MOST_ANSWERS} answers with their steps", hint=hint)
    for answer in answers:
        checked_name(answer, f"an answer of {name!r}")
        if len(answer) > _LONGEST_ANSWER or answer != answer.strip() or not answer.isprintable():
            raise refused(f"{answer[:80]!r} is no answer that people can type", hint=hint)
    if len({answer.casefold() for answer in answers}) != len(answers):
        raise refused(f"two answers of {name!r} differ only in capital letters", hint=hint)
    return tuple(Way(answer, steps(do, f"{answer!r} of {name!r}")) for answer, do in answers.items())
