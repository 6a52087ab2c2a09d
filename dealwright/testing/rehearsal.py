"""For tests of definitions: rehearse an automation of yours on a deal that you describe, and assert on what it does.

```python
told = rehearse(acme, "greet-inbound", a_deal(NewBusiness.incoming, contact=a_contact(phone="+12125550142")))
assert told.tasks == ["Call Maria about Forty chairs"]
```

Nothing is sent and nothing is stored: it is what `dealwright try` shows, as values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from dealwright.compile import describe, ir
from dealwright.compile.lower import lower
from dealwright.engine.imagine import Imagination
from dealwright.engine.imagine import enrolled as stood_there
from dealwright.engine.pretended import given_to, wrong_data, wrong_fields
from dealwright.engine.rehearse import Part, Rehearsal
from dealwright.engine.rehearse import rehearse as _rehearse
from dealwright.engine.rehearse_replies import replies_to
from dealwright.engine.working import by_person
from dealwright.errors import DefinitionError, InputError
from dealwright.language.account import Account
from dealwright.language.calendar import parse_hours
from dealwright.language.custom import fields_of
from dealwright.language.example_replies import Reply
from dealwright.language.money import Amount
from dealwright.language.pipeline import StageLike, parts
from dealwright.language.records import Record as OfKind
from dealwright.language.roles import Role
from dealwright.language.schema import UPDATABLE
from dealwright.model.calendar import Calendar
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
from dealwright.model.custom import Custom, Customs, Plain, held, held_in, merged
from dealwright.model.events import DealCreated, DealUpdated, Event, StageChanged
from dealwright.model.requests import (
    AddNote,
    AskPerson,
    Lookup,
    MoveDeal,
    Notify,
    Request,
    SendConversion,
    SendEmail,
    SendEvent,
    SendMessage,
    SetTask,
)
from dealwright.model.working import WorkingTime
from dealwright.testing.replying import written_in

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
        InputError: the kind has no such field.
    """
    known = fields_of(kind)
    for key in fields:
        if key not in known:
            raise InputError(f"{kind.__name__} has no field {key!r}; it has {', '.join(known)}")
    return Record(id=id, kind=kind._key, custom=_customs(fields))


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
        return Money(given.amount, given.currency)
    return None if given is None else Money(Decimal(str(given)), currency)


def _customs(given: Mapping[str, Own]) -> Customs:
    return merged(msgspec.UNSET, (Custom(key, held(_plain(key, value))) for key, value in given.items()))


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


