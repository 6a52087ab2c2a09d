"""DW275: a sum has a part that may be unset, so that the whole of it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.possible import possible, unset
from dealwright.compile.reckoned import needed
from dealwright.compile.rules.another_asked import sure_of
from dealwright.compile.rules.gaps import is_open, seen_to
from dealwright.compile.rules.readings import written
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.ways import Place

_SUMS: Final = ("+", "-")
_CONTACT: Final = r"deal\.main_contact|event\.contact|deal\.contact_as\.\w+"
_FIELD: Final = re.compile(rf"(?:deal|record|deal\.company|{_CONTACT})\.\w+")
_OF_CONTACT: Final = re.compile(rf"(?:{_CONTACT})\.(\w+)")
_SENT: Final = ""
"""What a value is written to that is only told to others."""


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        if not any(isinstance(each, ir.Reckoned) for step in all_steps(automation.do) for _, each in _values(step)):
            continue
        logic, first, beginning = subject.logic(account), _first_written(account), _at_the_beginning(account)
        there: set[str] = set()
        for place in subject.places(account, automation):
            for target, value in _values(place.step):
                if not isinstance(value, ir.Reckoned):
                    continue
                for fact in dict.fromkeys(_parts(value)):
                    if fact.path in there or not possible(*place.known, unset(fact.path)):
                        continue
                    if fact.path == target:
                        if _whosever(target) not in first and is_open(target, place, account):
                            yield _itself(subject, automation, place.step, target)
                    elif fact.path not in beginning | sure_of(account) and _another_is_known(value, fact, place):
                        yield _part(subject, automation, place.step, fact)
            there |= set(seen_to(place.step, logic))


def _itself(subject: Subject, automation: ir.Automation, step: ir.Step, path: str) -> Spot:
    file, line = subject.step_at(automation, step.name)
    message = f"{step.name!r} adds to {path}, which may be unset, and nothing sets it at first: it stays unset for ever"
    return Spot(path=file, line=line, message=message, hint=f"write {path}.or_(0) + ...")


def _part(subject: Subject, automation: ir.Automation, step: ir.Step, fact: ir.Ref) -> Spot:
    file, line = subject.step_at(automation, step.name)
    message = f"{step.name!r} reckons with {fact.path}, which may be unset: then all of the sum is"
    hint = f"write {fact.path}.or_(0), or ask for it: when=[{fact.path}.is_set(), ...]"
    return Spot(path=file, line=line, message=message, hint=hint)


def _values(step: ir.Step) -> Iterator[tuple[str, object]]:
    """Yield what a step writes or tells, each with the fact that it is written to."""
    match step:
        case ir.CreateRecordStep(fields=given) | ir.SendEventStep(with_=given):
            yield from ((_SENT, each) for each in given.values())
        case ir.SendConversionStep(value=value, with_=given):
            yield from ((_SENT, each) for each in (value, *given.values()))
        case ir.CreateDealStep(amount=amount, custom=given):
            yield from ((_SENT, each) for each in (amount, *given.values()))
        case _:
            yield from written(step)


def _parts(value: object) -> Iterator[ir.Ref]:
    """Yield the fields that are added or taken off as they are; of what is multiplied nothing is left without one."""
    if not isinstance(value, ir.Reckoned):
        return
    for each in (value.left, value.right):
        if isinstance(each, ir.Ref) and value.sign in _SUMS and _FIELD.fullmatch(each.path):
            yield each
        yield from _parts(each)


def _another_is_known(value: ir.Reckoned, fact: ir.Ref, place: Place) -> bool:
    return any(path != fact.path and not possible(*place.known, unset(path)) for path in needed(value))


def _first_written(account: ir.Account) -> set[str]:
    """Return the facts that some step gives a value which is not made of what they were."""
    found: set[str] = set()
    for automation in account.automations:
        for step in all_steps(automation.do):
            for target, value in _values(step):
                if target and not isinstance(value, ir.Cleared) and target not in _needed(value):
                    found.add(_whosever(target))
            match step:
                case ir.CreateDealStep(custom=given, amount=amount):
                    found |= {f"deal.{name}" for name in given} | ({"deal.amount"} if amount is not None else set())
                case ir.CreateRecordStep(fields=given):
                    found |= {f"record.{name}" for name in given}
    return found


def _whosever(path: str) -> str:
    """Return the fact without whose it is: one contact is named by several ways."""
    return _OF_CONTACT.sub(r"contact.\1", path)


def _at_the_beginning(account: ir.Account) -> set[str]:
    """Return the fields of deals that are written when one is created or moves, and so are there early."""
    moves = ir.OnDealCreated | ir.OnEntered | ir.OnStageChanged
    return {
        target
        for automation in account.automations
        if isinstance(automation.on, moves)
        for step in all_steps(automation.do)
        for target, value in _values(step)
        if target and not isinstance(value, ir.Cleared)
    }


def _needed(value: object) -> tuple[str, ...]:
    return tuple(needed(value)) if isinstance(value, ir.Ref | ir.Shift | ir.Reckoned) else ()


RULE: Final = Rule(
    code="DW275",
    severity="warning",
    title="a sum has a part that may be unset",
    reason=(
        "What is reckoned of something unset is unset, and not what the rest comes to. A field that is added to itself "
        "stays unset for ever where nobody has written it at first: the first payment is lost, and so is every later "
        "one. And where one part of a sum is asked for, the other one may be missing: what is told is then nothing at "
        "all. `.or_(0)` says that what is unset counts for nothing. What `required=` and criteria ask people for, and "
        "sums of which nothing is known, are left alone."
    ),
    bad="""
class Own(DealFields):
    paid = Money("Paid")


own = Own()


class Paid(OutsideEvent):
    key = "bank.paid"
    number, amount = Text(), Money()
    match = Match(by=[(number, own.reference)], in_=[Sales], if_many="ask", if_none="hold")


count = Automation(
    key="count",
    on=event_received(Paid, from_="bank", in_=Sales),
    when=[Paid.amount > 0],
    again=every_event(),
    do=[update_deal("paid", paid=own.paid + Paid.amount)],
)
""",
    good="""
class Own(DealFields):
    paid = Money("Paid")


own = Own()


class Paid(OutsideEvent):
    key = "bank.paid"
    number, amount = Text(), Money()
    match = Match(by=[(number, own.reference)], in_=[Sales], if_many="ask", if_none="hold")


count = Automation(
    key="count",
    on=event_received(Paid, from_="bank", in_=Sales),
    when=[Paid.amount > 0],
    again=every_event(),
    do=[update_deal("paid", paid=own.paid.or_(0) + Paid.amount)],
)
""",
    look=_look,
)
