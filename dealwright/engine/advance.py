"""Advance: given an automation, what happened so far, the facts and the time, say what comes next. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Final, Literal, NoReturn, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from dealwright.compile import describe, ir, later
from dealwright.compile.enrol import stands
from dealwright.compile.sensitive import is_sensitive
from dealwright.engine import sums
from dealwright.engine.conditions import evaluate, spelled
from dealwright.engine.facts import Facts, View
from dealwright.engine.handled import handles
from dealwright.engine.picked import Picked, given_to
from dealwright.engine.records import Intent, News, Progress, Question, Receipt, StepOutcome
from dealwright.engine.render import intent, intent_of_question
from dealwright.engine.render_values import NobodyThere, NothingToDo, Unrenderable
from dealwright.engine.replies import answers, noted, unused, used, written_by
from dealwright.engine.route import matches
from dealwright.engine.trace import Trace, TraceLine
from dealwright.engine.watch import ANY_CHANGE, kinds_of, kinds_of_all
from dealwright.language import calendar
from dealwright.model.calendar import Calendar
from dealwright.model.crm import User
from dealwright.model.events import DealEnrolled, Event, MessageReceived, record_of

ACTS: Final = "acts"
"""What the trace says of a step that asks for an effect, in the place where it did."""

WHEN_WITHIN: Final = "when_within"
"""What an execution waits at while its conditions do not hold yet; no step can have this name."""

PASSED: Final = "passed"
"""What the trace says of a step that had nothing to do."""


class Act(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The next thing is this effect."""

    intent: Intent


