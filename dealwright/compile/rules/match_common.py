"""DW263: a match by something that many deals have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.outside_events import makes_nameless, used
from dealwright.compile.rules.rule import Rule, Spot, Subject

_COMMON: Final = frozenset({"deal.title", "deal.company", "deal.lost_reason"})


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        options = {f"deal.{field.key}" for field in account.deal_fields if field.type in ("choice", "flag")}
        for event, path, line, _ in used(subject):
            if event not in account.outside or makes_nameless(account, event):
                continue  # the latter is worse, and told by DW265
            for pair in event.match.by if event.match is not None else ():
                if pair.path in _COMMON | options:
                    yield _spot(event, pair, path, line)


def _spot(event: ir.OutsideEvent, pair: ir.MatchPair, path: str, line: int) -> Spot:
    return Spot(
        path=path,
        line=line,
        message=f"{event.key!r} finds its deal by {pair.path}, which many deals may have",
        hint="match by a number: deal.reference, a field of your own, or the contact's phone or e-mail",
    )


RULE: Final = Rule(
    code="DW263",
    severity="warning",
    title="an event finds its deal by what many deals have",
    reason=(
        "Two deals of one company, or with one title, are no exception. The payment of one of them would be written "
        "down at the other."
    ),
    bad="""
class Paid(OutsideEvent):
    key = "billing.paid"
    customer = Text()
    match = Match(by=[(customer, deal.company)], in_=Sales)


thank = Automation(
    key="thank",
    on=event_received(Paid),
    do=[set_task("call", text="Thank {{ event.data.customer }}", due=hours(4))],
)
""",
    good="""
class Paid(OutsideEvent):
    key = "billing.paid"
    customer, number = Text(), Text()
    match = Match(by=[(number, deal.reference)], in_=Sales)


thank = Automation(
    key="thank",
    on=event_received(Paid),
    do=[set_task("call", text="Thank {{ event.data.customer }}", due=hours(4))],
)
""",
    look=_look,
)
