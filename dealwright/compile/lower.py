"""Lowering: an account as it was written becomes IR, and everything wrong with it is found at once."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TypeGuard, TypeVar

import msgspec

from dealwright.compile import ir
from dealwright.compile.findings import Finding
from dealwright.compile.lower_messages import MessageLowering
from dealwright.compile.lower_policy import limits, message_policy
from dealwright.compile.lower_scope import Scope, length
from dealwright.compile.lower_stages import StageLowering
from dealwright.compile.lower_steps import StepLowering
from dealwright.compile.lower_triggers import TriggerLowering
from dealwright.compile.lower_values import ValueLowering
from dealwright.compile.own_fields import Shapes
from dealwright.compile.writable import unwritable, written
from dealwright.language import triggers
from dealwright.language.account import Account
from dealwright.language.again import Again, Once
from dealwright.language.automation import Automation
from dealwright.language.custom import shapes_of
from dealwright.language.origin import Origin
from dealwright.language.pipeline import PipelineParts, parts
from dealwright.model.crm import PipelineShape, StageShape
from dealwright.model.custom import FieldShape, RecordShape

_T = TypeVar("_T")
_KIND_ORDER = {"incoming": 0, "open": 1, "won": 2, "lost": 3}


def lower(account: Account, root: Path) -> tuple[ir.Account | None, list[Finding]]:
    """Return the account's IR and what was found; no IR if anything found is an error.

    `root` is the company's folder: places are told relative to it.
    """
    lowered, findings = draft(account, root)
    return (None if findings else lowered), findings


def draft(account: Account, root: Path) -> tuple[ir.Account, list[Finding]]:
    """Return the account's IR whatever was found: rules judge it also when nobody may use it."""
    lowering = _Lowering(account, root)
    lowered = lowering.account()
    lowering.check_types(lowered)
    return lowered, lowering.findings


def identifier(key: str) -> str:
    """Return the key as the name it gets where names have no hyphens and dots."""
    return re.sub(r"[^a-z0-9]", "_", key)


