"""What a rehearsal is about, made up in a line: a deal, its contacts and records, and what happens to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from dealwright.engine.pretended import kind_fits
from dealwright.errors import InputError
from dealwright.language.custom import fields_of
from dealwright.language.money import Amount
from dealwright.language.origin import here
from dealwright.language.pipeline import StageLike, parts
from dealwright.language.records import Record as OfKind
from dealwright.language.schema import UPDATABLE
from dealwright.model.crm import (
    Activity,
    ActivityKind,
    CompanyDeals,
    Contact,
    ContactRole,
    Deal,
    Money,
    Record,
    Task,
    User,
)
from dealwright.model.custom import (
    ChoicesHeld,
    Custom,
    Customs,
    FieldShape,
    NumberHeld,
    Plain,
    TextHeld,
    held,
    held_in,
    in_full,
    merged,
)
from dealwright.model.events import DealCreated, DealUpdated, StageChanged

MONDAY: Final = datetime(2026, 5, 11, 10, 0, tzinfo=UTC)
"""When rehearsals happen unless a test says otherwise."""


Own: TypeAlias = str | float | Decimal | bool | date | datetime | Sequence[str] | Money | Amount | User
"""What a custom field may be given."""


def a_contact(
    name: str | None = "Maria Silva",
    *,
    phone: str | None = None,
    email: str | None = None,
    custom: Mapping[str, Own] = MappingProxyType({}),
    id: str = "1",
) -> Contact:
    """Return a contact; without phone and e-mail, for those are what conditions ask for."""
    first, _, last = (name or "").partition(" ")
    return Contact(
        id=id,
        name=name,
        first_name=first or None,
        last_name=last or None,
        phone=phone,
        email=email,
        custom=_customs(custom),
    )


def a_record(kind: type[OfKind], *, id: str = "1", **fields: Own) -> Record:
    """Return a record of a kind, with what its fields hold: `a_record(Instalment, amount=Money("100", "EUR"))`.

    Raises:
        InputError: the kind has no such field, or the field cannot hold that.
    """
    known = fields_of(kind)
    for key, value in fields.items():
        field = known.get(key)
        if field is None:
            raise at_author(InputError(f"{kind.__name__} has no field {key!r}; it has {', '.join(known)}"))
        wrong = _misfit(field.shape(), value)
        if wrong:
            raise at_author(InputError(f"{key} of {kind.__name__} {wrong}"))
    return Record(id=id, kind=kind._key, custom=_customs(fields))


def _misfit(field: FieldShape, value: Own) -> str:
    """Say why a field of a record cannot hold the value; empty if it can."""
    given = held(_plain(field.key, value))
    if field.type == "money" and isinstance(given, NumberHeld):
        return f'is an amount, and {value!r} is in no currency: write Money("{value}", "USD")'
    if not kind_fits(field, given):
        return f"is a {field.type}, and {value!r:.80} is none"
    texts = given.value if isinstance(given, ChoicesHeld) else (given.value,) if isinstance(given, TextHeld) else ()
    wrong = next((each for each in texts if field.options and each not in field.options), None)
    return "" if wrong is None else f"is one of {', '.join(field.options)}, and not {wrong!r:.80}"


def at_author(error: InputError) -> InputError:
    """Return the error with the line of the test that it is about."""
    place = here()
    error.add_note(f"at {place.file}:{place.line}")
    return error


def a_deal(
    stage: StageLike,
    *,
    title: str = "Forty chairs",
    amount: float | str | Decimal | Money | Amount | None = None,
    currency: str = "USD",
    owner: str | User | None = "Ana Lima",
    contact: Contact | None = None,
    contacts: Sequence[Contact] = (),
    tags: Sequence[str] = (),
    roles: Mapping[str, str] = MappingProxyType({}),
    company: str | None = None,
    company_deals: CompanyDeals | None = None,
    company_custom: Mapping[str, Own] = MappingProxyType({}),
    reference: str | None = None,
    close_date: date | None = None,
    lost_reason: str | None = None,
    custom: Mapping[str, Own] = MappingProxyType({}),
    records: Sequence[Record] = (),
    id: str = "1",
) -> Deal:
    """Return a deal that stands in `stage`; `contact` is its main contact, `custom` its custom fields.

    `records` are those under it, such as `a_record(Instalment, paid=True)`, each with an id of its own.

    `roles` are what contacts are on it, by their ids; `company_deals` what else its company has, `company_custom` the
    own fields of that company. `amount` is a number in `currency`, or `Money("1100", "EUR")`: no account is known here
    whose currency it could be.
    """
    assert stage.pipeline is not None, "the stage stands in a Pipeline class"
    return Deal(
        id=id,
        title=title,
        pipeline=parts(stage.pipeline).key,
        stage=stage.key,
        owner=User(id="1", name=owner, email=None) if isinstance(owner, str) else owner,
        amount=_amount(amount, currency),
        close_date=close_date,
        reference=reference,
        tags=tuple(tags),
        company=company,
        company_deals=msgspec.UNSET if company_deals is None else company_deals,
        company_custom=_customs(company_custom),
        contact_roles=tuple(ContactRole(who, role) for who, role in roles.items()) or msgspec.UNSET,
        contacts=((contact,) if contact is not None else ()) + tuple(contacts),
        lost_reason=lost_reason,
        created_at=MONDAY,
        updated_at=MONDAY,
        stage_since=MONDAY,
        version=1,
        custom=_customs(custom),
        records=tuple(records) or msgspec.UNSET,
    )


def _amount(given: float | str | Decimal | Money | Amount | None, currency: str) -> Money | None:
    if isinstance(given, Money | Amount):
        return Money(given.amount, given.currency).in_full()
    return None if given is None else Money(Decimal(str(given)), currency).in_full()


def _customs(given: Mapping[str, Own]) -> Customs:
    return merged(msgspec.UNSET, (Custom(key, in_full(held(_plain(key, value)))) for key, value in given.items()))


def _plain(key: str, value: Own) -> Plain:
    match value:
        case bool() | str() | Decimal() | date() | Money() | User():
            return value
        case int() | float():
            return Decimal(str(value))
        case Amount():
            return Money(value.amount, value.currency)
        case list() | tuple() if all(isinstance(each, str) for each in value):
            return tuple(value)
    raise InputError(
        f"{key!r} of custom= is a {type(value).__name__}: give a text, a number, True, a date, a datetime, a list of"
        " texts, Money or a User"
    )


def a_task(text: str, *, done: bool = True) -> Task:
    """Return a task of the deal that `a_deal` makes; completed, for that is what events tell."""
    completed = MONDAY if done else None
    return Task(id="1", deal_id="1", text=text, due_at=MONDAY, done=done, created_at=MONDAY, completed_at=completed)


def an_activity(kind: ActivityKind, outcome: str | None = None, *, text: str | None = None) -> Activity:
    """Return a call, meeting or e-mail of the deal that `a_deal` makes."""
    return Activity(id="1", deal_id="1", kind=kind, at=MONDAY, outcome=outcome, text=text)


def created(deal: Deal) -> DealCreated:
    """Return the event of a deal that was created as it is."""
    return DealCreated(source_id="test", occurred_at=deal.created_at, actor="user:test", after=deal)


def moved(before: Deal, after: Deal) -> StageChanged:
    """Return the event of a deal that moved."""
    return StageChanged(source_id="test", occurred_at=after.updated_at, actor="user:test", before=before, after=after)


def changed(before: Deal, after: Deal) -> DealUpdated:
    """Return the event of a deal whose fields changed."""
    keys = dict.fromkeys(each.key for each in (*(before.custom or ()), *(after.custom or ())))
    names = (
        *(name for name in UPDATABLE if getattr(before, name) != getattr(after, name)),
        *(key for key in keys if held_in(before.custom, key) != held_in(after.custom, key)),
    )
    return DealUpdated(
        source_id="test", occurred_at=after.updated_at, actor="user:test", before=before, after=after, changed=names
    )
