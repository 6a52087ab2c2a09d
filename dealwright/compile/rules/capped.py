"""What else is turned round at a bound (DW282): a cap that lifts what is below it, and a stand-in that is none."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from dealwright.compile import describe, ir
from dealwright.compile.rules.askings import askings
from dealwright.compile.rules.rule import Spot, Subject, all_parts, all_steps
from dealwright.language.roles import folded

_MIN: Final = "at-least|least|minimum|min|minim[oa]s?"
_MAX: Final = "at-most|most|maximum|max|maxim[oa]s?|tope"
LEAST: Final = re.compile(rf"(?:{_MIN})-(?P<what>.+)|(?P<of>.+)-(?:{_MIN})")
MOST: Final = re.compile(rf"(?:{_MAX})-(?P<what>.+)|(?P<of>.+)-(?:{_MAX}|up-to)")
"""How settings are called that are bounds; letters as `folded` leaves them."""

_SETTING: Final = "settings."
_STANDS: Final = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class _Asked(NamedTuple):
    """A condition on the way to steps, and where it stands."""

    at: tuple[str, int]
    condition: ir.Condition
    steps: Sequence[ir.Step]


def capped_below(subject: Subject, automation: ir.Automation) -> Iterator[Spot]:
    """Yield conditions that find a field below the most that it may be, where a step then writes the most to it."""
    if automation.origin != "authored":
        return
    for asked in _asked(subject, automation):
        for part in all_parts(asked.condition):
            match part:
                case ir.Compare(field=ir.Ref(path=path), op=op, value=ir.Ref(path=bound)) if bound.startswith(_SETTING):
                    pass
                case _:
                    continue
            name = bound.removeprefix(_SETTING)
            pattern, word = (MOST, "most") if op in ("<", "<=") else (LEAST, "least")
            if op in ("==", "!=") or pattern.fullmatch(folded(name)) is None:
                continue
            step = next((each for each in asked.steps if _writes(each, path, bound)), None)
            if step is not None:
                yield Spot(
                    path=asked.at[0],
                    line=asked.at[1],
                    message=f"{describe.condition(part)} is no breach of {name!r}, and {step.name!r} then writes"
                    f" {name!r} there: the {word} that it may be in place of what it is",
                    hint="turn the comparison round, or call the setting otherwise",
                )


def _asked(subject: Subject, automation: ir.Automation) -> Iterator[_Asked]:
    steps = list(all_steps(automation.do))
    for asking in askings(subject, automation):
        if asking.of == "when":
            yield _Asked(asking.at, asking.condition, steps)
    for step in steps:
        for place, case in enumerate(step.cases if isinstance(step, ir.BranchStep) else ()):
            yield _Asked(subject.case_at(automation, step.name, place), case.when, list(all_steps(case.do)))


def _writes(step: ir.Step, path: str, bound: str) -> bool:
    if not isinstance(step, ir.UpdateDealStep):
        return False
    value = step.changes.get(path.removeprefix("deal."))
    return isinstance(value, ir.Ref) and value.path == bound


def stands_in_for_nothing(part: ir.Condition) -> bool:
    """Say whether what stands in where a field is unset breaks the comparison just as an unset field does."""
    match part:
        case ir.CompareReckoned(left=ir.OrElse(of=ir.Ref(), other=other), op=op, right=right):
            given, wanted = _number(other), _number(right)
            # An amount is compared with one of its currency; a plain 0 is of any.
            return given is not None and wanted is not None and not _STANDS[op](given, wanted)
    return False


def _number(value: object) -> Decimal | None:
    match value:
        case ir.NumberValue(value=number) | ir.MoneyValue(amount=number):
            return number
    return None
