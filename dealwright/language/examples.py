"""Examples: what an automation does for one deal, written beside it and run by `check`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final, TypeAlias

from dealwright.language.example_replies import Reply
from dealwright.language.keys import MAX_NAME
from dealwright.language.money import Amount, number
from dealwright.language.origin import Origin, here, refused
from dealwright.language.pipeline import StageLike
from dealwright.language.roles import Role

Own: TypeAlias = str | float | Decimal | bool | date | datetime | Sequence[str] | Amount
"""A value of a company's own field; a plain number of an amount is in the account's currency."""

Held: TypeAlias = str | Decimal | bool | date | datetime | tuple[str, ...] | Amount
"""The same as it is kept."""

MOST: Final = 50
"""The most examples of an automation."""


@dataclass(frozen=True, init=False)
class Example:
    """A deal, a moment, and what the automation does then, step by step: `then=["call at Mon 09:15", "done"]`.

    The event is made from the trigger: for `entered(Sales.won)` the deal comes into Won. `in_` is where the deal
    stands; `at` is local time, as `2026-05-09 22:30`. `phone` and `email` are those of its main contact (none, if not
    said); `contact=None` says that there is no contact. `own` are the company's own fields, `data` is what an event
    from outside tells, `met` names the steps wait_until() whose waiting is rewarded, `answers` are those to ask().
    `owner_before` owned the deal before its owner changed (nobody, if not said), `record` are the fields of the record
    that sets the automation off. `people` stand behind roles, `given` is what other systems give the steps lookup(),
    `replies` what the contact answers while a step waits for it, as in `rehearse()`.
    """

    title: str
    in_: StageLike
    at: datetime
    then: tuple[str, ...]
    came_from: StageLike | None
    owner_before: str | None
    deal: Mapping[str, object]
    contact: Mapping[str, str] | None
    own: Mapping[str, Held]
    record: Mapping[str, Held] | None
    data: Mapping[str, str]
    met: tuple[str, ...]
    answers: Mapping[str, str]
    people: Mapping[str, tuple[str, ...]]
    given: Mapping[str, Mapping[str, str | Decimal | bool | date]]
    replies: Mapping[str, Reply]
    origin: Origin = field(compare=False, repr=False)

    def __init__(
        self,
        title: str,
        /,
        *,
        in_: StageLike,
        at: str,
        then: Sequence[str],
        came_from: StageLike | None = None,
        deal_title: str = "Forty chairs",
        amount: float | Decimal | Amount | None = None,
        owner: str | None = "Ana Lima",
        owner_before: str | None = None,
        tags: Sequence[str] = (),
        company: str | None = None,
        reference: str | None = None,
        close_date: date | None = None,
        lost_reason: str | None = None,
        contact: str | None = "Maria Silva",
        phone: str | None = None,
        email: str | None = None,
        own: Mapping[str, Own] = MappingProxyType({}),
        record: Mapping[str, Own] | None = None,
        data: Mapping[str, str] = MappingProxyType({}),
        met: Sequence[str] = (),
        answers: Mapping[str, str] = MappingProxyType({}),
        people: Mapping[Role, Sequence[str]] = MappingProxyType({}),
        given: Mapping[str, Mapping[str, str | float | Decimal | bool | date | None]] = MappingProxyType({}),
        replies: Mapping[str, Reply] = MappingProxyType({}),
    ) -> None:
        if not isinstance(title, str) or not title.strip() or len(title) > MAX_NAME:
            raise refused("an example says in words what happens", hint='Example("a lead on Saturday at 22:30", ...)')
        for what, stage in (("in_", in_), ("came_from", came_from)):
            if stage is not None and (not isinstance(stage, StageLike) or stage.pipeline is None):
                raise refused(f"{what} of the example {title!r} is a stage", hint=f"{what}=Sales.quoted")
        if contact is None and (phone is not None or email is not None):
            raise refused(f"the example {title!r} has no contact, and a phone or an e-mail", hint="leave contact= out")
        person = {"name": contact, "phone": phone, "email": email}
        values: dict[str, object] = {
            "title": title,
            "in_": in_,
            "at": _moment(at, title),
            "then": _texts(then, f"then of the example {title!r}"),
            "came_from": came_from,
            "owner_before": owner_before,
            "deal": MappingProxyType(
                {
                    "title": deal_title,
                    "amount": amount if amount is None or isinstance(amount, Amount) else number(amount, "an amount"),
                    "owner": owner,
                    "tags": _texts(tags, f"tags of the example {title!r}"),
                    "company": company,
                    "reference": reference,
                    "close_date": close_date,
                    "lost_reason": lost_reason,
                }
            ),
            "contact": None
            if contact is None
            else MappingProxyType({k: v for k, v in person.items() if v is not None}),
            "own": _fields(own, "own"),
            "record": None if record is None else _fields(record, "record"),
            "data": MappingProxyType(dict(data)),
            "met": _texts(met, f"met of the example {title!r}"),
            "answers": MappingProxyType(dict(answers)),
            "people": _people(people, title),
            "given": _given(given, title),
            "replies": _replies(replies, title),
            "origin": here(),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)


def examples(given: object, key: str) -> tuple[Example, ...]:
    """Return the examples of an automation; refuse anything else."""
    hint = 'examples=[Example("a lead", in_=Sales.incoming, at="2026-05-11 10:00", then=["call"])]'
    if not isinstance(given, list | tuple) or not all(isinstance(each, Example) for each in given):
        raise refused(f"examples of the automation {key!r} is a list of Example(...)", hint=hint)
    if len(given) > MOST:
        raise refused(f"the automation {key!r} has more than {MOST} examples", hint="write the rest as tests")
    return tuple(given)


def _moment(given: object, title: str) -> datetime:
    hint = 'at="2026-05-09 22:30"'
    if not isinstance(given, str):
        raise refused(f"at of the example {title!r} is a text", hint=hint)
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        raise refused(f"at of the example {title!r} is no moment: {given!r:.40}", hint=hint) from None
    if found.tzinfo is not None:
        raise refused(f"at of the example {title!r} is local time, without a zone", hint=hint)
    return found


def _fields(given: Mapping[str, Own], what: str) -> Mapping[str, Held]:
    if not isinstance(given, Mapping):
        raise refused(f"{what} are values by the names of fields", hint=f'{what}={{"reference": "A-1"}}')
    return MappingProxyType({key: _held(value, key, what) for key, value in given.items()})


def _held(given: object, key: str, what: str) -> Held:
    match given:
        case bool() | str() | Decimal() | date() | Amount():
            return given
        case int() | float():
            return number(given)
        case list() | tuple():
            return _texts(given, f"{what}={{{key[:80]!r}: ...}}")
    hint = "write a text, a number, Money(...), True, a date(...), a datetime(...), or a list of texts"
    raise refused(f"{key[:80]!r} of {what}= is a {type(given).__name__}", hint=hint)


def _people(given: object, title: str) -> Mapping[str, tuple[str, ...]]:
    hint = 'people={closers: ["Ana Lima"]}'
    if not isinstance(given, Mapping) or not all(isinstance(role, Role) for role in given):
        raise refused(f"people of the example {title!r} are names by role", hint=hint)
    return MappingProxyType(
        {role.name: _texts(names, f"people of the role {role.name!r}") for role, names in given.items()}
    )


def _given(given: object, title: str) -> Mapping[str, Mapping[str, str | Decimal | bool | date]]:
    hint = 'given={"vies": {"valid": True}}'
    if not isinstance(given, Mapping) or not all(isinstance(each, Mapping) for each in given.values()):
        raise refused(f"given of the example {title!r} is what other systems give, by step", hint=hint)
    found: dict[str, Mapping[str, str | Decimal | bool | date]] = {}
    for step, told in given.items():
        values: dict[str, str | Decimal | bool | date] = {}
        for name, value in told.items():
            kept = None if value is None else _held(value, str(name), "given")
            if isinstance(kept, tuple | Amount):
                raise refused(f"{str(step)[:80]!r} of the example {title!r} gives single values", hint=hint)
            if kept is not None:
                values[name] = kept
        found[step] = MappingProxyType(values)
    return MappingProxyType(found)


def _replies(given: object, title: str) -> Mapping[str, Reply]:
    if not isinstance(given, Mapping) or not all(isinstance(each, Reply) for each in given.values()):
        hint = 'replies={"answer": a_reply(button="yes", after=minutes(10))}'
        raise refused(f"replies of the example {title!r} are answers by step", hint=hint)
    return MappingProxyType(dict(given))


def _texts(given: object, what: str) -> tuple[str, ...]:
    if not isinstance(given, list | tuple) or not all(isinstance(each, str) for each in given):
        raise refused(f"{what} is a list of texts", hint='["call at Mon 09:15"]')
    return tuple(given)
