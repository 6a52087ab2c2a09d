"""What Kommo's answers hold, as far as we read them; what is not named here is passed over."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec


class _Wire(msgspec.Struct, frozen=True, kw_only=True):
    """What Kommo adds tomorrow is no error."""


class FieldValue(_Wire, frozen=True, kw_only=True):
    """One value of a custom field."""

    value: Any = None
    enum_id: int | None = None


class CustomField(_Wire, frozen=True, kw_only=True):
    """A custom field with its values."""

    field_id: int
    field_code: str | None = None
    values: list[FieldValue] = []


class Ref(_Wire, frozen=True, kw_only=True):
    """What is linked."""

    id: int
    name: str | None = None
    is_main: bool = False


class LeadParts(_Wire, frozen=True, kw_only=True):
    """What comes with a lead."""

    tags: list[Ref] | None = None
    contacts: list[Ref] | None = None
    companies: list[Ref] | None = None
    loss_reason: list[Ref] | None = None


class Lead(_Wire, frozen=True, kw_only=True):
    """A lead."""

    id: int
    name: str | None = None
    price: int | float | None = None
    responsible_user_id: int | None = None
    status_id: int
    pipeline_id: int
    created_at: int
    updated_at: int
    is_deleted: bool = False
    custom_fields_values: list[CustomField] | None = None
    parts: LeadParts = msgspec.field(name="_embedded", default_factory=LeadParts)


class ContactParts(_Wire, frozen=True, kw_only=True):
    """What comes with a contact."""

    leads: list[Ref] | None = None


class WireContact(_Wire, frozen=True, kw_only=True):
    """A contact."""

    id: int
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    updated_at: int = 0
    is_deleted: bool = False
    custom_fields_values: list[CustomField] | None = None
    parts: ContactParts = msgspec.field(name="_embedded", default_factory=ContactParts)


class WireTask(_Wire, frozen=True, kw_only=True):
    """A task."""

    id: int
    entity_id: int | None = None
    entity_type: str | None = None
    is_completed: bool = False
    text: str | None = None


class WireNote(_Wire, frozen=True, kw_only=True):
    """A note; what `params` holds depends on its type."""

    id: int
    entity_id: int | None = None
    params: Any = None


class WireUser(_Wire, frozen=True, kw_only=True):
    """A user."""

    id: int
    name: str | None = None
    email: str | None = None


class WireStatus(_Wire, frozen=True, kw_only=True):
    """A stage of a pipeline."""

    id: int
    name: str = ""
    sort: int = 0
    type: int = 0


class PipelineParts(_Wire, frozen=True, kw_only=True):
    """What comes with a pipeline."""

    statuses: list[WireStatus] = []


class WirePipeline(_Wire, frozen=True, kw_only=True):
    """A pipeline."""

    id: int
    name: str = ""
    is_archive: bool = False
    parts: PipelineParts = msgspec.field(name="_embedded", default_factory=PipelineParts)


class Written(_Wire, frozen=True, kw_only=True):
    """One item of the answer to a write."""

    id: int
    request_id: str | list[str] | None = None


class Link(_Wire, frozen=True, kw_only=True):
    """Where the next page is."""

    href: str = ""


class Links(_Wire, frozen=True, kw_only=True):
    """The links of a page."""

    next: Link | None = None


class ItemProblem(_Wire, frozen=True, kw_only=True):
    """What is wrong with one value of an item."""

    code: str = ""
    path: str = ""


class Invalid(_Wire, frozen=True, kw_only=True):
    """What is wrong with one item of a write; `request_id` is ours, or its place as a text."""

    request_id: str | int | None = None
    errors: list[ItemProblem] = []


class Problem(_Wire, frozen=True, kw_only=True):
    """An error as Kommo says it."""

    title: str = ""
    retry_after: float | None = None
    invalid: list[Invalid] = msgspec.field(name="validation-errors", default_factory=list)


Json: TypeAlias = dict[str, Any]
