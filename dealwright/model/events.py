"""Events: something that happened to a deal, told once. One discriminated union, tagged `kind`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from dealwright.model.crm import Contact, Deal

Answer = Literal["on", "tasks", "off"]
"""Which automations may answer an event: all, only stage tasks, none (chosen by an import)."""


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What all events carry.

    `source_id` is the source's own id of the event, by which duplicates are known. `after` is the deal as it was
    left by this very change. `actor` is `user:<id>`, `import:<id>` or `automation:<account>.<key>`; `cause` is the
    effect key of our own write that made the change, if it was ours.
    """

    source_id: str
    occurred_at: datetime
    actor: str
    after: Deal
    before: Deal | None = None
    cause: str | None = None
    answer: Answer = "on"

    @property
    def kind(self) -> str:
        """The tag of the event's kind, as automations and views name it."""
        return str(self.__struct_config__.tag)

    @property
    def subject(self) -> str:
        """What the event is about: `deal:<id>`."""
        return f"deal:{self.after.id}"


class DealCreated(_Event, frozen=True, kw_only=True, tag="deal_created"):
    """A deal came into being."""


class DealUpdated(_Event, frozen=True, kw_only=True, tag="deal_updated"):
    """Fields of a deal changed (not its stage, not its contacts); `changed` names them."""

    changed: tuple[str, ...] = ()


class StageChanged(_Event, frozen=True, kw_only=True, tag="stage_changed"):
    """A deal moved to another stage or pipeline."""


class ContactAdded(_Event, frozen=True, kw_only=True, tag="contact_added"):
    """A contact was linked to a deal."""

    contact: Contact


class ContactRemoved(_Event, frozen=True, kw_only=True, tag="contact_removed"):
    """A contact was unlinked from a deal."""

    contact: Contact


Event: TypeAlias = DealCreated | DealUpdated | StageChanged | ContactAdded | ContactRemoved
"""Any event."""
