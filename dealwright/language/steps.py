"""Steps: actions, waits, branches and stops. Each has a name, which is its key in the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar, Final, TypeAlias

from dealwright.language import values
from dealwright.language.clock_times import LocalTime
from dealwright.language.conditions import Condition, Reference, conditions
from dealwright.language.durations import Length, RunningTime, WorkingTime
from dealwright.language.fields import (
    ChoiceField,
    ChoicesField,
    DayField,
    EmailField,
    Field,
    FlagField,
    IdField,
    LinkField,
    MomentField,
    MoneyField,
    NumberField,
    PhoneField,
    TagsField,
    TextField,
    UserField,
)
from dealwright.language.keys import checked_key, checked_step, slug
from dealwright.language.money import Amount
from dealwright.language.origin import Origin, here, refused
from dealwright.language.pipeline import PipelineType, StageLike, is_pipeline
from dealwright.language.roles import Pick, Role
from dealwright.language.values import KEEP, Keep, Stored, TagList

TextLike: TypeAlias = str | TextField | IdField | PhoneField | EmailField | LinkField
"""A text, perhaps with `{{ ... }}` in it, or a field that is a text."""

AmountLike: TypeAlias = float | Decimal | Amount | MoneyField
"""An amount; a plain number is in the account's currency."""

UserLike: TypeAlias = str | UserField | Role | Pick
"""Somebody: the name or id of a user, a field that is one, or a role that somebody is picked of."""

Sendable: TypeAlias = (
    TextLike
    | float
    | Decimal
    | Amount
    | bool
    | date
    | datetime
    | MoneyField
    | NumberField
    | DayField
    | MomentField
    | FlagField
    | TagsField
    | ChoiceField
    | ChoicesField
    | None
)
"""What an event sent out may carry."""

CustomLike: TypeAlias = (
    TextLike
    | ChoiceField
    | ChoicesField
    | Sequence[str]
    | Amount
    | MoneyField
    | UserField
    | float
    | Decimal
    | bool
    | date
    | datetime
    | NumberField
    | DayField
    | MomentField
    | FlagField
    | None
)
"""What a company's own field may be given."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """What all steps have: a name, and where they were written."""

    name: str
    origin: Origin = field(default_factory=here, compare=False, repr=False)
    kind: ClassVar[str]

    def _receipt(self, part: str) -> str:
        return f"steps.{self.name}.{part}"


@dataclass(frozen=True, kw_only=True)
class CreateDeal(Step):
    """Creates a deal; later steps may name `deal_id`."""

    kind = "create_deal"
    stage: StageLike
    title: Stored
    owner: Stored | None
    amount: Stored | None
    close_date: Stored | None
    reference: Stored | None
    tags: tuple[str, ...] | Reference
    with_contacts: bool
    unless_open: PipelineType | None
    custom: Mapping[str, Stored] = field(default_factory=dict)

    @property
    def deal_id(self) -> IdField:
        """The id of the deal that was created; unset if the step was passed by, or if one was open (`unless_open`)."""
        return IdField(self._receipt("deal_id"))


@dataclass(frozen=True, kw_only=True)
class UpdateDeal(Step):
    """Changes fields of the deal; later steps may name `changed`."""

    kind = "update_deal"
    changes: Mapping[str, Stored]

    @property
    def changed(self) -> FlagField:
        """Whether anything was different; unset if the step was passed by."""
        return FlagField(self._receipt("changed"))


@dataclass(frozen=True, kw_only=True)
class MoveDeal(Step):
    """Moves the deal; later steps may name `moved`, `from_stage` and `to_stage`."""

    kind = "move_deal"
    to: StageLike
    only_forward: bool
    reason: str | None

    @property
    def moved(self) -> FlagField:
        """Whether the deal moved; unset if the step was passed by."""
        return FlagField(self._receipt("moved"))

    @property
    def from_stage(self) -> TextField:
        """The key of the stage it came from."""
        return TextField(self._receipt("from_stage"))

    @property
    def to_stage(self) -> TextField:
        """The key of the stage it stands in."""
        return TextField(self._receipt("to_stage"))


@dataclass(frozen=True, kw_only=True)
class SetTask(Step):
    """Sets a task for the deal; later steps may name `task_id`."""

    kind = "set_task"
    text: Stored
    due: Length | LocalTime
    owner: Stored | None

    @property
    def task_id(self) -> IdField:
        """The id of the task; unset if the step was passed by."""
        return IdField(self._receipt("task_id"))


@dataclass(frozen=True, kw_only=True)
class SendEvent(Step):
    """Posts a signed JSON event; later steps may name `status`."""

    kind = "send_event"
    event: str
    to: str
    with_: Mapping[str, Stored]
    reveals: tuple[Reference, ...] = ()

    @property
    def status(self) -> NumberField:
        """The status the receiver answered with; unset if the step was passed by."""
        return NumberField(self._receipt("status"))


@dataclass(frozen=True, kw_only=True)
class Wait(Step):
    """Lets time pass."""

    kind = "wait"
    duration: Length


@dataclass(frozen=True, kw_only=True)
class Stop(Step):
    """Ends the execution. Without a name it gets one when it is compiled."""

    kind = "stop"


@dataclass(frozen=True)
class Case:
    """One way through a branch."""

    when: tuple[Condition, ...]
    do: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True)
class Branch(Step):
    """Takes the first case that is true."""

    kind = "branch"
    cases: tuple[Case, ...]
    otherwise: tuple[Step, ...]
    unset: tuple[Step, ...] | None


COPIED: Final = ("owner", "amount", "close_date", "tags")
"""Fields that `create_deal` can copy from the event's deal."""


