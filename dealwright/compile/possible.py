"""Whether conditions can hold together: what `check` says of contradictions and dead branches rests on this alone.

Conditions are true, false or unknown (engine/conditions.py). Each is turned into alternatives of atoms that make it
true, false, not true or not false; alternatives are possible unless one field is asked for two things at once. It
errs on one side only: what is called impossible is impossible, on every deal (a property test asks the engine).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

from dealwright.compile import ir
from dealwright.compile.atoms import COUNT, Atom, consistent
from dealwright.compile.reckoned import needed
from dealwright.language.records import segment
from dealwright.model.stage_demands import CLOSED

Alternatives: TypeAlias = list[tuple[Atom, ...]]
"""Ways for something to hold: one of them, with all its atoms."""

ALWAYS: Final[Alternatives] = [()]
"""It holds, whatever the deal."""

NEVER: Final[Alternatives] = []
"""It holds on no deal."""

_MOST: Final = 600
_MOST_SUMS: Final = 64
_NONE: Final = Decimal(0)
_OPPOSITE: Final[dict[ir.Operator, ir.Operator]] = {
    "==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">",
}  # fmt: skip
_Aim = Literal["true", "false", "not_true", "not_false"]
_TURNED: Final[dict[_Aim, _Aim]] = {
    "true": "false", "false": "true", "not_true": "not_false", "not_false": "not_true",
}  # fmt: skip


class Own(NamedTuple):
    """A record that is one of the deal's: its kind, and what is known of it, as `record.paid`."""

    record: str
    known: Sequence[Alternatives]


@dataclass(slots=True)
class _Kept:
    """What was found of a condition; it holds the condition, whose id is no other one's for so long."""

    condition: ir.Condition
    ways: Alternatives
    possible: bool | None = None


