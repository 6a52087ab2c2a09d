"""The IR: what a company's definitions mean, as frozen, serialisable values.

Everything that the engine needs to decide about a deal is here; nothing here refers to a Python object of the
author's. All choices are discriminated unions (a field typed by a base class would dump as `{}` and make digests
blind), and all literals carry their type (else `timedelta(days=1)` comes back as the text `P1D`).

Fields named in `METADATA` describe the definition to people; editing them is not editing behaviour (compile/digest.py).
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from dealwright.compile.ir_steps import (
    ActionStep,
    AddNoteStep,
    BranchStep,
    Case,
    ChangeTagsStep,
    CompleteTasksStep,
    ContactPath,
    CreateContactStep,
    CreateDealStep,
    MoveDealStep,
    SendConversionStep,
    SendEmailStep,
    SendEventStep,
    SetTaskStep,
    Step,
    StopStep,
    UpdateContactStep,
    UpdateDealStep,
    WaitStep,
    actions,
)
from dealwright.compile.ir_values import (
    All,
    Any,
    Cleared,
    Compare,
    Condition,
    DayValue,
    Expression,
    FlagValue,
    Has,
    IsIn,
    IsSet,
    MomentValue,
    MoneyValue,
    Node,
    Not,
    NumberValue,
    Operand,
    Operator,
    PipelineValue,
    Ref,
    StageValue,
    TagsValue,
    TemplateText,
    TextValue,
    Value,
)
from dealwright.model.calendar import Calendar, Duration
from dealwright.model.crm import ActivityKind, PipelineShape

__all__ = [
    "METADATA",
    "Account",
    "ActionStep",
    "AddNoteStep",
    "Again",
    "All",
    "Any",
    "Automation",
    "BranchStep",
    "Case",
    "ChangeTagsStep",
    "Cleared",
    "Compare",
    "CompleteTasksStep",
    "Condition",
    "ContactPath",
    "CreateContactStep",
    "CreateDealStep",
    "DayValue",
    "EveryEvent",
    "Expression",
    "FlagValue",
    "Has",
    "IsIn",
    "IsSet",
    "MomentValue",
    "MoneyValue",
    "MoveDealStep",
    "Not",
    "NumberValue",
    "OnActivityLogged",
    "OnContactAdded",
    "OnContactRemoved",
    "OnContactUpdated",
    "OnDealCreated",
    "OnDealUpdated",
    "OnEntered",
    "OnEventReceived",
    "OnOwnerChanged",
    "OnStageChanged",
    "OnTaskCompleted",
    "Once",
    "Operand",
    "Operator",
    "PipelineValue",
    "Ref",
    "SendConversionStep",
    "SendEmailStep",
    "SendEventStep",
    "SetTaskStep",
    "StageValue",
    "Step",
    "StopStep",
    "TagsValue",
    "TemplateText",
    "TextValue",
    "Trigger",
    "UpdateContactStep",
    "UpdateDealStep",
    "Value",
    "WaitStep",
    "Where",
    "actions",
    "decode",
    "encode",
]

METADATA: Final = frozenset({"why", "where"})
"""Names of IR fields that are metadata, wherever they stand."""


# --- triggers -------------------------------------------------------------------------------------------------------


class OnDealCreated(Node, tag_field="on", tag="deal_created", frozen=True, kw_only=True):
    """A deal was created, in one of these pipelines and stages (empty: anywhere)."""

    pipelines: tuple[str, ...] = ()
    stages: tuple[StageValue, ...] = ()


class OnDealUpdated(Node, tag_field="on", tag="deal_updated", frozen=True, kw_only=True):
    """One of these fields of a deal changed (empty: any), in one of these pipelines (empty: any)."""

    fields: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()


class OnStageChanged(Node, tag_field="on", tag="stage_changed", frozen=True, kw_only=True):
    """A deal moved, from one of these stages to one of these (empty: any), in one of these pipelines (empty: any)."""

    from_: tuple[StageValue, ...] = ()
    to: tuple[StageValue, ...] = ()
    pipelines: tuple[str, ...] = ()


class OnEntered(Node, tag_field="on", tag="entered", frozen=True, kw_only=True):
    """A deal came into one of these stages: created there or moved there."""

    stages: tuple[StageValue, ...]


class OnContactAdded(Node, tag_field="on", tag="contact_added", frozen=True, kw_only=True):
    """A contact was linked to a deal in one of these pipelines (empty: any)."""

    pipelines: tuple[str, ...] = ()


class OnContactRemoved(Node, tag_field="on", tag="contact_removed", frozen=True, kw_only=True):
    """A contact was unlinked from a deal in one of these pipelines (empty: any)."""

    pipelines: tuple[str, ...] = ()


class OnContactUpdated(Node, tag_field="on", tag="contact_updated", frozen=True, kw_only=True):
    """One of these fields of a contact changed (empty: any): once for each open deal it is on, in these pipelines."""

    fields: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()


class OnOwnerChanged(Node, tag_field="on", tag="owner_changed", frozen=True, kw_only=True):
    """A deal got another owner, in one of these pipelines (empty: any)."""

    pipelines: tuple[str, ...] = ()


class OnTaskCompleted(Node, tag_field="on", tag="task_completed", frozen=True, kw_only=True):
    """A task of a deal was completed, in one of these pipelines (empty: any)."""

    pipelines: tuple[str, ...] = ()


class OnActivityLogged(Node, tag_field="on", tag="activity_logged", frozen=True, kw_only=True):
    """An activity of one of these kinds (empty: any) was written down, in one of these pipelines (empty: any)."""

    kinds: tuple[ActivityKind, ...] = ()
    pipelines: tuple[str, ...] = ()


class OnEventReceived(Node, tag_field="on", tag="event_received", frozen=True, kw_only=True):
    """An event of that name came from outside (`source` None: from any) for a deal in these pipelines (empty: any).

    `data` names what the event tells beside: facts `event.data.<name>`, texts all of them.
    """

    name: str
    source: str | None = None
    data: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()


Trigger: TypeAlias = (
    OnDealCreated
    | OnDealUpdated
    | OnStageChanged
    | OnEntered
    | OnContactAdded
    | OnContactRemoved
    | OnContactUpdated
    | OnOwnerChanged
    | OnTaskCompleted
    | OnActivityLogged
    | OnEventReceived
)
"""Any trigger."""


class EveryEvent(Node, tag_field="again", tag="every_event", frozen=True, kw_only=True):
    """The automation runs for every event that matches."""


class Once(Node, tag_field="again", tag="once", frozen=True, kw_only=True):
    """The automation acts once for each deal, person or stage visit, within a time (None: for ever)."""

    per: Literal["deal", "person", "stage_visit"]
    within: Duration | None = None


Again: TypeAlias = EveryEvent | Once
"""How often an automation may act."""


# --- the whole ------------------------------------------------------------------------------------------------------


class Where(Node, frozen=True, kw_only=True):
    """Where a definition was written: file relative to the company's folder, and line."""

    file: str
    line: int