# --- constructors ---------------------------------------------------------------------------------------------------


def create_deal(
    name: str,
    *,
    in_: StageLike,
    title: TextLike,
    owner: UserLike | None = None,
    amount: AmountLike | None = None,
    close_date: date | DayField | None = None,
    reference: TextLike | None = None,
    tags: Sequence[str] = (),
    with_contacts: bool = True,
    unless_open: PipelineType | None = None,
    copy: Sequence[UserField | MoneyField | DayField | TagsField] = (),
    **custom: CustomLike,
) -> CreateDeal:
    """Create a deal in a stage, with the contacts and company of the event's deal unless `with_contacts=False`.

    `copy` lists fields that it gets as the event's deal has them: `deal.owner`, `deal.amount`, `deal.close_date`,
    `deal.tags`. With `unless_open=Renewals` nothing is created while an open deal of one of these contacts, or of this
    company, stands in that pipeline. `custom` are the company's own fields, by key; what is unset is left out.
    """
    name = checked_step(name)
    if unless_open is not None and not is_pipeline(unless_open):
        pipeline = unless_open.pipeline if isinstance(unless_open, StageLike) else None
        hint = f"unless_open={pipeline.__name__ if pipeline else 'Renewals'}"
        raise refused(f"unless_open of {name!r} is a pipeline", hint=hint)
    if unless_open is not None and not with_contacts:
        hint = "leave with_contacts=False out: it is by contacts and company that the open deal is known"
        raise refused(f"{name!r} has neither contacts nor company to look for an open deal by", hint=hint)
    given = {"owner": owner, "amount": amount, "close_date": close_date, "tags": tags or None}
    copied = _copied(copy, name, [part for part, value in given.items() if value is not None])
    owner, amount = copied.get("owner", owner), copied.get("amount", amount)
    close_date = copied.get("close_date", close_date)
    kept = values.tags(copied.get("tags", tags), f"tags of {name!r}")
    if not isinstance(kept, TagList) and "tags" not in copied:
        raise refused(f"tags of {name!r} are texts", hint='tags=["renewal"], or copy=[deal.tags]')
    return CreateDeal(
        name=name,
        stage=_stage(in_, f"in_ of {name!r}"),
        title=values.text(title, f"title of {name!r}"),
        owner=None if owner is None else values.user(owner, f"owner of {name!r}"),
        amount=None if amount is None else values.amount(amount, f"amount of {name!r}"),
        close_date=None if close_date is None else values.day(close_date, f"close_date of {name!r}"),
        reference=None if reference is None else values.text(reference, f"reference of {name!r}"),
        tags=kept.tags if isinstance(kept, TagList) else kept,
        with_contacts=with_contacts,
        unless_open=unless_open,
        custom=MappingProxyType(values.customs(custom, name, create_deal)),
    )


