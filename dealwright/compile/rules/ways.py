"""What is known where a step stands: of the trigger, the conditions, and the cases on the way to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from dealwright.compile import ir
from dealwright.compile.possible import ALWAYS, Alternatives, Logic, both, differ, either, not_one_of, one_of, unset


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A step and what holds on the way to it.

    `known` held at some time on the way; `now` are those that still hold, since nothing was done or waited for after
    they were looked at. `waited` says that a wait lies before.
    """

    step: ir.Step
    known: tuple[Alternatives, ...]
    now: tuple[Alternatives, ...]
    waited: bool


def of_trigger(on: ir.Trigger) -> Alternatives:
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
    start = (of_trigger(automation.on), logic.true(automation.when))
    yield from _Walk(logic).steps(automation.do, start, start)


class _Walk:
    """Goes through steps; what was done or waited for makes facts old."""

    def __init__(self, logic: Logic) -> None:
        self._logic = logic
        self._waited = False

    def steps(
        self, steps: Iterable[ir.Step], known: tuple[Alternatives, ...], now: tuple[Alternatives, ...]
    ) -> Iterator[Place]:
        for step in steps:
            yield Place(step=step, known=known, now=now, waited=self._waited)
            if isinstance(step, ir.BranchStep):
                yield from self._branch(step, known, now)
                now = now if all(_is_still(way) for way in ir.ways_of(step)) else ()
            elif isinstance(step, ir.WaitUntilStep):
                self._waited = True
                now = ()
                yield from self.steps(step.on_timeout, known, now)
            elif isinstance(step, ir.AskStep | ir.LookupStep):
                self._waited |= isinstance(step, ir.AskStep)
                now = ()
                for way in ir.ways_of(step):
                    yield from self.steps(way, known, now)
            elif not isinstance(step, ir.StopStep):
                self._waited |= isinstance(step, ir.WaitStep | ir.WaitForStep)
                now = ()

    def _branch(
        self, branch: ir.BranchStep, known: tuple[Alternatives, ...], now: tuple[Alternatives, ...]
    ) -> Iterator[Place]:
        before: tuple[Alternatives, ...] = ()
        for case in branch.cases:
            here = (*before, self._logic.true(case.when))
            yield from self.steps(case.do, (*known, *here), (*now, *here))
            before = (*before, self._logic.not_true(case.when))
        none = tuple(self._logic.false(case.when) for case in branch.cases)
        yield from self.steps(branch.otherwise, (*known, *none), (*now, *none))
        yield from self.steps(branch.unset or (), (*known, *before), (*now, *before))


def _is_still(way: Iterable[ir.Step]) -> bool:
    """Say whether nothing is done or waited for on the way."""
    return all(
        isinstance(step, ir.StopStep) or (isinstance(step, ir.BranchStep) and all(map(_is_still, ir.ways_of(step))))
        for step in way
    )
