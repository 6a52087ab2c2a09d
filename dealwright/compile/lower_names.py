"""Lowering of what definitions name: fields, stages, settings, roles, classes of events; and of literals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, get_args

from dealwright.compile import ir
from dealwright.compile.lower_scope import Found, Scope
from dealwright.compile.own_fields import own_fields
from dealwright.language import schema
from dealwright.language.account import Account
from dealwright.language.conditions import Reference
from dealwright.language.custom import origin_of
from dealwright.language.money import Amount
from dealwright.language.origin import Origin
from dealwright.language.outside import Match, OutsideEvent
from dealwright.language.pipeline import Pipeline, StageLike, is_pipeline, parts
from dealwright.language.records import PLACE, Record, RecordType, segment
from dealwright.language.roles import Pick, folded
from dealwright.language.settings import Setting
from dealwright.language.values import Nothing, TagList
from dealwright.model.crm import ActivityKind
from dealwright.model.shapes import shape_at

_FOUND_BY: Final = frozenset({"reference", "title", "company", "lost_reason", "contacts.phone", "contacts.email"})
"""What a deal can be found by, beside a company's own fields of deals."""


def _found_by(path: str) -> str:
    """Return the field that a deal is looked up by; a company is known by its name."""
    own = path.removeprefix("deal.")
    return "company" if own == "company.name" else own


