"""Triggers: which events an automation answers. The object is positional, relations are keyword-only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeGuard, get_args, overload

from dealwright.language.conditions import Reference
from dealwright.language.deal import is_data_name
from dealwright.language.durations import Length
from dealwright.language.fields import Field, reference
from dealwright.language.keys import checked_key, checked_step
from dealwright.language.origin import refused
from dealwright.language.outside import EVENT_NAME, OutsideEvent, is_outside_event
from dealwright.language.pipeline import PipelineType, StageLike, is_pipeline, parts
from dealwright.language.records import RecordType
from dealwright.language.schema import CONTACT_FIELDS, UPDATABLE, did_you_mean
from dealwright.model.crm import ActivityKind

_ACTIVITIES: Final = get_args(ActivityKind)

Place: TypeAlias = PipelineType | StageLike
"""A pipeline, or one stage of it."""


@dataclass(frozen=True, slots=True)
class DealCreated:
    """Answers a deal that was created."""

    in_: tuple[Place, ...]
    kind = "deal_created"


@dataclass(frozen=True, slots=True)
class DealUpdated:
    """Answers a change of a deal's fields."""

    fields: tuple[str, ...]
    in_: tuple[PipelineType, ...]
    own: tuple[Reference, ...] = ()
    """Those of the fields that are the company's own."""
    kind = "deal_updated"


@dataclass(frozen=True, slots=True)
class StageChanged:
    """Answers a deal that moved."""

    from_: tuple[StageLike, ...]
    to: tuple[StageLike, ...]
    in_: tuple[PipelineType, ...]
    kind = "stage_changed"


@dataclass(frozen=True, slots=True)
class Entered:
    """Answers a deal that came into a stage, created there or moved there."""

    stages: tuple[StageLike, ...]
    kind = "entered"


@dataclass(frozen=True, slots=True)
class ContactAdded:
    """Answers a contact that was linked to a deal."""

    in_: tuple[PipelineType, ...]
    kind = "contact_added"


@dataclass(frozen=True, slots=True)
class ContactRemoved:
    """Answers a contact that was unlinked from a deal."""

    in_: tuple[PipelineType, ...]
    kind = "contact_removed"


@dataclass(frozen=True, slots=True)
class ContactUpdated:
    """Answers a change of a contact's fields, for each open deal it is on."""

    fields: tuple[str, ...]
    in_: tuple[PipelineType, ...]
    own: tuple[Reference, ...] = ()
    """Those of the fields that are the company's own."""
    kind = "contact_updated"


@dataclass(frozen=True, slots=True)
class OwnerChanged:
    """Answers a deal that got another owner."""

    in_: tuple[PipelineType, ...]
    kind = "owner_changed"


@dataclass(frozen=True, slots=True)
class TaskCompleted:
    """Answers a task that was completed."""

    in_: tuple[PipelineType, ...]
    kind = "task_completed"


@dataclass(frozen=True, slots=True)
class ActivityLogged:
    """Answers an activity that was written down."""

    kinds: tuple[ActivityKind, ...]
    in_: tuple[PipelineType, ...]
    kind = "activity_logged"


@dataclass(frozen=True, slots=True)
class EventReceived:
    """Answers an event from outside that names a deal, or finds it; `event` is its class, if it has one."""

    name: str
    source: str | None
    data: tuple[str, ...]
    in_: tuple[PipelineType, ...]
    event: type[OutsideEvent] | None = None
    kind = "event_received"


@dataclass(frozen=True, slots=True)
class DateReached:
    """Answers a date of a deal that comes near, or that is past."""

    field: Reference
    before: Length | None
    after: Length | None
    in_: tuple[PipelineType, ...]
    kind = "date_reached"


@dataclass(frozen=True, slots=True)
class NoActivity:
    """Answers a deal for which nothing has been done for a time."""

    for_: Length
    in_: tuple[PipelineType, ...]
    kind = "no_activity"


@dataclass(frozen=True, slots=True)
class MessageFailed:
    """Answers a message to a contact of a deal that could not be delivered."""

    in_: tuple[PipelineType, ...]
    kind = "message_failed"


