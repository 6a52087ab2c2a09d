"""Triggers that the engine does not answer yet: `check` judges them, and `up` runs no automation that uses one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dealwright.language import schema
from dealwright.language.durations import Length, RunningTime, WorkingTime
from dealwright.language.fields import DayField, Field, MomentField, reference
from dealwright.language.origin import refused
from dealwright.language.pipeline import PipelineType
from dealwright.language.triggers import DateReached, MessageFailed, NoActivity, OptedOut, RepWrote, pipelines

_PAST: Final = frozenset({"deal.created_at", "deal.stage_since"})
"""Moments that are always over: nothing comes before them any more."""


def date_reached(
    field: DayField | MomentField,
    /,
    *,
    before: Length | None = None,
    after: Length | None = None,
    in_: PipelineType | Sequence[PipelineType] = (),
) -> DateReached:
    """A day or moment of a deal is reached, so long `before` it or `after` it; it follows the field when that changes.

    Not yet: `up` refuses.
    """
    dated(field, "date_reached()")
    lead, lag = nearness(before, after, "date_reached()")
    if field._path in _PAST and lead is not None:
        hint = f"write after=days(30), or another field than {field._path}"
        raise refused(f"{field._path} is always over: nothing happens before it", hint=hint)
    return DateReached(reference(field), lead, lag, pipelines(in_, "in_ of date_reached()"))


def no_activity(*, for_: Length, in_: PipelineType | Sequence[PipelineType] = ()) -> NoActivity:
    """Nothing was done for a deal for so long: no call, no message, no change. Not yet: `up` refuses."""
    if not isinstance(for_, RunningTime | WorkingTime) or for_.amount == 0:
        raise refused("no_activity() says for how long", hint="no_activity(for_=working_days(15))")
    return NoActivity(for_, pipelines(in_, "in_ of no_activity()"))


def message_failed(*, in_: PipelineType | Sequence[PipelineType] = ()) -> MessageFailed:
    """A message could not be delivered; texts may name `event.contact` and `event.reason`. Not yet: `up` refuses."""
    return MessageFailed(pipelines(in_, "in_ of message_failed()"))


def rep_wrote(*, in_: PipelineType | Sequence[PipelineType] = ()) -> RepWrote:
    """Somebody of the company wrote to a contact of the deal, by hand. Not yet: `up` refuses."""
    return RepWrote(pipelines(in_, "in_ of rep_wrote()"))


def opted_out(*, in_: PipelineType | Sequence[PipelineType] = ()) -> OptedOut:
    """A contact of the deal wants no more messages; texts may name `event.contact`. Not yet: `up` refuses."""
    return OptedOut(pipelines(in_, "in_ of opted_out()"))


def dated(given: object, what: str) -> None:
    """Refuse what is no day and no moment of a deal."""
    if not isinstance(given, Field):
        shown = repr(given)[:80] if isinstance(given, str) else f"a {type(given).__name__}"
        raise refused(f"{what} takes a day or a moment of the deal, and {shown} is none", hint="write deal.close_date")
    if not isinstance(given, DayField | MomentField) or not given._path.startswith("deal."):
        raise refused(
            f"{what} takes a day or a moment of the deal, and {given._path} is {schema.spoken(given.kind)}",
            hint="write deal.close_date, or a Day or Moment of your own",
        )


def nearness(before: object, after: object, what: str) -> tuple[Length | None, Length | None]:
    """Return how long before or after a moment something is meant."""
    for name, given in (("before", before), ("after", after)):
        if given is not None and (not isinstance(given, RunningTime | WorkingTime) or given.amount == 0):
            shown = repr(given)[:80] if isinstance(given, int | float | str) else f"a {type(given).__name__}"
            raise refused(f"{name} of {what} is a length of time, not {shown}", hint=f"{name}=hours(24)")
    if before is not None and after is not None:
        raise refused(f"{what} says before= and after=", hint="say one of them")
    lead = before if isinstance(before, RunningTime | WorkingTime) else None
    return lead, after if isinstance(after, RunningTime | WorkingTime) else None
