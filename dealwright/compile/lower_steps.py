"""Lowering of steps, in order: each one knows the receipts of those before it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from dealwright.compile import ir
from dealwright.compile.lower_messages import MessageLowering
from dealwright.compile.lower_scope import Scope, length
from dealwright.compile.lower_triggers import TriggerLowering
from dealwright.compile.lower_values import ValueLowering
from dealwright.language import (
    contact_steps,
    conversion_steps,
    deal_steps,
    message_steps,
    record_steps,
    schema,
    steps,
    time_steps,
    triggers,
    wait_steps,
)
from dealwright.language.ask_step import Ask
from dealwright.language.clock_times import LocalTime
from dealwright.language.company_steps import UpdateCompany
from dealwright.language.conditions import Reference
from dealwright.language.lookup_step import GIVEN, Lookup
from dealwright.language.markup import check_html
from dealwright.language.message_texts import Template
from dealwright.language.notify_step import Notify
from dealwright.language.origin import Origin
from dealwright.language.pipeline import Lost
from dealwright.language.values import Stored, Words, keywords
from dealwright.model.calendar import Duration


class StepLowering:
    """Lowers the steps of one account's automations."""

    def __init__(self, values: ValueLowering, triggers: TriggerLowering, messages: MessageLowering) -> None:
        self._values = values
        self._triggers = triggers
        self._messages = messages

    def all(self, automation: str, given: Sequence[steps.Step], scope: Scope) -> tuple[ir.Step, ...]:
        """Lower the steps of one automation."""
        gives = {
            str(step.name): {name: GIVEN[kind] for name, kind in step.gives.items()}
            for step in _everything(given)
            if isinstance(step, Lookup)
        }
        scope = replace(scope, gives=gives)
        lowered, _ = _Run(self._values, self._triggers, self._messages, automation, given).sequence(given, scope, "")
        return lowered


