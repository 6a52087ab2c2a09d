"""DW284: what one amount is split into does not come to the amount."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from dealwright.compile import describe, ir
from dealwright.compile.reckoned import kind_of
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.rules.sums import settings_of, summed
from dealwright.compile.rules.twice import rows

_WHOLE: Final = Fraction(1)
_LEAST: Final = Fraction(1, 2)
_MOST: Final = Fraction(13, 10)
"""Between which sums shares are parts of a whole: less are commissions, more are prices to choose from."""
_SMALLEST: Final = Fraction(1, 10)
"""A share that is less is a fee or a tax beside something else."""
_ROUNDED: Final = Fraction(1, 500)
"""By how much thirds that are written with decimals may miss it."""

_OF_ITS_OWN: Final = re.compile(
    r"(?:.*[_-])?(?:commissions?|provision|bonus|tax|vat|fees?|discount|margin|kickback|option|offer|estimate"
    r"|comision|comisiones|impuesto|descuento|comissao|comissoes|imposto|desconto|steuer|rabatt)(?:[_-].*)?"
)
"""What is a share of an amount, and no part of it."""

_REST: Final = re.compile(
    r"(?:.*_)?(?:rest|balance|remainder|remaining|final|last|saldo|resto|restante|restbetrag)(?:_.*)?"
)


class _Part(NamedTuple):
    """A step that makes a part, and what it is a share of; no share if nobody knows."""

    step: str
    of: ir.Expression | None
    share: Fraction


class _Split(NamedTuple):
    """What is made in a row, of one kind."""

    automation: ir.Automation
    parts: tuple[_Part, ...]

    @property
    def whole(self) -> Fraction | None:
        """What the parts come to; None if they are not shares of one amount, or only one."""
        of = {part.of for part in self.parts}
        shares = [part.share for part in self.parts]
        if len(shares) < 2 or len(of) != 1 or None in of or not all(_SMALLEST <= share < 1 for share in shares):
            return None
        return sum(shares, Fraction(0))


_Kind = tuple[str, str]
"""What is made, and the name of its amount."""


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        numbers = settings_of(account)
        splits: dict[_Kind, list[_Split]] = {}
        corrected = {kind for automation in account.automations for kind in _corrected(automation.do)}
        for automation in account.automations:
            for steps in rows(automation.do):
                for kind, split in _splits(automation, steps, numbers):
                    splits.setdefault(kind, []).append(split)
                for step in steps:
                    yield from _in_one(subject, automation, step, numbers)
        for kind, found in splits.items():
            if kind in corrected or _OF_ITS_OWN.fullmatch(kind[0]) or _OF_ITS_OWN.fullmatch(kind[1]):
                continue
            for split in found:
                if _misses(split.whole) and all(_is_another(split, each) for each in found if each is not split):
                    yield _spot(subject, split.automation, split.parts, [part.step for part in split.parts])


def _misses(whole: Fraction | None) -> bool:
    return whole is not None and _LEAST <= whole <= _MOST and abs(whole - _WHOLE) > _ROUNDED


def _is_another(split: _Split, other: _Split) -> bool:
    """Say whether the other one is a whole way to split by itself, and not what completes this one."""
    if split.whole is None or other.whole is None:
        return False
    return split.whole + other.whole != _WHOLE


def _spot(subject: Subject, automation: ir.Automation, parts: Sequence[_Part], names: Sequence[str]) -> Spot:
    path, line = subject.step_at(automation, parts[-1].step)
    whole = sum((part.share for part in parts), Fraction(0))
    of = describe.expression(parts[0].of) if parts[0].of is not None else ""
    rest = parts[-1].share + _WHOLE - whole
    added = " + ".join(_percent(part.share) for part in parts)
    hint = f"write {_percent(rest)} for the last one, or what is left: {of} - ..." if 0 < rest < 1 else "make it 100 %"
    return Spot(
        path=path,
        line=line,
        message=f"{', '.join(map(repr, names[:-1]))} and {names[-1]!r} come to {_percent(whole)} of {of}: {added}",
        hint=hint,
    )


def _percent(share: Fraction) -> str:
    return f"{round(float(share * 100), 2):g} %"


def _splits(
    automation: ir.Automation, steps: Sequence[ir.Step], numbers: Mapping[str, Fraction]
) -> Iterator[tuple[_Kind, _Split]]:
    """Yield what is made in these steps, by kind and the name of the amount."""
    made: dict[str, list[tuple[ir.Step, Mapping[str, ir.Expression]]]] = {}
    for step in steps:
        match step:
            case ir.CreateRecordStep(record=kind, fields=given):
                made.setdefault(f"record {kind}", []).append((step, given))
            case ir.SendEventStep(event=event, to=to, with_=given):
                made.setdefault(f"event {event} {to}", []).append((step, given))
    for kind, all_given in made.items():
        for name in dict.fromkeys(name for _, given in all_given for name in given):
            if any(_is_money(given.get(name)) for _, given in all_given):
                parts = tuple(_part(step.name, given.get(name), numbers) for step, given in all_given)
                yield (kind.partition(" ")[2], name), _Split(automation, parts)


def _is_money(value: ir.Expression | None) -> bool:
    match value:
        case ir.Ref() | ir.MoneyValue() | ir.Reckoned() | ir.OrElse() | ir.Aggregate():
            return kind_of(value) == "money"
    return False


def _part(step: str, value: ir.Expression | None, numbers: Mapping[str, Fraction]) -> _Part:
    terms = [(term, times) for term, times in summed(value, numbers).items() if times] if value is not None else []
    if len(terms) == 1:
        of, share = terms[0]
        if not isinstance(of, str) and _is_money(of):
            return _Part(step, of, share)
    return _Part(step, None, Fraction(0))


def _corrected(steps: Sequence[ir.Step]) -> Iterator[_Kind]:
    """Yield the amounts of records that a step writes later."""
    for row in rows(steps):
        for step in row:
            if isinstance(step, ir.UpdateRecordStep):
                yield from ((step.record, name) for name in step.changes)


def _in_one(
    subject: Subject, automation: ir.Automation, step: ir.Step, numbers: Mapping[str, Fraction]
) -> Iterator[Spot]:
    """Yield the rest that is none: of one step that writes shares of an amount, and calls one of them so."""
    match step:
        case ir.UpdateDealStep(changes=given) | ir.CreateRecordStep(fields=given) | ir.SendEventStep(with_=given):
            pass
        case _:
            return
    named = {
        name: part
        for name, value in given.items()
        if _is_money(value) and not _OF_ITS_OWN.fullmatch(name)
        if 0 < (part := _part(step.name, value, numbers)).share < 1
    }
    rest = [name for name in named if _REST.fullmatch(name)]
    names = sorted(named, key=lambda name: name in rest)
    split = _Split(automation, tuple(named[name] for name in names))
    if len(rest) == 1 and _misses(split.whole):
        yield _spot(subject, automation, split.parts, names)


RULE: Final = Rule(
    code="DW284",
    severity="warning",
    title="the parts of an amount do not come to it",
    reason=(
        "An amount that is paid in parts is all paid: 30 % now and 60 % later leave a tenth that nobody ever asks for, "
        "and 60 % and 50 % ask for too much. Told are records of one kind, and events of one name, that are made in "
        "one row and are all shares of one amount, and a rest that a step writes beside the share that it is the rest "
        "of. What another step makes or corrects is not."
    ),
    bad="""
class Instalment(Record, key="instalment"):
    amount = Money("Amount")


split = Automation(
    key="split",
    on=entered(Sales.won),
    do=[
        create_record("deposit", Instalment, amount=deal.amount * 0.3),
        create_record("rest", Instalment, amount=deal.amount * 0.6),
    ],
)
""",
    good="""
class Instalment(Record, key="instalment"):
    amount = Money("Amount")


split = Automation(
    key="split",
    on=entered(Sales.won),
    do=[
        create_record("deposit", Instalment, amount=deal.amount * 0.3),
        create_record("rest", Instalment, amount=deal.amount * 0.7),
    ],
)
""",
    look=_look,
)