def _copied(given: object, name: str, said: Sequence[str]) -> dict[str, Any]:
    """Return the fields to copy by name; refuse what is no field of the deal, and what is said beside."""
    if not isinstance(given, list | tuple):
        raise refused(f"copy of {name!r} takes a list of fields", hint="copy=[deal.amount, deal.tags]")
    found: dict[str, Any] = {}
    for field_ in given:
        if not isinstance(field_, Field):
            shown = type(field_).__name__
            raise refused(f"copy of {name!r} takes fields, not {shown}", hint="copy=[deal.amount, deal.tags]")
        part = field_._path.removeprefix("deal.")
        if part not in COPIED or not field_._path.startswith("deal."):
            hint = {
                "title": 'write title="{{ deal.title }}"',
                "reference": "a reference names one deal: an import would not know which of both it means",
                "company": "contacts and company come along unless with_contacts=False",
                **({} if field_._own is None else {part: f"write {part}={field_._path}"}),
            }.get(part, f"there are {', '.join(f'deal.{each}' for each in COPIED)}")
            raise refused(f"copy of {name!r} cannot copy {field_._path}", hint=hint)
        if part in said:
            raise refused(f"{name!r} copies {part} and says {part}= too", hint=f"leave {part}= out, or do not copy it")
        found[part] = field_
    return found


def update_deal(
    name: str,
    *,
    title: TextLike | Keep = KEEP,
    owner: UserLike | Keep | None = KEEP,
    amount: AmountLike | Keep | None = KEEP,
    close_date: date | DayField | Keep | None = KEEP,
    reference: TextLike | Keep | None = KEEP,
    company: TextLike | Keep | None = KEEP,
    tags: Sequence[str] | TagsField | Keep | None = KEEP,
    **custom: CustomLike,
) -> UpdateDeal:
    """Set fields of the deal: a literal, a field, a text with fields in it, or None to clear.

    `custom` are the company's own fields, by key.
    """
    name = checked_step(name)
    given: dict[str, tuple[Any, Any]] = {
        "title": (title, values.text),
        "owner": (owner, values.user),
        "amount": (amount, values.amount),
        "close_date": (close_date, values.day),
        "reference": (reference, values.text),
        "company": (company, values.text),
        "tags": (tags, values.tags),
    }
    changes: dict[str, Stored] = {}
    for part, (value, keep) in given.items():
        if value is not KEEP:
            changes[part] = values.or_nothing(None if value is None else keep(value, f"{part} of {name!r}"))
    changes |= values.customs(custom, name, update_deal)
    if isinstance(changes.get("title"), values.Nothing):
        raise refused(f"{name!r} clears the title, and a deal has one", hint="write a title")
    if isinstance(changes.get("tags"), values.Nothing):
        changes["tags"] = TagList(())
    if not changes:
        raise refused(f"{name!r} changes nothing", hint=f'update_deal("{name}", amount=...)')
    return UpdateDeal(name=name, changes=MappingProxyType(changes))


def move_deal(name: str, *, to: StageLike, only_forward: bool = True, reason: str | None = None) -> MoveDeal:
    """Move the deal to a stage; never backwards unless `only_forward=False`. A lost stage takes a `reason`."""
    name = checked_step(name)
    if reason is not None and (not isinstance(reason, str) or not reason.strip()):
        raise refused(f"reason of {name!r} is a text", hint='reason="Price"')
    return MoveDeal(name=name, to=_stage(to, f"to of {name!r}"), only_forward=only_forward, reason=reason)