class Told(msgspec.Struct, frozen=True):
    """What a rehearsal told, in the words of a test."""

    rehearsal: Rehearsal
    zone: ZoneInfo
    automation: ir.Automation

    @property
    def answers(self) -> bool:
        """Whether the trigger answers the event."""
        return self.rehearsal.answers

    @property
    def state(self) -> str:
        """How it ends: `done`, `skipped` or `failed`."""
        return self.rehearsal.state if self.answers else "skipped"

    @property
    def reason(self) -> str:
        """Why it ended so, if it did not simply come to its end: `conditions`, if they were not true."""
        return self.rehearsal.reason if self.answers else ""

    @property
    def again(self) -> str:
        """How often it acts, as `dealwright compile` says it: `every time`, `once per person within 30 days`."""
        return describe.again(self.automation.again)

    @property
    def acts(self) -> list[str]:
        """The names of the steps that would act, in order; none if the trigger does not answer."""
        return [part.step for part in self._acting()]

    @property
    def requests(self) -> list[Request]:
        """What would be asked for, in order."""
        return [part.request for part in self._acting() if part.request is not None]

    @property
    def tasks(self) -> list[str]:
        """The texts of the tasks that would be set."""
        return [request.text for request in self.requests if isinstance(request, SetTask)]

    @property
    def due(self) -> list[str]:
        """When those tasks would be due, in the account's zone, as `Mon 11 May 09:15`."""
        found = [request.due_at for request in self.requests if isinstance(request, SetTask)]
        return [f"{each.astimezone(self.zone):%a %d %b %H:%M}" for each in found]

    @property
    def emails(self) -> list[SendEmail]:
        """The e-mails that would be sent."""
        return [request for request in self.requests if isinstance(request, SendEmail)]

    @property
    def messages(self) -> list[SendMessage]:
        """The messages that would be written into conversations."""
        return [request for request in self.requests if isinstance(request, SendMessage)]

    @property
    def notified(self) -> list[Notify]:
        """What colleagues would be told."""
        return [request for request in self.requests if isinstance(request, Notify)]

    @property
    def lookups(self) -> list[Lookup]:
        """What other systems would be asked."""
        return [request for request in self.requests if isinstance(request, Lookup)]

    @property
    def questions(self) -> list[AskPerson]:
        """What people would be asked."""
        return [request for request in self.requests if isinstance(request, AskPerson)]

    @property
    def conversions(self) -> list[SendConversion]:
        """The conversions that would be told to the advertising platform."""
        return [request for request in self.requests if isinstance(request, SendConversion)]

    @property
    def events(self) -> list[tuple[str, Mapping[str, str | bool | None]]]:
        """The names and bodies of the events that would be sent out."""
        return [(request.name, request.body) for request in self.requests if isinstance(request, SendEvent)]

    @property
    def destinations(self) -> set[str]:
        """The outside systems that those events would go to."""
        return {request.to for request in self.requests if isinstance(request, SendEvent)}

    @property
    def moves(self) -> list[str]:
        """Where the deal would be moved, as `pipeline.stage`."""
        return [f"{request.pipeline}.{request.stage}" for request in self.requests if isinstance(request, MoveDeal)]

    @property
    def notes(self) -> list[str]:
        """The notes that would be written."""
        return [request.text for request in self.requests if isinstance(request, AddNote)]

    def when(self, step: str) -> str:
        """Return when a step would act, in the account's zone, as `Mon 11 May 09:15`."""
        for part in self._acting():
            if part.step == step:
                return f"{part.at.astimezone(self.zone):%a %d %b %H:%M}"
        raise AssertionError(f"the step {step!r} would not act; these would: {', '.join(self.acts) or 'none'}")

    def _acting(self) -> Iterator[Part]:
        if self.answers:
            yield from (part for part in self.rehearsal.parts if part.request is not None)


