"""Advance: given an automation, what happened so far, the facts and the time, say what comes next. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from dealwright.compile import ir
from dealwright.engine.conditions import evaluate
from dealwright.engine.facts import Facts, View
from dealwright.engine.records import Intent, Progress, StepOutcome
from dealwright.engine.render import intent
from dealwright.engine.render_values import NobodyThere, NothingToDo, Unrenderable
from dealwright.engine.trace import Trace, TraceLine
from dealwright.language import calendar

ACTS: Final = "acts"
"""What the trace says of a step that asks for an effect, in the place where it did."""

PASSED: Final = "passed"
"""What the trace says of a step that had nothing to do."""


class Act(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The next thing is this effect."""

    intent: Intent


class Wait(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Nothing until then, or until one of these kinds of event happens to the subject."""

    step: str
    until: datetime
    on_events: tuple[str, ...] = ()


class End(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """It is over: `done`, `skipped` (it never began) or `failed`."""

    state: str
    reason: str = ""


Next: TypeAlias = Act | Wait | End


class Decision(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What comes next, with the progress to remember and the trace of how it was decided.

    `passed` names steps that are no effects and were passed in this turn, with what they decided (for the record).
    """

    next: Next
    progress: Progress
    trace: tuple[TraceLine, ...]
    passed: tuple[tuple[str, str], ...] = ()


class _Stopped(Exception):
    """Unwinds the walk when the next thing is known."""

    def __init__(self, what: Next) -> None:
        self.what = what


def advance(
    account: ir.Account,
    automation: ir.Automation,
    progress: Progress,
    facts: Facts,
    now: datetime,
    *,
    recheck: bool = False,
) -> Decision:
    """Return what comes next for one execution.

    It walks the steps from the start; what `progress` remembers is passed without being evaluated again, so that a
    definition's step that was decided stays decided. With `recheck` (a thing that was held or parked comes back) the
    conditions are evaluated again, and must still hold.
    """
    return _Walk(account, automation, progress, facts, now).decide(recheck=recheck)


class _Walk:
    """One walk over an automation's steps."""

    def __init__(
        self, account: ir.Account, automation: ir.Automation, progress: Progress, facts: Facts, now: datetime
    ) -> None:
        self._automation = automation
        self._calendar = account.calendar
        self._progress = progress
        self._view = View(account, facts, progress)
        self._now = now
        self._trace = Trace()
        self._passed: list[tuple[str, str]] = []

    def decide(self, *, recheck: bool) -> Decision:
        """Walk, and return what was found."""
        try:
            self._conditions(recheck)
            self._steps(self._automation.do)
            found: Next = End(state="done")
        except _Stopped as stopped:
            found = stopped.what
        except NobodyThere as error:
            found = End(state="done" if self._acted else "skipped", reason=str(error))
        except Unrenderable as error:
            found = End(state="failed", reason=str(error))
        return Decision(next=found, progress=self._progress, trace=self._trace.lines(), passed=tuple(self._passed))

    def _conditions(self, recheck: bool) -> None:
        if self._progress.passed and not recheck:
            return
        truth = evaluate(self._automation.when, self._view, self._trace, at="when")
        if truth is not True:
            reason = "conditions no longer hold" if self._progress.passed else "conditions"
            raise _Stopped(End(state="skipped", reason=reason if truth is False else f"{reason}: unset"))
        self._remember(passed=True)

    def _steps(self, steps: tuple[ir.Step, ...]) -> None:
        for step in steps:
            match step:
                case ir.WaitStep():
                    self._wait(step)
                case ir.StopStep():
                    self._trace.add(step.name, "stop", "stopped")
                    self._passed.append((step.name, "stopped"))
                    raise _Stopped(End(state="done", reason=f"stopped at {step.name}"))
                case ir.BranchStep():
                    self._branch(step)
                case _:
                    if step.name not in self._progress.outcomes:
                        self._action(step)

    def _action(self, step: ir.ActionStep) -> None:
        """Ask for the step's effect; one that has nothing to do is passed, and remembered as that."""
        try:
            asked = intent(step, self._view, self._now)
        except NobodyThere as error:
            self._trace.add(step.name, str(error), "stopped")
            raise
        except NothingToDo as error:
            nothing = StepOutcome(status="dropped", turn=0, reason=str(error))
            self._remember(outcomes={**self._progress.outcomes, step.name: nothing})
            self._trace.add(step.name, str(error), PASSED)
            self._passed.append((step.name, PASSED))
            return
        self._trace.add(step.name, asked.request.kind, ACTS)
        raise _Stopped(Act(intent=asked))

    @property
    def _acted(self) -> bool:
        """Whether a step of the execution has done something."""
        return any(outcome.status == "sent" for outcome in self._progress.outcomes.values())

    def _wait(self, step: ir.WaitStep) -> None:
        until = self._progress.waits.get(step.name)
        if until is None:
            until = calendar.add(self._calendar, self._now, step.duration)
            self._remember(waits={**self._progress.waits, step.name: until})
            local = until.astimezone(ZoneInfo(self._calendar.zone))
            self._trace.add(step.name, "wait", "waiting", {"until": f"{local:%a %d %b %Y %H:%M}"})
        elif until <= self._now:
            return
        self._passed.append((step.name, "waiting"))
        raise _Stopped(Wait(step=step.name, until=until))

    def _branch(self, step: ir.BranchStep) -> None:
        way = self._progress.branches.get(step.name)
        if way is None:
            way = self._choose(step)
            self._remember(branches={**self._progress.branches, step.name: way})
            self._trace.add(step.name, "branch", way)
            self._passed.append((step.name, "passed" if way == "passed" else "taken"))
        for index, case in enumerate(step.cases, start=1):
            if way == f"case {index}":
                self._steps(case.do)
        if way == "otherwise":
            self._steps(step.otherwise)
        if way == "unset":
            self._steps(step.unset or ())

    def _choose(self, step: ir.BranchStep) -> str:
        """The first true case; *otherwise* means that all were false, never that one was unknown.

        What was dropped (shadow) left no receipt, so a case that reads it is unset here, and takes that way.
        """
        unknown = False
        for index, case in enumerate(step.cases, start=1):
            truth = evaluate(case.when, self._view, self._trace, at=step.name)
            if truth is True:
                return f"case {index}"
            unknown = unknown or truth is None
        if not unknown:
            return "otherwise"
        return "passed" if step.unset is None else "unset"

    def _remember(self, **changes: object) -> None:
        self._progress = msgspec.structs.replace(self._progress, **changes)
