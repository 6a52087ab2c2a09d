"""DW242: a step works with the owner of a deal while its stage hands the deal over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.possible import possible
from dealwright.compile.rules.links import one_event
from dealwright.compile.rules.readings import works_with
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.rules.ways import Place


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        handing = [each for each in account.automations if each.origin in ("hand-over", "criteria")]
        given = [(each, place) for each in handing for place in subject.places(account, each) if _gives(place.step)]
        for reader in account.automations if given else ():
            if reader.origin == "authored":
                yield from _early(subject, reader, subject.places(account, reader), given)


def _early(
    subject: Subject, reader: ir.Automation, read: list[Place], given: list[tuple[ir.Automation, Place]]
) -> Iterator[Spot]:
    """Yield the first step that may see the owner before the stage has given the deal to another one.

    Whose a task is that names nobody, the CRM says when it is set: behind another step that is whoever has the deal by
    then. What is read of the deal is as old as its event until something is waited for.
    """
    acted = False
    for place in read:
        first, acted = not acted, acted or not isinstance(place.step, ir.BranchStep)
        if place.waited or not (_reads_owner(place.step) or (first and _goes_to_owner(place.step))):
            continue
        for writer, change in given:
            if one_event(writer.on, reader.on) and possible(*place.known, *change.known):
                path, line = subject.step_at(reader, place.step.name)
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{place.step.name!r} is for the deal's owner, and {writer.key!r} gives the deal to"
                    " somebody of the stage's role at the same time: it may still be for the one who had it before",
                    hint='put wait("settled", minutes(1)) before it: the deal is read again behind a wait; or let the'
                    " stage set its task=, which the new owner gets",
                )
                return


def _gives(step: ir.Step) -> bool:
    return isinstance(step, ir.UpdateDealStep) and "owner" in step.changes


def _goes_to_owner(step: ir.Step) -> bool:
    return isinstance(step, ir.SetTaskStep) and step.owner is None


def _reads_owner(step: ir.Step) -> bool:
    return "deal.owner" in works_with(step, "deal")


RULE: Final = Rule(
    code="DW242",
    severity="warning",
    title="a step is for a deal's owner while its stage hands the deal over",
    reason=(
        "A stage with `owner=` gives the deals that come into it to somebody of that role. An automation of your own "
        "that answers the same move runs beside that, in no order: its task, its message to the owner or the name in "
        "its text may be those of whom the deal belonged to before. Whoever gets the deal now hears nothing."
    ),
    bad="""
closers = Role("closers")


class Projects(Pipeline, key="projects"):
    asked = Incoming()
    offered = Stage("Sent the offer", owner=closers, task=Task("Call about the offer", due=working_days(2)))
    won = Won("Signed the contract")
    lost = Lost("Not done", reasons=["Price"])


told = Automation(
    key="told",
    on=entered(Projects.offered),
    do=[notify("yours", who=deal.owner, text="{{ deal.title }} is yours now")],
)
""",
    good="""
closers = Role("closers")


class Projects(Pipeline, key="projects"):
    asked = Incoming()
    offered = Stage("Sent the offer", owner=closers, task=Task("Call about the offer", due=working_days(2)))
    won = Won("Signed the contract")
    lost = Lost("Not done", reasons=["Price"])


told = Automation(
    key="told",
    on=entered(Projects.offered),
    do=[
        wait("settled", minutes(1)),
        notify("yours", who=deal.owner, text="{{ deal.title }} is yours now"),
    ],
)
""",
    look=_look,
)
