"""Changes: what becomes of executions that have begun when their automation was changed since (`on_change=`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.engine.advance import WHEN_WITHIN
from dealwright.engine.bench import Job
from dealwright.engine.records import Progress, StepOutcome
from dealwright.engine.store import Release, Store

_RUN: Final = frozenset({"existing", "mode", "on_change", "origin", "priority", "where", "why"})
"""The fields of an automation that say how it is run and described; the others say what it does."""

PASSED_BY: Final = "it was not there when this execution came by"


class Unfit(Exception):
    """What an execution remembers does not fit the automation as it is now."""


class Changes:
    """Looks, for one batch, whether automations were changed since. Executions that have not begun cost nothing.

    One that has not begun runs as it was routed: its event came before the change.
    """

    def __init__(self, store: Store, account: str) -> None:
        self._store = store
        self._account = account
        self._later: set[str] = set()

    def meet_late(
        self, jobs: Iterable[Job], leave: Callable[[Job, str, str], None], begin: Callable[[Job], None]
    ) -> None:
        """Meet the changes of those of which something had left without an answer, once that is settled."""
        if not self._later:
            return
        settled = [job for job in jobs if job.claimed.id in self._later and job.effect is None]
        if settled:
            self._later.difference_update(job.claimed.id for job in settled)
            self.meet(settled, leave, begin)

    def meet(self, jobs: Iterable[Job], leave: Callable[[Job, str, str], None], begin: Callable[[Job], None]) -> None:
        """Cancel, park or change over those whose automation says so; `begin` what goes on as the automation is now."""
        begun = [job for job in jobs if job.claimed.turn > 0]
        active = self._store.active_release(self._account) if begun else None
        if active is None:
            return
        moved: dict[str, str] = {}
        for job in begun:
            now = active.account.automation(job.automation.key)
            if job.effect is not None:
                self._later.add(job.claimed.id)  # something of it may have left: that is settled first
                continue
            if now is None or not now.on_change or job.claimed.release == active.digest or _same(job.automation, now):
                continue
            if now.on_change == "cancel":
                leave(job, "cancelled", "its automation was changed (on_change: cancel)")
                continue
            try:
                _move(job, now, active)
            except Unfit as error:
                leave(job, "parked", f"its automation was changed, and it cannot go on by the new one: {error}")
            else:
                moved[job.claimed.id] = active.digest
                begin(job)
        if moved:
            self._store.change_over(sorted(moved), active.digest)


def _same(before: ir.Automation, now: ir.Automation) -> bool:
    said = (name for name in before.__struct_fields__ if name not in _RUN)
    return all(getattr(before, name) == getattr(now, name) for name in said)


def _move(job: Job, now: ir.Automation, active: Release) -> None:
    """Let the execution go on by the automation as it is now; a question that is asked must be one still."""
    questions = {step.name: [each.answer for each in step.answers] for step in ir.asks(now.do)}
    asked = {effect.step for effect in job.claimed.effects} - job.progress.outcomes.keys()
    for step in ir.asks(job.automation.do):
        if step.name in asked and questions.get(step.name) != [each.answer for each in step.answers]:
            raise Unfit(f"the question {step.name!r} is gone, or has other answers")
    job.progress = fitted(job.progress, job.automation, now, turn=job.n, passed_at=job.claimed.event.occurred_at)
    job.account, job.automation = active.account, now


def fitted(
    progress: Progress, before: ir.Automation, now: ir.Automation, *, turn: int, passed_at: datetime
) -> Progress:
    """Return what the execution remembers, for the automation as it is now.

    Steps that were put in before the place where it stands are passed by, for they were not there when it came by: a
    customer must not get two messages at once because one was put before the other.

    Raises:
        Unfit: a step that it remembers is gone, is another kind of step now, or a way that it took is another one now.
    """
    old, new = _by_name(before.do), _by_name(now.do)
    # The time that is given to conditions is no step: what waits for them begins by the new ones.
    remembered = {*progress.outcomes, *progress.waits, *progress.branches} - {WHEN_WITHIN}
    for name in sorted(remembered):
        if name not in new:
            raise Unfit(f"the step {name!r} is gone")
        if name in old and type(new[name]) is not type(old[name]):
            raise Unfit(f"{name!r} is another kind of step")
    for name, way in sorted(progress.branches.items()):
        if not isinstance(new[name], ir.LookupStep) and not _same_way(old.get(name), new[name], way):
            raise Unfit(f"the cases of {name!r} are others")
    path = list(_path(now.do, progress))
    last = max((place for place, step in enumerate(path) if step.name in remembered), default=-1)
    missed = [step for step in path[:last] if step.name not in remembered]
    branches, outcomes, waits = dict(progress.branches), dict(progress.outcomes), dict(progress.waits)
    for step in missed:
        match step:
            case ir.StopStep():
                raise Unfit(f"it would have stopped at {step.name!r}")
            case ir.BranchStep():
                branches[step.name] = "passed"
            case ir.WaitStep():
                waits[step.name] = passed_at
            case _:
                outcomes[step.name] = StepOutcome(status="dropped", turn=turn, reason=PASSED_BY)
    if stood_over := sorted(remembered - {step.name for step in path}):
        raise Unfit(f"the step {stood_over[0]!r} is on a way that it did not take")
    return msgspec.structs.replace(progress, branches=branches, outcomes=outcomes, waits=waits)


def _by_name(steps: Iterable[ir.Step]) -> dict[str, ir.Step]:
    found: dict[str, ir.Step] = {}
    for step in steps:
        found[step.name] = step
        for way in ir.ways_of(step):
            found |= _by_name(way)
    return found


def _same_way(before: ir.Step | None, now: ir.Step, way: str) -> bool:
    """Say whether the way that was taken would be taken for the same reason."""
    if not isinstance(before, ir.BranchStep) or not isinstance(now, ir.BranchStep):
        return False
    old, new = ([case.when for case in branch.cases] for branch in (before, now))
    if way.startswith("case "):
        upto = int(way.removeprefix("case "))
        return old[:upto] == new[:upto]
    return old == new and (way != "unset" or now.unset is not None)


def _path(steps: Iterable[ir.Step], progress: Progress) -> Iterator[ir.Step]:
    """Yield the steps along the ways that were taken, in the order in which they are walked."""
    for step in steps:
        yield step
        way = progress.branches.get(step.name, "")
        outcome = progress.outcomes.get(step.name)
        match step:
            case ir.BranchStep() if way.startswith("case "):
                yield from _path(step.cases[int(way.removeprefix("case ")) - 1].do, progress)
            case ir.BranchStep() if way == "otherwise":
                yield from _path(step.otherwise, progress)
            case ir.BranchStep() if way == "unset":
                yield from _path(step.unset or (), progress)
            case ir.LookupStep() if outcome is not None and outcome.status == "failed":
                yield from _path(step.on_error, progress)
            case ir.WaitUntilStep() if outcome is not None and outcome.status == "timed_out":
                yield from _path(step.on_timeout, progress)
            case ir.AskStep() if outcome is not None:
                if outcome.status == "timed_out":
                    yield from _path(step.late, progress)
                for answer in step.answers:
                    if answer.answer == outcome.receipt.get("choice"):
                        yield from _path(answer.do, progress)
