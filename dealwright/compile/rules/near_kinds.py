"""DW252: two kinds of records whose keys differ by one slip of the hand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Final, NamedTuple

from dealwright.compile.near import nearly
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.sources import Source


class _Kind(NamedTuple):
    """A class of records: its name, its key, and where it is written."""

    name: str
    key: str
    path: str
    line: int


def _look(subject: Subject) -> Iterator[Spot]:
    written: dict[str, _Kind] = {}
    for kind in sorted((kind for source in subject.sources.values() for kind in _kinds(source)), key=_place):
        written.setdefault(kind.key, kind)
    for account in subject.groups:
        ours = sorted((written[each.key] for each in account.records if each.key in written), key=_place)
        for first, second in combinations(ours, 2):
            if nearly(first.key, second.key):
                yield Spot(
                    path=second.path,
                    line=second.line,
                    message=f"records of the kind {second.key!r} are nearly those of {first.key!r}"
                    f" ({first.path}:{first.line}): a deal has both, apart",
                    hint=f"if they are one kind, write {first.name} for {second.name}; if not, a key= further away",
                )


def _place(kind: _Kind) -> tuple[str, int]:
    return kind.path, kind.line


def _kinds(source: Source) -> Iterator[_Kind]:
    for made in source.nodes(ast.ClassDef):
        if any(isinstance(base, ast.Name) and base.id == "Record" for base in made.bases):
            given = next((each.value for each in made.keywords if each.arg == "key"), None)
            said = given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else None
            spelled = re.sub(r"(?<=.)(?=[A-Z])", "-", made.name).lower()
            yield _Kind(made.name, said or spelled, source.path, made.lineno)


RULE: Final = Rule(
    code="DW252",
    severity="warning",
    title="two kinds of records have nearly one key",
    reason=(
        "A kind of records is known by its key. One letter beside it is another kind: what one rule puts under a deal, "
        "the other one never finds."
    ),
    bad="""
class Instalment(Record, key="instalment"):
    amount = Money("Amount")


class Instalments(Record, key="instalments"):
    paid = Flag("Paid")


plan = Automation(
    key="plan",
    on=entered(Sales.quoted),
    do=[create_record("first", Instalment, amount=deal.amount)],
)
owed = Automation(
    key="owed",
    on=entered(Sales.won),
    when=[deal.records(Instalments).any(Instalments.paid.is_false())],
    do=[add_note("log", text="Somebody has not paid")],
)
""",
    good="""
class Instalment(Record, key="instalment"):
    amount, paid = Money("Amount"), Flag("Paid")


plan = Automation(
    key="plan",
    on=entered(Sales.quoted),
    do=[create_record("first", Instalment, amount=deal.amount, paid=False)],
)
owed = Automation(
    key="owed",
    on=entered(Sales.won),
    when=[deal.records(Instalment).any(Instalment.paid.is_false())],
    do=[add_note("log", text="Somebody has not paid")],
)
""",
    look=_look,
)
