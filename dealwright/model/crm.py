"""Deals, contacts, users, tasks and the shape of pipelines, as every CRM has them."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from typing import Final, Literal

import msgspec

from dealwright.model.custom import Customs
from dealwright.model.values import Money as Money
from dealwright.model.values import User as User

StageKind = Literal["incoming", "open", "won", "lost"]

ActivityKind = Literal["call", "meeting", "email"]
"""What kinds of activity there are."""


MOST_CONTACTS: Final = 100
"""The most contacts of one deal that are looked at; those beyond are counted."""

MOST_RECORDS: Final = 200
"""The most records under one deal that are looked at; those beyond are counted."""

LONGEST_ROLE: Final = 60
"""The longest role of a contact on a deal, in characters."""

_WORD: Final = re.compile(r"\w+")


class Contact(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Somebody the company talks to; `phone` and `email` as the CRM holds them, not normalised."""

    id: str
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    email: str | None = None
    custom: Customs = msgspec.UNSET


class CompanyDeals(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the company of a deal has beside that deal: open and won deals, and the newest of the open ones."""

    open: int = 0
    won: int = 0
    newest_id: str | None = None
    newest_title: str | None = None
    newest_owner: User | None = None


class ContactRole(msgspec.Struct, frozen=True, gc=False):
    """What a contact is on one deal, such as its payer: the contact's id, and the role as it was written."""

    contact: str
    role: str


def role_key(role: str) -> str:
    """Return what a role is known by: without case, with one underscore for whatever stands between its words.

    An empty text says that it cannot be a role: it must begin with a letter, and be no longer than 60 characters.
    """
    key = "_".join(_WORD.findall(unicodedata.normalize("NFKC", role[: 2 * LONGEST_ROLE]).casefold()))
    fits = len(role) <= LONGEST_ROLE and key.isidentifier() and not key.startswith("_")
    return key if fits else ""


class Record(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One of the things of one kind that a deal has under it, such as an instalment; `kind` is its key."""

    id: str
    kind: str
    custom: Customs = msgspec.UNSET


class Deal(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One sales opportunity, whole, at one version.

    `pipeline` and `stage` are keys as the definitions name them (the connector maps vendor ids); the first of
    `contacts` is the main contact; `stage_since` is when the deal entered its present stage; `version` grows with
    every change. `contact_roles` are those of the contacts that have one; `contacts_beyond` counts contacts that were
    not read, because the deal has more than `MOST_CONTACTS`. `company_custom` are the own fields of its company;
    `company_deals` were read for a decision that asks for them. `records` are what it has under it, oldest first;
    `records_beyond` counts those that were not read, because it has more than `MOST_RECORDS`. UNSET is none, and is not
    written down.
    """

    id: str
    title: str
    pipeline: str
    stage: str
    owner: User | None = None
    amount: Money | None = None
    close_date: date | None = None
    reference: str | None = None
    tags: tuple[str, ...] = ()
    company: str | None = None
    contacts: tuple[Contact, ...] = ()
    lost_reason: str | None = None
    created_at: datetime
    updated_at: datetime
    stage_since: datetime
    version: int
    custom: Customs = msgspec.UNSET
    contact_roles: tuple[ContactRole, ...] | msgspec.UnsetType = msgspec.UNSET
    contacts_beyond: int | msgspec.UnsetType = msgspec.UNSET
    company_custom: Customs = msgspec.UNSET
    company_deals: CompanyDeals | msgspec.UnsetType = msgspec.UNSET
    records: tuple[Record, ...] | msgspec.UnsetType = msgspec.UNSET
    records_beyond: int | msgspec.UnsetType = msgspec.UNSET

    @property
    def main_contact(self) -> Contact | None:
        """The contact that stands first, or None."""
        return self.contacts[0] if self.contacts else None

    @property
    def contact_count(self) -> int:
        """How many contacts the deal has, those that were not read included."""
        return len(self.contacts) + (self.contacts_beyond or 0)

    def record(self, record_id: str) -> Record | None:
        """Return the record of that id, or None."""
        return next((record for record in self.records or () if record.id == record_id), None)

    def role_of(self, contact_id: str) -> str | None:
        """Return the contact's role on the deal, or None."""
        return next((each.role for each in self.contact_roles or () if each.contact == contact_id), None)

    def contact_as(self, role: str) -> Contact | None:
        """Return the contact of that role, spelled in any case; of several the one that was linked first."""
        if not self.contact_roles:
            return None
        key = role_key(role)
        theirs = {each.contact for each in self.contact_roles if role_key(each.role) == key}
        return next((contact for contact in self.contacts if contact.id in theirs), None)


class Task(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Something a user has to do by a moment, for one deal."""

    id: str
    deal_id: str
    text: str
    due_at: datetime
    owner: User | None = None
    done: bool = False
    created_at: datetime
    completed_at: datetime | None = None


class Activity(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A call, meeting or e-mail that happened: when, what came of it, by whom, for which deal and contact."""

    id: str
    deal_id: str
    kind: ActivityKind
    at: datetime
    outcome: str | None = None
    text: str | None = None
    by: User | None = None
    contact_id: str | None = None


class Note(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Something somebody wrote down about a deal; `author` is a user's name, or the automation that wrote it."""

    id: str
    deal_id: str
    text: str
    author: str
    at: datetime


class StageShape(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One stage of a pipeline as a definition wants it; `probability` in percent.

    `required` names fields that a deal must have to stand there (`amount`, `close_date`, `reference`, `company`,
    `contacts`, `owner`); `reason_required` says that a deal is lost only with a reason.
    """

    key: str
    name: str
    kind: StageKind
    probability: int | None = None
    reasons: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    reason_required: bool = False


class PipelineShape(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A pipeline as a definition wants it; `stages` in order, Incoming first, Won and Lost last."""

    key: str
    name: str
    stages: tuple[StageShape, ...]

    def stage(self, key: str) -> StageShape | None:
        """Return the stage of that key, or None."""
        return next((stage for stage in self.stages if stage.key == key), None)

    def position(self, key: str) -> int:
        """Return the stage's place in the pipeline (-1 if it is not there): *forward* means a greater place."""
        return next((place for place, stage in enumerate(self.stages) if stage.key == key), -1)