def set_task(name: str, *, text: TextLike, due: Length | LocalTime, owner: UserLike | None = None) -> SetTask:
    """Give somebody something to do for the deal; without `owner` it is the deal's owner.

    `due` is a length of time, or `local("18:00")`: the next time that the account's clock shows that.
    """
    name = checked_step(name)
    kept = values.text(text, f"text of {name!r}")
    if isinstance(kept, values.Words) and not kept.source.strip():
        raise refused(f"the task {name!r} says nothing", hint='text="Call {{ deal.main_contact.name }}"')
    return SetTask(
        name=name,
        text=kept,
        due=due if isinstance(due, LocalTime) else length(due, f"due of {name!r}"),
        owner=None if owner is None else values.user(owner, f"owner of {name!r}"),
    )


def send_event(
    event: str,
    *,
    to: str,
    with_: Mapping[str, Sendable] = MappingProxyType({}),
    step: str | None = None,
    reveals: Sequence[Field] = (),
) -> SendEvent:
    """Post the event to an outside system of the target file; its name is the step's too unless `step` is given.

    `reveals` lists the sensitive fields in `with_` that this system may know.
    """
    if not isinstance(event, str) or not slug(event) or len(event) > 60 or not event.isascii() or " " in event:
        raise refused(f"{event!r} is not the name of an event", hint='send_event("deal-won", to="erp")')
    name = checked_step(slug(event) if step is None else step)
    for part in with_:
        if not isinstance(part, str) or not part.isidentifier() or not part.isascii():
            raise refused(
                f"{part!r} cannot be a name in the event {event!r}", hint="use letters, digits and underscores"
            )
    body = {part: values.anything(value, f"{part} of {name!r}") for part, value in with_.items()}
    return SendEvent(
        name=name,
        event=event,
        to=checked_key(to, "an outside system"),
        with_=MappingProxyType(body),
        reveals=values.revealed(reveals, f"reveals of {name!r}"),
    )


def stop(name: str | None = None) -> Stop:
    """End the execution here, done."""
    return Stop(name="" if name is None else checked_step(name))


def case(when: Condition | Sequence[Condition], *do: Step) -> Case:
    """One way through a branch: taken when the condition is true."""
    kept = conditions(when, "case()")
    if not kept:
        raise refused("a case needs a condition", hint="case(deal.amount > 1000, set_task(...))")
    return Case(kept, steps(do, "case()"))


def branch(name: str, *cases: Case, otherwise: Sequence[Step] = (), unset: Sequence[Step] | None = None) -> Branch:
    """Take the first case that is true; `otherwise` if all are false; `unset` if none is true and one is unknown."""
    name = checked_step(name)
    for item in cases:
        if not isinstance(item, Case):
            raise refused(
                f"the branch {name!r} takes cases, not {type(item).__name__}", hint="case(deal.amount > 0, ...)"
            )
    if not cases:
        raise refused(f"the branch {name!r} has no case", hint="branch(name, case(condition, step), otherwise=[...])")
    return Branch(
        name=name,
        cases=cases,
        otherwise=steps(otherwise, f"otherwise of {name!r}"),
        unset=None if unset is None else steps(unset, f"unset of {name!r}"),
    )


def steps(given: object, what: str) -> tuple[Step, ...]:
    """Return the steps of a list; refuse anything else."""
    if not isinstance(given, list | tuple):
        raise refused(f"{what} takes a list of steps, not {type(given).__name__}", hint="write [set_task(...), stop()]")
    for item in given:
        if not isinstance(item, Step):
            hint = "write the call itself: stop()" if callable(item) else "write set_task(...), wait(...), branch(...)"
            raise refused(f"{what} takes steps, and {type(item).__name__} is none", hint=hint)
    return tuple(given)


def _stage(value: object, what: str) -> StageLike:
    if not isinstance(value, StageLike):
        shown = value.__name__ if isinstance(value, type) else type(value).__name__
        meant = value if isinstance(value, str) and value.isidentifier() else "qualified"
        raise refused(f"{what} is a stage, and {shown} is none", hint=f"write NewBusiness.{meant}")
    return value


def length(value: object, what: str) -> Length:
    """Return the length of time; refuse anything else."""
    if not isinstance(value, RunningTime | WorkingTime):
        raise refused(
            f"{what} is a length of time, not {type(value).__name__}", hint="days(2), working_minutes(15), ..."
        )
    return value
