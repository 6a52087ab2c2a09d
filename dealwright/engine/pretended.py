"""What a rehearsal is told to pretend, looked at: a name or a value that fits nothing would only be unset there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from dealwright.compile import ir
from dealwright.engine.records import Receipt
from dealwright.engine.told import read
from dealwright.errors import DefinitionError
from dealwright.language.roles import folded
from dealwright.language.schema import did_you_mean
from dealwright.model.crm import Deal, Money, User
from dealwright.model.custom import (
    ChoicesHeld,
    Custom,
    CustomValue,
    DayHeld,
    FieldShape,
    FlagHeld,
    MomentHeld,
    MoneyHeld,
    NumberHeld,
    TextHeld,
    UserHeld,
    in_full,
)
from dealwright.model.events import Event
from dealwright.model.normal import normal_email, normal_phone
from dealwright.model.requests import Given


def wrong_data(account: ir.Account, trigger: ir.Trigger, data: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with what an event would tell: unknown names, and values that do not fit their fields."""
    if not isinstance(trigger, ir.OnEventReceived):
        if data:
            yield f"the trigger is no event from outside, and nothing tells {_listed(data)}"
        return
    event = account.outside_event(trigger.name)
    known = trigger.data if event is None else tuple(shape.key for shape in event.fields)
    for name in data:
        if name not in known:
            near = did_you_mean(name, known)
            yield f"{trigger.name} tells no {name[:80]!r}; {near or f'it tells {_listed(known)}'}"
    if event is not None:
        for each in read(account, event, data)[1]:
            yield f"{each}: such an event would wait with `dealwright unmatched`, and nothing would be done"


