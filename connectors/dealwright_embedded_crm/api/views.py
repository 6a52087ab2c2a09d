"""How the CRM's records look in JSON."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Field, WithJsonSchema

from dealwright.model import crm
from dealwright_embedded_crm.api.fields import Day, Id, Key, Moment, MoneyOut, Shown
from dealwright_embedded_crm.company_reads import Company
from dealwright_embedded_crm.own_sight import Sight
from dealwright_embedded_crm.record_reads import KeptRecord

T = TypeVar("T")

StageKind = Literal["incoming", "open", "won", "lost"]


class Page(Shown, Generic[T]):
    """One page of a list; `next` is the cursor of the page after it, null on the last one."""

    items: list[T]
    next: Annotated[str | None, Field(examples=[None])] = None


OwnOut = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "description": "The company's own fields that hold something, by key, as far as the role sees them.",
            "additionalProperties": {"type": ["string", "boolean", "array", "object"]},
            "examples": [{"treatment": "implant", "insured": True}],
        }
    ),
]
"""What own fields hold: numbers, days and moments as texts, an amount with its currency, a user whole."""


class UserRef(Shown):
    """Somebody who works in the CRM."""

    id: Id
    name: Annotated[str, Field(examples=["Ann Lee"])]
    email: Annotated[str | None, Field(examples=["ann@example.com"])] = None

    @classmethod
    def of(cls, user: crm.User | None) -> UserRef | None:
        """Return the user as shown."""
        return None if user is None else cls(id=user.id, name=user.name, email=user.email)


class ContactOut(Shown):
    """Somebody the company talks to."""

    id: Id
    name: Annotated[str | None, Field(examples=["Bo Li"])]
    first_name: Annotated[str | None, Field(examples=["Bo"])]
    last_name: Annotated[str | None, Field(examples=["Li"])]
    phone: Annotated[str | None, Field(examples=["+1 212 555 0142"])]
    email: Annotated[str | None, Field(examples=["bo@example.com"])]
    fields: OwnOut

    @classmethod
    def of(cls, contact: crm.Contact, sight: Sight | None = None) -> ContactOut:
        """Return the contact as shown; without `sight` nothing of its own fields."""
        return cls(
            id=contact.id,
            name=contact.name,
            first_name=contact.first_name,
            last_name=contact.last_name,
            phone=contact.phone,
            email=contact.email,
            fields={} if sight is None else sight.of("contact", contact.custom),
        )


class LinkedOut(ContactOut):
    """A contact of a deal, and what it is there."""

    role: Annotated[str | None, Field(examples=["payer"])]

    @classmethod
    def on(cls, deal: crm.Deal, sight: Sight | None) -> list[LinkedOut]:
        """Return the deal's contacts as shown, the main one first."""
        return [
            cls(**ContactOut.of(contact, sight).model_dump(), role=deal.role_of(contact.id))
            for contact in deal.contacts
        ]


class CompanyOut(Shown):
    """A company that deals are with."""

    id: Id
    name: Annotated[str, Field(examples=["Acme"])]
    fields: OwnOut

    @classmethod
    def of(cls, company: Company, sight: Sight | None = None) -> CompanyOut:
        """Return the company as shown; without `sight` nothing of its own fields."""
        own = {} if sight is None else sight.of("company", company.custom)
        return cls(id=company.id, name=company.name, fields=own)


