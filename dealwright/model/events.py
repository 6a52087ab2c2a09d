"""Events: something that happened, told once. One discriminated union, tagged `kind`.

Most events are about one deal and carry it whole. `ContactUpdated` is about a contact and carries the open deals it is
on; `EventReceived` comes from outside and may name a deal, which is read before the event is routed. `DealNoticed` and
`ContactNoticed` are what a CRM tells that says only that something changed: they become the others when it is read.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, TypeAlias

import msgspec

from dealwright.model.crm import Activity, Contact, Deal, Record, Task
from dealwright.model.messages import Message

REPLAY: Final = "replay"
"""The source of events that a person had happen again; no other source may be called so."""

ENROL: Final = "enrol"
"""The source of events that deals were enrolled; no other source may be called so."""

Answer = Literal["on", "tasks", "off"]
"""Which automations may answer an event: all, only stage tasks, none (chosen by an import)."""

MOST_DEALS: Final = 50
"""The most open deals of one contact that an update of it is answered for (engine-contract §2)."""


def deal_subject(deal_id: str) -> str:
    """Return how a deal is named as a subject: `deal:<id>`."""
    return f"deal:{deal_id}"


class _Event(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="kind"):
    """What all events carry.

    `source_id` is the source's own id of the event, by which duplicates are known. `actor` is `user:<id>`,
    `import:<id>`, `hook:<source>` or `automation:<account>.<key>`; `cause` is the effect key of our own write that
    made the change, if it was ours.
    """

    source_id: str
    occurred_at: datetime
    actor: str
    cause: str | None = None
    answer: Answer = "on"

    @property
    def kind(self) -> str:
        """The tag of the event's kind, as automations and views name it."""
        return str(self.__struct_config__.tag)


class _DealEvent(_Event, frozen=True, kw_only=True):
    """What all events about one deal carry: `after` is the deal as it was left by this very change."""

    after: Deal
    before: Deal | None = None

    @property
    def subject(self) -> str:
        """What the event is about: `deal:<id>`."""
        return deal_subject(self.after.id)

    @property
    def about(self) -> tuple[Deal, ...]:
        """The deals that may be acted on: one execution each."""
        return (self.after,)


class DealCreated(_DealEvent, frozen=True, kw_only=True, tag="deal_created"):
    """A deal came into being."""


class DealUpdated(_DealEvent, frozen=True, kw_only=True, tag="deal_updated"):
    """Fields of a deal changed (not its stage, not its contacts); `changed` names them."""

    changed: tuple[str, ...] = ()


class StageChanged(_DealEvent, frozen=True, kw_only=True, tag="stage_changed"):
    """A deal moved to another stage or pipeline."""


class ContactAdded(_DealEvent, frozen=True, kw_only=True, tag="contact_added"):
    """A contact was linked to a deal."""

    contact: Contact


class ContactRemoved(_DealEvent, frozen=True, kw_only=True, tag="contact_removed"):
    """A contact was unlinked from a deal."""

    contact: Contact


class TaskCompleted(_DealEvent, frozen=True, kw_only=True, tag="task_completed"):
    """Somebody, or a step of ours, did what a task asked for."""

    task: Task


class ActivityLogged(_DealEvent, frozen=True, kw_only=True, tag="activity_logged"):
    """A call, meeting or e-mail that happened was written down."""

    activity: Activity


class RecordAdded(_DealEvent, frozen=True, kw_only=True, tag="record_added"):
    """A deal got a record under it."""

    record: Record


class RecordUpdated(_DealEvent, frozen=True, kw_only=True, tag="record_updated"):
    """Fields of a record under a deal changed; `changed` names them, `previous` is the record as it was."""

    record: Record
    previous: Record | None = None
    changed: tuple[str, ...] = ()


class RecordRemoved(_DealEvent, frozen=True, kw_only=True, tag="record_removed"):
    """A record was taken away from under a deal: `record` as it was last."""

    record: Record


class DealEnrolled(_DealEvent, frozen=True, kw_only=True, tag="deal_enrolled"):
    """A deal stood where an automation begins when that was first released, and the automation begins with it.

    It happened when the deal came to stand there. `automation` is whose event it is: no other one answers it.
    """

    automation: str


class ContactUpdated(_Event, frozen=True, kw_only=True, tag="contact_updated"):
    """Fields of a contact changed; `changed` names them.

    `deals` are the contact's open deals as they are now, `MOST_DEALS` at most; `more` counts those beyond. `absorbed`
    are contacts that were merged into this one and are gone: whoever stood behind them stands behind it.
    """

    contact: Contact
    previous: Contact | None = None
    changed: tuple[str, ...] = ()
    deals: tuple[Deal, ...] = ()
    more: int = 0
    absorbed: tuple[Contact, ...] = ()

    @property
    def subject(self) -> str:
        """What the event is about: `contact:<id>`."""
        return f"contact:{self.contact.id}"

    @property
    def about(self) -> tuple[Deal, ...]:
        """The deals that may be acted on: one execution each."""
        return self.deals

    @property
    def before(self) -> Deal | None:
        """The deal did not change."""
        return None


