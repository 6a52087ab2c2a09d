"""What is known where a step stands: of the trigger, the conditions, and the cases on the way to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from dealwright.compile import ir
from dealwright.compile.atoms import Atom
from dealwright.compile.ir_steps import all_steps
from dealwright.compile.possible import (
    ALWAYS,
    Alternatives,
    Logic,
    Own,
    both,
    differ,
    either,
    not_one_of,
    one_of,
    unset,
)
from dealwright.compile.rules.stands import Standing
from dealwright.language.records import segment

_OWN: Final = re.compile(r"deal\.\w+")
"""A field of the deal itself, which only what is done to the deal changes."""

OF_CONTACTS: Final = (ir.OnMessageReceived, ir.OnReplied, ir.OnContactUpdated)
"""What contacts write and what is changed of them is told to their open deals, and to no other."""

_TOLD: Final = re.compile(r"(event\.(before|data|activity|message)|steps)\..*")
"""What the event told, and what steps have left: nothing changes it any more."""

_OF_RECORD: Final = re.compile(r"record\.\w+")

Parts = tuple[Alternatives, ...]
"""What is known, all of it at once."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A step and what holds on the way to it.

    `known` held at some time on the way; `now` are those that still hold, since nothing was done or waited for after
    they were looked at, and `still` those too that no step has changed since, none of which waits or writes to anybody.
    `lately` are those too that hold unless somebody was quicker: no step and no wait came between that changes them,
    exit_on would have ended it, or the event found its deal there. `kept` are those of them that no wait changes.
    `waited` says that a wait lies before.
    """

    step: ir.Step
    known: Parts
    now: Parts
    still: Parts
    lately: Parts
    kept: Parts
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
        case ir.OnRecordAdded(record=kind):  # unless there are too many to be counted
            count = f"deal.records.{segment(kind)}.count"
            parts.append(either([(Atom(count, ">=", Decimal(1)),)], unset(count)))
        case ir.OnDateReached(field=field):
            parts.append(logic.true(ir.IsSet(field=field)))
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


def places(automation: ir.Automation, logic: Logic, account: ir.Account | None = None) -> Iterator[Place]:
    """Yield every step of the automation, in order, with what is known there; the account knows more of `lately`."""
    trigger, asked = of_trigger(automation.on, logic), (logic.true(automation.when), *_of_segment(automation, logic))
    # What is looked at again need not stand any more where its trigger found it.
    now = (trigger, *asked) if automation.when_within is None else asked
    begins = (trigger, *(asked if automation.when_within is None else ()))
    standing = None if account is None else Standing(automation, account, begins)
    found = () if account is None or automation.when_within is not None else found_in(automation, account)
    kept = () if standing is None else standing.known()
    here = _Here((trigger, *asked), now, now, (*now, *found, *kept))
    yield from _Walk(logic, standing).steps(automation.do, here)


def found_in(automation: ir.Automation, account: ir.Account) -> Parts:
    """Say in which pipelines an event from outside finds its deal, unless its sender names another one."""
    if not isinstance(automation.on, ir.OnEventReceived) or automation.for_each is not None:
        return ()
    event = account.outside_event(automation.on.name)
    if event is None or event.match is None:
        return ()
    return (one_of("deal.pipeline", [ir.PipelineValue(pipeline=key) for key in event.match.pipelines]),)


def about_record(logic: Logic, on: ir.Trigger, place: Place) -> Logic:
    """Return a reasoning that knows of the record by which the automation was set off: it is one of the deal's."""
    if not isinstance(on, ir.OnRecordAdded | ir.OnRecordUpdated):
        return logic
    return replace(logic, own=Own(on.record, place.lately))


def _of_segment(automation: ir.Automation, logic: Logic) -> Parts:
    """What is known of the deals that an event is for, where it is for those of a segment."""
    segment = automation.for_each
    if segment is None:
        return ()
    there = one_of("deal.pipeline", [ir.PipelineValue(pipeline=key) for key in segment.pipelines])
    return (there, logic.true(segment.where)) if segment.pipelines else (logic.true(segment.where),)


class _Here(NamedTuple):
    """What is known at a place, as a `Place` says it."""

    known: Parts
    now: Parts = ()
    still: Parts = ()
    lately: Parts = ()

    def where(self, more: Parts) -> _Here:
        """Return what is known where more was looked at and holds."""
        return _Here(*((*each, *more) for each in self))

    def after(self, step: ir.Step) -> _Here:
        """Return what is known behind a step, but how it ended."""
        still = _only(self.still, _left(step))
        return _Here(self.known, _only(self.now, _is_told), still, _only(self.lately, _left_lately(step)))