class Automation(Node, frozen=True, kw_only=True):
    """One automation. `origin` is `authored`, or `stage-tasks` when it was lowered from a pipeline's stage tasks."""

    key: str
    on: Trigger
    when: Condition
    again: Again
    do: tuple[Step, ...]
    origin: Literal["authored", "stage-tasks"] = "authored"
    why: str = ""
    where: Where | None = None


class Account(Node, frozen=True, kw_only=True):
    """One company's definitions: what is on, and what it means; `country` as in ISO 3166, `currency` as in ISO 4217."""

    key: str
    name: str
    calendar: Calendar
    country: str
    currency: str | None
    pipelines: tuple[PipelineShape, ...]
    automations: tuple[Automation, ...]
    where: Where | None = None

    def pipeline(self, key: str) -> PipelineShape | None:
        """Return the pipeline of that key, or None."""
        return next((pipeline for pipeline in self.pipelines if pipeline.key == key), None)

    def automation(self, key: str) -> Automation | None:
        """Return the automation of that key, or None."""
        return next((automation for automation in self.automations if automation.key == key), None)


def encode(account: Account) -> bytes:
    """Return the account's IR as canonical JSON: sorted keys, no spaces, the same bytes for the same meaning."""
    return msgspec.json.encode(account, order="deterministic")


def decode(data: bytes) -> Account:
    """Return the account of an encoded IR.

    Raises:
        msgspec.ValidationError: the bytes are no IR of this version.
    """
    return msgspec.json.decode(data, type=Account)
