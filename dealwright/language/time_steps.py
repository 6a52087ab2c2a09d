"""Steps about time: one that lets it pass, one that waits for a date, one that keeps quiet for a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args, overload

from dealwright.language.conditions import Reference
from dealwright.language.contact_steps import ContactPath, contact_path
from dealwright.language.deal import ContactFields
from dealwright.language.durations import Length, RunningTime, WorkingTime
from dealwright.language.fields import DayField, MomentField, reference
from dealwright.language.keys import checked_step
from dealwright.language.later_triggers import dated, nearness
from dealwright.language.origin import refused
from dealwright.language.schema import did_you_mean
from dealwright.language.steps import Step, Wait, length

Late: TypeAlias = Literal["run", "skip"]
"""What is done about a date that is over already: go on, or leave out what was to come."""

_LATE: Final = get_args(Late)


@dataclass(frozen=True, kw_only=True)
class WaitFor(Step):
    """Waits for a date of the deal."""

    kind = "wait_for"
    until: Reference
    before: Length | None
    after: Length | None
    late: Late


@dataclass(frozen=True, kw_only=True)
class Mute(Step):
    """Keeps all automations from writing to a person for a time."""

    kind = "mute"
    who: ContactPath
    for_: Length


@overload
def wait(name: str, duration: Length) -> Wait: ...


@overload
def wait(
    name: str,
    *,
    until: DayField | MomentField,
    before: Length | None = None,
    after: Length | None = None,
    late: Late = "run",
) -> WaitFor: ...


def wait(
    name: str,
    duration: Length | None = None,
    *,
    until: DayField | MomentField | None = None,
    before: Length | None = None,
    after: Length | None = None,
    late: Late = "run",
) -> Wait | WaitFor:
    """Let time pass; other deals and other automations go on.

    With `until` it waits for a date of the deal instead, so long `before` it or `after` it, and follows the field when
    that changes; if the time is over already, `late` says whether to "run" on or to "skip" what comes after. Not yet:
    `up` refuses `until`.
    """
    name = _named(name)
    if until is None:
        if before is not None or after is not None or late != "run":
            hint = f'wait("{name}", until=deal.close_date, before=days(2))'
            raise refused(f"the wait {name!r} says before=, after= or late=, and not until= what", hint=hint)
        if duration is None:
            raise refused(f"the wait {name!r} does not say how long", hint=f'wait("{name}", days(2))')
        kept = length(duration, f"the wait {name!r}")
        if kept.amount == 0:
            raise refused(f"the wait {name!r} does not wait", hint=f'wait("{name}", days(2))')
        return Wait(name=name, duration=kept)
    if duration is not None:
        hint = "leave one of them out; before= and after= move the date"
        raise refused(f"the wait {name!r} says how long and until when", hint=hint)
    dated(until, f"until of {name!r}")
    lead, lag = nearness(before, after, f"the wait {name!r}")
    if not isinstance(late, str) or late not in _LATE:
        hint = did_you_mean(str(late), _LATE) or 'write late="run" or late="skip"'
        raise refused(f'late of {name!r} is "run" or "skip", not {late!r:.40}', hint=hint)
    return WaitFor(name=name, until=reference(until), before=lead, after=lag, late=late)


def _named(given: object) -> str:
    if isinstance(given, RunningTime | WorkingTime):
        raise refused("wait has no name", hint='every step has a name first: wait("pause", minutes(1))')
    return checked_step(given)


def mute(name: str, /, *, who: ContactFields, for_: Length) -> Mute:
    """Let no automation write to this person for so long; people may. Not yet: `up` refuses."""
    name = checked_step(name)
    kept = length(for_, f"for_ of {name!r}")
    if kept.amount == 0:
        raise refused(f"{name!r} mutes nobody", hint="for_=days(30)")
    return Mute(name=name, who=contact_path(who, f"who of {name!r}"), for_=kept)