def rehearse(
    account: Account,
    automation: str,
    deal: Deal,
    *,
    at: datetime | str | None = None,
    before: Deal | None = None,
    contact: Contact | None = None,
    task: Task | None = None,
    activity: Activity | None = None,
    record: Record | None = None,
    data: Mapping[str, str] | None = None,
    event: Event | None = None,
    met: Collection[str] = (),
    answers: Mapping[str, str] = MappingProxyType({}),
    given: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
    people: Mapping[Role, Sequence[str | User]] = MappingProxyType({}),
    hours: Mapping[str, str] = MappingProxyType({}),
    replies: Mapping[str, Reply] = MappingProxyType({}),
    message: str | None = None,
    enrolled: bool = False,
) -> Told:
    """Return what an automation of the account would do for the deal.

    The event is imagined from the trigger: for `entered(P.won)` the deal comes into Won. `before` is the deal as it
    was, `contact`, `task`, `activity` and `record` what the event is about, `data` what an event from outside tells;
    `event` is the whole event, if you would rather write it. `met` names the steps wait_until() whose waiting is
    rewarded at once; in vain wait the others. `answers` are what people answer the steps ask(), by name; others get no
    answer in time. `given` is what other systems give the steps lookup(), such as `{"vies": {"valid": True}}`; others
    give nothing. `people` stand behind roles, by name or as users; they are picked in turn, and a role that nobody
    stands behind holds the automation. `hours` are when somebody works, by name, where it is not as the account does:
    `{"Ana Lima": "Mon-Thu 08:00-14:00"}`. `replies` are what a contact answers while a step wait_until(replied())
    waits, such as `{"answer": a_reply(button="yes", after=minutes(10))}`; others hear of nobody. `message` is what a
    contact has written that sets off message_received(). `enrolled`: the deal stood there when the automation was
    released, and nothing has happened to it (`existing="enrol"`). `at` is a moment, or written as `2026-05-09 22:30`;
    without a zone it is in the account's.

    Raises:
        DefinitionError: the definitions have errors, or there is no such automation, or no such step.
        InputError: it is `enrolled`, and the automation enrols no deals.
    """
    compiled = compiled_account(account)
    found = compiled.automation(automation)
    if found is None:
        known = ", ".join(each.key for each in compiled.automations)
        raise DefinitionError(f"the account {account.key!r} lists no automation {automation!r}; it has {known}")
    unknown = sorted(set(met) - {step.name for step in ir.waits(found.do)})
    if unknown:
        raise DefinitionError(f"the automation {automation!r} has no step wait_until({unknown[0]!r}, ...)")
    check_answers(found, answers)
    for wrong in wrong_data(compiled, found.on, data or {}) if event is None else ():
        raise DefinitionError(f"data= of {automation!r}: {wrong}")
    for name, each in (("the deal", deal), ("before", before)):
        for wrong in wrong_fields(compiled, each) if each is not None else ():
            raise DefinitionError(f"custom= of {name}: {wrong}")
    said = replies_to(found, replies)
    kept = given_to(found, given)
    zone = ZoneInfo(compiled.calendar.zone)
    now = MONDAY if at is None else datetime.fromisoformat(at) if isinstance(at, str) else at
    now = now if now.tzinfo is not None else now.replace(tzinfo=zone)
    if enrolled and event is None:
        event = stood_there(found, deal)
    if event is None:
        imagination = Imagination(
            compiled,
            now,
            before=before,
            contact=contact,
            task=task,
            activity=activity,
            record=record,
            message=written_in(message, now),
            data=data,
        )
        event, deal = imagination.event(found.on, deal)
    told = _rehearse(
        compiled,
        found,
        event,
        deal,
        now.astimezone(UTC),
        met=met,
        answers=answers,
        given=kept,
        people=(staff := _staff(people, deal.owner)),
        working=_working(hours, [*chain(*staff.values()), *([deal.owner] if deal.owner else [])], compiled),
        replies=said,
    )
    return Told(told, zone, found)


def check_answers(automation: ir.Automation, answers: Mapping[str, str]) -> None:
    """Refuse answers that no question of the automation has.

    Raises:
        DefinitionError: there is no such step, or it does not take that answer.
    """
    asking = {step.name: [each.answer for each in step.answers] for step in ir.asks(automation.do)}
    for step, answer in answers.items():
        if step not in asking:
            raise DefinitionError(f"the automation {automation.key!r} has no step ask({step!r}, ...)")
        if answer not in asking[step]:
            raise DefinitionError(f"{step!r} takes {', '.join(map(repr, asking[step]))}, and not {answer!r}")


def _working(hours: Mapping[str, str], staff: Iterable[User], account: ir.Account) -> dict[str, Calendar]:
    """Return the calendars of those who work at hours of their own, by name and by id."""
    ids = {user.name: user.id for user in staff}
    times = (
        WorkingTime(user_id=ids.get(name, name), name=name, spans=parse_hours(table)) for name, table in hours.items()
    )
    return by_person(times, account.calendar)


def _staff(people: Mapping[Role, Sequence[str | User]], owner: User | None) -> dict[str, list[User]]:
    """Return who stands behind each role; who is called like the deal's owner is that person."""
    named = [user for users in people.values() for user in users if isinstance(user, str)]
    ids = {name: f"role-{number}" for number, name in enumerate(dict.fromkeys(named), start=1)}
    known = {name: User(id=id_, name=name) for name, id_ in ids.items()} | ({owner.name: owner} if owner else {})
    return {
        role.name: [user if isinstance(user, User) else known[user] for user in users] for role, users in people.items()
    }


def compiled_account(account: Account) -> ir.Account:
    """Return the account as it is compiled.

    Raises:
        DefinitionError: the definitions have errors; the message lists all of them.
    """
    compiled, findings = lower(account, Path())
    if compiled is None:
        raise DefinitionError("\n".join(f"{each.path}:{each.line} {each.code} {each.message}" for each in findings))
    return compiled