class _Run:
    """The steps of one automation on their way to IR."""

    def __init__(
        self,
        values: ValueLowering,
        triggers: TriggerLowering,
        messages: MessageLowering,
        automation: str,
        given: Sequence[steps.Step],
    ) -> None:
        self._values = values
        self._triggers = triggers
        self._messages = messages
        self._automation = automation
        self._names: dict[str, Origin] = {}
        self._steps = {step.name: step for step in _everything(given)}
        for step in _everything(given):
            if step.name:
                self._claim(step)

    def _claim(self, step: steps.Step) -> None:
        first = self._names.get(step.name)
        self._names.setdefault(step.name, step.origin)
        if first is not None:
            message = f"two steps of {self._automation!r} are named {step.name!r} (the other on line {first.line})"
            self._values.found("DW201", step.origin, message, "a step's name is its key: give each its own")

    def _derived(self, branch: str, origin: Origin) -> str:
        """A name for a stop that has none: that of its branch, so that steps added elsewhere do not change it."""
        wanted = f"{branch}-stop" if branch else "stop"
        name, count = wanted, 1
        while name in self._names:
            count += 1
            name = f"{wanted}-{count}"
        self._names[name] = origin
        return name

    def sequence(
        self, given: Sequence[steps.Step], scope: Scope, branch: str
    ) -> tuple[tuple[ir.Step, ...], dict[str, str]]:
        """Lower steps in order; return them and what they leave, by name and kind."""
        lowered: list[ir.Step] = []
        left: dict[str, str] = {}
        for step in given:
            here = self._with_sent(scope.at(step.origin).after(left))
            if isinstance(step, steps.Branch):
                branching, inside = self._branch(step, here)
                lowered.append(branching)
                left |= inside
            elif isinstance(step, wait_steps.WaitUntil):
                waiting, inside = self._wait_until(step, here)
                lowered.append(waiting)
                left |= {step.name: _kind(step), **inside}
            elif isinstance(step, Lookup):
                looking, inside = self._lookup(step, here)
                self._values.keep_in(looking, here)
                lowered.append(looking)
                left |= {str(step.name): step.kind, **inside}
            elif isinstance(step, Ask):
                asking, inside = self._ask(step, here)
                lowered.append(asking)
                left |= {step.name: step.kind, **inside}
            else:
                node = self._step(step, here, branch)
                self._values.keep_in(node, here)
                lowered.append(node)
                if step.kind in schema.RECEIPTS:
                    left[step.name] = step.kind
        return tuple(lowered), left

    def _branch(self, step: steps.Branch, scope: Scope) -> tuple[ir.BranchStep, dict[str, str]]:
        left: dict[str, str] = {}

        def way(given: Sequence[steps.Step]) -> tuple[ir.Step, ...]:
            lowered, inside = self.sequence(given, scope, step.name)
            left.update(inside)
            return lowered

        node = ir.BranchStep(
            name=step.name,
            cases=tuple(ir.Case(when=self._values.all_of(case.when, scope), do=way(case.do)) for case in step.cases),
            otherwise=way(step.otherwise),
            unset=None if step.unset is None else way(step.unset),
        )
        return node, left

    def _wait_until(self, step: wait_steps.WaitUntil, scope: Scope) -> tuple[ir.WaitUntilStep, dict[str, str]]:
        written = {name: self._channel(name) for name in scope.steps if self._channel(name)}
        do, left = self.sequence(step.on_timeout, scope.after({step.name: step.kind}), step.name)
        node = ir.WaitUntilStep(
            name=step.name,
            timeout=length(step.timeout),
            until=self._values.all_of(step.until, scope) if step.until else None,
            on=self._triggers.all(step.on, scope.origin, written),
            on_timeout=do,
        )
        return node, left

    def _lookup(self, step: Lookup, scope: Scope) -> tuple[ir.LookupStep, dict[str, str]]:
        name = str(step.name)
        do, left = self.sequence(step.on_error, scope.after({name: step.kind}), name)
        node = ir.LookupStep(
            name=name,
            system=step.system,
            path=step.path,
            ask=self._each(step.ask, scope),
            gives=dict(step.gives),
            optional=step.optional,
            timeout=step.timeout,
            cache=None if step.cache is None else length(step.cache),
            on_error=do,
            reveals=self._values.revealed(step.reveals, scope),
        )
        return node, left

    def _ask(self, step: Ask, scope: Scope) -> tuple[ir.AskStep, dict[str, str]]:
        left: dict[str, str] = {}

        def way(given: Sequence[steps.Step]) -> tuple[ir.Step, ...]:
            lowered, inside = self.sequence(given, scope.after({step.name: step.kind}), step.name)
            left.update(inside)
            return lowered

        node = ir.AskStep(
            name=step.name,
            who=self._values.expression(step.who, scope),
            question=self._values.expression(step.question, scope),
            answers=tuple(ir.Answer(answer=each.answer, do=way(each.do)) for each in step.ways),
            within=length(step.within),
            late=way(step.late),
        )
        return node, left

    def _step(self, step: steps.Step, scope: Scope, branch: str) -> ir.Step:
        match step:
            case steps.CreateDeal():
                return self._create(step, scope)
            case steps.UpdateDeal():
                return self._update(step, scope)
            case steps.MoveDeal():
                return self._move(step, scope)
            case steps.SetTask():
                return self._task(step, scope)
            case steps.SendEvent():
                body = self._each(step.with_, scope)
                reveals = self._values.revealed(step.reveals, scope)
                return ir.SendEventStep(name=step.name, event=step.event, to=step.to, with_=body, reveals=reveals)
            case deal_steps.ChangeTags():
                return ir.ChangeTagsStep(name=step.name, add=step.add, remove=step.remove)
            case deal_steps.CompleteTasks():
                return self._complete(step, scope)
            case deal_steps.AddNote():
                return ir.AddNoteStep(name=step.name, text=self._values.expression(step.text, scope))
            case contact_steps.CreateContact():
                fields = self._of_contact(step.fields, scope, keywords(contact_steps.create_contact))
                return ir.CreateContactStep(name=step.name, fields=fields, role=step.role)
            case UpdateCompany():
                own = {key: self._values.custom(key, value, scope, of="company") for key, value in step.changes.items()}
                return ir.UpdateCompanyStep(name=step.name, changes=own)
            case record_steps.CreateRecord():
                given = self._values.of_record(step.record, step.fields, scope)
                record = self._values.kind(step.record, scope)
                return ir.CreateRecordStep(name=step.name, record=record, fields=given)
            case record_steps.UpdateRecord():
                given = self._values.of_record(step.record, step.changes, scope)
                record = self._values.kind(step.record, scope, of=step.name)
                return ir.UpdateRecordStep(name=step.name, record=record, changes=given)
            case record_steps.RemoveRecord():
                record = self._values.kind(step.record, scope, of=step.name)
                return ir.RemoveRecordStep(name=step.name, record=record)
            case contact_steps.UpdateContact():
                self._need_contact(step.contact, scope)
                changes = self._of_contact(step.changes, scope)
                return ir.UpdateContactStep(name=step.name, contact=step.contact, changes=changes)
            case Notify():
                who, text = (self._values.expression(value, scope) for value in (step.who, step.text))
                return ir.NotifyStep(name=step.name, who=who, text=text)
            case contact_steps.SendEmail():
                return self._email(step, scope)
            case message_steps.SendMessage():
                return self._message(step, scope)
            case conversion_steps.SendConversion():
                return self._conversion(step, scope)
            case steps.Wait():
                return ir.WaitStep(name=step.name, duration=length(step.duration))
            case time_steps.WaitFor():
                return ir.WaitForStep(
                    name=step.name,
                    until=self._values.ref(step.until, scope),
                    before=None if step.before is None else length(step.before),
                    after=None if step.after is None else length(step.after),
                    late=step.late,
                )
            case time_steps.Mute():
                self._need_contact(step.who, scope)
                return ir.MuteStep(name=step.name, who=step.who, for_=length(step.for_))
            case steps.Stop():
                return ir.StopStep(name=step.name or self._derived(branch, step.origin))
        raise TypeError(f"no step is a {type(step).__name__}")

    def _task(self, step: steps.SetTask, scope: Scope) -> ir.SetTaskStep:
        return ir.SetTaskStep(
            name=step.name,
            text=self._values.expression(step.text, scope),
            due=Duration(amount=0, unit="minutes") if isinstance(step.due, LocalTime) else length(step.due),
            owner=self._optional(step.owner, scope),
            clock=step.due.clock if isinstance(step.due, LocalTime) else "",
        )

    def _create(self, step: steps.CreateDeal, scope: Scope) -> ir.CreateDealStep:
        return ir.CreateDealStep(
            name=step.name,
            stage=self._values.stage(step.stage, scope.origin),
            title=self._values.expression(step.title, scope),
            owner=self._optional(step.owner, scope),
            amount=None if step.amount is None else self._values.amount(step.amount, scope),
            close_date=self._optional(step.close_date, scope),
            reference=self._optional(step.reference, scope),
            tags=() if isinstance(step.tags, Reference) else step.tags,
            with_contacts=step.with_contacts,
            copy_tags=isinstance(step.tags, Reference),
            unless_open=(
                None if step.unless_open is None else self._values.pipeline(step.unless_open, scope.origin).pipeline
            ),
            custom={
                name: self._values.custom(name, value, scope, takes=keywords(steps.create_deal))
                for name, value in step.custom.items()
            },
        )

    def _update(self, step: steps.UpdateDeal, scope: Scope) -> ir.UpdateDealStep:
        changes = {
            name: self._values.custom(name, value, scope)
            if name not in schema.UPDATABLE
            else self._values.amount(value, scope)
            if name == "amount"
            else self._values.expression(value, scope)
            for name, value in step.changes.items()
        }
        return ir.UpdateDealStep(name=step.name, changes=changes)

    def _move(self, step: steps.MoveDeal, scope: Scope) -> ir.MoveDealStep:
        reasons = step.to.reasons
        if step.reason is not None and (not isinstance(step.to, Lost) or (reasons and step.reason not in reasons)):
            hint = schema.did_you_mean(step.reason, reasons) or (
                f"one of {', '.join(reasons)}" if reasons else "only a lost stage takes a reason"
            )
            message = f"{step.reason!r} is no reason of the stage {step.to.name!r}"
            self._values.found("DW206", scope.origin, message, hint)
        if step.reason is None and isinstance(step.to, Lost) and step.to.reason_required:
            hint = f"write reason={reasons[0]!r}" if reasons else 'write reason="..."'
            message = f"the stage {step.to.name!r} takes no deal without a reason, and {step.name!r} gives none"
            self._values.found("DW206", scope.origin, message, hint)
        to = self._values.stage(step.to, scope.origin)
        return ir.MoveDealStep(name=step.name, to=to, only_forward=step.only_forward, reason=step.reason)

    def _complete(self, step: deal_steps.CompleteTasks, scope: Scope) -> ir.CompleteTasksStep:
        only = step.only
        if only is None:
            return ir.CompleteTasksStep(name=step.name, with_text=step.with_text)
        if self._steps.get(only.name) is not only:
            hint = "name the set_task() step of this automation"
            message = f"{step.name!r} completes the task of {only.name!r}, which is no step of this automation"
            self._values.found("DW203", scope.origin, message, hint)
        elif only.name not in scope.steps:
            hint = schema.unknown_hint(f"steps.{only.name}.task_id", scope.facts)
            message = f"{step.name!r} completes the task of {only.name!r}, which has set none here"
            self._values.found("DW203", scope.origin, message, hint)
        return ir.CompleteTasksStep(name=step.name, only=only.name)

    def _with_sent(self, scope: Scope) -> Scope:
        """The scope with the templates that the steps before have sent, and those to which they wait for an answer."""
        sent = {name: template for name in scope.steps if (template := self._template_of(name))}
        waits = (step for name in scope.steps if isinstance(step := self._steps.get(name), wait_steps.WaitUntil))
        to = {trigger.to for step in waits for trigger in step.on if isinstance(trigger, triggers.Replied)}
        awaited = {template for name, template in sent.items() if None in to or name in to}
        return replace(scope, sent=frozenset(sent.values()), awaited=frozenset(awaited)) if sent else scope

    def _template_of(self, name: str) -> str:
        """The template that a step sends; empty if it sends none."""
        match self._steps.get(name):
            case message_steps.SendMessage(message=Template(name=template)):
                return template
        return ""

    def _channel(self, name: str) -> str:
        """By which channel a step writes to a contact; empty if it does not."""
        match self._steps.get(name):
            case message_steps.SendMessage(via=via):
                return via
            case contact_steps.SendEmail():
                return "email"
        return ""

    def _message(self, step: message_steps.SendMessage, scope: Scope) -> ir.SendMessageStep:
        self._need_contact(step.to, scope)
        return ir.SendMessageStep(
            name=step.name,
            to=step.to,
            via=step.via,
            message=self._messages.message(step.message, step.name, scope.in_message()),
            late=None if step.late is None else length(step.late),
        )

    def _email(self, step: contact_steps.SendEmail, scope: Scope) -> ir.SendEmailStep:
        self._need_contact(step.to, scope)
        theirs = scope.in_message()
        if step.template is not None:
            mails = self._messages.mail(step.template, step.name, theirs)
            return ir.SendEmailStep(
                name=step.name,
                to=step.to,
                subject=mails[0].subject,
                text=mails[0].text,
                html=mails[0].html,
                reply_to=self._optional(step.reply_to, scope),
                cc=tuple(self._values.expression(each, scope) for each in step.cc),
                bcc=step.bcc,
                late=None if step.late is None else length(step.late),
                by_language=mails if len(mails) > 1 else (),
                in_language=mails[0].language if len(mails) == 1 else "",
            )
        if isinstance(step.html, Words):
            for problem in check_html(step.html.source):
                self._values.found(problem.code, scope.origin, problem.message, problem.hint)
        return ir.SendEmailStep(
            name=step.name,
            to=step.to,
            subject=self._values.expression(step.subject, theirs),
            text=self._values.expression(step.text, theirs),
            html=self._optional(step.html, theirs),
            reply_to=self._optional(step.reply_to, scope),
            bcc=step.bcc,
            late=None if step.late is None else length(step.late),
            cc=tuple(self._values.expression(each, scope) for each in step.cc),
        )

    def _conversion(self, step: conversion_steps.SendConversion, scope: Scope) -> ir.SendConversionStep:
        self._need_contact(step.to, scope)
        return ir.SendConversionStep(
            name=step.name,
            event=step.event,
            to=step.to,
            value=None if step.value is None else self._values.amount(step.value, scope),
            lead_id=self._optional(step.lead_id, scope),
            with_=self._each(step.with_, scope),
        )

    def _need_contact(self, path: str, scope: Scope) -> None:
        facts = schema.with_roles(scope.facts, (f"{path}.id",))
        if f"{path}.id" not in facts:
            self._values.found(
                "DW203", scope.origin, f"{path} is not known here", schema.unknown_hint(f"{path}.id", facts)
            )

    def _each(self, given: Mapping[str, Stored], scope: Scope) -> dict[str, ir.Expression]:
        return {name: self._values.expression(value, scope) for name, value in given.items()}

    def _of_contact(
        self, given: Mapping[str, Stored], scope: Scope, takes: Collection[str] = ()
    ) -> dict[str, ir.Expression]:
        return {
            name: self._values.expression(value, scope)
            if name in schema.CONTACT_FIELDS
            else self._values.custom(name, value, scope, of="contact", takes=takes)
            for name, value in given.items()
        }

    def _optional(self, value: Stored | None, scope: Scope) -> ir.Expression | None:
        return None if value is None else self._values.expression(value, scope)


def _kind(step: wait_steps.WaitUntil) -> str:
    """What the step leaves: after a wait for an answer it is known what that said."""
    return "wait_until_replied" if any(isinstance(each, triggers.Replied) for each in step.on) else step.kind


def _everything(given: Sequence[steps.Step]) -> list[steps.Step]:
    """The steps, and those inside of others."""
    found: list[steps.Step] = []
    for step in given:
        found.append(step)
        for way in wait_steps.ways_of(step):
            found.extend(_everything(way))
    return found
