"""DW293: a text says another number, or asks for something else, than the condition that it explains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.explained import explained
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.rules.said_before import names_what_it_is, told_of_themselves
from dealwright.compile.rules.said_numbers import contradicted, spoken
from dealwright.compile.rules.said_option import marks_the_other
from dealwright.compile.rules.said_reach import asks_for_the_other, waits_for_the_other, watches_the_other


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        for told in explained(subject, account, automation):
            of = f"the text of {told.step!r}" if told.step else "what it says" if told.kind == "says" else "why="
            path, line = told.at
            if number := contradicted(told):
                said, part = number
                message = f"{of} is {said!r}, and the condition is {spoken(part)}"
                yield Spot(path=path, line=line, message=message, hint="correct the one that is wrong")
            elif other := asks_for_the_other(told):
                said, fact = other
                message = f"{of} asks for {said}, and the condition is about {fact}"
                yield Spot(path=path, line=line, message=message, hint="ask for the same in both")
        if automation.origin != "authored":
            continue
        for (path, line), step, said, fact in names_what_it_is(subject, automation):
            message = f"{step!r} says {said!r} of what the deal is now, and {automation.key!r} asks for {fact}"
            yield Spot(path=path, line=line, message=message, hint=f"name {fact}")
        for (path, line), step in told_of_themselves(subject, automation):
            message = (
                f"{step!r} tells event.before.owner of event.before.owner, and deal.owner, who is asked for, nothing"
            )
            yield Spot(path=path, line=line, message=message, hint="write who=deal.owner")
        for (path, line), step, said, fact in marks_the_other(subject, account, automation):
            message = f"{step!r} says {said!r}, and stands where it is {fact!r}"
            yield Spot(path=path, line=line, message=message, hint="name the same one in both")
        for (path, line), step, said, fact in waits_for_the_other(subject, automation):
            message = f"{step!r} waits for {fact}, and the step before it asks for {said}"
            yield Spot(path=path, line=line, message=message, hint="wait for what is asked for")
        for (path, line), step, said, fact in watches_the_other(subject, automation):
            message = f"{step!r} tells of {said}, and {automation.key!r} watches {fact}"
            yield Spot(path=path, line=line, message=message, hint="watch the field that the text is about")


RULE: Final = Rule(
    code="DW293",
    severity="warning",
    title="a text says otherwise than the condition that it explains",
    reason=(
        '`Criteria([deal.amount >= 5000], says="At least 500")`: whoever reads it does what it says, and the deal is a '
        "breach all the same. Either a nought is missing, or the bound was changed and the text was not. Told are "
        "numbers behind words such as at least, up to, al menos, até or höchstens, in what criteria say, in why= and "
        "in tasks; a time is not one. A task that asks for an e-mail address where the phone number is unset, and a "
        "wait for the other one of both, are slips of the same kind; so is a tag that is one "
        "option of a list, on the way for another one."
    ),
    bad="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage(
        "Inspected the machine",
        task=Task("Send the estimate", due=days(1)),
        entry=Criteria([deal.amount >= 5000], says="At least 500"),
    )
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
""",
    good="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage(
        "Inspected the machine",
        task=Task("Send the estimate", due=days(1)),
        entry=Criteria([deal.amount >= 5000], says="At least 5,000"),
    )
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])
""",
    look=_look,
)