@dataclass(frozen=True, slots=True)
class Logic:
    """Reasoning for one account; `currency` is what its plain amounts are in, `closed` where its deals are over.

    `own` is the record that it is about, `reached` between which numbers fields are that only steps write.
    What it has found of a condition it keeps: many rules ask the same of the same conditions.
    """

    currency: str | None
    settings: Mapping[str, ir.Setting] = field(default_factory=dict)
    closed: tuple[ir.StageValue, ...] = ()
    own: Own | None = None
    reached: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    _kept: dict[tuple[int, _Aim], _Kept] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, account: ir.Account) -> Logic:
        """Return the reasoning for an account, which knows what its settings may hold and which stages it has."""
        closed = (
            ir.StageValue(pipeline=pipeline.key, stage=stage.key)
            for pipeline in account.pipelines
            for stage in pipeline.stages
            if stage.kind in CLOSED
        )
        return cls(account.currency, {f"settings.{each.key}": each for each in account.settings}, tuple(closed))

    def true(self, condition: ir.Condition) -> Alternatives:
        """Return the ways in which the condition is true."""
        return self._ways(condition, "true")

    def false(self, condition: ir.Condition) -> Alternatives:
        """Return the ways in which the condition is false, which unknown is not."""
        return self._ways(condition, "false")

    def not_true(self, condition: ir.Condition) -> Alternatives:
        """Return the ways in which the condition is false or unknown."""
        return self._ways(condition, "not_true")

    def not_false(self, condition: ir.Condition) -> Alternatives:
        """Return the ways in which the condition is true or unknown."""
        return self._ways(condition, "not_false")

    def always(self, condition: ir.Condition) -> bool:
        """Say whether the condition is true of every deal, or unknown."""
        return not self._possible(condition, "false")

    def never(self, condition: ir.Condition) -> bool:
        """Say whether the condition is true of no deal."""
        return not self._possible(condition, "true")

    def _possible(self, condition: ir.Condition, aim: _Aim) -> bool:
        kept = self._look_up(condition, aim)
        if kept.possible is None:
            kept.possible = possible(kept.ways)
        return kept.possible

    def _ways(self, condition: ir.Condition, aim: _Aim) -> Alternatives:
        return self._look_up(condition, aim).ways

    def _look_up(self, condition: ir.Condition, aim: _Aim) -> _Kept:
        key = id(condition), aim
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = _Kept(condition, self._found(condition, aim))
        return kept

    def _found(self, condition: ir.Condition, aim: _Aim) -> Alternatives:
        positive = aim in ("true", "not_false")
        match condition:
            case ir.All(of=parts):
                ways = [self._ways(part, aim) for part in parts]
                return both(*ways) if positive else either(*ways)
            case ir.Any(of=parts):
                ways = [self._ways(part, aim) for part in parts]
                return either(*ways) if positive else both(*ways)
            case ir.Not(of=part):
                return self._ways(part, _TURNED[aim])
            case ir.IsSet(field=field):
                return [(Atom(field.path, "set" if positive else "unset"),)]
            case ir.Has(field=field, values=tags):
                return [(Atom(field.path, "has" if positive else "has not", frozenset(tags)),)]
            case ir.IsIn():
                return self._is_in(condition, aim)
            case ir.CompareReckoned(left=ir.Aggregate(of="count") as counted, right=ir.NumberValue(value=number)):
                path = _count(counted)
                wanted = condition.op if positive else _OPPOSITE[condition.op]
                known: Alternatives = [(Atom(path, wanted, number),)]
                if counted.where is not None and self.never(counted.where):
                    known = [(Atom(path, wanted, number), Atom(path, "==", _NONE))]
                return either(known, unset(path)) if aim.startswith("not_") else known
            case ir.CompareReckoned():
                # Nothing is known of what it comes to but that its facts are there, when it comes to anything.
                paths = dict.fromkeys((*needed(condition.left), *needed(condition.right)))
                return ALWAYS if aim.startswith("not_") else [tuple(Atom(path, "set") for path in paths)]
            case ir.Compare():
                return self._compare(condition, aim)
            case ir.AnyContact():
                return self._any_contact(condition, aim)
            case ir.OfRecords():
                return self._of_records(condition, aim)
            case ir.Scored():
                return self._scored(condition, positive)
            case ir.Predicate():
                return ALWAYS  # what it comes to is not known without a deal

    def _any_contact(self, condition: ir.AnyContact, aim: _Aim) -> Alternatives:
        """Nothing is said of the one contact but that it has to be possible: another condition may mean another one."""
        if aim in ("false", "not_true", "not_false"):
            return ALWAYS
        return ALWAYS if possible(self.true(condition.of)) else NEVER

    def _of_records(self, condition: ir.OfRecords, aim: _Aim) -> Alternatives:
        """It is true of one at least: then there is one, or there are too many to be counted."""
        if self._decides(condition, aim):
            return NEVER
        if aim != "true":
            return ALWAYS
        asked = [self.true(each) for each in (condition.where, condition.of) if each is not None]
        if not possible(*asked):
            return NEVER
        counts = [f"deal.records.{segment(condition.record)}.count"]
        if condition.where is not None:
            of_those = ir.Aggregate(record=condition.record, of="count", type="number", where=condition.where)
            counts.append(_count(of_those))
        return both(*(either([(Atom(path, ">=", Decimal(1)),)], unset(path)) for path in counts))

    def _decides(self, condition: ir.OfRecords, aim: _Aim) -> bool:
        """Say whether the record that it is about keeps it from this: one that is not keeps all from being so."""
        if self.own is None or self.own.record != condition.record or aim != ("true" if condition.every else "false"):
            return False
        left_out = NEVER if condition.where is None else self.false(condition.where)
        return not possible(*self.own.known, either(left_out, self._ways(condition.of, aim)))

    def _scored(self, condition: ir.Scored, positive: bool) -> Alternatives:
        """Nothing is said of what the points are for but whether a sum of them can be such a number."""
        wanted = condition.op if positive else _OPPOSITE[condition.op]
        bounds = self._bounds(condition.value)
        if bounds is None:
            return ALWAYS
        return ALWAYS if any(_reach(sums, wanted, *bounds) for sums in self._sums(condition.score.of)) else NEVER

    def between(self, points: ir.Points) -> tuple[Decimal, Decimal]:
        """Return the least and the most that points may come to."""
        sums = list(self._sums(points.of))
        return min(least for least, _ in sums), max(most for _, most in sums)

    def _sums(self, points: tuple[ir.Point, ...]) -> Iterator[tuple[Decimal, Decimal]]:
        """Yield what the points may come to, from and to: each sum where there are few, else all of them as one."""
        judged = [(self.true(each.when), self.not_true(each.when), each.points) for each in points]
        ways: list[tuple[Decimal, tuple[Alternatives, ...]]] = [(_NONE, ())]
        for true, untrue, worth in judged:
            grown = ((total + add, (*known, way)) for total, known in ways for add, way in ((worth, true), (0, untrue)))
            ways = [(total, known) for total, known in grown if possible(*known)]
            if len(ways) > _MOST_SUMS:
                worths = [worth for true, _, worth in judged if possible(true)]
                yield (
                    sum((min(each, _NONE) for each in worths), _NONE),
                    sum((max(each, _NONE) for each in worths), _NONE),
                )
                return
        yield from ((total, total) for total, _ in ways)

    def _bounds(self, value: ir.NumberValue | ir.Ref | ir.Points) -> tuple[Decimal | None, Decimal | None] | None:
        """Between which numbers the other side of a score lies; None if nothing is known of it."""
        match value:
            case ir.NumberValue(value=number):
                return number, number
            case ir.Ref(path=path) if path in self.settings:
                return self.settings[path].least, self.settings[path].most
        return None

    def _of_setting(self, path: str) -> tuple[Atom, ...]:
        """What is known of a setting, whoever sets it to what, and of a field that only steps write."""
        if path in self.reached:
            least, most = self.reached[path]
            return Atom(path, ">=", least), Atom(path, "<=", most)
        setting = self.settings.get(path)
        if setting is None:
            return ()
        known = [] if not setting.options else [Atom(path, "in", frozenset(setting.options))]
        known += [] if setting.least is None else [Atom(path, ">=", setting.least)]
        known += [] if setting.most is None else [Atom(path, "<=", setting.most)]
        return tuple(known)

    def _unset(self, field: ir.Ref) -> Alternatives:
        """The way in which a field has no value, which a setting always has."""
        return NEVER if field.path in self.settings else unset(field.path)

    def _is_in(self, condition: ir.IsIn, aim: _Aim) -> Alternatives:
        field = condition.field
        if field.type == "money" and condition.values:
            each = tuple(ir.Compare(field=field, op="==", value=value) for value in condition.values)
            return self._ways(ir.Any(of=each), aim)
        wanted = frozenset(_plain(value) for value in condition.values)
        asked = Atom(field.path, "in" if aim in ("true", "not_false") else "not in", wanted)
        known: Alternatives = [(asked, *self._of_setting(field.path))]
        return either(known, self._unset(field)) if aim.startswith("not_") else known

    def _compare(self, condition: ir.Compare, aim: _Aim) -> Alternatives:
        field, operand, op = condition.field, condition.value, condition.op
        if isinstance(operand, ir.Cleared):
            return ALWAYS if aim.startswith("not_") else NEVER
        if isinstance(operand, ir.Ref | ir.TagsValue):
            # Nothing is known of the other side but that it is there, when the comparison comes to anything.
            there = [Atom(ref.path, "set") for ref in (field, operand) if isinstance(ref, ir.Ref)]
            if isinstance(operand, ir.Ref):
                there += _alike(field.path, op if aim in ("true", "not_false") else _OPPOSITE[op], operand.path)
            same = isinstance(operand, ir.Ref) and operand.path == field.path
            holds = op in ("==", "<=", ">=") if aim in ("true", "not_false") else op in ("!=", "<", ">")
            if aim.startswith("not_") or field.type == "tags":
                return ALWAYS
            return [tuple(there)] if holds or not same else NEVER
        wanted = op if aim in ("true", "not_false") else _OPPOSITE[op]
        currency = self._currency(operand) if field.type == "money" else None
        known: Alternatives = [
            (Atom(field.path, wanted, _plain(operand), currency), *self._of_setting(field.path)),
        ]
        if not aim.startswith("not_"):
            return known
        foreign: Alternatives = [(Atom(field.path, "foreign", None, currency),)] if currency else NEVER
        return either(known, self._unset(field), foreign)

    def _currency(self, operand: ir.Operand) -> str | None:
        """The currency an amount must be in to be compared; None if any will do."""
        if isinstance(operand, ir.MoneyValue):
            return operand.currency
        return None if isinstance(operand, ir.NumberValue) and operand.value == 0 else self.currency


