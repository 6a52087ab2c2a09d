"""Lowering of what conditions and actions say: fields, literals, texts, lengths of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal, Protocol

from dealwright.compile import ir
from dealwright.compile.asked import asks_of_contact
from dealwright.compile.own_fields import own_fields
from dealwright.compile.own_values import misfit
from dealwright.compile.sensitive import leaks
from dealwright.compile.text_places import place_of
from dealwright.language import conditions, schema
from dealwright.language.account import Account
from dealwright.language.conditions import Condition, Reference
from dealwright.language.custom import origin_of
from dealwright.language.durations import Length, RunningTime, WorkingTime
from dealwright.language.money import Amount
from dealwright.language.origin import Origin
from dealwright.language.outside import Match, OutsideEvent
from dealwright.language.pipeline import Pipeline, StageLike, is_pipeline, parts
from dealwright.language.points import Sum
from dealwright.language.predicates import Predicate
from dealwright.language.roles import Pick, folded
from dealwright.language.settings import Setting
from dealwright.language.templates import check_template, is_template
from dealwright.language.texts import Body
from dealwright.language.values import Nothing, Stored, TagList, Words
from dealwright.model.calendar import Duration


class Found(Protocol):
    """Notes what is wrong."""

    def __call__(self, code: str, origin: Origin, message: str, hint: str = "") -> None:
        """Note one finding."""
        ...


@dataclass(frozen=True, slots=True)
class Scope:
    """Where in an automation something stands: after which trigger and steps (name -> kind), and on which line.

    `data` is what an event from outside tells beside, by name, and `event` the name of its class if it has one;
    `message`: it is a text that goes to a recipient; `gives` what steps that ask other systems give, by step;
    `sent` are the templates that steps before have sent.
    """

    trigger: str
    origin: Origin
    steps: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, schema.FieldType] = field(default_factory=dict)
    event: str = ""
    message: bool = False
    gives: Mapping[str, Mapping[str, schema.FieldType]] = field(default_factory=dict)
    sent: frozenset[str] = frozenset()

    def at(self, origin: Origin) -> Scope:
        """Return the scope on another line."""
        return replace(self, origin=origin)

    def after(self, steps: Mapping[str, str]) -> Scope:
        """Return the scope after more steps."""
        return replace(self, steps={**self.steps, **steps})

    def in_message(self) -> Scope:
        """Return the scope of a message's texts, which know the recipient; conditions in any() know one contact."""
        return replace(self, message=True)

    @property
    def waited_for_reply(self) -> bool:
        """Whether a step before waits for an answer."""
        return "wait_until_replied" in self.steps.values()

    @property
    def facts(self) -> dict[str, schema.FieldType]:
        """The facts that are known here."""
        known = schema.known(self.trigger, self.steps, self.data)
        for step in self.steps.keys() & self.gives.keys():
            known |= {f"steps.{step}.{name}": kind for name, kind in self.gives[step].items()}
        return {**known, **schema.RECIPIENT} if self.message else known


def length(given: Length) -> Duration:
    """Return the length of time as the model has it."""
    return Duration(amount=given.amount, unit=given.unit)


_FOUND_BY: Final = frozenset({"reference", "title", "company", "lost_reason", "contacts.phone", "contacts.email"})
"""What a deal can be found by, beside a company's own fields of deals."""


def _found_by(path: str) -> str:
    """Return the field that a deal is looked up by; a company is known by its name."""
    own = path.removeprefix("deal.")
    return "company" if own == "company.name" else own


