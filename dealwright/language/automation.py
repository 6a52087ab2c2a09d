"""An automation: a trigger, conditions, and steps, under a key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import FunctionType
from typing import Literal, TypeAlias, get_args

from dealwright.language.again import Again, EveryEvent, Once
from dealwright.language.conditions import Condition, conditions
from dealwright.language.durations import Length, RunningTime, WorkingTime
from dealwright.language.examples import Example
from dealwright.language.examples import examples as checked_examples
from dealwright.language.keys import checked_key
from dealwright.language.origin import Origin, here, refused
from dealwright.language.outside import OutsideEvent
from dealwright.language.pipeline import StageLike, is_pipeline
from dealwright.language.records import Record
from dealwright.language.schema import did_you_mean
from dealwright.language.segment import Segment
from dealwright.language.steps import Step, steps
from dealwright.language.triggers import DealCreated, Entered, EventReceived, StageChanged, Trigger
from dealwright.language.wait_steps import Happening, happenings

Mode: TypeAlias = Literal["shadow", "approve", "live"]
"""What becomes of what an automation does: written down only, held for a person, done."""

Priority: TypeAlias = Literal["normal", "bulk"]
"""Who goes first."""

Existing: TypeAlias = Literal["ignore", "enrol"]
"""What becomes of deals that stand where the trigger points, when an automation is first released."""

OnChange: TypeAlias = Literal["finish", "migrate", "cancel"]
"""What becomes of executions that have begun, when their automation is changed."""


@dataclass(frozen=True, init=False)
class Automation:
    """When `on` happens and every one of `when` is true, do the steps; `why` says what it is for.

    What `exit_on` names ends it, once it happens to the deal. With `when_within` the facts that `when` asks for may
    come a little later: it is looked at again whenever the deal changes, until that time is over. `mode` is what it
    begins in, and an operator's `dealwright mode` wins over it. Work of `priority="bulk"` lets all other go first.
    `on_change` says what becomes of executions that have begun when the automation is changed: they finish as they
    began, go on as it is now, or are cancelled. `examples` are run by `check`. With `existing="enrol"` it begins with
    the deals that stand where its trigger points when it is first released, once each.
    """

    key: str
    why: str
    on: Trigger
    when: tuple[Condition, ...]
    again: Again
    again_said: bool
    do: tuple[Step, ...]
    exit_on: tuple[Happening, ...]
    when_within: Length | None
    for_each: Segment | None
    mode: Mode
    priority: Priority
    existing: Existing
    on_change: OnChange
    examples: tuple[Example, ...]
    origin: Origin = field(compare=False, repr=False)

    def __init__(
        self,
        *,
        key: str,
        on: Trigger,
        do: Sequence[Step],
        when: Condition | Sequence[Condition] = (),
        again: Again | None = None,
        exit_on: Happening | Sequence[Happening] = (),
        when_within: Length | None = None,
        for_each: Segment | None = None,
        why: str = "",
        mode: Mode = "live",
        priority: Priority = "normal",
        existing: Existing = "ignore",
        on_change: OnChange = "finish",
        examples: Sequence[Example] = (),
    ) -> None:
        checked_key(key, "an automation")
        if again is not None and not isinstance(again, EveryEvent | Once):
            raise refused(
                f"again of the automation {key!r} is every_event() or once(per=...)", hint="again=once(per=person)"
            )
        kept = steps(do, f"do of the automation {key!r}")
        if not kept:
            raise refused(f"the automation {key!r} does nothing", hint="do=[set_task(...)]")
        values = {
            "key": key,
            "why": _why(why, key),
            "on": _trigger(on, key),
            "when": conditions(when, f"when of the automation {key!r}"),
            "again": EveryEvent() if again is None else again,
            "again_said": again is not None,
            "do": kept,
            "exit_on": happenings(exit_on, f"exit_on of the automation {key!r}"),
            "when_within": _within(when_within, when, key),
            "for_each": _segment(for_each, on, key),
            "mode": _one_of(mode, get_args(Mode), "mode", key),
            "priority": _one_of(priority, get_args(Priority), "priority", key),
            "existing": _existing(existing, on, key),
            "on_change": _one_of(on_change, get_args(OnChange), "on_change", key),
            "examples": checked_examples(examples, key),
            "origin": here(),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)


def _one_of(given: object, options: tuple[str, ...], what: str, key: str) -> str:
    if not isinstance(given, str) or given not in options:
        near = did_you_mean(given, options) if isinstance(given, str) else ""
        hint = near or f"it is {', '.join(options[:-1])} or {options[-1]}"
        raise refused(f"{what} of the automation {key!r} cannot be {_shown(given)}", hint=hint)
    return given


def _existing(given: object, on: object, key: str) -> str:
    existing = _one_of(given, get_args(Existing), "existing", key)
    if existing == "ignore" or _says_where_deals_stand(on):
        return existing
    what = f"existing={existing!r} of the automation {key!r}"
    match on:
        case StageChanged(to=()):
            why, hint = "stage_changed() without to= names no stage", "name it: entered(NewBusiness.quoted)"
        case StageChanged():
            why = "where a deal that stands there came from is not known"
            hint = "leave from_= out, or write entered(NewBusiness.quoted)"
        case DealCreated(in_=()):
            why, hint = "deal_created() names no stage", "name it: deal_created(in_=NewBusiness.incoming)"
        case DealCreated():
            why = "a whole pipeline is no stage, and would begin with every deal that was ever in it"
            hint = "name the stage: deal_created(in_=NewBusiness.incoming)"
        case _:
            why = "what its trigger answers leaves no deals standing anywhere"
            hint = "it goes with entered(...), stage_changed(to=...) and deal_created(in_=<a stage>); else leave it out"
    raise refused(f"{what} begins with deals that stand in a stage: {why}", hint=hint)


def _says_where_deals_stand(on: object) -> bool:
    match on:
        case Entered():
            return True
        case StageChanged(from_=(), to=to):
            return bool(to)
        case DealCreated(in_=places):
            return bool(places) and not any(is_pipeline(place) for place in places)
        case _:
            return False


def _segment(given: object, on: object, key: str) -> Segment | None:
    if given is None:
        return None
    if not isinstance(given, Segment):
        hint = "for_each=Segment(in_=[NewBusiness], where=[...], at_most=200)"
        raise refused(f"for_each of the automation {key!r} is a Segment, not {type(given).__name__}", hint=hint)
    if not isinstance(on, EventReceived) or on.event is None:
        hint = "write on=event_received(PriceListChanged), with a class of OutsideEvent"
        raise refused(f"for_each of the automation {key!r} needs an event from outside that has a class", hint=hint)
    return given


def _within(given: object, when: object, key: str) -> Length | None:
    if given is None:
        return None
    if not isinstance(given, RunningTime | WorkingTime) or given.amount == 0:
        shown = "no time at all" if isinstance(given, RunningTime | WorkingTime) else type(given).__name__
        hint = "when_within=minutes(5)"
        raise refused(f"when_within of the automation {key!r} is a length of time, not {shown}", hint=hint)
    if isinstance(when, list | tuple) and not when:
        raise refused(f"the automation {key!r} has when_within and no when", hint="write when=[...], or leave it out")
    return given


def _why(given: object, key: str) -> str:
    if not isinstance(given, str):
        raise refused(f"why of the automation {key!r} is a text", hint='why="The first contact decides."')
    return given


def _trigger(given: object, key: str) -> Trigger:
    if not isinstance(given, Trigger):
        if isinstance(given, list | tuple):
            hint = (
                "write one automation for each; both may name one list of steps. One trigger takes several stages or"
                " fields: entered(Sales.met, Sales.quoted), deal_updated(fields=[deal.amount, deal.owner])"
            )
            raise refused(f"on of the automation {key!r} is one trigger, and not a list of {len(given)}", hint=hint)
        what, hint = _no_trigger(given)
        raise refused(f"on of the automation {key!r} is a trigger, not {what}", hint=hint)
    return given


def _no_trigger(given: object) -> tuple[str, str]:
    """What was given instead of a trigger, and what to write."""
    if is_pipeline(given):
        name = given.__name__
        return f"the pipeline {name}", f"write deal_created(in_={name}), stage_changed(in_={name}), ..."
    match given:
        case StageLike(pipeline=pipeline, key=stage) if pipeline is not None:
            return f"the stage {given.name!r}", f"write entered({pipeline.__name__}.{stage})"
        case Condition():
            return "a condition", "on= says what happens, such as message_received(); conditions go into when=[...]"
        case type(__name__=name) if issubclass(given, OutsideEvent | Record):
            word = "event_received" if issubclass(given, OutsideEvent) else "record_added"
            return f"the class {name}", f"write {word}({name})"
        case FunctionType(__name__=name):
            return (
                f"{name}, which is not called",
                f"call it: {name}({'...' if name in ('entered', 'event_received') else ''})",
            )
    return _shown(given), "write deal_created(in_=...), entered(...), ..."


def _shown(given: object) -> str:
    return repr(given)[:40] if isinstance(given, str) else f"a {type(given).__name__}"