def possible(*parts: Alternatives) -> bool:
    """Say whether all of these can hold on one deal."""
    return any(map(consistent, both(*parts)))


def both(*parts: Alternatives) -> Alternatives:
    """Return the ways in which all of these hold; a part that makes too many of them is left out of account."""
    ways: Alternatives = ALWAYS
    for part in parts:
        if len(ways) * len(part) > _MOST:
            ways = [way for way in ways if consistent(way)]
        if len(ways) * len(part) <= _MOST:
            ways = [(*way, *atoms) for way in ways for atoms in part]
    return ways


def either(*parts: Alternatives) -> Alternatives:
    """Return the ways in which at least one of these holds."""
    return [way for part in parts for way in part]


def unset(*paths: str) -> Alternatives:
    """Return the one way in which none of these fields has a value."""
    return [tuple(Atom(path, "unset") for path in paths)]


def one_of(path: str, values: Iterable[ir.Value]) -> Alternatives:
    """Return the one way in which the field is one of the values."""
    return [(Atom(path, "in", frozenset(map(_plain, values))),)]


def not_one_of(path: str, values: Iterable[ir.Value]) -> Alternatives:
    """Return the one way in which the field has a value, and none of these."""
    return [(Atom(path, "not in", frozenset(map(_plain, values))),)]


