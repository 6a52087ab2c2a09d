"""Waiting for something to happen: an event of the deal, or a condition that comes true, with a time limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from dealwright.language.ask_step import Ask
from dealwright.language.conditions import Condition, conditions
from dealwright.language.durations import Length, RunningTime, WorkingTime, length_hint
from dealwright.language.fields import FlagField
from dealwright.language.keys import checked_step
from dealwright.language.lookup_step import Lookup
from dealwright.language.origin import refused
from dealwright.language.steps import Branch, Step, steps
from dealwright.language.triggers import (
    ActivityLogged,
    ContactAdded,
    ContactRemoved,
    ContactUpdated,
    DateReached,
    DealCreated,
    DealUpdated,
    Entered,
    EventReceived,
    MessageFailed,
    MessageReceived,
    NoActivity,
    OptedOut,
    OwnerChanged,
    RecordAdded,
    RecordRemoved,
    RecordUpdated,
    Replied,
    RepWrote,
    StageChanged,
    TaskCompleted,
    Trigger,
)

Happening: TypeAlias = (
    DealUpdated
    | StageChanged
    | Entered
    | ContactAdded
    | ContactRemoved
    | ContactUpdated
    | OwnerChanged
    | TaskCompleted
    | ActivityLogged
    | EventReceived
    | RepWrote
    | OptedOut
    | MessageReceived
    | Replied
    | RecordAdded
    | RecordUpdated
    | RecordRemoved
)
"""A trigger that can happen to a deal that is there already, and that an execution can wait for."""

_WRITE: Final = "write replied(), stage_changed(to=...), task_completed(), event_received(...), ..."


@dataclass(frozen=True, kw_only=True)
class WaitUntil(Step):
    """Waits until something happens or its time is over; later steps may name `timed_out`."""

    kind = "wait_until"
    until: tuple[Condition, ...]
    on: tuple[Happening, ...]
    timeout: Length
    on_timeout: tuple[Step, ...]

    @property
    def timed_out(self) -> FlagField:
        """Whether the time was over before it happened; unset if the step was passed by."""
        return FlagField(self._receipt("timed_out"))


def wait_until(
    name: str,
    what: Condition | Happening | Sequence[Condition | Happening],
    /,
    *,
    timeout: Length,
    on_timeout: Sequence[Step] = (),
) -> WaitUntil:
    """Wait until a condition is true or one of these events happens to the deal, for `timeout` at most.

    Several conditions must all be true; of several events one is enough. When the time is over, the steps of
    `on_timeout` are done first; what comes after goes on either way, unless they stop().
    """
    name = checked_step(name)
    items: Sequence[object] = what if isinstance(what, list | tuple) else (what,)
    if not items:
        raise refused(f"the wait {name!r} waits for nothing", hint=_WRITE)
    until: tuple[Condition, ...] = ()
    on: tuple[Happening, ...] = ()
    if any(isinstance(item, Condition) for item in items):
        if any(isinstance(item, Trigger) for item in items):
            hint = "write two automations, or wait for the events and look at the condition in a branch"
            raise refused(f"the wait {name!r} mixes conditions and events", hint=hint)
        until = conditions(what, f"the wait {name!r}")
    else:
        on = happenings(items, f"the wait {name!r}")
    return WaitUntil(
        name=name,
        until=until,
        on=on,
        timeout=_timeout(timeout, name),
        on_timeout=steps(on_timeout, f"on_timeout of {name!r}"),
    )


def _timeout(given: object, name: str) -> Length:
    if not isinstance(given, RunningTime | WorkingTime):
        shown, hint = type(given).__name__, length_hint("timeout", given, "working_hours(4)")
        raise refused(f"timeout of {name!r} is a length of time, not {shown}", hint=hint)
    if given.amount == 0:
        raise refused(f"the wait {name!r} does not wait", hint="timeout=working_hours(4)")
    return given


def happenings(given: object, what: str) -> tuple[Happening, ...]:
    """Return the triggers given as one or as a list, each of which can happen to a deal that is there already."""
    kept: list[Happening] = []
    for item in given if isinstance(given, list | tuple) else (given,):
        if isinstance(item, DealCreated):
            raise refused(f"{what} names deal_created(), and the deal is there already", hint=_WRITE)
        if isinstance(item, DateReached | NoActivity | MessageFailed):
            hint = "write wait(..., until=deal.close_date), or an automation of its own that answers it"
            raise refused(f"{what} names {item.kind}(), which only starts automations", hint=hint)
        if not isinstance(item, Happening):
            hint = f"call it: {item.__name__}(...)" if callable(item) and hasattr(item, "__name__") else _WRITE
            raise refused(f"{what} takes triggers, and a {type(item).__name__} is none", hint=hint)
        kept.append(item)
    return tuple(kept)


def ways_of(step: Step) -> tuple[tuple[Step, ...], ...]:
    """Return the steps of every way through a step that has other steps in it; none for one that has not."""
    match step:
        case Branch():
            return (*(case.do for case in step.cases), step.otherwise, step.unset or ())
        case WaitUntil():
            return (step.on_timeout,)
        case Lookup():
            return (step.on_error,)
        case Ask():
            return (*(way.do for way in step.ways), step.late)
        case _:
            return ()