class _Walk:
    """Goes through steps; what was done or waited for makes facts old."""

    def __init__(self, logic: Logic, standing: Standing | None) -> None:
        self._logic = logic
        self._standing = standing
        self._waited = False

    def steps(self, steps: Iterable[ir.Step], here: _Here) -> Iterator[Place]:
        for step in steps:
            kept = (*_only(here.now, _is_told), *self._stands())
            yield Place(step=step, kept=kept, waited=self._waited, **here._asdict())
            if isinstance(step, ir.BranchStep):
                here = yield from self._branch(step, here)
                continue
            self._move(step)
            behind = self._keep(here.after(step))
            if isinstance(step, ir.WaitUntilStep):
                self._waited = True
                over = _is(f"steps.{step.name}.timed_out", True), _is(f"steps.{step.name}.outcome", "timed_out")
                yield from self.steps(step.on_timeout, behind.where(over))
            elif isinstance(step, ir.AskStep):
                self._waited = True
                for answer in step.answers:
                    yield from self.steps(answer.do, behind.where((_is(f"steps.{step.name}.choice", answer.answer),)))
                yield from self.steps(step.late, behind.where((_is(f"steps.{step.name}.outcome", "timed_out"),)))
            elif isinstance(step, ir.LookupStep):
                yield from self.steps(step.on_error, behind)
            else:
                self._waited |= isinstance(step, ir.WaitStep | ir.WaitForStep)
            here = behind.where(_gone_on(step))
            if isinstance(step, ir.WaitUntilStep) and step.until is not None and not step.on and ends(step.on_timeout):
                here = here._replace(lately=(*here.lately, self._logic.true(step.until)))

    def _branch(self, branch: ir.BranchStep, here: _Here) -> Generator[Place, None, _Here]:
        """Yield the steps of its ways; return what is known behind it."""
        before: Parts = ()
        ways: list[tuple[Parts, tuple[ir.Step, ...]]] = []
        for case in branch.cases:
            ways.append(((*before, self._logic.true(case.when)), case.do))
            before = (*before, self._logic.not_true(case.when))
        ways.append((tuple(self._logic.false(case.when) for case in branch.cases), branch.otherwise))
        ways.append((before, branch.unset or ()))
        for known, do in ways:
            yield from self.steps(do, here.where(known))
        behind = here
        for each in all_steps((branch,)):
            if not isinstance(each, ir.BranchStep | ir.StopStep):
                behind = behind.after(each)
        # Where a way ends, those go on who have taken another one.
        on = [both(*known) for known, do in ways if not ends(do)]
        done = [each for way in ir.ways_of(branch) for each in way]
        if 0 < len(on) < len(ways) and all(isinstance(each, ir.StopStep) for each in done):
            behind = behind.where((either(*on),))
        return self._keep(behind)

    def _move(self, step: ir.Step) -> None:
        if self._standing is not None and isinstance(step, ir.MoveDealStep):
            self._standing.move(step.to)
        elif self._standing is not None and isinstance(step, ir.MoveBackStep):
            self._standing.lost()

    def _keep(self, here: _Here) -> _Here:
        """Add where the deal stands at every time."""
        return here._replace(lately=(*here.lately, *(each for each in self._stands() if each not in here.lately)))

    def _stands(self) -> Parts:
        return () if self._standing is None else self._standing.known()


def ends(steps: Iterable[ir.Step]) -> bool:
    """Say whether nothing goes on behind these steps."""
    return any(
        isinstance(step, ir.StopStep)
        or (isinstance(step, ir.BranchStep) and step.unset is not None and all(map(ends, ir.ways_of(step))))
        for step in steps
    )


def _gone_on(step: ir.Step) -> Parts:
    """How a step has ended where it is gone on behind it: not in a way whose steps end it all."""
    match step:
        case ir.WaitUntilStep(name=name, on_timeout=late) if ends(late):
            return _is(f"steps.{name}.timed_out", False), _is(f"steps.{name}.outcome", "met")
        case ir.AskStep(name=name, answers=answers, late=late):
            stopped = frozenset(each.answer for each in answers if ends(each.do))
            ended = stopped | (frozenset({"timed_out"}) if ends(late) else frozenset())
            return _is_none(f"steps.{name}.choice", stopped), _is_none(f"steps.{name}.outcome", ended)
    return ()


def _is(path: str, value: object) -> Alternatives:
    return [(Atom(path, "==", value),)]


def _is_none(path: str, values: frozenset[str]) -> Alternatives:
    """It is none of these; whom nobody has asked has given no answer."""
    return either([(Atom(path, "not in", values),)], unset(path)) if values else ALWAYS


def _only(parts: Parts, stays: Callable[[str], bool]) -> Parts:
    """Return what is left of what was known, where only these paths stay as they were."""
    left = ([tuple(atom for atom in way if stays(atom.path)) for way in ways] for ways in parts)
    return tuple(ways for ways in left if () not in ways)


def _is_told(path: str) -> bool:
    return _TOLD.fullmatch(path) is not None


def _left(step: ir.Step) -> Callable[[str], bool]:
    """Say which facts a step leaves as they are: fields that it does not write, and no other."""
    match step:
        case ir.SetTaskStep() | ir.CompleteTasksStep() | ir.AddNoteStep() | ir.NotifyStep():
            changed: frozenset[str] = frozenset()
        case ir.SendEventStep() | ir.SendConversionStep():
            changed = frozenset()
        case ir.ChangeTagsStep():
            changed = frozenset({"deal.tags"})
        case ir.UpdateDealStep(changes=changes):
            changed = frozenset(f"deal.{name}" for name in changes)
        case _:
            return _is_told
    return lambda path: _is_told(path) or (_OWN.fullmatch(path) is not None and path not in changed)


def _left_lately(step: ir.Step) -> Callable[[str], bool]:
    """Say which facts a step leaves as they are, if nobody else changes them meanwhile."""
    match step:
        case ir.SetTaskStep() | ir.AddNoteStep() | ir.NotifyStep() | ir.SendEventStep() | ir.SendConversionStep():
            return lambda path: True
        case ir.SendEmailStep() | ir.SendMessageStep() | ir.CompleteTasksStep() | ir.StopStep():
            return lambda path: True
        case ir.ChangeTagsStep() | ir.UpdateDealStep():
            same = _left(step)
            return lambda path: same(path) or _OF_RECORD.fullmatch(path) is not None
        case ir.CreateRecordStep() | ir.UpdateRecordStep() | ir.RemoveRecordStep():
            return lambda path: _is_told(path) or _OWN.fullmatch(path) is not None
        case ir.CreateContactStep() | ir.UpdateContactStep() | ir.UpdateCompanyStep() | ir.CreateDealStep():
            return lambda path: _is_told(path) or any(each.fullmatch(path) for each in (_OWN, _OF_RECORD))
    return _is_told
