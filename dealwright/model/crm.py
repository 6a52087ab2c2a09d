"""Deals, contacts, users, tasks and the shape of pipelines, as every CRM has them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

from dealwright.model.custom import Customs

StageKind = Literal["incoming", "open", "won", "lost"]

ActivityKind = Literal["call", "meeting", "email"]
"""What kinds of activity there are."""


class Money(msgspec.Struct, frozen=True, gc=False):
    """An amount in one currency (ISO 4217 code, upper case)."""

    amount: Decimal
    currency: str


class User(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Somebody who works in the CRM."""

    id: str
    name: str
    email: str | None = None


class Contact(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Somebody the company talks to; `phone` and `email` as the CRM holds them, not normalised."""

    id: str
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    email: str | None = None


class Deal(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One sales opportunity, whole, at one version.

    `pipeline` and `stage` are keys as the definitions name them (the connector maps vendor ids); the first of
    `contacts` is the main contact; `stage_since` is when the deal entered its present stage; `version` grows with
    every change.
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

    @property
    def main_contact(self) -> Contact | None:
        """The contact that stands first, or None."""
        return self.contacts[0] if self.contacts else None


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