class _Lowering:
    """One account on its way to IR."""

    def __init__(self, account: Account, root: Path) -> None:
        self._account = account
        self._root = root
        self.findings: list[Finding] = []
        self._values = ValueLowering(account, self._found, self._where)
        self._triggers = TriggerLowering(self._values)
        self._messages = MessageLowering(self._values, account.languages, self._where)
        self._steps = StepLowering(self._values, self._triggers, self._messages)
        self._stages = StageLowering(self._values)

    def account(self) -> ir.Account:
        pipelines = [parts(pipeline) for pipeline in self._account.pipelines]
        self._unique("pipeline", [(pipeline.key, pipeline.origin) for pipeline in pipelines])
        authored = self._account.automations
        self._unique("automation", [(automation.key, automation.origin) for automation in authored])
        for pipeline in pipelines:
            self._unique_names(pipeline)
            for stage in pipeline.stages.values():
                for required in stage.own_required:
                    self._values.ref(required, Scope("entered", stage.origin))
        automations = [
            *(self._writable(self._automation(each), f"the automation {each.key!r}", each.origin) for each in authored),
            *(
                self._writable(each, f"the pipeline {pipeline.key!r}", pipeline.origin)
                for pipeline in pipelines
                for each in self._stages.automations(pipeline, self._where(pipeline.origin))
            ),
        ]
        self._unique_identifiers(automations)
        own = self._values.own
        for conflict in own.conflicts:
            self._found("DW230", conflict.origin, conflict.message, conflict.hint(self._account.key))
        if (language := own.contact.get("language")) is not None:
            self._messages.language_field(language, self._account.origin)
        shapes = tuple(self._writable(_shape(each), f"the pipeline {each.key!r}", each.origin) for each in pipelines)
        return ir.Account(
            key=self._account.key,
            name=self._writable(self._account.name, "the account's name", self._account.origin),
            calendar=self._account.calendar,
            country=self._account.country,
            currency=self._account.currency,
            pipelines=shapes,
            automations=tuple(automations),
            where=self._where(self._account.origin),
            deal_fields=self._shapes(own.deal),
            contact_fields=self._shapes(own.contact),
            company_fields=self._shapes(own.company),
            records=tuple(
                self._writable(
                    RecordShape(key=key, fields=shapes_of(kind), label=kind._name),
                    f"the kind of records {key!r}",
                    self._account.origin,
                )
                for key, kind in own.kinds.items()
            ),
            languages=self._account.languages,
            settings=tuple(
                self._writable(each, f"the setting {each.key!r}", self._account.origin)
                for each in self._values.settings()
            ),
            messages=message_policy(self._account.messages),
            limits=limits(self._account.limits),
            outside=tuple(
                self._writable(each, f"the event {each.key!r}", self._account.origin) for each in self._values.outside()
            ),
            roles=self._values.roles(),
        )

    def _shapes(self, own: Shapes) -> tuple[FieldShape, ...]:
        return tuple(self._writable(shape, f"the field {shape.key!r}", self._account.origin) for shape in own.values())

    def _writable(self, made: _T, what: str, origin: Origin) -> _T:
        """What was made, if the journal can keep it; told, and without half characters, if not."""
        if not (held := unwritable(made)):
            return made
        message = f"{what} holds {held}, which cannot be written down"
        self._found("DW910", origin, message, "write the whole character itself, not its escape")
        return written(made)

    def check_types(self, lowered: ir.Account) -> None:
        """Find what no constructor looked at: a value of another type would not come back from the journal."""
        try:
            ir.decode(ir.encode(lowered))
        except (msgspec.MsgspecError, ValueError, TypeError) as error:
            hint = "Python does not check types; mypy does"
            self._found("DW910", self._account.origin, f"something in the account is not of its type: {error}", hint)

    def _automation(self, automation: Automation) -> ir.Automation:
        on = automation.on
        scope = Scope(on.kind, automation.origin)
        if _is_of_record(on):
            scope = replace(scope, record=on.record._key)
        if isinstance(on, triggers.EventReceived):
            types = {} if on.event is None else {shape.key: shape.type for shape in on.event._shapes}
            scope = replace(
                scope,
                data={name: types.get(name, "text") for name in on.data},
                event="" if on.event is None else on.event.key,
            )
        trigger = self._triggers.one(on, automation.origin)
        do = self._steps.all(automation.key, automation.do, scope)
        self._check_again(automation, do)
        return ir.Automation(
            key=automation.key,
            on=trigger,
            when=self._values.all_of(automation.when, scope),
            again=_again(automation.again),
            do=do,
            why=automation.why,
            where=self._where(automation.origin),
            for_each=self._segment(automation, scope),
            when_within=None if automation.when_within is None else length(automation.when_within),
            mode="" if automation.mode == "live" else automation.mode,
            priority="" if automation.priority == "normal" else automation.priority,
            existing="" if automation.existing == "ignore" else automation.existing,
            on_change="" if automation.on_change == "finish" else automation.on_change,
            exit_on=self._triggers.all(automation.exit_on, automation.origin, _written(do)),
        )

    def _segment(self, automation: Automation, scope: Scope) -> ir.Segment | None:
        segment = automation.for_each
        if segment is None:
            return None
        return ir.Segment(
            pipelines=tuple(self._values.pipeline(each, segment.origin).pipeline for each in segment.in_),
            where=self._values.all_of(segment.where, scope.at(segment.origin)),
            at_most=segment.at_most,
        )

    def _check_again(self, automation: Automation, do: tuple[ir.Step, ...]) -> None:
        """What is counted is there to be counted; whoever writes to customers says how often: no guess is safe."""
        if isinstance(automation.again, Once) and automation.again.per == "value" and not _names_values(automation.on):
            hint = "name them: on=deal_updated(fields=[deal.amount]), or count deals: once(per=deal)"
            message = f"the automation {automation.key!r} acts once(per=value), and its trigger names no value"
            self._found("DW403", automation.origin, message, hint)
        if isinstance(automation.again, Once) and automation.again.per == "record" and not _is_of_record(automation.on):
            hint = "write on=record_added(...), or count deals: once(per=deal)"
            message = f"the automation {automation.key!r} acts once(per=record), and its trigger is about no record"
            self._found("DW411", automation.origin, message, hint)
        messages = [step for step in ir.actions(do) if isinstance(step, ir.SendEmailStep | ir.SendMessageStep)]
        if not messages:
            return
        if not automation.again_said:
            hint = "write again=once(per=person, within=days(30)), once(per=deal), or every_event() if you mean it"
            message = f"the automation {automation.key!r} sends messages, and does not say again="
            self._found("DW401", automation.origin, message, hint)
        if isinstance(automation.again, Once) and automation.again.per == "person":
            for step in messages:
                if step.to != "deal.main_contact":
                    hint = "write to=deal.main_contact, or again=once(per=deal)"
                    message = f"{step.name!r} goes to {step.to}, and once(per=person) counts the main contact"
                    self._found("DW402", automation.origin, message, hint)

    # --- names ------------------------------------------------------------------------------------------------------

    def _unique(self, what: str, named: list[tuple[str, Origin]]) -> None:
        first: dict[str, Origin] = {}
        # In one file the later one took the key of the earlier one, in whatever order they are listed.
        files = list(dict.fromkeys(origin.file for _, origin in named))
        for key, origin in sorted(named, key=lambda each: (files.index(each[1].file), each[1].line)):
            if key in first:
                other = self._where(first[key])
                twice = (
                    "is listed twice"
                    if first[key] == origin
                    else f"has the key of the one at {other.file}:{other.line}"
                )
                self._found(
                    "DW201", origin, f"the {what} {key!r} {twice}", "give each a key of its own, and list it once"
                )
            first.setdefault(key, origin)

    def _unique_names(self, pipeline: PipelineParts) -> None:
        names: dict[str, str] = {}
        for key, stage in pipeline.stages.items():
            other = names.setdefault(stage.name.casefold(), key)
            if other != key:
                message = f"the stages {other!r} and {key!r} of {pipeline.key!r} are both named {stage.name!r}"
                self._found("DW201", stage.origin, message, "give each a name of its own")

    def _unique_identifiers(self, automations: list[ir.Automation]) -> None:
        names: dict[str, ir.Automation] = {}
        for automation in automations:
            other = names.setdefault(identifier(automation.key), automation)
            if other.key != automation.key:
                where = self._account.origin
                message = f"the automations {other.key!r} and {automation.key!r} become one name when compiled"
                self._found("DW204", where, message, "give one of them another key")

    def _where(self, origin: Origin) -> ir.Where:
        return ir.Where(file=relative(origin.file, self._root), line=origin.line)

    def _found(self, code: str, origin: Origin, message: str, hint: str = "") -> None:
        where = self._where(origin)
        finding = Finding(code=code, path=where.file, line=where.line, message=message, hint=hint)
        if finding not in self.findings:
            self.findings.append(finding)