class ValueLowering:
    """Lowers values for one account, and notes what is wrong with them."""

    def __init__(self, account: Account, found: Found, where: Callable[[Origin], ir.Where]) -> None:
        self._pipelines = account.pipelines
        self._currency = account.currency
        self.own = own_fields(account)
        self._settings: dict[str, Setting] = {}
        self._outside: dict[str, type[OutsideEvent]] = {}
        self._by_name: list[tuple[str, Origin]] = []
        self._roles: dict[str, str] = {}
        self.found = found
        self._where = where

    # --- conditions -------------------------------------------------------------------------------------------------

    def all_of(self, given: Iterable[Condition], scope: Scope) -> ir.Condition:
        """Lower conditions that must all be true; one alone stands for itself."""
        lowered = tuple(self.condition(condition, scope) for condition in given)
        return lowered[0] if len(lowered) == 1 else ir.All(of=lowered)

    def condition(self, given: Condition, scope: Scope) -> ir.Condition:
        """Lower one condition."""
        match given:
            case conditions.AllOf(of):
                return ir.All(of=tuple(self.condition(part, scope) for part in of))
            case conditions.AnyOf(of):
                return ir.Any(of=tuple(self.condition(part, scope) for part in of))
            case conditions.Negation(of=part):
                return ir.Not(of=self.condition(part, scope))
            case conditions.Comparison(field=Reference(points=Sum() as score), op=op, value=value):
                return self._scored(score, op, value, scope)
            case conditions.Comparison(field=fact, op=op, value=value):
                if fact.type == "money" and isinstance(value, Decimal):
                    self._need_currency(scope)
                if fact.reckoned is not None or (isinstance(value, Reference) and value.reckoned is not None):
                    left, right = self.reckoned(fact, scope), self._side(value, scope)
                    return ir.CompareReckoned(left=left, op=op, right=right)
                return ir.Compare(field=self.ref(fact, scope), op=op, value=self._operand(value, scope))
            case conditions.Presence(field=fact):
                return ir.IsSet(field=self.ref(fact, scope))
            case conditions.Membership(field=fact, values=values):
                literals = tuple(self._literal(value, scope) for value in values)
                return ir.IsIn(field=self.ref(fact, scope), values=literals)
            case conditions.StageKindIs(field=fact, kinds=kinds):
                return ir.IsIn(field=self.ref(fact, scope), values=tuple(self._of_kinds(kinds)))
            case Predicate():
                facts = tuple(self.ref(fact, scope) for fact in given.of)
                return ir.Predicate(label=given.label, of=facts, name=given.name, code=given.code)
            case conditions.AnyContact(of=part):
                if scope.message:
                    hint = "write deal.contacts.any(...) & deal.contacts.any(...)"
                    self.found("DW240", scope.origin, "deal.contacts.any(...) stands inside of another one", hint)
                asked = self.condition(part, scope.in_message())
                if not asks_of_contact(asked):
                    hint = "write any(contact.email.is_set()): `contact` is the one that is looked at"
                    self.found("DW241", scope.origin, "deal.contacts.any(...) asks nothing of `contact`", hint)
                return ir.AnyContact(of=asked)
            case conditions.Tagged(field=fact, values=values):
                return ir.Has(field=self.ref(fact, scope), values=values)
        raise TypeError(f"no condition is a {type(given).__name__}")

    def _scored(self, score: Sum, op: ir.Operator, value: object, scope: Scope) -> ir.Scored:
        other = value.points if isinstance(value, Reference) else None
        against = self._operand(value, scope) if other is None else self.points(other, scope)
        assert isinstance(against, ir.NumberValue | ir.Ref | ir.Points)
        return ir.Scored(score=self.points(score, scope), op=op, value=against)

    def points(self, given: Sum, scope: Scope) -> ir.Points:
        """Lower a sum of points."""
        return ir.Points(of=tuple(ir.Point(points=worth, when=self.condition(when, scope)) for worth, when in given.of))

    def _of_kinds(self, kinds: tuple[str, ...]) -> Iterable[ir.StageValue]:
        for pipeline in map(parts, self._pipelines):
            for key, stage in pipeline.stages.items():
                if stage.kind in kinds:
                    yield ir.StageValue(pipeline=pipeline.key, stage=key)

    def _operand(self, value: object, scope: Scope) -> ir.Operand:
        return self.ref(value, scope) if isinstance(value, Reference) else self._literal(value, scope)

    def _literal(self, value: object, scope: Scope) -> ir.Value:
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

    # --- what actions write -----------------------------------------------------------------------------------------

    def expression(self, value: Stored, scope: Scope) -> ir.Expression:
        """Lower what an action writes."""
        if isinstance(value, Words):
            return self.words(value.source, scope)
        if isinstance(value, Pick):
            return self.pick(value, scope.origin)
        if isinstance(value, Reference) and value.points is not None:
            return self.points(value.points, scope)
        if isinstance(value, Reference):
            return self.reckoned(value, scope)
        return self._operand(value, scope)

    # --- arithmetic -------------------------------------------------------------------------------------------------

    def reckoned(self, given: Reference, scope: Scope) -> ir.Ref | ir.Shift | ir.Reckoned:
        """Lower a field, or what is reckoned of fields."""
        reckoning = given.reckoned
        if reckoning is None:
            return self.ref(given, scope)
        sides = (reckoning.left, reckoning.right)
        by = next((side for side in sides if isinstance(side, RunningTime | WorkingTime)), None)
        if by is not None:
            of = next(side for side in sides if isinstance(side, Reference))
            start = self.reckoned(of, scope)
            assert isinstance(start, ir.Ref | ir.Shift)
            return ir.Shift(of=start, by=length(by), back=reckoning.sign == "-")
        if given.type == "money" and reckoning.sign in "+-" and any(isinstance(side, Decimal) for side in sides):
            self._need_currency(scope)
        left, right = (self._reckonable(side, scope) for side in sides)
        return ir.Reckoned(sign=reckoning.sign, left=left, right=right)

    def _reckonable(self, side: object, scope: Scope) -> ir.Ref | ir.NumberValue | ir.MoneyValue | ir.Reckoned:
        lowered = self.reckoned(side, scope) if isinstance(side, Reference) else self._literal(side, scope)
        assert isinstance(lowered, ir.Ref | ir.NumberValue | ir.MoneyValue | ir.Reckoned)
        return lowered

    def _side(self, value: object, scope: Scope) -> ir.Reckonable | ir.DayValue | ir.MomentValue:
        lowered = self.reckoned(value, scope) if isinstance(value, Reference) else self._literal(value, scope)
        assert isinstance(lowered, ir.Reckonable | ir.DayValue | ir.MomentValue)
        return lowered

    def amount(self, value: Stored, scope: Scope) -> ir.Expression:
        """Lower an amount; a plain number needs the account's currency."""
        if isinstance(value, Decimal):
            self._need_currency(scope)
        return self.expression(value, scope)

    def words(self, source: str, scope: Scope) -> ir.TemplateText | ir.TextValue:
        """Lower a text, checked against the facts that are known there."""
        if not is_template(source):
            return ir.TextValue(value=source)
        self._check(source, scope, lambda _: scope.origin)
        return ir.TemplateText(source=source)

    def body(self, body: Body, scope: Scope, whose: str) -> ir.TemplateText | ir.TextValue:
        """Lower one body of a message, checked where it stands; `whose` says of which message."""
        if not is_template(body.text):
            return ir.TextValue(value=body.text)
        self._check(body.text, scope, lambda line: place_of(body, line), whose)
        return ir.TemplateText(source=body.text)

    def _check(self, source: str, scope: Scope, at: Callable[[int], Origin], whose: str = "") -> None:
        for problem in check_template(source, self.facts(scope)):
            code = "DW405" if problem.path in schema.REPLY else problem.code
            self.found(code, at(problem.line), problem.message + whose, problem.hint)

    def custom(
        self, key: str, value: Stored, scope: Scope, *, of: Literal["deal", "contact", "company"] = "deal"
    ) -> ir.Expression:
        """Lower what a custom field is given, if there is such a field and it can hold that."""
        shapes, built_in = {
            "deal": (self.own.deal, schema.UPDATABLE),
            "contact": (self.own.contact, schema.CONTACT_FIELDS),
            "company": (self.own.company, {}),
        }[of]
        field = shapes.get(key)
        if field is None:
            hint = schema.did_you_mean(key, (*built_in, *shapes)) or self._advice(of)
            self.found("DW203", scope.origin, f"no field of a {of} is named {key!r}", hint)
            return self.expression(value, scope)
        lowered = self.expression(value, scope)
        if field.type == "money" and isinstance(lowered, ir.NumberValue):
            self._need_currency(scope)
        advice = misfit(lowered, field)
        if advice is not None:
            message = f"the field {key!r} is a {field.type}, and cannot hold that"
            self.found("DW203", scope.origin, message, advice)
        return lowered

    def _advice(self, of: str) -> str:
        if of == "contact":
            return "write it in a class, and in that of your deals: contact: ClinicContact = ClinicContact()"
        if of == "company":
            return "write it in a class, and in that of your deals: company: Firm = Firm()"
        return "write deal_fields=... in the account, with the class that has the field"

    def facts(self, scope: Scope) -> dict[str, schema.FieldType]:
        """The facts that are known there, with the company's own fields."""
        known = scope.facts
        return known | self.own.facts(known)

    # --- fields and places ------------------------------------------------------------------------------------------

    def ref(self, given: Reference, scope: Scope) -> ir.Ref:
        """Lower a field, if it is known where it stands."""
        if given.reckoned is not None:
            message = f"{given.path} is reckoned, and stands in conditions and in what steps write only"
            self.found("DW234", scope.origin, message, "name the field itself")
            return ir.Ref(path="deal.id", type="id")
        if given.setting is not None:
            self._use(given.setting)
            return ir.Ref(path=given.path, type=given.type)
        event = None if given.own is None else given.own.owner
        if event is not None and issubclass(event, OutsideEvent):
            return self._of_event(given, event, scope)
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
            message = f"{given.path} is a {facts[given.path]} in this account, and is used as a {given.type}"
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

    def revealed(self, given: Iterable[Reference], scope: Scope) -> tuple[str, ...]:
        """Lower the sensitive fields that a step may tell outside."""
        return tuple(dict.fromkeys(self.ref(each, scope).path for each in given))

    def keep_in(self, step: ir.Step, scope: Scope) -> None:
        """See that the step tells no sensitive field outside, and writes it nowhere where it would not be one."""
        for leak in leaks(step, self.own):
            if leak.kind == "copied":
                message = f"{step.name!r} would write {leak.path}, which is sensitive, to {leak.to}, which is not"
                hint = "make that field sensitive too: what is in it would go anywhere"
            else:
                message = f"{step.name!r} would tell {leak.path}, which is sensitive, to {leak.to}"
                hint = f"take it out, or write reveals=[{leak.path}] if it may know"
                if leak.kind == "advertised":
                    hint = "take it out: it is never told a sensitive field, whatever is in it"
            self.found("DW231", scope.origin, message, hint)

    def _check_pressed(self, template: str, scope: Scope) -> None:
        if template not in scope.sent:
            message = f"{template}.pressed(...): no step before sends the template {template!r}"
            self.found("DW404", scope.origin, message, "send it first, and wait for the answer")
        elif not scope.waited_for_reply:
            message = f"{template}.pressed(...): no step before waits for the answer to {template!r}"
            self.found("DW405", scope.origin, message, 'write wait_until("answer", replied(...), ...) before it')

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
        default = self._literal(given.default, Scope("", given.origin))
        assert isinstance(default, ir.NumberValue | ir.MoneyValue | ir.FlagValue | ir.TextValue)
        if isinstance(default, ir.MoneyValue) and self._currency not in (None, default.currency):
            message = f"the setting {given.key!r} is in {default.currency}, and the account in {self._currency}"
            hint = f'write Money("{default.amount:f}", "{self._currency}"): compared with the others it is never known'
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

    def roles(self) -> tuple[str, ...]:
        """Return the roles that people are picked of, by name."""
        return tuple(sorted(self._roles.values()))

    def pick(self, given: Pick, origin: Origin, *, keep: bool = False) -> ir.RoleValue:
        """Lower somebody of a role."""
        other = self._roles.setdefault(folded(given.role), given.role)
        if other != given.role:
            message = f"the roles {other!r} and {given.role!r} have one name but for capitals and accents"
            self.found("DW250", given.origin, message, "define the role once, and import it where it is used")
        stages = tuple(self.stage(stage, origin) for stage in given.open_in)
        return ir.RoleValue(role=given.role, how=given.how, open_in=stages, keep=keep)

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

    def _need_currency(self, scope: Scope) -> None:
        if self._currency is None:
            hint = 'write currency="USD" in the account, or Money("100", "USD")'
            self.found("DW205", scope.origin, "a plain amount, and the account has no currency", hint)
