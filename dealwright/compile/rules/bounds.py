"""DW282: a setting whose name says a bound is compared the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from dealwright.compile import describe, ir
from dealwright.compile.rules.askings import Asking, askings
from dealwright.compile.rules.capped import LEAST, MOST, capped_below, stands_in_for_nothing
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_parts
from dealwright.language.roles import folded

_SETTING: Final = "settings."
_FROM: Final = re.compile(r".+-from|from-.+")
_UP_TO: Final = re.compile(r".+-up-to|up-to-.+")
_TURNED: Final[dict[str, ir.Operator]] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


class _Compared(NamedTuple):
    """What is compared with which setting, as it stands with the setting on the right; `path` is empty if no fact."""

    path: str
    op: ir.Operator
    setting: str


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        yield from _of(subject, account)


def _of(subject: Subject, account: ir.Account) -> Iterator[Spot]:
    enough: set[tuple[str, str]] = set()
    asked: list[tuple[Asking, _Compared]] = []
    labels = {f"deal.{field.key}": field.label for field in account.deal_fields}
    for automation in account.automations:
        demanded = automation.origin == "criteria"
        yield from capped_below(subject, automation)
        for asking in askings(subject, automation):
            for part in all_parts(asking.condition):
                compared = _compared(part)
                if demanded and compared is None and stands_in_for_nothing(part):
                    yield _spot(
                        asking, part, "is no truer of a deal without it: what .or_() puts in its place breaks it"
                    )
                if compared is None:
                    continue
                if demanded and _breaks(compared, labels.get(compared.path, "")):
                    yield _spot(asking, part, f"demands the opposite of what {compared.setting!r} says")
                elif _beyond(compared):
                    hint = "which is the first that counts" if compared.op == "<=" else "which is the last that counts"
                    yield _spot(asking, part, f"is true at {compared.setting!r} itself, too, {hint}")
                elif demanded and compared.path and compared.op == ">=":
                    enough.add((compared.path, compared.setting))
                elif compared.op == "<=":
                    asked.append((asking, compared))
    for asking, compared in asked:
        if (compared.path, compared.setting) in enough:
            yield _spot(
                asking,
                asking.condition,
                f"counts who has just {compared.setting!r} among those who have too little, and the criteria of a stage"
                " take that as enough",
            )


def _spot(asking: Asking, part: ir.Condition, what: str) -> Spot:
    path, line = asking.at
    return Spot(
        path=path,
        line=line,
        message=f"{_in_words(part)} {what}",
        hint="turn the comparison round, or call the setting otherwise",
    )


def _in_words(part: ir.Condition) -> str:
    """Return the comparison in words, without the list of what there are points for."""
    if isinstance(part, ir.Scored) and isinstance(part.value, ir.Ref):
        return f"points(...) {part.op} {part.value.path}"
    return describe.condition(part)


def _compared(part: ir.Condition) -> _Compared | None:
    match part:
        case ir.Compare(field=left, op=op, value=right) | ir.CompareReckoned(left=left, op=op, right=right):
            pass
        case ir.Scored(op=op, value=ir.Ref(path=path)) if path.startswith(_SETTING):
            return _Compared("", op, path.removeprefix(_SETTING))
        case _:
            return None
    if isinstance(right, ir.Ref) and right.path.startswith(_SETTING):
        return _Compared(_path(left), op, right.path.removeprefix(_SETTING))
    if isinstance(left, ir.Ref) and left.path.startswith(_SETTING):
        return _Compared(_path(right), _TURNED[op], left.path.removeprefix(_SETTING))
    return None


def _path(given: object) -> str:
    """Return which fact it is, also where something else stands in for it."""
    match given:
        case ir.Ref(path=path) | ir.OrElse(of=ir.Ref(path=path)):
            return path
    return ""


def _breaks(compared: _Compared, label: str) -> bool:
    """Say whether a criterion keeps out what the setting lets in: least-deposit of what is called deposit."""
    for pattern, wrong in ((LEAST, ("<", "<=")), (MOST, (">", ">="))):
        named = pattern.fullmatch(folded(compared.setting))
        if named is not None and compared.op in wrong:
            of = _words(named["what"] or named["of"])
            return bool(of) and (of <= _words(compared.path.rpartition(".")[2]) or of <= _words(label))
    return False


def _words(name: str) -> frozenset[str]:
    return frozenset(word.removesuffix("s") for word in re.split(r"[\W_]+", folded(name)) if word)


def _beyond(compared: _Compared) -> bool:
    """Say whether what is from a number on is asked for as up to it, or the other way round."""
    if compared.op == "<=":
        return _FROM.fullmatch(compared.setting) is not None
    return compared.op == ">=" and _UP_TO.fullmatch(compared.setting) is not None


RULE: Final = Rule(
    code="DW282",
    severity="warning",
    title="a bound is compared the other way round",
    reason=(
        "The name of a setting says what it is: least-deposit is enough, most-guests is not yet too many, hot-from is"
        " hot; so it is in Spanish and Portuguese. Criteria say what must be so: with the comparison turned round,"
        " they keep out those who meet the bound and let in the others. Conditions may well look for those that break"
        " it, with < and >; what is true at the bound itself, too, of a setting that is called from or up to, or that"
        " criteria take as enough, is the wrong way round. So is a field that is set to the most that it may be where"
        " it is less than that; and criteria for which .or_() puts in a value that breaks them let nobody in who has"
        " none."
    ),
    bad="""
class Own(DealFields):
    deposit = Money("Deposit")


own = Own()
least_deposit = setting("least-deposit", Money, default=Money("200", "USD"))


class Boats(Pipeline, key="boats", name="Boats"):
    incoming = Incoming()
    reserved = Stage(
        "Reserved the boat",
        task=Task("Send the contract", due=days(1)),
        entry=Criteria([own.deposit < least_deposit], says="The deposit is missing"),
    )
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
""",
    good="""
class Own(DealFields):
    deposit = Money("Deposit")


own = Own()
least_deposit = setting("least-deposit", Money, default=Money("200", "USD"))


class Boats(Pipeline, key="boats", name="Boats"):
    incoming = Incoming()
    reserved = Stage(
        "Reserved the boat",
        task=Task("Send the contract", due=days(1)),
        entry=Criteria([own.deposit >= least_deposit], says="The deposit is missing"),
    )
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
""",
    look=_look,
)