class NameLowering:
    """Lowers names for one account, notes what was used of them, and what is wrong with them."""

    def __init__(self, account: Account, found: Found, where: Callable[[Origin], ir.Where]) -> None:
        self._pipelines = account.pipelines
        self._currency = account.currency
        self.own = own_fields(account)
        self._settings: dict[str, Setting] = {}
        self._outside: dict[str, type[OutsideEvent]] = {}
        self._by_name: list[tuple[str, Origin]] = []
        self._roles: dict[str, tuple[str, Origin]] = {}
        self.found = found
        self._where = where

    def facts(self, scope: Scope) -> dict[str, schema.FieldType]:
        """The facts that are known there, with the company's own fields."""
        known = scope.facts
        return known | self.own.facts(known) | self.own.of_record(scope.record)

    def options(self, path: str, scope: Scope) -> tuple[str, ...]:
        """Return all that the fact at a path can be; none if anything, or if it is not known."""
        match path.removeprefix("event.before.").removeprefix("deal.").split("."):
            case ["pipeline", "name"]:
                return tuple(parts(each).name for each in self._pipelines)
            case ["stage", "name"]:
                return tuple(stage.name for each in self._pipelines for stage in parts(each).stages.values())
            case ["event", "data", key]:
                shapes = self._outside[scope.event]._shapes if scope.event in self._outside else ()
                return next((shape.options for shape in shapes if shape.key == key), ())
            case ["event", "activity", "kind"]:
                return get_args(ActivityKind)
            case ["record", key]:
                shape = self.own.records.get(scope.record, {}).get(key)
            case ["records", kind, "*", key]:
                shape = next((of.get(key) for name, of in self.own.records.items() if segment(name) == kind), None)
            case _:
                shape = shape_at(path, self.own)
        return () if shape is None else shape.options

    def ref(self, given: Reference, scope: Scope) -> ir.Ref:
        """Lower a field, if it is known where it stands."""
        if given.reckoned is not None:
            message = f"{given.path} is reckoned, and stands in conditions and in what steps write only"
            self.found("DW234", scope.origin, message, "name the field itself")
            return ir.Ref(path="deal.id", type="id")
        if given.setting is not None:
            self._use(given.setting)
            return ir.Ref(path=given.path, type=given.type)
        owner = None if given.own is None else given.own.owner
        if owner is not None and issubclass(owner, OutsideEvent):
            return self._of_event(given, owner, scope)
        if owner is not None and issubclass(owner, Record) and scope.record != owner._key:
            name = f"{owner.__name__}.{given.path.removeprefix(f'{PLACE}.')}"
            hint = f"write on=record_added({owner.__name__}), or deal.records({owner.__name__}).any({name} ...)"
            self.found("DW203", scope.origin, f"{name} is not known here: this is about no {owner.__name__}", hint)
            return ir.Ref(path=given.path, type=given.type)
        if given.own is not None and self.own.conflicts:
            return ir.Ref(path=given.path, type=given.type)  # there are two classes, which is told
        facts = schema.with_roles(self.facts(scope), (given.path,))
        step, _, part = given.path.removeprefix("steps.").partition(".")
        if given.path.startswith("pressed."):
            self._check_pressed(given.path.removeprefix("pressed."), scope)
        elif given.path in schema.REPLY and given.path not in facts:
            message = f"{given.path} is not known here: no step before waits for an answer"
            self.found("DW405", scope.origin, message, 'write wait_until("answer", replied(...), ...) before it')
        elif given.path not in facts and part == "outcome":
            earlier = sorted(scope.steps)
            hint = schema.did_you_mean(step, earlier) or (
                f"earlier here are {', '.join(earlier)}" if earlier else "write it after the step"
            )
            message = f"outcome({step!r}): no earlier step on the way here that leaves one has that name"
            self.found("DW203", scope.origin, message, hint)
        elif given.path not in facts:
            self.found("DW203", scope.origin, f"{given.path} is not known here", schema.unknown_hint(given.path, facts))
        elif facts[given.path] != given.type:
            was = schema.spoken(facts[given.path])
            message = f"{given.path} is {was} in this account, and is used as {schema.spoken(given.type)}"
            self.found("DW203", scope.origin, message, "use the class that has this field")
        return ir.Ref(path=given.path, type=given.type)

    def _of_event(self, given: Reference, event: type[OutsideEvent], scope: Scope) -> ir.Ref:
        """Lower a field of a class of events: it is known to automations that answer such an event."""
        if scope.event != event.key:
            name = given.path.removeprefix("event.data.")
            hint = f"write event_received({event.__name__}) as the trigger, or a field of the deal"
            message = f"{event.__name__}.{name} is not known here: another event began this"
            self.found("DW203", scope.origin, message, hint)
        return ir.Ref(path=given.path, type=given.type)

    def _check_pressed(self, template: str, scope: Scope) -> None:
        if template not in scope.sent:
            message = f"{template}.pressed(...): no step before sends the template {template!r}"
            self.found("DW404", scope.origin, message, "send it first, and wait for the answer")
        elif template not in scope.awaited:
            message = f"{template}.pressed(...): no step before waits for the answer to {template!r}"
            self.found("DW405", scope.origin, message, 'write wait_until("answer", replied(...), ...) before it')

    def kind(self, kind: RecordType, scope: Scope, *, of: str = "") -> str:
        """Return the key of a kind of records; `of` says which step is about the record that is here."""
        if of and scope.record != kind._key:
            name = kind.__name__
            message = f"{of!r} is about the {name} that set the automation off, and none did"
            self.found("DW203", scope.origin, message, f"write on=record_added({name}), or record_updated({name})")
        elif of and scope.trigger == "record_removed":
            message = (
                f"{of!r} is about a {kind.__name__} that was removed: there is nothing to change or remove any more"
            )
            self.found("DW203", scope.origin, message, "take the step out, or write create_record(...)")
        return kind._key

    def stage(self, stage: StageLike, origin: Origin) -> ir.StageValue:
        """Lower a stage, if its pipeline is one of the account's."""
        owner = stage.pipeline
        if owner is None:
            self.found(
                "DW202", origin, f"the stage {stage.name!r} stands in no pipeline", "write it in a Pipeline class"
            )
            return ir.StageValue(pipeline="", stage="")
        return ir.StageValue(pipeline=self.pipeline(owner, origin).pipeline, stage=stage.key)

    def pipeline(self, pipeline: type[Pipeline], origin: Origin) -> ir.PipelineValue:
        """Lower a pipeline, if it is one of the account's."""
        key = parts(pipeline).key
        if pipeline not in self._pipelines:
            hint = f"add {pipeline.__name__} to pipelines=[...] of the account"
            self.found("DW202", origin, f"the pipeline {key!r} is not one of the account's", hint)
        return ir.PipelineValue(pipeline=key)

    def pick(self, given: Pick, origin: Origin, *, keep: bool = False) -> ir.RoleValue:
        """Lower somebody of a role."""
        used, origin = origin, given.defined or origin
        other, there = self._roles.setdefault(folded(given.role), (given.role, origin))
        if other != given.role:
            where = f"{Path(there.file).name}:{there.line}"
            message = f"the roles {given.role!r} and {other!r} ({where}) have one name but for capitals and accents"
            self.found("DW250", origin, message, "define the role once, and import it where it is used")
        stages = tuple(self.stage(stage, used) for stage in given.open_in)
        return ir.RoleValue(role=given.role, how=given.how, open_in=stages, keep=keep)

    def roles(self) -> tuple[str, ...]:
        """Return the roles that people are picked of, by name."""
        return tuple(sorted(name for name, _ in self._roles.values()))

    def _use(self, setting: Setting) -> None:
        other = self._settings.setdefault(setting.key, setting)
        if other != setting:
            where = f"{Path(other.origin.file).name}:{other.origin.line}"
            hint = "define it once, and import it where it is used"
            self.found("DW207", setting.origin, f"the setting {setting.key!r} is defined at {where} too", hint)

    def settings(self) -> tuple[ir.Setting, ...]:
        """Return the settings that were used, by key."""
        return tuple(self._setting(self._settings[key]) for key in sorted(self._settings))

    def _setting(self, given: Setting) -> ir.Setting:
        default = self.literal(given.default, Scope("", given.origin))
        assert isinstance(default, ir.NumberValue | ir.MoneyValue | ir.FlagValue | ir.TextValue)
        if isinstance(default, ir.MoneyValue) and self._currency not in (None, default.currency):
            message = f"the setting {given.key!r} is in {default.currency}, and the account in {self._currency}"
            hint = (
                f'write Money("{default.amount:f}", "{self._currency}"), or currency="{default.currency}" in the'
                " account if that is what it reckons in: compared with the others it is never known"
            )
            self.found("DW285", given.origin, message, hint)
        return ir.Setting(
            key=given.key,
            kind=given.kind,
            default=default,
            least=given.least,
            most=given.most,
            options=given.options,
            editable_by=given.editable_by,
        )

    def literal(self, value: object, scope: Scope) -> ir.Value:
        match value:
            case bool():
                return ir.FlagValue(value=value)
            case str():
                return ir.TextValue(value=value)
            case Decimal():
                return ir.NumberValue(value=value)
            case Amount():
                return ir.MoneyValue(amount=value.amount, currency=value.currency)
            case datetime():
                return ir.MomentValue(value=value)
            case date():
                return ir.DayValue(value=value)
            case StageLike():
                return self.stage(value, scope.origin)
            case TagList():
                return ir.TagsValue(value=value.tags)
            case Nothing():
                return ir.Cleared()
        if is_pipeline(value):
            return self.pipeline(value, scope.origin)
        raise TypeError(f"no literal is a {type(value).__name__}")

    def need_currency(self, scope: Scope) -> None:
        if self._currency is None:
            hint = 'write currency="USD" in the account, or Money("100", "USD")'
            self.found("DW205", scope.origin, "a plain amount, and the account has no currency", hint)

    def use_event(self, event: type[OutsideEvent]) -> None:
        """Note that events of the class are answered; two classes cannot share one name."""
        other = self._outside.setdefault(event.key, event)
        if other is not event:
            where = f"{Path(origin_of(other).file).name}:{origin_of(other).line}"
            hint = "write one class with the fields of both, and import it where it is used"
            self.found("DW260", origin_of(event), f"{event.key!r} is what the class at {where} is called too", hint)

    def use_name(self, name: str, origin: Origin) -> None:
        """Note that data of an event is read by its bare name."""
        self._by_name.append((name, origin))

    def outside(self) -> tuple[ir.OutsideEvent, ...]:
        """Return the classes of events that were used, by name."""
        for name, origin in self._by_name:
            if name in self._outside:
                event = self._outside[name].__name__
                hint = f"write event_received({event}), and {event}.<field>"
                self.found("DW261", origin, f"{name!r} is read by its name here, and as {event} elsewhere", hint)
        return tuple(
            ir.OutsideEvent(
                key=key, fields=event._shapes, match=self._match(event.match), where=self._where(origin_of(event))
            )
            for key, event in sorted(self._outside.items())
        )

    def _match(self, match: Match | None) -> ir.Match | None:
        if match is None:
            return None
        for pair in match.by:
            own = _found_by(pair.path)
            of_company = own.startswith("company.") and own.removeprefix("company.") in self.own.company
            if own not in _FOUND_BY and own not in self.own.deal and not of_company:
                hint = "match by deal.reference, own fields of deal or company, or deal.contacts.phone and .email"
                self.found("DW203", match.origin, f"an event cannot find its deal by {pair.path}", hint)
        return ir.Match(
            by=tuple(ir.MatchPair(field=pair.field.key, path=f"deal.{_found_by(pair.path)}") for pair in match.by),
            pipelines=tuple(self.pipeline(each, match.origin).pipeline for each in match.in_),
            if_many=match.if_many,
            if_none=match.if_none,
        )