class DealOut(Shown):
    """One sales opportunity; the first of its contacts is the main one."""

    id: Id
    title: Annotated[str, Field(examples=["Forty chairs"])]
    pipeline: Key
    stage: Key
    owner: UserRef | None
    amount: MoneyOut | None
    close_date: Day | None
    reference: str | None
    tags: list[str]
    company: str | None
    contacts: list[LinkedOut]
    lost_reason: str | None
    created_at: Moment
    updated_at: Moment
    stage_since: Moment
    records: Annotated[int, Field(ge=0, description="How many records it has under it; `GET .../records` lists them.")]
    fields: OwnOut
    version: Annotated[int, Field(ge=1, description="Grows with every change; it is the ETag too.")]

    @classmethod
    def of(cls, deal: crm.Deal, sight: Sight | None = None) -> DealOut:
        """Return the deal as shown; without `sight` nothing of own fields."""
        return cls(
            id=deal.id,
            title=deal.title,
            pipeline=deal.pipeline,
            stage=deal.stage,
            owner=UserRef.of(deal.owner),
            amount=None if deal.amount is None else MoneyOut.of(deal.amount),
            close_date=deal.close_date,
            reference=deal.reference,
            tags=list(deal.tags),
            company=deal.company,
            contacts=LinkedOut.on(deal, sight),
            lost_reason=deal.lost_reason,
            created_at=deal.created_at,
            updated_at=deal.updated_at,
            stage_since=deal.stage_since,
            records=len(deal.records or ()) + (deal.records_beyond or 0),
            fields={} if sight is None else sight.of("deal", deal.custom),
            version=deal.version,
        )


class RecordOut(Shown):
    """Something that a deal has under it, such as an instalment."""

    id: Id
    deal_id: Id
    kind: Annotated[Key, Field(examples=["instalment"])]
    created_at: Moment
    updated_at: Moment
    fields: OwnOut

    @classmethod
    def of(cls, kept: KeptRecord, sight: Sight | None = None) -> RecordOut:
        """Return the record as shown; without `sight` nothing of its fields."""
        return cls(
            id=kept.record.id,
            deal_id=kept.deal_id,
            kind=kept.record.kind,
            created_at=kept.created_at,
            updated_at=kept.updated_at,
            fields={} if sight is None else sight.of(kept.record.kind, kept.record.custom),
        )


class TaskOut(Shown):
    """Something a user has to do by a moment, for one deal."""

    id: Id
    deal_id: Id
    text: str
    due_at: Moment
    owner: UserRef | None
    done: bool
    created_at: Moment
    completed_at: Moment | None

    @classmethod
    def of(cls, task: crm.Task) -> TaskOut:
        """Return the task as shown."""
        return cls(
            id=task.id,
            deal_id=task.deal_id,
            text=task.text,
            due_at=task.due_at,
            owner=UserRef.of(task.owner),
            done=task.done,
            created_at=task.created_at,
            completed_at=task.completed_at,
        )


class NoteOut(Shown):
    """Something somebody, or an automation, wrote down about a deal."""

    id: Id
    deal_id: Id
    text: str
    author: str
    at: Moment

    @classmethod
    def of(cls, note: crm.Note) -> NoteOut:
        """Return the note as shown."""
        return cls(id=note.id, deal_id=note.deal_id, text=note.text, author=note.author, at=note.at)


class ActivityOut(Shown):
    """A call, meeting or e-mail that happened."""

    id: Id
    deal_id: Id
    kind: crm.ActivityKind
    at: Moment
    outcome: str | None
    text: str | None
    by: UserRef | None
    contact_id: Id | None

    @classmethod
    def of(cls, activity: crm.Activity) -> ActivityOut:
        """Return the activity as shown."""
        return cls(
            id=activity.id,
            deal_id=activity.deal_id,
            kind=activity.kind,
            at=activity.at,
            outcome=activity.outcome,
            text=activity.text,
            by=UserRef.of(activity.by),
            contact_id=activity.contact_id,
        )


class DealPage(Page[DealOut]):
    """One page of deals."""


class ContactPage(Page[ContactOut]):
    """One page of contacts."""


class RecordPage(Page[RecordOut]):
    """One page of records."""


class CompanyPage(Page[CompanyOut]):
    """One page of companies."""


class TaskPage(Page[TaskOut]):
    """One page of tasks."""


class NotePage(Page[NoteOut]):
    """One page of notes."""


class ActivityPage(Page[ActivityOut]):
    """One page of activities."""
