"""DW227: an automation about a record of one kind ends by what happens to a record of another kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject

_OF_RECORD: Final = (ir.OnRecordAdded, ir.OnRecordUpdated, ir.OnRecordRemoved)


def _look(subject: Subject) -> Iterator[Spot]:
    for _, automation in subject.automations:
        if not isinstance(automation.on, _OF_RECORD):
            continue
        own = automation.on.record
        for trigger in automation.exit_on:
            if isinstance(trigger, _OF_RECORD) and trigger.record != own:
                path, line = subject.automation_at(automation, "exit_on")
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{automation.key!r} is about one {own!r}, and exit_on ends it by any {trigger.record!r}"
                    " of the deal",
                    hint=f"name the class of {own!r} in exit_on; if any {trigger.record!r} is meant, silence this",
                )


RULE: Final = Rule(
    code="DW227",
    severity="warning",
    title="what ends an automation is about another kind of records",
    reason=(
        "An automation that a record has set off hears in exit_on of that one record alone, which is what is mostly "
        "meant. Of another kind it hears of every record under the deal, whichever it is."
    ),
    bad="""
class Instalment(Record, key="instalment"):
    amount, paid = Money("Amount"), Flag("Paid")


class QuoteLine(Record, key="quote-line"):
    price = Money("Price")


remind = Automation(
    key="remind",
    on=record_added(Instalment, in_=Sales),
    exit_on=[record_removed(QuoteLine)],
    do=[wait("due", days(30)), set_task("ask", text="Ask for the money", due=days(1))],
)
lines = Automation(
    key="lines",
    on=record_added(QuoteLine, in_=Sales),
    do=[add_note("log", text="{{ record.price }} more")],
)
""",
    good="""
class Instalment(Record, key="instalment"):
    amount, paid = Money("Amount"), Flag("Paid")


remind = Automation(
    key="remind",
    on=record_added(Instalment, in_=Sales),
    exit_on=[record_removed(Instalment)],
    do=[wait("due", days(30)), set_task("ask", text="Ask for the money", due=days(1))],
)
""",
    look=_look,
)