def differ(path: str, other: str) -> Alternatives:
    """Return the one way in which two fields do not hold one value; one of them may be unset."""
    return [tuple(_alike(path, "!=", other))]


def same(path: str, other: str) -> Alternatives:
    """Return the one way in which two fields hold one value."""
    return [tuple(_alike(path, "==", other))]


def _alike(path: str, op: ir.Operator, other: str) -> list[Atom]:
    """What a comparison of two fields says of whether they hold one value."""
    if op in ("<=", ">="):
        return []
    return [Atom(f"alike {' '.join(sorted((path, other)))}", "==", op == "==")]


def _count(counted: ir.Aggregate) -> str:
    """As which path it is known how many records there are."""
    return f"{COUNT}{msgspec.json.encode(counted).decode()}"


def _reach(sums: tuple[Decimal, Decimal], op: ir.Operator, low: Decimal | None, high: Decimal | None) -> bool:
    """Say whether a sum between two numbers can stand so to another number between two; None: there is no end."""
    least, most = sums
    match op:
        case ">":
            return low is None or most > low
        case ">=":
            return low is None or most >= low
        case "<":
            return high is None or least < high
        case "<=":
            return high is None or least <= high
        case "==":
            return (high is None or least <= high) and (low is None or most >= low)
        case "!=":
            return not least == most == low == high


def _plain(value: ir.Operand) -> object:
    """The literal as something that compares and hashes like the fact."""
    match value:
        case ir.StageValue(pipeline=pipeline, stage=stage):
            return (pipeline, stage)
        case ir.PipelineValue(pipeline=pipeline):
            return pipeline
        case ir.MoneyValue(amount=amount):
            return amount
        case ir.Ref() | ir.Cleared():
            return value
        case _:
            return value.value
