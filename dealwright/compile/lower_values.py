"""Lowering of what conditions and actions say: comparisons, arithmetic, texts, what is written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from dealwright.compile import ir
from dealwright.compile.asked import asks_of_contact, asks_of_record
from dealwright.compile.compared import never_equal
from dealwright.compile.lower_names import NameLowering
from dealwright.compile.lower_scope import Scope, length
from dealwright.compile.own_values import misfit
from dealwright.compile.sensitive import leaks
from dealwright.compile.text_places import place_of
from dealwright.language import conditions, schema
from dealwright.language.characters import unseen
from dealwright.language.conditions import Condition, Reference
from dealwright.language.durations import RunningTime, WorkingTime
from dealwright.language.origin import Origin
from dealwright.language.pipeline import parts
from dealwright.language.points import Sum
from dealwright.language.predicates import Predicate
from dealwright.language.reckoning import Reckoning
from dealwright.language.records import PLACE, Aggregate, RecordType
from dealwright.language.roles import Pick
from dealwright.language.templates import check_template, is_template
from dealwright.language.texts import Body
from dealwright.language.values import Stored, Words
from dealwright.model.custom import FieldShape


class ValueLowering(NameLowering):
    """Lowers values for one account, and notes what is wrong with them."""

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
                    self.need_currency(scope)
                if fact.reckoned is not None or (isinstance(value, Reference) and value.reckoned is not None):
                    left, right = self.reckoned(fact, scope), self._side(value, scope)
                    if isinstance(left, ir.Ref) and not isinstance(
                        right, ir.Shift | ir.Reckoned | ir.OrElse | ir.Aggregate
                    ):
                        return ir.Compare(field=left, op=op, value=right)
                    return ir.CompareReckoned(left=left, op=op, right=right)
                return self._compare(self.ref(fact, scope), op, self._operand(value, scope), scope)
            case conditions.Presence(field=fact):
                return ir.IsSet(field=self.ref(fact, scope))
            case conditions.Membership(field=fact, values=values):
                literals = tuple(self.literal(value, scope) for value in values)
                field = self.ref(fact, scope)
                for literal in literals:
                    self._may_equal(field, literal, scope)
                return ir.IsIn(field=field, values=literals)
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
            case conditions.OfRecords(kind=kind, every=every, of=parts, where=where):
                inside = self._inside(kind, scope)
                asked = self.all_of(parts, inside)
                if not asks_of_record(asked):
                    word = f"deal.records({kind.__name__}).{'all' if every else 'any'}(...)"
                    hint = f"name a field of it: {kind.__name__}.<field>"
                    self.found("DW241", scope.origin, f"{word} asks nothing of a {kind.__name__}", hint)
                return ir.OfRecords(
                    record=kind._key,
                    of=asked,
                    every=every,
                    where=self.all_of(where, inside) if where else None,
                )
            case conditions.Tagged(field=fact, values=values):
                return ir.Has(field=self.ref(fact, scope), values=values)
        raise TypeError(f"no condition is a {type(given).__name__}")

    def _compare(self, field: ir.Ref, op: ir.Operator, value: ir.Operand, scope: Scope) -> ir.Compare:
        if op in ("==", "!="):
            self._may_equal(field, value, scope)
        return ir.Compare(field=field, op=op, value=value)

    def _may_equal(self, field: ir.Ref, other: ir.Operand, scope: Scope) -> None:
        never = never_equal(field, other, lambda path: self.options(path, scope))
        if never is not None:
            self.found("DW203", scope.origin, never.message, never.hint)

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
        return self.ref(value, scope) if isinstance(value, Reference) else self.literal(value, scope)

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

    def _inside(self, kind: RecordType, scope: Scope) -> Scope:
        """Return the scope of what is asked of each record, which asks of no other records."""
        if scope.asking:
            hint = "ask one after the other: deal.records(...).any(...) & deal.records(...).any(...)"
            self.found("DW240", scope.origin, "deal.records(...) stands inside of another one", hint)
        return scope.of_record(self.kind(kind, scope))

    def aggregate(self, given: Aggregate, type_: schema.FieldType, scope: Scope) -> ir.Aggregate:
        """Lower what records come to."""
        inside = self._inside(given.kind, scope)
        value = None if given.value is None else self.reckoned(given.value, inside)
        if isinstance(value, ir.Aggregate):
            return value  # it stands inside of another one, which is told
        if value is not None and not asks_of_record(value):
            name = given.kind.__name__
            message = f"{given.of}() of deal.records({name}) is of a field of {name}"
            hint = f"write {name}.<field>: a field of the deal is the same for all of them"
            self.found("DW241", scope.origin, message, hint)
        where = self.all_of(given.where, inside) if given.where else None
        return ir.Aggregate(record=given.kind._key, of=given.of, type=type_, value=value, where=where)

    def reckoned(self, given: Reference, scope: Scope) -> ir.Ref | ir.Shift | ir.Reckoned | ir.OrElse | ir.Aggregate:
        """Lower a field, or what is reckoned of fields."""
        reckoning = given.reckoned
        if reckoning is None:
            return self.ref(given, scope)
        if isinstance(reckoning, Aggregate):
            if reckoning.of == "count" and not reckoning.where:
                return self.ref(replace(given, reckoned=None), scope)
            return self.aggregate(reckoning, given.type, scope)
        if reckoning.sign == "or":
            return self._or_else(given, reckoning, scope)
        sides = (reckoning.left, reckoning.right)
        by = next((side for side in sides if isinstance(side, RunningTime | WorkingTime)), None)
        if by is not None:
            of = next(side for side in sides if isinstance(side, Reference))
            start = self.reckoned(of, scope)
            assert isinstance(start, ir.Ref | ir.Shift | ir.OrElse | ir.Aggregate)
            return ir.Shift(of=start, by=length(by), back=reckoning.sign == "-")
        if given.type == "money" and reckoning.sign in "+-" and any(isinstance(side, Decimal) for side in sides):
            self.need_currency(scope)
        left, right = (self._reckonable(side, scope) for side in sides)
        return ir.Reckoned(sign=reckoning.sign, left=left, right=right)

    def _or_else(self, given: Reference, reckoning: Reckoning, scope: Scope) -> ir.OrElse:
        """Lower what stands in for what is unset; a plain amount but 0, which is one in every currency, needs one."""
        assert isinstance(reckoning.left, Reference)
        of, other = self.reckoned(reckoning.left, scope), self._side(reckoning.right, scope)
        if given.type == "money" and isinstance(other, ir.NumberValue) and other.value:
            self.need_currency(scope)
            other = ir.MoneyValue(amount=other.value, currency=self._currency or "")
        return ir.OrElse(of=of, other=other)

    def _reckonable(
        self, side: object, scope: Scope
    ) -> ir.Ref | ir.NumberValue | ir.MoneyValue | ir.Reckoned | ir.OrElse | ir.Aggregate:
        lowered = self.reckoned(side, scope) if isinstance(side, Reference) else self.literal(side, scope)
        assert isinstance(lowered, ir.Ref | ir.NumberValue | ir.MoneyValue | ir.Reckoned | ir.OrElse | ir.Aggregate)
        return lowered

    def _side(self, value: object, scope: Scope) -> ir.Reckonable | ir.DayValue | ir.MomentValue:
        lowered = self.reckoned(value, scope) if isinstance(value, Reference) else self.literal(value, scope)
        assert isinstance(lowered, ir.Reckonable | ir.DayValue | ir.MomentValue)
        return lowered

    def amount(self, value: Stored, scope: Scope) -> ir.Expression:
        """Lower an amount; a plain number needs the account's currency."""
        if isinstance(value, Decimal):
            self.need_currency(scope)
        return self.expression(value, scope)

    def words(self, source: str, scope: Scope) -> ir.TemplateText | ir.TextValue:
        """Lower a text, checked against the facts that are known there."""
        self._seen(source, lambda _: scope.origin)
        if not is_template(source):
            return ir.TextValue(value=source)
        self._check(source, scope, lambda _: scope.origin)
        return ir.TemplateText(source=source)

    def body(self, body: Body, scope: Scope, whose: str) -> ir.TemplateText | ir.TextValue:
        """Lower one body of a message, checked where it stands; `whose` says of which message."""
        self._seen(body.text, lambda line: place_of(body, line), whose)
        if not is_template(body.text):
            return ir.TextValue(value=body.text)
        self._check(body.text, scope, lambda line: place_of(body, line), whose)
        return ir.TemplateText(source=body.text)

    def _seen(self, source: str, at: Callable[[int], Origin], whose: str = "") -> None:
        """Refuse what nobody sees and everybody would get."""
        for line, odd in unseen(source):
            message = f"the text holds {odd}, which is not seen"
            self.found("DW310", at(line), message + whose, "write it in visible characters")

    def _check(self, source: str, scope: Scope, at: Callable[[int], Origin], whose: str = "") -> None:
        for problem in check_template(source, self.facts(scope), lambda path: self.options(path, scope)):
            code = "DW405" if problem.path in schema.REPLY else problem.code
            self.found(code, at(problem.line), problem.message + whose, problem.hint)

    def of_record(self, kind: RecordType, given: Mapping[str, Stored], scope: Scope) -> dict[str, ir.Expression]:
        """Lower what fields of a record are given."""
        shapes = self.own.records.get(kind._key, {})
        return {key: self._fitting(key, shapes[key], value, scope) for key, value in given.items() if key in shapes}

    def custom(
        self,
        key: str,
        value: Stored,
        scope: Scope,
        *,
        of: Literal["deal", "contact", "company"] = "deal",
        takes: Collection[str] = (),
    ) -> ir.Expression:
        """Lower what a custom field is given, if there is such a field and it can hold that.

        `takes` are the keywords of the step: one with a slip in it looks like a field of the company's own.
        """
        shapes, built_in = {
            "deal": (self.own.deal, schema.UPDATABLE),
            "contact": (self.own.contact, schema.CONTACT_FIELDS),
            "company": (self.own.company, {}),
        }[of]
        field = shapes.get(key)
        if field is None:
            hint = schema.did_you_mean(key, {*built_in, *shapes, *takes}) or self._advice(of)
            self.found("DW203", scope.origin, f"no field of a {of} is named {key!r}", hint)
            return self.expression(value, scope)
        return self._fitting(key, field, value, scope)

    def _fitting(self, key: str, field: FieldShape, value: Stored, scope: Scope) -> ir.Expression:
        """Lower what a field is given, if it can hold that."""
        lowered = self.expression(value, scope)
        if field.type == "money" and isinstance(lowered, ir.NumberValue):
            self.need_currency(scope)
        told = self.options(lowered.path, scope) if isinstance(lowered, ir.Ref) else ()
        advice = misfit(lowered, field, told)
        if advice is not None:
            message = f"the field {key!r} is {schema.spoken(field.type)}, and cannot hold that"
            self.found("DW203", scope.origin, message, advice)
        return lowered

    def _advice(self, of: str) -> str:
        if of == "contact":
            return "write it in a class, and in that of your deals: contact: ClinicContact = ClinicContact()"
        if of == "company":
            return "write it in a class, and in that of your deals: company: Firm = Firm()"
        return "write deal_fields=... in the account, with the class that has the field"

    def revealed(self, given: Iterable[Reference], scope: Scope) -> tuple[str, ...]:
        """Lower the sensitive fields that a step may tell outside."""
        return tuple(dict.fromkeys(each.path if self._of_kind(each) else self.ref(each, scope).path for each in given))

    def _of_kind(self, given: Reference) -> bool:
        """Whether it is a field of records: a total of them may be told also where no record is at hand."""
        owner = None if given.own is None else given.own.owner
        return owner in self.own.kinds.values()

    def keep_in(self, step: ir.Step, scope: Scope) -> None:
        """See that the step tells no sensitive field outside, and writes it nowhere where it would not be one."""
        for leak in leaks(step, self.own):
            if leak.kind == "copied":
                message = f"{step.name!r} would write {leak.path}, which is sensitive, to {leak.to}, which is not"
                hint = "make that field sensitive too: what is in it would go anywhere"
            else:
                message = f"{step.name!r} would tell {leak.path}, which is sensitive, to {leak.to}"
                hint = f"take it out, or write reveals=[{self._as_written(leak.path)}] if it may know"
                if leak.kind == "advertised":
                    hint = "take it out: it is never told a sensitive field, whatever is in it"
            self.found("DW231", scope.origin, message, hint)

    def _as_written(self, path: str) -> str:
        """Return a field as Python names it: one of records hangs on the class of its kind."""
        place, _, key = path.rpartition(".")
        if place != PLACE and not place.startswith("deal.records."):
            return path
        kinds = (each.__name__ for name, each in self.own.kinds.items() if key in self.own.records[name])
        return f"{next(kinds, 'Record')}.{key}"
