"""What is known where a step stands: of the trigger, the conditions, and the cases on the way to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from dealwright.compile import ir
from dealwright.compile.possible import ALWAYS, Alternatives, Logic, both, differ, either, not_one_of, one_of, unset

_OWN: Final = re.compile(r"deal\.\w+")
"""A field of the deal itself, which only what is done to the deal changes."""

OF_CONTACTS: Final = (ir.OnMessageReceived, ir.OnReplied, ir.OnContactUpdated)
"""What contacts write and what is changed of them is told to their open deals, and to no other."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A step and what holds on the way to it.

    `known` held at some time on the way; `now` are those that still hold, since nothing was done or waited for after
    they were looked at, and `still` those too that no step has changed since, none of which waits or writes to anybody.
    `waited` says that a wait lies before.
    """

    step: ir.Step
    known: tuple[Alternatives, ...]
    now: tuple[Alternatives, ...]
    still: tuple[Alternatives, ...]
    waited: bool


def of_trigger(on: ir.Trigger, logic: Logic) -> Alternatives:
    """Return what the trigger says about every deal that it is for."""
    parts: list[Alternatives] = []
    match on:
        case ir.OnDealCreated(stages=stages) | ir.OnEntered(stages=stages):
            parts += _stages("deal.stage", stages)
            if isinstance(on, ir.OnEntered):  # a deal that was created there comes from nowhere
                parts.append(either(_elsewhere("event.before.stage", stages), unset("event.before.stage")))
        case ir.OnStageChanged(from_=sources, to=targets):
            parts += [*_stages("deal.stage", targets), *_stages("event.before.stage", sources)]
            if sources:  # it moves: it does not come from where it goes to
                parts += [_elsewhere("event.before.stage", targets), _elsewhere("deal.stage", sources)]
        case ir.OnOwnerChanged() | ir.OnDealUpdated(fields=("owner",)):
            parts.append(differ("deal.owner", "event.before.owner"))
        case ir.OnDealUpdated(fields=(name,)) if name != "tags":
            parts.append(differ(f"deal.{name}", f"event.before.{name}"))
        case ir.OnActivityLogged(kinds=kinds) if kinds:
            parts.append(one_of("event.activity.kind", [ir.TextValue(value=kind) for kind in kinds]))
    if isinstance(on, OF_CONTACTS):
        parts.append(not_one_of("deal.stage", logic.closed))
    pipelines = () if isinstance(on, ir.OnEntered | ir.OnReplied) else on.pipelines
    if pipelines:
        parts.append(one_of("deal.pipeline", [ir.PipelineValue(pipeline=key) for key in pipelines]))
    return both(*parts)


def _stages(path: str, stages: tuple[ir.StageValue, ...]) -> list[Alternatives]:
    return [one_of(path, stages)] if stages else []


def _elsewhere(path: str, stages: tuple[ir.StageValue, ...]) -> Alternatives:
    """It is not that one stage; of several, it may be another one of them."""
    if len(stages) != 1:
        return ALWAYS
    return not_one_of(path, stages)


def places(automation: ir.Automation, logic: Logic) -> Iterator[Place]:
    """Yield every step of the automation, in order, with what is known there."""
    trigger, asked = of_trigger(automation.on, logic), (logic.true(automation.when), *_of_segment(automation, logic))
    # What is looked at again need not stand any more where its trigger found it.
    now = (trigger, *asked) if automation.when_within is None else asked
    yield from _Walk(logic).steps(automation.do, _Here((trigger, *asked), now, now))


def _of_segment(automation: ir.Automation, logic: Logic) -> tuple[Alternatives, ...]:
    """What is known of the deals that an event is for, where it is for those of a segment."""
    segment = automation.for_each
    if segment is None:
        return ()
    there = one_of("deal.pipeline", [ir.PipelineValue(pipeline=key) for key in segment.pipelines])
    return (there, logic.true(segment.where)) if segment.pipelines else (logic.true(segment.where),)


class _Here(NamedTuple):
    """What is known at a place, as a `Place` says it."""

    known: tuple[Alternatives, ...]
    now: tuple[Alternatives, ...] = ()
    still: tuple[Alternatives, ...] = ()

    def where(self, more: tuple[Alternatives, ...]) -> _Here:
        """Return what is known where more was looked at and holds."""
        return _Here((*self.known, *more), (*self.now, *more), (*self.still, *more))

    def after(self, step: ir.Step) -> _Here:
        """Return what is known behind a step that neither waits nor ends."""
        return _Here(self.known, (), tuple(_left(each, step) for each in self.still))


class _Walk:
    """Goes through steps; what was done or waited for makes facts old."""

    def __init__(self, logic: Logic) -> None:
        self._logic = logic
        self._waited = False

    def steps(self, steps: Iterable[ir.Step], here: _Here) -> Iterator[Place]:
        for step in steps:
            yield Place(step=step, known=here.known, now=here.now, still=here.still, waited=self._waited)
            if isinstance(step, ir.BranchStep):
                yield from self._branch(step, here)
                here = here if all(_is_still(way) for way in ir.ways_of(step)) else _Here(here.known)
            elif isinstance(step, ir.WaitUntilStep):
                self._waited = True
                here = _Here(here.known)
                yield from self.steps(step.on_timeout, here)
            elif isinstance(step, ir.AskStep | ir.LookupStep):
                self._waited |= isinstance(step, ir.AskStep)
                here = _Here(here.known)
                for way in ir.ways_of(step):
                    yield from self.steps(way, here)
            elif not isinstance(step, ir.StopStep):
                self._waited |= isinstance(step, ir.WaitStep | ir.WaitForStep)
                here = here.after(step)

    def _branch(self, branch: ir.BranchStep, here: _Here) -> Iterator[Place]:
        before: tuple[Alternatives, ...] = ()
        for case in branch.cases:
            yield from self.steps(case.do, here.where((*before, self._logic.true(case.when))))
            before = (*before, self._logic.not_true(case.when))
        none = tuple(self._logic.false(case.when) for case in branch.cases)
        yield from self.steps(branch.otherwise, here.where(none))
        yield from self.steps(branch.unset or (), here.where(before))


def _left(ways: Alternatives, step: ir.Step) -> Alternatives:
    """Return what is left of what was known when a step is done: fields that it leaves as they are, and no other."""
    match step:
        case ir.SetTaskStep() | ir.AddNoteStep() | ir.NotifyStep() | ir.SendEventStep() | ir.SendConversionStep():
            return [tuple(atom for atom in way if _OWN.fullmatch(atom.path)) for way in ways]
        case ir.ChangeTagsStep():
            changed = {"deal.tags"}
        case ir.UpdateDealStep(changes=changes):
            changed = {f"deal.{name}" for name in changes}
        case _:
            return ALWAYS
    return [tuple(atom for atom in way if _OWN.fullmatch(atom.path) and atom.path not in changed) for way in ways]


def _is_still(way: Iterable[ir.Step]) -> bool:
    """Say whether nothing is done or waited for on the way."""
    return all(
        isinstance(step, ir.StopStep) or (isinstance(step, ir.BranchStep) and all(map(_is_still, ir.ways_of(step))))
        for step in way
    )