@dataclass(frozen=True, slots=True)
class RepWrote:
    """Answers a person of the company who wrote to a contact of a deal."""

    in_: tuple[PipelineType, ...]
    kind = "rep_wrote"


@dataclass(frozen=True, slots=True)
class OptedOut:
    """Answers a contact of a deal who wants no more messages."""

    in_: tuple[PipelineType, ...]
    kind = "opted_out"


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """Answers a message of a contact, for each open deal it is on."""

    in_: tuple[PipelineType, ...]
    kind = "message_received"


@dataclass(frozen=True, slots=True)
class RecordAdded:
    """Answers a record that was put under a deal."""

    record: RecordType
    in_: tuple[PipelineType, ...]
    kind = "record_added"


@dataclass(frozen=True, slots=True)
class RecordUpdated:
    """Answers a change of a record's fields; `own` are those that are watched (none: all)."""

    record: RecordType
    own: tuple[Reference, ...]
    in_: tuple[PipelineType, ...]
    kind = "record_updated"


@dataclass(frozen=True, slots=True)
class RecordRemoved:
    """Answers a record that was taken away from under a deal."""

    record: RecordType
    in_: tuple[PipelineType, ...]
    kind = "record_removed"


@dataclass(frozen=True, slots=True)
class Replied:
    """Answers a message of one of the deal's contacts; `to` is the step whose message it answers."""

    to: str | None
    kind = "message_received"


Trigger: TypeAlias = (
    DealCreated
    | DealUpdated
    | StageChanged
    | Entered
    | ContactAdded
    | ContactRemoved
    | ContactUpdated
    | OwnerChanged
    | TaskCompleted
    | ActivityLogged
    | EventReceived
    | DateReached
    | NoActivity
    | MessageFailed
    | RepWrote
    | OptedOut
    | MessageReceived
    | Replied
    | RecordAdded
    | RecordUpdated
    | RecordRemoved
)
"""Any trigger."""


def deal_created(*, in_: Place | Sequence[Place] = ()) -> DealCreated:
    """A deal was created, in this pipeline or stage (without `in_`: in any pipeline of the account)."""
    places = several(in_, "in_ of deal_created()")
    for place in places:
        if not is_pipeline(place) and not isinstance(place, StageLike):
            raise _no_place(place, "in_ of deal_created()", "a pipeline or a stage")
    return DealCreated(tuple(place for place in places if is_pipeline(place) or isinstance(place, StageLike)))


def deal_updated(
    *, fields: Field | Sequence[Field] = (), in_: PipelineType | Sequence[PipelineType] = ()
) -> DealUpdated:
    """One of these fields of a deal changed (without `fields`: any of them)."""
    given = watched(fields, "deal_updated()")
    names = tuple(_updatable(field) for field in given)
    return DealUpdated(names, pipelines(in_, "in_ of deal_updated()"), _own(given))


def stage_changed(
    *,
    from_: StageLike | Sequence[StageLike] = (),
    to: StageLike | Sequence[StageLike] = (),
    in_: PipelineType | Sequence[PipelineType] = (),
) -> StageChanged:
    """A deal moved, from one of these stages, to one of these (each without: any)."""
    return StageChanged(
        _stages(from_, "from_ of stage_changed()"),
        _stages(to, "to of stage_changed()"),
        pipelines(in_, "in_ of stage_changed()"),
    )


def entered(stage: StageLike, /, *others: StageLike) -> Entered:
    """A deal came into one of these stages: created there, or moved there."""
    return Entered(_stages((stage, *others), "entered()"))


def contact_added(*, in_: PipelineType | Sequence[PipelineType] = ()) -> ContactAdded:
    """A contact was linked to a deal; texts may name `event.contact`."""
    return ContactAdded(pipelines(in_, "in_ of contact_added()"))


def contact_removed(*, in_: PipelineType | Sequence[PipelineType] = ()) -> ContactRemoved:
    """A contact was unlinked from a deal; texts may name `event.contact`."""
    return ContactRemoved(pipelines(in_, "in_ of contact_removed()"))


