"""For tests of definitions: rehearse an automation of yours on a deal that you describe, and assert on what it does.

```python
told = rehearse(acme, "greet-inbound", a_deal(NewBusiness.incoming, contact=a_contact(phone="+12125550142")))
assert told.tasks == ["Call Maria about Forty chairs"]
```

Nothing is sent and nothing is stored: it is what `dealwright try` shows, as values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

import msgspec

from dealwright.compile import describe, ir
from dealwright.compile.lower import lower
from dealwright.engine.imagine import Imagination
from dealwright.engine.imagine import enrolled as stood_there
from dealwright.engine.pretended import address_of, as_held, event_as_held, given_to, wrong_data, wrong_fields
from dealwright.engine.rehearse import Part, Rehearsal
from dealwright.engine.rehearse import rehearse as _rehearse
from dealwright.engine.rehearse_replies import replies_to
from dealwright.engine.working import by_person
from dealwright.errors import DefinitionError, InputError
from dealwright.language.account import Account
from dealwright.language.calendar import parse_hours
from dealwright.language.example_replies import Reply
from dealwright.language.roles import Role
from dealwright.model.calendar import Calendar
from dealwright.model.crm import (
    Activity,
    Contact,
    Deal,
    Record,
    Task,
    User,
)
from dealwright.model.events import Event
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
from dealwright.testing.made_up import MONDAY, at_author
from dealwright.testing.replying import written_in


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
        """Why it ended so, if it did not simply come to its end: `conditions`, if they were not true.

        If the trigger does not answer, why it does not.
        """
        return self.rehearsal.reason if self.answers else self.rehearsal.why_not

    @property
    def again(self) -> str:
        """How often it acts, as `dealwright compile` says it: `every time`, `once per person within 30 days`."""
        return describe.again(self.automation.again)

    @property
    def acts(self) -> list[str]:
        """The names of the steps that would act, in order; none if the trigger does not answer.

        A move that moves nothing, a deal that is not made since one is open, and what the CRM refuses are not among
        them: `passed` says why.
        """
        return [part.step for part in self._acting()]

    @property
    def passed(self) -> dict[str, str]:
        """The steps of which nothing would come, with the reason: `not moved: it stood in sales.won already`."""
        return {part.step: part.nothing for part in self.rehearsal.parts if part.nothing} if self.answers else {}

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
        why = f" ({self.passed[step]})" if step in self.passed else ""
        ends = f"; it ends {self.state}: {self.reason}" if self.reason else ""
        acts = ", ".join(self.acts) or "none"
        raise AssertionError(f"the step {step!r} would not act{why}; these would: {acts}{ends}")

    def _acting(self) -> Iterator[Part]:
        if self.answers:
            yield from (part for part in self.rehearsal.parts if part.acts)


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
        InputError: it is `enrolled`, and the automation enrols no deals; a record sets it off, and there is none.
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
    deal, before = as_held(compiled, deal), None if before is None else as_held(compiled, before)
    if event is None:
        _about_a_record(found, deal, record)
    else:
        event = event_as_held(compiled, event)
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


def _about_a_record(automation: ir.Automation, deal: Deal, given: Record | None) -> None:
    """Refuse to rehearse what a record sets off without one: of one that is made up nothing is known."""
    on = automation.on
    if not isinstance(on, ir.OnRecordAdded | ir.OnRecordUpdated | ir.OnRecordRemoved):
        if given is not None:
            raise InputError(f"record= is given, and {automation.key!r} is set off by no record: leave it out")
        return
    if given is None and not any(each.kind == on.record for each in deal.records or ()):
        raise InputError(
            f"{automation.key!r} is set off by a record of the kind {on.record!r}, and the deal has none: give"
            " record=a_record(...), or records=[a_record(...)] to a_deal(...)"
        )
    if given is not None and given.kind != on.record:
        raise InputError(
            f"{automation.key!r} is set off by a record of the kind {on.record!r}, and record= is a {given.kind!r}"
        )


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
    """Return who stands behind each role; who is called like the deal's owner is that person.

    Who is given by name has an e-mail address, so that what is told to a role is told.

    Raises:
        InputError: it is not written as people by role.
    """
    for role, users in people.items():
        if not isinstance(role, Role):
            raise at_author(InputError(f"people= has roles as keys, and not {role!r:.80}: {_as_a_role(role)}"))
        if isinstance(users, str) or not all(isinstance(user, str | User) for user in users):
            raise at_author(InputError(f'people= has a list of names for each role: {{{role.name}: ["Ana Lima"]}}'))
    named = [user for users in people.values() for user in users if isinstance(user, str)]
    ids = {name: f"role-{number}" for number, name in enumerate(dict.fromkeys(named), start=1)}
    known = {name: User(id=id_, name=name, email=address_of(name)) for name, id_ in ids.items()}
    if owner is not None:
        known[owner.name] = msgspec.structs.replace(owner, email=owner.email or address_of(owner.name))
    return {
        role.name: [user if isinstance(user, User) else known[user] for user in users] for role, users in people.items()
    }


def _as_a_role(given: object) -> str:
    """What to write instead of a role's name, or of one of its picks."""
    name = getattr(given, "role", given)
    known = name if isinstance(name, str) else "closers"
    return f'write {{Role("{known}"): ["Ana Lima"]}}, or the Role of your definitions'


def compiled_account(account: Account) -> ir.Account:
    """Return the account as it is compiled.

    Raises:
        DefinitionError: the definitions have errors; the message lists all of them.
    """
    compiled, findings = lower(account, Path())
    if compiled is None:
        raise DefinitionError("\n".join(f"{each.path}:{each.line} {each.code} {each.message}" for each in findings))
    return compiled
