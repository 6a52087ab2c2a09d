"""DW288: a number is written with a point between its thousands, which Python reads as the point before decimals."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.sources import Source, called
from dealwright.model.iso import DECIMALS

_GROUPED: Final = re.compile(r"-?[1-9]\d{0,2}\.\d\d0")
"""Three decimals of which the last one is 0: nobody writes that of a number that has decimals."""
_MOST_DECIMALS: Final = 2


def _look(subject: Subject) -> Iterator[Spot]:
    if any(_has_three(account.currency) for account in subject.groups):
        return  # so may its amounts have
    for source in subject.sources.values():
        for node, written in _numbers(source):
            short = written.rstrip("0").rstrip(".")
            yield Spot(
                path=source.path,
                line=node.lineno,
                message=f"{written} is {short}: a point stands before decimals",
                hint=f"write {written.replace('.', '_')} if thousands are meant, or {short}",
            )


def _numbers(source: Source) -> Iterator[tuple[ast.expr, str]]:
    """Yield the numbers of the file, and the texts that amounts and numbers are made of, that look like thousands."""
    for node in source.nodes(ast.Constant):
        if isinstance(node.value, float):
            written = ast.get_source_segment(source.text, node) or ""
            if _GROUPED.fullmatch(written):
                yield node, written
    for call in source.nodes(ast.Call):
        if called(call) in ("Money", "Decimal") and call.args:
            first, *rest = call.args
            currency = rest[0].value if rest and isinstance(rest[0], ast.Constant) else None
            written = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
            if _GROUPED.fullmatch(written) and not _has_three(currency):
                yield first, written


def _has_three(currency: object) -> bool:
    return isinstance(currency, str) and DECIMALS.get(currency, 0) > _MOST_DECIMALS


RULE: Final = Rule(
    code="DW288",
    severity="warning",
    title="a point stands between thousands",
    reason=(
        "In many countries 5.000 is five thousand. Python, and so a definition, reads five: a condition for large "
        "deals holds for nearly all, and an amount is a thousandth of what was meant. Told are numbers of three "
        "decimals that end in 0, where no currency has three."
    ),
    bad="""
large = Automation(
    key="large",
    on=entered(Sales.quoted),
    when=[deal.amount > 5.000],
    do=[set_task("look", text="Look at {{ deal.title }}", due=days(1))],
)
""",
    good="""
large = Automation(
    key="large",
    on=entered(Sales.quoted),
    when=[deal.amount > 5_000],
    do=[set_task("look", text="Look at {{ deal.title }}", due=days(1))],
)
""",
    look=_look,
)