def contact_updated(
    *, fields: Field | Sequence[Field] = (), in_: PipelineType | Sequence[PipelineType] = ()
) -> ContactUpdated:
    """One of these fields of a contact changed: once for each open deal it is on; texts may name `event.contact`."""
    given = watched(fields, "contact_updated()")
    names = tuple(dict.fromkeys(_of_contact(field) for field in given))
    return ContactUpdated(names, pipelines(in_, "in_ of contact_updated()"), _own(given))


def owner_changed(*, in_: PipelineType | Sequence[PipelineType] = ()) -> OwnerChanged:
    """A deal got another owner; `event.before.owner` is who had it."""
    return OwnerChanged(pipelines(in_, "in_ of owner_changed()"))


def task_completed(*, in_: PipelineType | Sequence[PipelineType] = ()) -> TaskCompleted:
    """A task of a deal was completed; texts may name `event.task`."""
    return TaskCompleted(pipelines(in_, "in_ of task_completed()"))


def activity_logged(
    *, kind: ActivityKind | Sequence[ActivityKind] = (), in_: PipelineType | Sequence[PipelineType] = ()
) -> ActivityLogged:
    """A call, meeting or e-mail was written down for a deal (without `kind`: any); texts may name `event.activity`."""
    kinds = tuple(dict.fromkeys(_activity_kind(item) for item in several(kind, "kind of activity_logged()")))
    return ActivityLogged(kinds, pipelines(in_, "in_ of activity_logged()"))


def message_received(*, in_: PipelineType | Sequence[PipelineType] = ()) -> MessageReceived:
    """A contact has written: once for each open deal it is on; texts may name `event.message` and `event.contact`."""
    return MessageReceived(pipelines(in_, "in_ of message_received()"))


def replied(*, to: str | None = None) -> Replied:
    """A contact of the deal has written; with `to`, in answer to the message of that earlier step."""
    return Replied(None if to is None else checked_step(to))


@overload
def event_received(
    event: type[OutsideEvent], /, *, from_: str | None = None, in_: PipelineType | Sequence[PipelineType] = ()
) -> EventReceived: ...


@overload
def event_received(
    name: str,
    /,
    *,
    from_: str | None = None,
    data: Sequence[str] = (),
    in_: PipelineType | Sequence[PipelineType] = (),
) -> EventReceived: ...


def event_received(
    what: str | type[OutsideEvent],
    /,
    *,
    from_: str | None = None,
    data: Sequence[str] = (),
    in_: PipelineType | Sequence[PipelineType] = (),
) -> EventReceived:
    """Such an event came for a deal, from a hook of the account: a class of events, or just a name.

    With a name, `data` lists what is read of it, as texts; a class says that by its fields, with their types.
    """
    source = None if from_ is None else checked_key(from_, "a source of events")
    places = pipelines(in_, "in_ of event_received()")
    if is_outside_event(what):
        assert isinstance(what, type)
        if data:
            hint = "write number = Text() in the class, and leave data= out"
            raise refused(f"data of {what.__name__} are its fields", hint=hint)
        return EventReceived(what.key, source, tuple(shape.key for shape in what._shapes), places, what)
    if not isinstance(what, str) or not EVENT_NAME.fullmatch(what):
        shown = what.__name__ if isinstance(what, type) else repr(what)
        hint = (
            'event_received(InvoicePaid), a class of OutsideEvent, or event_received("invoice-paid", from_="billing")'
        )
        raise refused(f"{shown} is not the name of an event", hint=hint)
    return EventReceived(what, source, _data_names(data), places)


def _own(fields: Sequence[Field]) -> tuple[Reference, ...]:
    return tuple(reference(field) for field in fields if field._own is not None)


def several(given: object, what: str) -> tuple[object, ...]:
    """Return what is given as one or as a list.

    Raises:
        DefinitionError: it is a list with nothing in it, which would mean anything at all.
    """
    if isinstance(given, list) and not given:
        raise refused(f"{what} is an empty list", hint="leave it out if any will do")
    return tuple(given) if isinstance(given, list | tuple) else (given,)


def watched(fields: Field | Sequence[Field], what: str) -> Sequence[Field]:
    """Return the fields that a trigger watches, given as one or as a list; refuse a list of none."""
    if isinstance(fields, Field):
        return (fields,)
    several(fields, f"fields of {what}")
    return fields