def wrong_steps(automation: ir.Automation, met: Iterable[str], answers: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with the steps that are said to be met or answered."""
    waits = [step.name for step in ir.waits(automation.do)]
    for name in met:
        if name not in waits:
            yield f"it has no wait_until({name[:80]!r}, ...); it has {_listed(waits)}"
    asking = {step.name: [each.answer for each in step.answers] for step in ir.asks(automation.do)}
    for step, answer in answers.items():
        if step not in asking:
            yield f"it has no ask({step[:80]!r}, ...); it has {_listed(asking)}"
        elif answer not in asking[step]:
            yield f"{step!r} takes {', '.join(map(repr, asking[step]))}, and not {answer[:80]!r}"


def given_to(automation: ir.Automation, given: Mapping[str, Mapping[str, object]]) -> dict[str, Receipt]:
    """Return what other systems give, as the journal would keep it; each must give all that its step says.

    Raises:
        DefinitionError: there is no such step, or it gives something else, or of another type.
    """
    looking = {step.name: step for step in ir.actions(automation.do) if isinstance(step, ir.LookupStep)}
    found: dict[str, Receipt] = {}
    for step, values in given.items():
        if step not in looking:
            raise DefinitionError(f"the automation {automation.key!r} has no step lookup({step!r}, ...)")
        gives, optional = looking[step].gives, looking[step].optional
        told = {name: value for name, value in values.items() if value is not None or name not in optional}
        if not gives.keys() - set(optional) <= told.keys() <= gives.keys():
            raise DefinitionError(f"{step!r} gives {', '.join(sorted(gives))}, and not {', '.join(sorted(values))}")
        found[step] = {name: _given_value(step, name, gives[name], value) for name, value in told.items()}
    return found


def _given_value(step: str, name: str, kind: Given, value: object) -> str | bool | int:
    match kind, value:
        case "flag", bool():
            return value
        case "text", str():
            return value
        case "whole", int() if not isinstance(value, bool):
            return value
        case "whole", Decimal() if value.is_finite() and value == value.to_integral_value():
            return int(value)
        case "number", int() | float() | Decimal() if not isinstance(value, bool) and Decimal(str(value)).is_finite():
            return f"{Decimal(str(value)):f}"
        case "day", date() if not isinstance(value, datetime):
            return value.isoformat()
    raise DefinitionError(f"{name!r} of {step!r} is a {kind}, and {value!r} is none")


def fitted(
    account: ir.Account, whose: str, fields: Iterable[FieldShape], given: Iterable[Custom]
) -> tuple[list[Custom], list[str]]:
    """Return own fields as a CRM would hold them, and what is wrong with each of those that do not fit.

    `whose` says what has the fields, such as `deals`.
    """
    shapes = {shape.key: shape for shape in fields}
    fit: list[Custom] = []
    wrong = []
    for each in given:
        shape = shapes.get(each.key)
        if shape is None:
            near = did_you_mean(each.key, shapes)
            wrong.append(f"{whose} have no field {each.key[:80]!r}; {near or f'they have {_listed(shapes)}'}")
            continue
        value = None if each.value is None else _held(account, shape, each.value)
        if value is None:
            takes = f"takes one of {', '.join(shape.options)}"[:400] if shape.options else f"is a {shape.type}"
            wrong.append(f"{each.key} {takes}, and what is given is none")
        else:
            fit.append(Custom(each.key, value))
    return fit, wrong


def wrong_fields(account: ir.Account, deal: Deal) -> Iterator[str]:
    """Yield what is wrong with the own fields of a deal that is made up, as CRMs hold them: also under old names."""
    shapes = {shape.key: shape for shape in account.deal_fields}
    old = {name: shape for shape in account.deal_fields for name in shape.renamed_from}
    for each in deal.custom or ():
        shape = shapes.get(each.key) or old.get(each.key)
        if shape is None:
            near = did_you_mean(each.key, shapes)
            yield f"deals have no field {each.key[:80]!r}; {near or f'they have {_listed(shapes)}'}"
        elif shape.key == each.key and each.value is not None and not kind_fits(shape, each.value):
            yield f"{each.key} is a {shape.type}, and what is given is none"


def as_held(account: ir.Account, deal: Deal) -> Deal:
    """Return a deal that is made up with its own fields as a CRM holds them, as far as the account says how."""
    shapes = {shape.key: shape for shape in account.deal_fields}
    found = (
        Custom(each.key, value if shape is None or value is None else _held(account, shape, value) or value)
        for each in deal.custom or ()
        for shape, value in ((shapes.get(each.key), each.value),)
    )
    return msgspec.structs.replace(deal, custom=tuple(found)) if deal.custom else deal


def event_as_held(account: ir.Account, event: Event) -> Event:
    """Return an event that is made up with the deal before and after it as a CRM holds them."""
    sides = ((name, getattr(event, name, None)) for name in ("before", "after"))
    held = {name: as_held(account, deal) for name, deal in sides if isinstance(deal, Deal)}
    return msgspec.structs.replace(event, **held) if held else event


def kind_fits(shape: FieldShape, value: CustomValue) -> bool:
    """Say whether a field could hold a value of that kind; which options it has now is no matter of it."""
    match value:
        case TextHeld():
            return shape.type in ("text", "link", "choice", "phone", "email", "user")
        case NumberHeld(value=number):
            return shape.type in ("number", "money") and number.is_finite()
        case ChoicesHeld():
            return shape.type == "choices"
        case FlagHeld():
            return shape.type == "flag"
        case DayHeld():
            return shape.type == "day"
        case MomentHeld():
            return shape.type == "moment"
        case MoneyHeld():
            return shape.type == "money"
        case UserHeld():
            return shape.type == "user"


def _held(account: ir.Account, shape: FieldShape, value: CustomValue) -> CustomValue | None:
    """Return the value as the field holds it; None if it cannot."""
    match shape.type, value:
        case "text" | "link", TextHeld():
            return value
        case "choice", TextHeld(value=text):
            return value if text in shape.options else None
        case "phone", TextHeld(value=text):
            return value if normal_phone(text, account.country) is not None else None
        case "email", TextHeld(value=text):
            return value if normal_email(text) is not None else None
        case "user", TextHeld(value=name):
            return UserHeld(User(id=f"user-{name}", name=name))
        case "choices", ChoicesHeld(value=texts):
            known = set(texts) <= set(shape.options)
            return ChoicesHeld(tuple(each for each in shape.options if each in texts)) if known else None
        case "money", NumberHeld(value=amount) if account.currency is not None:
            return in_full(MoneyHeld(Money(amount=amount, currency=account.currency)))
        case "moment", MomentHeld(value=moment):
            return MomentHeld(_aware(moment, account))
        case ("number", NumberHeld()) | ("money", MoneyHeld()):
            return in_full(value)
        case ("flag", FlagHeld()) | ("day", DayHeld()) | ("user", UserHeld()):
            return value
    return None


def address_of(name: str) -> str:
    """Return the e-mail address of a colleague who is made up by name: without one nobody could be told anything."""
    plain = folded(name).encode("ascii", "ignore").decode()
    return f"{re.sub(r'[^a-z0-9]+', '.', plain).strip('.') or 'somebody'}@example.com"


def _aware(moment: datetime, account: ir.Account) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(account.calendar.zone))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