@lru_cache(maxsize=1024)
def relative(file: str, root: Path) -> str:
    """Return the file's path below the folder, or as it is if it lies elsewhere."""
    path = Path(file)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _written(do: tuple[ir.Step, ...]) -> dict[str, str]:
    """The steps that write to contacts, and by which channel."""
    found = {}
    for step in ir.actions(do):
        if isinstance(step, ir.SendEmailStep | ir.SendMessageStep):
            found[step.name] = "email" if isinstance(step, ir.SendEmailStep) else step.via
    return found


def _names_values(on: triggers.Trigger) -> bool:
    """Say whether a trigger names fields or data whose values can be told apart."""
    match on:
        case triggers.DealUpdated() | triggers.ContactUpdated():
            return bool(on.fields)
        case triggers.EventReceived():
            return bool(on.data)
        case triggers.RecordUpdated():
            return bool(on.own)
        case triggers.DateReached():
            return True
    return False


def _is_of_record(
    on: triggers.Trigger,
) -> TypeGuard[triggers.RecordAdded | triggers.RecordUpdated | triggers.RecordRemoved]:
    return isinstance(on, triggers.RecordAdded | triggers.RecordUpdated | triggers.RecordRemoved)


def _again(again: Again) -> ir.Again:
    if not isinstance(again, Once):
        return ir.EveryEvent()
    return ir.Once(per=again.per, within=None if again.within is None else length(again.within))


def _shape(pipeline: PipelineParts) -> PipelineShape:
    stages = sorted(pipeline.stages.items(), key=lambda item: _KIND_ORDER[item[1].kind])
    return PipelineShape(
        key=pipeline.key,
        name=pipeline.name,
        stages=tuple(
            StageShape(
                key=key,
                name=stage.name,
                kind=stage.kind,
                probability=stage.probability,
                reasons=stage.reasons,
                required=stage.required,
                reason_required=stage.reason_required,
            )
            for key, stage in stages
        ),
    )