class MessageReceived(_Event, frozen=True, kw_only=True, tag="message_received"):
    """A contact has written to us: `message` is what came in.

    `deals` are the contact's open deals as they are now, `MOST_DEALS` at most; `more` counts those beyond.
    """

    contact: Contact
    message: Message
    deals: tuple[Deal, ...] = ()
    more: int = 0

    @property
    def subject(self) -> str:
        """What the event is about: `contact:<id>`."""
        return f"contact:{self.contact.id}"

    @property
    def about(self) -> tuple[Deal, ...]:
        """The deals that may be acted on: one execution each."""
        return self.deals

    @property
    def before(self) -> Deal | None:
        """The deal did not change."""
        return None


class EventReceived(_Event, frozen=True, kw_only=True, tag="event_received"):
    """Something happened in a system outside, which told us by a signed hook.

    It names its deal by `deal_id` or by `reference`, or no deal at all. `deal` is filled in when the event is observed;
    None is then a deal that is not there, or none named. `data` is what the other system told beside, flat, as texts.
    `only`: it is about this deal for these automations alone, whose segment holds it. `every`: a person has let it go
    to every deal of their segments.
    """

    source: str
    name: str
    deal_id: str | None = None
    reference: str | None = None
    data: dict[str, str] = {}
    deal: Deal | None = None
    observed: bool = False
    only: tuple[str, ...] = ()
    every: bool = False

    @property
    def subject(self) -> str:
        """What the event is about: `deal:<id>` once it is known, else `source:<source>`."""
        if self.deal is not None:
            return deal_subject(self.deal.id)
        return f"source:{self.source}"

    @property
    def about(self) -> tuple[Deal, ...]:
        """The deals that may be acted on: one execution each."""
        return () if self.deal is None else (self.deal,)

    @property
    def before(self) -> Deal | None:
        """The deal did not change."""
        return None

    @property
    def must_be_observed(self) -> bool:
        """Whether it names a deal that was not read yet."""
        return not self.observed and (self.deal_id is not None or self.reference is not None)


class Place(msgspec.Struct, frozen=True):
    """Where a deal stands: keys of a pipeline and of one of its stages."""

    pipeline: str
    stage: str


Happened = Literal["created", "changed", "moved", "removed"]
"""What a CRM may say of a deal or a contact, without saying what it was before."""

NewsFound = Literal["", "told", "nothing", "gone", "unread"]
"""What came of it when it was read: not read yet; told by other events; nothing was new; it is not there; given up."""


class _Noticed(_Event, frozen=True, kw_only=True):
    """What is known of a change before it was read.

    `version` is that of the change, as the CRM counts versions of this thing; None if it does not say. `ours`: it was
    made under the user that we act as. An event that keeps this kind sets nothing off: `found` says why.
    """

    happened: Happened
    version: int | None = None
    ours: bool = False
    found: NewsFound = ""

    @property
    def about(self) -> tuple[Deal, ...]:
        """No deal: nothing is known of it yet."""
        return ()

    @property
    def before(self) -> Deal | None:
        """Nothing is known."""
        return None

    @property
    def must_be_observed(self) -> bool:
        """Whether it was not read yet."""
        return not self.found


class DealNoticed(_Noticed, frozen=True, kw_only=True, tag="deal_noticed"):
    """The CRM says that something about a deal changed; `came_from` and `went_to` if it says where it moved."""

    deal_id: str
    came_from: Place | None = None
    went_to: Place | None = None

    @property
    def subject(self) -> str:
        """What the event is about: `deal:<id>`."""
        return deal_subject(self.deal_id)


class ContactNoticed(_Noticed, frozen=True, kw_only=True, tag="contact_noticed"):
    """The CRM says that something about a contact changed."""

    contact_id: str

    @property
    def subject(self) -> str:
        """What the event is about: `contact:<id>`."""
        return f"contact:{self.contact_id}"


def created_id(deal_id: str) -> str:
    """Return the source's id of the event that a deal was created: whoever tells it first, it is told once."""
    return f"deal:{deal_id}:created"


Event: TypeAlias = (
    DealCreated
    | DealUpdated
    | StageChanged
    | DealEnrolled
    | ContactAdded
    | ContactRemoved
    | TaskCompleted
    | ActivityLogged
    | RecordAdded
    | RecordUpdated
    | RecordRemoved
    | ContactUpdated
    | MessageReceived
    | EventReceived
    | DealNoticed
    | ContactNoticed
)
"""Any event."""


def record_of(event: Event) -> Record | None:
    """Return the record under a deal that the event is about, or None."""
    return event.record if isinstance(event, RecordAdded | RecordUpdated | RecordRemoved) else None


def deal_of(event: Event, subject: str) -> Deal:
    """Return the deal of that subject, as the event left it.

    Raises:
        LookupError: the event is not about it.
    """
    for deal in event.about:
        if deal_subject(deal.id) == subject:
            return deal
    raise LookupError(f"a {event.kind} event that is not about {subject}")
