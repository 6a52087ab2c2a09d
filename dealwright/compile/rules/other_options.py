"""DW289: a field is given what another one can be, and has no such option."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from dealwright.compile import ir
from dealwright.compile.possible import one_of, possible
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.rules.ways import Place
from dealwright.language.schema import did_you_mean
from dealwright.model.custom import FieldShape

_CONTACT: Final = re.compile(r"(?:deal\.main_contact|deal\.contact_as\.\w+|event\.contact|contact)\.(\w+)")

Options = Mapping[str, tuple[str, ...]]
"""All that a field can be, by its key."""


class _Given(NamedTuple):
    """A field that is given another one, and the options of the field."""

    name: str
    value: ir.Ref
    options: tuple[str, ...]


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        for place in subject.places(account, automation):
            for given in _given(place.step, account):
                missing = [
                    option
                    for option in _options(given.value.path, automation, account)
                    if option not in given.options and _may_be(place, given.value.path, option)
                ]
                if missing:
                    path, line = subject.step_at(automation, place.step.name)
                    message = (
                        f"{place.step.name!r} fails where {given.value.path} is {' or '.join(map(repr, missing))}:"
                        f" {given.name} has no such option"
                    )
                    hint = did_you_mean(missing[0], given.options) or f"add it to the options of {given.name}"
                    yield Spot(path=path, line=line, message=message[:500], hint=hint)


def _may_be(place: Place, path: str, option: str) -> bool:
    """Say whether the fact may be that option where the step stands."""
    return possible(*place.known, one_of(path, [ir.TextValue(value=option)]))


def _given(step: ir.Step, account: ir.Account) -> Iterator[_Given]:
    """Yield the fields with options that a step gives another field to."""
    match step:
        case ir.UpdateDealStep(changes=changes) | ir.CreateDealStep(custom=changes):
            known = _of(account.deal_fields)
        case ir.UpdateContactStep(changes=changes) | ir.CreateContactStep(fields=changes):
            known = _of(account.contact_fields)
        case ir.UpdateCompanyStep(changes=changes):
            known = _of(account.company_fields)
        case ir.CreateRecordStep(record=kind, fields=changes) | ir.UpdateRecordStep(record=kind, changes=changes):
            known = _of_records(kind, account)
        case _:
            return
    for name, value in changes.items():
        if isinstance(value, ir.Ref) and value.type == "choice" and known.get(name):
            yield _Given(name, value, known[name])


def _options(path: str, automation: ir.Automation, account: ir.Account) -> tuple[str, ...]:
    """Return all that the fact at a path can be; none if it may be anything."""
    *holder, name = path.removeprefix("event.before.").removeprefix("deal.").split(".")
    on = automation.on
    if holder == ["event", "data"] and isinstance(on, ir.OnEventReceived):
        event = account.outside_event(on.name)
        return _of(event.fields).get(name, ()) if event is not None else ()
    if holder == ["record"] and isinstance(on, ir.OnRecord):
        return _of_records(on.record, account).get(name, ())
    if holder == ["company"]:
        return _of(account.company_fields).get(name, ())
    if contact := _CONTACT.fullmatch(path):
        return _of(account.contact_fields).get(contact[1], ())
    return _of(account.deal_fields).get(name, ()) if not holder else ()


def _of(fields: Iterable[FieldShape]) -> Options:
    return {field.key: field.options for field in fields if field.type == "choice"}


def _of_records(kind: str, account: ir.Account) -> Options:
    return next((_of(each.fields) for each in account.records if each.key == kind), {})


RULE: Final = Rule(
    code="DW289",
    severity="warning",
    title="a field is given an option that it does not have",
    reason=(
        "A choice holds one of its options, and a step that gives it anything else fails. Where it is given what an "
        "event, or another field, can be, and that one has an option more, the step fails on just those deals."
    ),
    bad="""
class Own(DealFields):
    shop = Choice("Shop", ["north", "south"])


class Booked(OutsideEvent):
    key = "calendar.booked"
    number, shop = Text(), Choice("Shop", ["north", "south", "east"])
    match = Match(by=[(number, deal.reference)], in_=Sales)


own = Own()

booked = Automation(
    key="booked",
    on=event_received(Booked),
    when=[Booked.shop.is_set(), own.shop.is_unset()],
    do=[update_deal("shop", shop=Booked.shop)],
)
""",
    good="""
class Own(DealFields):
    shop = Choice("Shop", ["north", "south", "east"])


class Booked(OutsideEvent):
    key = "calendar.booked"
    number, shop = Text(), Choice("Shop", ["north", "south", "east"])
    match = Match(by=[(number, deal.reference)], in_=Sales)


own = Own()

booked = Automation(
    key="booked",
    on=event_received(Booked),
    when=[Booked.shop.is_set(), own.shop.is_unset()],
    do=[update_deal("shop", shop=Booked.shop)],
)
""",
    look=_look,
)