def pipelines(given: object, what: str) -> tuple[PipelineType, ...]:
    """Return the pipelines given as one or as a list; refuse anything else."""
    items = several(given, what)
    for item in items:
        if not is_pipeline(item):
            raise _no_place(item, what, "a pipeline")
    return tuple(item for item in items if is_pipeline(item))


def _stages(given: object, what: str) -> tuple[StageLike, ...]:
    items = several(given, what)
    for item in items:
        if not isinstance(item, StageLike):
            raise _no_place(item, what, "a stage")
    return tuple(item for item in items if isinstance(item, StageLike))


_ANY_STAGE: Final = "what comes into any stage is stage_changed(in_=...) or deal_created(in_=...)"


def _no_place(item: object, what: str, wanted: str) -> Exception:
    shown = (
        item.__name__
        if isinstance(item, type)
        else repr(item)[:80]
        if isinstance(item, str)
        else f"a {type(item).__name__}"
    )
    hint = "write NewBusiness, or NewBusiness.won for a stage"
    if wanted == "a stage":
        meant = item if isinstance(item, str) and item.isidentifier() else "quoted"
        hint = f"write NewBusiness.{meant}"
        if is_pipeline(item):
            hint = f"name one: {item.__name__}.{next(iter(parts(item).stages), 'quoted')}; " + _ANY_STAGE
        elif isinstance(item, list | tuple):
            hint = "write them one after the other, without [ ]"
    elif wanted == "a pipeline":
        hint = "write NewBusiness, and ask for a stage with when=[deal.stage == NewBusiness.quoted]"
    return refused(f"{what} names {wanted}, and {shown} is none", hint=hint)


def _updatable(field: object) -> str:
    if not isinstance(field, Field):
        raise refused(
            f"fields of deal_updated() are fields of a deal, not {type(field).__name__}", hint="fields=[deal.amount]"
        )
    name = field._path.removeprefix("deal.")
    if name in UPDATABLE:
        return name
    if field._path == "deal.contacts.role":
        return "contact_roles"
    if field._own is not None and field._path == f"deal.{field._own.key}":
        return name
    hint = did_you_mean(name, UPDATABLE) or f"there are {', '.join(sorted(UPDATABLE))}"
    if name.startswith("owner."):
        hint = "write deal.owner, or owner_changed()"
    elif name.startswith(("stage", "pipeline")):
        hint = "write stage_changed(...) or entered(...)"
    elif name.startswith("main_contact"):
        hint = "write contact_updated(), contact_added() or contact_removed()"
    raise refused(f"deal_updated() cannot watch {field._path}", hint=hint)


def _of_contact(field: object) -> str:
    if not isinstance(field, Field):
        raise refused(
            f"fields of contact_updated() are fields of a contact, not {type(field).__name__}",
            hint="fields=[deal.main_contact.email]",
        )
    name = field._path.removeprefix("deal.main_contact.").removeprefix("event.contact.")
    if name in CONTACT_FIELDS:
        return name
    if field._own is not None and name == field._own.key:
        return name
    hint = f"there are {', '.join(f'deal.main_contact.{part}' for part in CONTACT_FIELDS)}"
    raise refused(f"contact_updated() cannot watch {field._path}", hint=hint)


def _activity_kind(given: object) -> ActivityKind:
    if not _is_activity_kind(given):
        shown = repr(given)[:80] if isinstance(given, str) else f"a {type(given).__name__}"
        hint = did_you_mean(given, _ACTIVITIES) if isinstance(given, str) else ""
        raise refused(f"{shown} is not a kind of activity", hint=hint or f"there are {', '.join(_ACTIVITIES)}")
    return given


def _is_activity_kind(given: object) -> TypeGuard[ActivityKind]:
    return isinstance(given, str) and given in _ACTIVITIES


def _data_names(given: object) -> tuple[str, ...]:
    if not isinstance(given, list | tuple):
        raise refused("data of event_received() is a list of names", hint='data=["number", "amount"]')
    for name in given:
        if not isinstance(name, str) or not is_data_name(name):
            raise refused(
                f"{name!r} cannot be a name in the data of an event",
                hint="use letters, digits and underscores, and begin with a letter",
            )
    return tuple(dict.fromkeys(given))
