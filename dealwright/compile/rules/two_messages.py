"""DW412: one person is written to twice at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final, NamedTuple, TypeAlias

from dealwright.compile import ir
from dealwright.compile.atoms import Atom, consistent
from dealwright.compile.later import MESSAGES
from dealwright.compile.possible import Alternatives, Logic, both, possible
from dealwright.compile.rules.at_once import before_any_pause, pairs
from dealwright.compile.rules.links import answers, caused_by, made_by, one_event
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.ways import Place

_Send: TypeAlias = ir.SendMessageStep | ir.SendEmailStep


class _Sent(NamedTuple):
    """A message that an automation sends before it waits for anything, with the ways in which it comes to that."""

    automation: ir.Automation
    step: _Send
    known: Alternatives
    certain: Mapping[str, tuple[Atom, ...]]
    """What is demanded of each field whichever way it is: where two of these exclude each other, no way matters."""


class _Twice(NamedTuple):
    """Two messages to one person, the one that is told first, and how they come to be sent together."""

    told: _Sent
    other: _Sent
    how: str


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        logic = subject.logic(account)
        automations = [each for each in account.automations if each.origin == "authored" and each.mode != "shadow"]
        where = {each.key: {place.step.name: place for place in subject.places(account, each)} for each in automations}
        sent = [message for each in automations for message in _first(each, where[each.key])]
        twice = [*_of_one_event(sent), *_of_what_it_made(account, sent), *_of_what_was_done(automations, where, sent)]
        pairs_told: set[frozenset[str]] = set()
        for told, other, how in twice:
            pair = frozenset({told.automation.key, other.automation.key})
            if pair not in pairs_told:
                pairs_told.add(pair)
                yield _spot(
                    subject,
                    told.automation,
                    told.step,
                    f"{told.step.name!r} and {other.step.name!r} of {other.automation.key!r} both write to"
                    f" {told.step.to} {how}: one person gets two messages at once",
                    "let their conditions exclude each other, make them one automation, or wait before the second one",
                )
        for automation in automations:
            yield from _again(subject, automation, where[automation.key])
            yield from _answered_with_itself(subject, automation, logic)


def _first(automation: ir.Automation, where: Mapping[str, Place]) -> Iterator[_Sent]:
    """Yield what is sent before anything is waited for: later, something else may have come between."""
    for place in where.values():
        if isinstance(place.step, MESSAGES) and not place.waited:
            yield _sent(automation, place.step, place)


def _sent(automation: ir.Automation, step: _Send, place: Place) -> _Sent:
    """Put together once what is known there: it is held against that of every other message."""
    ways = [way for way in both(*place.known) if consistent(way)]
    certain: dict[str, tuple[Atom, ...]] = {}
    for atom in dict.fromkeys(ways[0]) if ways else ():
        if all(atom in way for way in ways):
            certain[atom.path] = (*certain.get(atom.path, ()), atom)
    return _Sent(automation, step, ways, certain)


def _of_one_event(sent: Sequence[_Sent]) -> Iterator[_Twice]:
    by_person: dict[tuple[str, str], list[tuple[_Sent, frozenset[ir.StageValue]]]] = {}
    for each in sent:
        by_person.setdefault(_whom(each.step), []).append((each, _comes_to(each.automation.on)))
    for group in by_person.values():
        for (first, here), (second, there) in combinations(group, 2):
            # A company has hundreds of messages, and so many thousand pairs: what is cheap to ask is asked first.
            if here and there and here.isdisjoint(there):
                continue
            if (
                first.automation is not second.automation
                and one_event(first.automation.on, second.automation.on)
                and _agree(first, second)
                and possible(first.known, second.known)
            ):
                yield _Twice(second, first, "on one event")


def _comes_to(on: ir.Trigger) -> frozenset[ir.StageValue]:
    """The stages that a deal comes to; none if the trigger names none, and then it may be any."""
    match on:
        case ir.OnEntered(stages=stages) | ir.OnDealCreated(stages=stages) | ir.OnStageChanged(to=stages):
            return frozenset(stages)
    return frozenset()


def _agree(first: _Sent, second: _Sent) -> bool:
    """Say whether no field is certainly demanded to be two things: most pairs are told apart by one."""
    return all(
        first.certain[path] == second.certain[path] or consistent((*first.certain[path], *second.certain[path]))
        for path in first.certain.keys() & second.certain.keys()
    )


def _in_one_place(first: ir.Trigger, second: ir.Trigger) -> bool:
    """Say whether a deal may come to where both triggers name stages; what else they say is among what is known."""
    to = [
        set(on.to if isinstance(on, ir.OnStageChanged) else on.stages)
        for on in (first, second)
        if isinstance(on, ir.OnStageChanged | ir.OnEntered | ir.OnDealCreated)
    ]
    return not all(to) or len(to) < 2 or not to[0].isdisjoint(to[1])


def _of_what_it_made(account: ir.Account, sent: Sequence[_Sent]) -> Iterator[_Twice]:
    """An event that makes a deal where it finds none is answered, and the new deal is answered too."""
    for first in sent:
        made = made_by(account, first.automation)
        for second in sent if made is not None else ():
            if (
                made is not None
                and answers(second.automation.on, made)
                and _to_one(first.step, second.step)
                and possible(first.known, second.known, made.known)
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
                if not isinstance(message, MESSAGES) or not _both(there, message, cause):
                    continue
                writes = _sent(automation, message, there[message.name])
                for caused in () if isinstance(cause, ir.CreateDealStep) else caused_by(cause):
                    for other in sent:
                        if (
                            other.automation is not automation
                            and answers(other.automation.on, caused)
                            and _to_one(message, other.step)
                            and possible(other.known, caused.known)
                        ):
                            yield _Twice(other, writes, f"when {cause.name!r} sets it off")


def _again(subject: Subject, automation: ir.Automation, there: Mapping[str, Place]) -> Iterator[Spot]:
    """One automation sends one text twice without a pause between."""
    for first, second in pairs(automation.do):
        if (
            isinstance(first, MESSAGES)
            and isinstance(second, MESSAGES)
            and _to_one(first, second)
            and _said(first) == _said(second)
            and _both(there, first, second)
        ):
            yield _spot(
                subject,
                automation,
                second,
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
                        automation,
                        step,
                        f"{step.name!r} answers a button of {step.message.name!r} with {step.message.name!r} itself:"
                        " the customer is asked again what they have just said",
                        "send what answers the button",
                    )


def _pressed(template: ir.TemplateMessage, ways: Alternatives) -> bool:
    """Say whether one of its buttons is asked for; an answer in words, which is none of them, may be asked again."""
    path = f"pressed.{template.name}"
    return bool(ways) and all(any(a.path == path and a.demand in ("==", "in") for a in way) for way in ways)


def _spot(subject: Subject, automation: ir.Automation, step: ir.Step, message: str, hint: str) -> Spot:
    path, line = subject.step_at(automation, step.name)
    return Spot(path=path, line=line, message=message, hint=hint)


def _whom(step: _Send) -> tuple[str, str]:
    """Who is written to, and by which way: an e-mail may well go with a message."""
    return step.to, step.via if isinstance(step, ir.SendMessageStep) else ""


def _to_one(first: _Send, second: _Send) -> bool:
    return _whom(first) == _whom(second)


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