class Choose(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Somebody of a role has to be picked for this step first."""

    step: str
    role: ir.RoleValue


class Wait(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Nothing until then, or until one of these kinds of event happens, or (`asks`) until the step is answered."""

    step: str
    until: datetime
    on_events: tuple[str, ...] = ()
    asks: bool = False


class End(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """It is over: `done`, `skipped` (it never began) or `failed`."""

    state: str
    reason: str = ""


Next: TypeAlias = Act | Choose | Wait | End


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
    news: Sequence[News] = (),
    settings: Mapping[str, object] = MappingProxyType({}),
    working: Mapping[str, Calendar] = MappingProxyType({}),
    questions: Mapping[str, Question] = MappingProxyType({}),
) -> Decision:
    """Return what comes next for one execution.

    It walks the steps from the start; what `progress` remembers is passed without being evaluated again, so that a
    definition's step that was decided stays decided. With `recheck` (a thing that was held or parked comes back) the
    conditions are evaluated again, and must still hold. `news` are the events, in order, that have happened to its
    deal since it began and that `progress` does not call looked at. `settings` are the values in force, by key,
    `working` the calendars of people with one of their own, `questions` what has become of those that were asked, by
    step.
    """
    return _Walk(account, automation, progress, facts, now, news, settings, working, questions).decide(recheck=recheck)


class _Walk:
    """One walk over an automation's steps."""

    def __init__(
        self,
        account: ir.Account,
        automation: ir.Automation,
        progress: Progress,
        facts: Facts,
        now: datetime,
        news: Sequence[News],
        settings: Mapping[str, object],
        working: Mapping[str, Calendar],
        questions: Mapping[str, Question],
    ) -> None:
        self._automation = automation
        self._calendar = account.calendar
        self._picks_people = bool(account.roles)
        self._progress = progress
        self._working = working
        self._view = View(account, facts, progress, settings=settings)
        self._now = now
        self._news = news
        self._questions = questions
        own = self._view.own
        self._trace = Trace(partial(is_sensitive, own=own) if own.sensitive else None)
        self._passed: list[tuple[str, str]] = []

    def decide(self, *, recheck: bool) -> Decision:
        """Walk, and return what was found."""
        try:
            if self._progress.passed:
                self._exit()
                self._conditions(recheck)
            else:
                self._conditions(recheck)
                self._exit()
                if WHEN_WITHIN in self._progress.waits:
                    self._looked()  # what came while its conditions did not hold ends no wait to come
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
        event = self._view.facts.event
        begins = not self._progress.passed and isinstance(event, DealEnrolled)
        if begins and not stands(self._automation.on, self._view.facts.deal):
            raise _Stopped(End(state="skipped", reason="it stands elsewhere by now"))
        truth = evaluate(self._automation.when, self._view, self._trace, at="when")
        if truth is not True:
            if not self._progress.passed:
                self._until_they_hold()
            reason = "conditions no longer hold" if self._progress.passed else "conditions"
            raise _Stopped(End(state="skipped", reason=reason if truth is False else f"{reason}: unset"))
        self._remember(passed=True)

    def _until_they_hold(self) -> None:
        """Rest for facts that arrive a little later, if the automation gives them time and it is not over."""
        within = self._automation.when_within
        if within is None:
            return
        until = self._progress.waits.get(WHEN_WITHIN)
        if until is None:
            until = calendar.add(self._calendar, self._now, within)
            self._remember(waits={**self._progress.waits, WHEN_WITHIN: until})
        if self._now < until:
            self._tell_wait("when", "when within", until)
            self._rest(WHEN_WITHIN, until, ANY_CHANGE)
        self._trace.add("when", "when within", "timed out")

    def _exit(self) -> None:
        """End it if one of the things has happened to the deal that end it: whatever comes next is not wanted then."""
        for trigger in self._automation.exit_on:
            for item in self._news:
                if self._has_happened(trigger, item):
                    words = describe.trigger(trigger)
                    self._trace.add("exit_on", words, "exit")
                    self._passed.append(("exit_on", "stopped"))
                    raise _Stopped(End(state="done", reason=f"exit: {words}"))

    def _steps(self, steps: tuple[ir.Step, ...]) -> None:
        for step in steps:
            match step:
                case ir.WaitStep():
                    self._wait(step)
                case ir.WaitUntilStep():
                    self._wait_until(step)
                case ir.WaitForStep() | ir.MuteStep():
                    raise Unrenderable(f"step {step.name!r}: {later.word_of(step)} is not there yet")
                case ir.StopStep():
                    self._trace.add(step.name, "stop", "stopped")
                    self._passed.append((step.name, "stopped"))
                    raise _Stopped(End(state="done", reason=f"stopped at {step.name}"))
                case ir.BranchStep():
                    self._branch(step)
                case ir.AskStep():
                    self._ask(step)
                case ir.LookupStep():
                    self._lookup(step)
                case _:
                    if step.name not in self._progress.outcomes:
                        self._action(step)

    def _action(self, step: ir.ActionStep) -> None:
        """Ask for the step's effect; one that has nothing to do is passed, and remembered as that."""
        people: tuple[User, ...] = ()
        try:
            if self._picks_people and (role := ir.role_of(step)) is not None:
                picked = self._somebody(step.name, role)
                step, people = given_to(step, picked), picked.people
            asked = intent(step, self._view, self._now, people, self._working)
        except NobodyThere as error:
            if handles(self._automation, step.name):
                self._pass_by(step, "failed", str(error))
                return
            self._trace.add(step.name, str(error), "stopped")
            raise
        except NothingToDo as error:
            # What is to be known and cannot be asked is not known: the definition says what then.
            self._pass_by(step, "failed" if isinstance(step, ir.LookupStep) else "dropped", str(error))
            return
        sums.tell(step, self._view, self._trace)
        self._trace.add(step.name, asked.request.kind, ACTS)
        self._looked()  # what happens from now on may answer it, also before its receipt is here
        raise _Stopped(Act(intent=asked))

    def _pass_by(self, step: ir.ActionStep | ir.AskStep, status: Literal["dropped", "failed"], reason: str) -> None:
        """Remember a step that asks for nothing, and why."""
        receipt: Receipt = {"error": reason} if isinstance(step, ir.LookupStep) else {}
        outcome = StepOutcome(status=status, turn=0, reason=reason, receipt=receipt)
        self._remember(outcomes={**self._progress.outcomes, step.name: outcome})
        self._trace.add(step.name, reason, PASSED if status == "dropped" else "failed")
        self._passed.append((step.name, PASSED))
        self._look_again()

    def _lookup(self, step: ir.LookupStep) -> None:
        """Ask another system once: what it gave stays so, and if it gave nothing the definition says what then."""
        if step.name not in self._progress.outcomes:
            self._action(step)
        outcome = self._progress.outcomes[step.name]
        if step.name not in self._progress.branches:
            self._remember(branches={**self._progress.branches, step.name: outcome.status})
            paths = [f"steps.{step.name}.{name}" for name in step.gives]
            values = {path: spelled(self._view.value(path)) for path in paths}
            if outcome.status == "answered":
                self._trace.add(step.name, f"lookup {step.system}", "answered", values)
            elif outcome.status == "failed":
                self._trace.add(step.name, f"lookup {step.system}: {outcome.reason}", "failed")
        if outcome.status == "failed":
            self._steps(step.on_error)

    def _ask(self, step: ir.AskStep) -> None:
        """Ask, rest until it is answered or its time is over, and go the way of the answer."""
        question = self._questions.get(step.name)
        if step.name not in self._progress.outcomes and (question is None or not (question.told or _is_over(question))):
            self._question(step)
        elif step.name not in self._progress.outcomes and question is not None:
            self._answer(step, question)
        outcome = self._progress.outcomes[step.name]
        if outcome.status == "timed_out":
            self._steps(step.late)
        for way in step.answers:
            if way.answer == outcome.receipt.get("choice"):
                self._steps(way.do)

    def _question(self, step: ir.AskStep) -> None:
        """Have the question asked; one that nobody can be asked is passed, and remembered as that."""
        try:
            who = self._somebody(step.name, step.who).people if isinstance(step.who, ir.RoleValue) else ()
            asked = intent_of_question(step, self._view, self._now, who, self._working)
        except NothingToDo as error:
            self._pass_by(step, "dropped", str(error))
        else:
            self._trace.add(step.name, asked.request.kind, ACTS)
            raise _Stopped(Act(intent=asked))

    def _answer(self, step: ir.AskStep, question: Question) -> None:
        match question.state:
            case "open":
                self._tell_wait(step.name, "ask", question.until)
                self._rest(step.name, question.until, kinds_of_all(self._automation.exit_on), asks=True)
            case "timed_out":
                over = StepOutcome(status="timed_out", turn=0)
                self._trace.add(step.name, "ask", "timed out")
            case "answered":
                plain = {"yes": "yes", "no": "no"} if [each.answer for each in step.answers] == ["yes", "no"] else {}
                over = StepOutcome(
                    status=plain.get(question.choice, "answered"),  # type: ignore[arg-type]
                    turn=0,
                    receipt={"choice": question.choice, "by": question.by, "note": question.note or None},
                )
                self._trace.add(step.name, "ask", question.choice, {"answer.by": question.by})
        self._remember(outcomes={**self._progress.outcomes, step.name: over})
        self._passed.append((step.name, PASSED))
        self._look_again()

    def _somebody(self, step: str, role: ir.RoleValue) -> Picked:
        """Return who of the role was picked for a step; ask for it if nobody was yet."""
        picked = self._progress.picks.get(step)
        if picked is None:
            raise _Stopped(Choose(step=step, role=role))
        names = ", ".join(user.name for user in picked.people)
        if picked.kept:
            raise NothingToDo(f"{step}: {names} is of {role.role} already")
        self._trace.add(step, describe.role(role), "picked", {role.role: names, "why": picked.why})
        return picked

    @property
    def _acted(self) -> bool:
        """Whether a step of the execution has done something."""
        return any(outcome.status == "sent" for outcome in self._progress.outcomes.values())

    def _wait(self, step: ir.WaitStep) -> None:
        until = self._progress.waits.get(step.name)
        if until is None:
            until = calendar.add(self._calendar, self._now, step.duration)
            self._remember(waits={**self._progress.waits, step.name: until})
            self._tell_wait(step.name, "wait", until)
        elif until <= self._now:
            return
        elif self._news:
            self._tell_wait(step.name, "wait", until)
        self._rest(step.name, until, kinds_of_all(self._automation.exit_on))

    def _wait_until(self, step: ir.WaitUntilStep) -> None:
        """Rest until it happens; what was decided about it stays decided, and what follows sees it."""
        if step.name not in self._progress.outcomes:
            self._await(step)
        if self._progress.outcomes[step.name].status == "timed_out":
            self._steps(step.on_timeout)

    def _await(self, step: ir.WaitUntilStep) -> None:
        until = self._progress.waits.get(step.name)
        began = until is not None
        if until is None:
            until = calendar.add(self._calendar, self._now, step.timeout)
            self._remember(waits={**self._progress.waits, step.name: until})
        for trigger in step.on:
            answer = unused(self._progress, trigger.to) if isinstance(trigger, ir.OnReplied) else None
            if answer is not None:
                self._over(step, "met", describe.trigger(trigger), answer.event)
                return
        for item in self._news:
            for trigger in step.on:
                if self._has_happened(trigger, item):
                    self._looked(item.id)
                    self._over(step, "met", describe.trigger(trigger), item.id)
                    return
        if step.until is not None:
            self._note(self._news)
        if step.until is not None and evaluate(step.until, self._view, self._trace, at=step.name) is True:
            if began:
                self._looked()
            self._over(step, "met", "wait until")
        elif began and until <= self._now:
            self._looked()
            self._over(step, "timed_out", "wait until")
        else:
            self._looked()
            self._tell_wait(step.name, "wait until", until)
            self._rest(step.name, until, kinds_of(step) | kinds_of_all(self._automation.exit_on))

    def _tell_wait(self, step: str, what: str, until: datetime) -> None:
        local = until.astimezone(ZoneInfo(self._calendar.zone))
        self._trace.add(step, what, "waiting", {"until": f"{local:%a %d %b %Y %H:%M}"})

    def _rest(self, step: str, until: datetime, kinds: frozenset[str], *, asks: bool = False) -> NoReturn:
        self._passed.append((step, "waiting"))
        raise _Stopped(Wait(step=step, until=until, on_events=tuple(sorted(kinds)), asks=asks))

    def _has_happened(self, trigger: ir.Trigger, item: News) -> bool:
        """Say whether that is what the trigger names; our own doing never is."""
        if item.own or not matches(trigger, item.event, self._view.deal) or self._of_another(item.event):
            return False
        if not isinstance(trigger, ir.OnReplied) or trigger.to is None:
            return True
        return answers(item.event, trigger.to, self._progress, written_by(self._automation))

    def _of_another(self, event: Event) -> bool:
        """Say whether the event is of another record of the kind than the one that set the execution off."""
        ours, theirs = record_of(self._view.facts.event), record_of(event)
        return ours is not None and theirs is not None and ours.kind == theirs.kind and ours.id != theirs.id

    def _note(self, news: Sequence[News]) -> None:
        """Remember answers to our messages, and let what follows see them."""
        if any(isinstance(item.event, MessageReceived) for item in news):
            self._progress = noted(self._progress, news, written_by(self._automation))
            self._look_again()

    def _over(self, step: ir.WaitUntilStep, status: Literal["met", "timed_out"], what: str, by: int = 0) -> None:
        """Remember how a wait for something ended; `by` is the event that ended it."""
        if by:
            self._progress = used(self._progress, by)
        over = StepOutcome(status=status, turn=0, receipt={"timed_out": status == "timed_out"})
        self._remember(outcomes={**self._progress.outcomes, step.name: over})
        self._trace.add(step.name, what, status.replace("_", " "))
        self._passed.append((step.name, PASSED))
        self._look_again()

    def _looked(self, up_to: int = 0) -> None:
        """Remember that the news were looked at: all of them, or those up to an id. They end no wait to come."""
        seen = [item for item in self._news if not up_to or item.id <= up_to]
        if not seen:
            return
        self._note(seen)
        routed = max((item.id for item in seen if item.routed), default=self._progress.looked)
        beyond = {*self._progress.passed_by, *(item.id for item in seen)}
        self._remember(looked=routed, passed_by=tuple(sorted(id_ for id_ in beyond if id_ > routed)))
        self._news = self._news[len(seen) :]

    def _look_again(self) -> None:
        """Let what follows see what was just remembered."""
        self._view = self._view.after(self._progress)

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


def _is_over(question: Question) -> bool:
    return question.state != "open"
