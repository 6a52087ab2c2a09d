"""DW412: one person is written to twice at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final, NamedTuple, TypeAlias

from dealwright.compile import ir
from dealwright.compile.possible import Alternatives, Logic, possible
from dealwright.compile.rules.at_once import before_any_pause, pairs
from dealwright.compile.rules.links import answers, caused_by, made_by, one_event
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.ways import Place

_Send: TypeAlias = ir.SendMessageStep | ir.SendEmailStep


class _Sent(NamedTuple):
    """A message that an automation sends before it waits for anything, with what is known there."""

    automation: ir.Automation
    step: _Send
    known: tuple[Alternatives, ...]


class _Twice(NamedTuple):
    """Two messages to one person, the one that is told first, and how they come to be sent together."""

    told: _Sent
    other: _Sent
    how: str


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        logic = Logic.of(account)
        automations = [each for each in account.automations if each.origin == "authored" and each.mode != "shadow"]
        where = {each.key: {place.step.name: place for place in subject.places(account, each)} for each in automations}
        sent = [_Sent(each, *message) for each in automations for message in _first(where[each.key])]
        twice = [*_of_one_event(sent), *_of_what_it_made(account, sent), *_of_what_was_done(automations, where, sent)]
        pairs_told: set[frozenset[str]] = set()
        for told, other, how in twice:
            pair = frozenset({told.automation.key, other.automation.key})
            if pair not in pairs_told:
                pairs_told.add(pair)
                yield _spot(
                    subject,
                    told,
                    f"{told.step.name!r} and {other.step.name!r} of {other.automation.key!r} both write to"
                    f" {told.step.to} {how}: one person gets two messages at once",
                    "let their conditions exclude each other, make them one automation, or wait before the second one",
                )
        for automation in automations:
            yield from _again(subject, automation, where[automation.key])
            yield from _answered_with_itself(subject, automation, logic)


def _first(where: Mapping[str, Place]) -> Iterator[tuple[_Send, tuple[Alternatives, ...]]]:
    """Yield what is sent before anything is waited for: later, something else may have come between."""
    for place in where.values():
        if isinstance(place.step, ir.SendMessageStep | ir.SendEmailStep) and not place.waited:
            yield place.step, place.known


def _of_one_event(sent: Sequence[_Sent]) -> Iterator[_Twice]:
    for first, second in combinations(sent, 2):
        if (
            first.automation is not second.automation
            and one_event(first.automation.on, second.automation.on)
            and _to_one(first.step, second.step)
            and possible(*first.known, *second.known)
        ):
            yield _Twice(second, first, "on one event")


def _of_what_it_made(account: ir.Account, sent: Sequence[_Sent]) -> Iterator[_Twice]:
    """An event that makes a deal where it finds none is answered, and the new deal is answered too."""
    for first in sent:
        made = made_by(account, first.automation)
        for second in sent if made is not None else ():
            if (
                made is not None
                and answers(second.automation.on, made)
                and _to_one(first.step, second.step)
                and possible(*first.known, *second.known, made.known)
            ):
                yield _Twice(first, second, "when the event makes the deal")


def _of_what_was_done(
    automations: Sequence[ir.Automation], where: Mapping[str, Mapping[str, Place]], sent: Sequence[_Sent]
) -> Iterator[_Twice]:
    """An automation writes and does what another one answers, which writes too."""
    for automation in automations:
        there = where[automation.key]
        for pair in pairs(automation.do):
            for message, cause in (pair, pair[::-1]):
                if not isinstance(message, ir.SendMessageStep | ir.SendEmailStep) or not _both(there, message, cause):
                    continue
                writes = _Sent(automation, message, there[message.name].known)
                for caused in () if isinstance(cause, ir.CreateDealStep) else caused_by(cause):
                    for other in sent:
                        if (
                            other.automation is not automation
                            and answers(other.automation.on, caused)
                            and _to_one(message, other.step)
                            and possible(*other.known, caused.known)
                        ):
                            yield _Twice(other, writes, f"when {cause.name!r} sets it off")


def _again(subject: Subject, automation: ir.Automation, there: Mapping[str, Place]) -> Iterator[Spot]:
    """One automation sends one text twice without a pause between."""
    for first, second in pairs(automation.do):
        if (
            isinstance(first, ir.SendMessageStep | ir.SendEmailStep)
            and isinstance(second, ir.SendMessageStep | ir.SendEmailStep)
            and _to_one(first, second)
            and _said(first) == _said(second)
            and _both(there, first, second)
        ):
            yield _spot(
                subject,
                _Sent(automation, second, ()),
                f"{second.name!r} sends {second.to} the very text that {first.name!r} has just sent",
                "send another one, wait before it, or take it out",
            )


def _answered_with_itself(subject: Subject, automation: ir.Automation, logic: Logic) -> Iterator[Spot]:
    """A button is answered with the message that has the button."""
    for branch in all_steps(automation.do):
        for case in branch.cases if isinstance(branch, ir.BranchStep) else ():
            for step in before_any_pause(case.do):
                if not isinstance(step, ir.SendMessageStep) or not isinstance(step.message, ir.TemplateMessage):
                    continue
                if _pressed(step.message, logic.true(case.when)):
                    yield _spot(
                        subject,
                        _Sent(automation, step, ()),
                        f"{step.name!r} answers a button of {step.message.name!r} with {step.message.name!r} itself:"
                        " the customer is asked again what they have just said",
                        "send what answers the button",
                    )


def _pressed(template: ir.TemplateMessage, ways: Alternatives) -> bool:
    """Say whether one of its buttons is asked for; an answer in words, which is none of them, may be asked again."""
    path = f"pressed.{template.name}"
    return bool(ways) and all(any(a.path == path and a.demand in ("==", "in") for a in way) for way in ways)


def _spot(subject: Subject, sent: _Sent, message: str, hint: str) -> Spot:
    path, line = subject.step_at(sent.automation, sent.step.name)
    return Spot(path=path, line=line, message=message, hint=hint)


def _to_one(first: _Send, second: _Send) -> bool:
    """Say whether both go to one person by one way: an e-mail may well go with a message."""
    by = [each.via if isinstance(each, ir.SendMessageStep) else "" for each in (first, second)]
    return first.to == second.to and by[0] == by[1]


def _both(there: Mapping[str, Place], first: ir.Step, second: ir.Step) -> bool:
    return possible(*there[first.name].known, *there[second.name].known)


def _said(step: _Send) -> object:
    """What is sent, without where it was written."""
    match step:
        case ir.SendEmailStep():
            return step.subject, step.text, step.html, step.by_language
        case ir.SendMessageStep(message=ir.TemplateMessage(name=name)):
            return name
    return [(body.language, body.text) for body in step.message.bodies]


RULE: Final = Rule(
    code="DW412",
    severity="warning",
    title="one person is written to twice at once",
    reason=(
        "Two automations that answer one event, or an event and the deal that it makes, each write to the same person:"
        " nobody sees it in either of them, and the customer gets two messages within a second. So it is with one text"
        " that is sent twice, and with a button that is answered with the message that has it. A message and an e-mail"
        " may go together; two of a kind are told, unless the conditions exclude each other or something is waited for."
    ),
    bad="""
greet = Automation(
    key="greet",
    on=deal_created(in_=Sales),
    when=[deal.main_contact.email.is_set()],
    again=once(per=deal),
    do=[send_email("hello", to=deal.main_contact, subject="Hello", text="When may we call you?")],
)
offer = Automation(
    key="offer",
    on=deal_created(in_=Sales.incoming),
    when=[deal.main_contact.email.is_set(), deal.amount > 1000],
    again=once(per=deal),
    do=[send_email("offer", to=deal.main_contact, subject="For you", text="We have something for large orders.")],
)
""",
    good="""
greet = Automation(
    key="greet",
    on=deal_created(in_=Sales),
    when=[deal.main_contact.email.is_set()],
    again=once(per=deal),
    do=[
        branch(
            "size",
            case(
                deal.amount > 1000,
                send_email("offer", to=deal.main_contact, subject="Hello", text="We have something for large orders."),
            ),
            otherwise=[send_email("hello", to=deal.main_contact, subject="Hello", text="When may we call you?")],
        ),
    ],
)
""",
    look=_look,
)
