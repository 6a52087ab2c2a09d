"""DW226: an automation reads what another one changes when both answer one event, and never hears of that change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.possible import Logic, possible
from dealwright.compile.rules.links import answers, caused_by, one_event
from dealwright.compile.rules.readings import works_with
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.rules.ways import Place, of_trigger


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        logic = subject.logic(account)
        walked = {each.key: subject.places(account, each) for each in account.automations}
        for reader in account.automations:
            # What acts once was told to answer nothing more; stages' tasks answer each visit, also in one chain.
            if reader.origin != "authored" or (isinstance(reader.again, ir.Once) and reader.again.per != "value"):
                continue
            for writer in account.automations:
                if writer is not reader and one_event(writer.on, reader.on):
                    yield from _missed(subject, logic, reader, walked[reader.key], writer, walked[writer.key])


def _missed(
    subject: Subject,
    logic: Logic,
    reader: ir.Automation,
    read: list[Place],
    writer: ir.Automation,
    written: list[Place],
) -> Iterator[Spot]:
    """Yield the first step that works with what the other one has changed by then, if there is one."""
    start = (of_trigger(reader.on, logic), logic.true(reader.when))
    for change in written:
        # The first event sets both off; the change is one that the reader would answer, had it not run already.
        heard = [each for each in caused_by(change.step) if answers(reader.on, each) and possible(*start, each.known)]
        names = {f"{_kind(reader)}.{name}" for each in heard for name in _names(each.fields, change.step)}
        if not names:
            continue
        for place in read:
            seen = sorted(names & set(works_with(place.step, _kind(reader))))
            if seen and not place.waited and possible(*place.known, *change.known):
                path, line = subject.step_at(reader, place.step.name)
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{place.step.name!r} works with {seen[0]}, which {writer.key!r} changes"
                    f" ({change.step.name!r}) when both answer one event: {reader.key!r} has run in that chain, and"
                    " does not run again for the change",
                    hint="make them one automation, in which the change stands before what works with it",
                )
                return


def _names(fields: frozenset[str], step: ir.Step) -> frozenset[str]:
    return frozenset({"stage", "pipeline"}) if isinstance(step, ir.MoveDealStep) else fields


def _kind(automation: ir.Automation) -> str:
    """What the automation's trigger tells changes of: a deal, a contact, or a kind of records."""
    match automation.on:
        case ir.OnRecordAdded(record=kind) | ir.OnRecordUpdated(record=kind) | ir.OnRecordRemoved(record=kind):
            return kind
        case ir.OnContactUpdated():
            return "contact"
    return "deal"


RULE: Final = Rule(
    code="DW226",
    severity="warning",
    title="an automation does not see what another one makes of the same event",
    reason=(
        "Both are set off by one event, and each decides with what that event told. Then one of them changes what the "
        "other one works with. That other one answers such changes, but not this one: in a chain of events an "
        "automation runs once for a deal (or record), so that no two answer each other for ever. What it has "
        "written, counted or told stays as it was, until somebody changes something again. What needs the last "
        "word stands in one automation, behind what changes it."
    ),
    bad="""
cap = Automation(
    key="cap",
    on=deal_updated(fields=[deal.amount]),
    when=[deal.amount > 5_000],
    do=[update_deal("cap", amount=5_000)],
)
told = Automation(
    key="told",
    on=deal_updated(fields=[deal.amount]),
    do=[add_note("log", text="It is worth {{ deal.amount }} now")],
)
""",
    good="""
told = Automation(
    key="told",
    on=deal_updated(fields=[deal.amount]),
    do=[
        branch("cap", case(deal.amount > 5_000, update_deal("capped", amount=5_000))),
        add_note("log", text="It is worth {{ deal.amount }} now"),
    ],
)
""",
    look=_look,
)
