"""Requests: what an effect asks an outside system to do, and what came of it.

A request is fully rendered when it is planned: no templates, no references, nothing left to decide. It names no
vendor; a connector declares which requests it carries out and with which delivery class.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, TypeAlias

import msgspec

from dealwright.model.crm import Money


class _Request(msgspec.Struct, frozen=True, kw_only=True, tag_field="do"):
    """What all requests carry."""

    @property
    def kind(self) -> str:
        """The tag, which is the effect's kind in views and summaries."""
        return str(self.__struct_config__.tag)


class CreateDeal(_Request, frozen=True, kw_only=True, tag="create_deal"):
    """Create a deal; `contacts` are ids, the first one is the main contact; `owner` is a user id or name."""

    pipeline: str
    stage: str
    title: str
    contacts: tuple[str, ...] = ()
    owner: str | None = None
    amount: Money | None = None
    close_date: date | None = None
    reference: str | None = None
    tags: tuple[str, ...] = ()
    company: str | None = None


class DealChanges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """New values of a deal's fields; UNSET is left alone, None clears."""

    title: str | msgspec.UnsetType = msgspec.UNSET
    owner: str | msgspec.UnsetType | None = msgspec.UNSET
    amount: Money | msgspec.UnsetType | None = msgspec.UNSET
    close_date: date | msgspec.UnsetType | None = msgspec.UNSET
    reference: str | msgspec.UnsetType | None = msgspec.UNSET
    company: str | msgspec.UnsetType | None = msgspec.UNSET
    tags: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET

    def given(self) -> dict[str, Any]:
        """Return the fields that are to change, by name."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not msgspec.UNSET}


class UpdateDeal(_Request, frozen=True, kw_only=True, tag="update_deal"):
    """Change fields of a deal; `version` is the version decided on."""

    deal_id: str
    changes: DealChanges
    version: int | None = None


class MoveDeal(_Request, frozen=True, kw_only=True, tag="move_deal"):
    """Move a deal to a stage; `only_forward` makes a move backwards a no-op with a receipt that says so."""

    deal_id: str
    pipeline: str
    stage: str
    only_forward: bool = True
    lost_reason: str | None = None


class SetTask(_Request, frozen=True, kw_only=True, tag="set_task"):
    """Give somebody something to do by a moment; `owner` is a user id or name, None means the deal's owner."""

    deal_id: str
    text: str
    due_at: datetime
    owner: str | None = None


class SendEvent(_Request, frozen=True, kw_only=True, tag="send_event"):
    """Post a signed JSON event to the outside system `to`, whose address stands in the target file.

    Numbers in the body are texts, since a JSON number of another program may not hold them exactly.
    """

    to: str
    name: str
    deal_id: str
    body: dict[str, str | bool | None]
    occurred_at: datetime


Request: TypeAlias = CreateDeal | UpdateDeal | MoveDeal | SetTask | SendEvent
"""Any request."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request on its way: `key` is the effect's key, stable over every attempt; `actor` who is acting."""

    key: str
    actor: str
    request: Request
    attempt: int = 1


class Sent(msgspec.Struct, frozen=True, kw_only=True, tag_field="outcome", tag="sent"):
    """Surely carried out; `receipt` is what later steps may read (`deal_id`, `task_id`, `status` ...).

    `repeated`: the system knew the key already and changed nothing this time.
    """

    receipt: dict[str, str | bool | int | None] = {}
    repeated: bool = False


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag_field="outcome", tag="rejected"):
    """Surely not carried out, and would be refused again."""

    code: str
    message: str


class TryAgain(msgspec.Struct, frozen=True, kw_only=True, tag_field="outcome", tag="try_again"):
    """Surely not carried out; may be tried again `after` seconds."""

    reason: str
    after: float = 1.0


class Unknown(msgspec.Struct, frozen=True, kw_only=True, tag_field="outcome", tag="unknown"):
    """It left, and nobody can say whether it was carried out."""

    reason: str


Outcome: TypeAlias = Sent | Refused | TryAgain | Unknown
"""What came of one call."""
