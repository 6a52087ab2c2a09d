"""DW108: an account has more pipelines than the embedded CRM keeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.rule import Rule, Spot, Subject

_MOST: Final = 10


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.accounts:
        if len(account.pipelines) > _MOST and account.where is not None:
            yield Spot(
                path=account.where.file,
                line=account.where.line,
                message=f"the account {account.key!r} has {len(account.pipelines)} pipelines, and {_MOST} are the most",
                hint="a pipeline is a process of its own; what differs in degree is a stage or a tag",
            )


RULE: Final = Rule(
    code="DW108",
    severity="error",
    title="an account has too many pipelines",
    reason=(
        "The embedded CRM keeps ten. Nobody looks at more: hot and cold deals are one process in different stages, "
        "not two pipelines."
    ),
    bad="""
def line(n):
    class Line(Pipeline, key=f"line-{n}", name=f"Line {n}"):
        incoming = Incoming()
        met = Stage("Held the meeting", task=Task("Send the quote", due=days(1)))
        won = Won()
        lost = Lost(reasons=["Price"])

    return Line


acme = Account(
    "acme",
    zone="UTC",
    country="US",
    currency="USD",
    pipelines=[Sales, *(line(n) for n in range(10))],
)
""",
    good="""
def line(n):
    class Line(Pipeline, key=f"line-{n}", name=f"Line {n}"):
        incoming = Incoming()
        met = Stage("Held the meeting", task=Task("Send the quote", due=days(1)))
        won = Won()
        lost = Lost(reasons=["Price"])

    return Line


acme = Account(
    "acme",
    zone="UTC",
    country="US",
    currency="USD",
    pipelines=[Sales, *(line(n) for n in range(2))],
)
""",
    look=_look,
)
