"""The IR: what a company's definitions mean, as frozen, serialisable values.

Everything that the engine needs to decide about a deal is here; nothing here refers to a Python object of the
author's. All choices are discriminated unions (a field typed by a base class would dump as `{}` and make digests
blind), and all literals carry their type (else `timedelta(days=1)` comes back as the text `P1D`).

Fields named in `METADATA` describe the definition to people; editing them is not editing behaviour (compile/digest.py).
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from dealwright.compile.ir_messages import (
    Body,
    Button,
    ButtonText,
    FreeMessage,
    MailText,
    MessageContent,
    TemplateMessage,
)
from dealwright.compile.ir_outside import Match, MatchPair, OutsideEvent, Segment
from dealwright.compile.ir_policy import Cap, Limits, MessagePolicy
from dealwright.compile.ir_steps import (
    ActionStep,
    AddNoteStep,
    Answer,
    AskStep,
    BranchStep,
    Case,
    ChangeTagsStep,
    CompleteTasksStep,
    ContactPath,
    CreateContactStep,
    CreateDealStep,
    CreateRecordStep,
    LookupStep,
    MoveBackStep,
    MoveDealStep,
    MuteStep,
    NotifyStep,
    RemoveRecordStep,
    SendConversionStep,
    SendEmailStep,
    SendEventStep,
    SendMessageStep,
    SetTaskStep,
    Step,
    StopStep,
    UpdateCompanyStep,
    UpdateContactStep,
    UpdateDealStep,
    UpdateRecordStep,
    WaitForStep,
    WaitStep,
    WaitUntilStep,
    actions,
    asks,
    ends_with,
    is_step,
    picks,
    role_of,
    waits,
    ways_of,
)
from dealwright.compile.ir_triggers import (
    OnActivityLogged,
    OnContactAdded,
    OnContactRemoved,
    OnContactUpdated,
    OnDateReached,
    OnDealCreated,
    OnDealUpdated,
    OnEntered,
    OnEventReceived,
    OnMessageFailed,
    OnMessageReceived,
    OnNoActivity,
    OnOptedOut,
    OnOwnerChanged,
    OnRecord,
    OnRecordAdded,
    OnRecordRemoved,
    OnRecordUpdated,
    OnReplied,
    OnRepWrote,
    OnStageChanged,
    OnTaskCompleted,
    Trigger,
)
from dealwright.compile.ir_values import (
    Aggregate,
    All,
    Any,
    AnyContact,
    Cleared,
    Compare,
    CompareReckoned,
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
    OfRecords,
    Operand,
    Operator,
    OrElse,
    PipelineValue,
    Point,
    Points,
    Predicate,
    Reckonable,
    Reckoned,
    Ref,
    RoleValue,
    Scored,
    Setting,
    Shift,
    StageValue,
    TagsValue,
    TemplateText,
    TextValue,
    Value,
    Where,
    is_condition,
)
from dealwright.model.calendar import Calendar, Duration
from dealwright.model.crm import PipelineShape
from dealwright.model.custom import FieldShape, FieldShapes, RecordShape

__all__ = [
    "ADDED",
    "METADATA",
    "Account",
    "ActionStep",
    "AddNoteStep",
    "Again",
    "Aggregate",
    "All",
    "Answer",
    "Any",
    "AnyContact",
    "AskStep",
    "Automation",
    "Body",
    "BranchStep",
    "Button",
    "ButtonText",
    "Cap",
    "Case",
    "ChangeTagsStep",
    "Cleared",
    "Compare",
    "CompareReckoned",
    "CompleteTasksStep",
    "Condition",
    "ContactPath",
    "CreateContactStep",
    "CreateDealStep",
    "CreateRecordStep",
    "DayValue",
    "EveryEvent",
    "Expression",
    "FlagValue",
    "FreeMessage",
    "Has",
    "IsIn",
    "IsSet",
    "Limits",
    "LookupStep",
    "MailText",
    "Match",
    "MatchPair",
    "MessageContent",
    "MessagePolicy",
    "MomentValue",
    "MoneyValue",
    "MoveBackStep",
    "MoveDealStep",
    "MuteStep",
    "Not",
    "NotifyStep",
    "NumberValue",
    "OfRecords",
    "OnActivityLogged",
    "OnContactAdded",
    "OnContactRemoved",
    "OnContactUpdated",
    "OnDateReached",
    "OnDealCreated",
    "OnDealUpdated",
    "OnEntered",
    "OnEventReceived",
    "OnMessageFailed",
    "OnMessageReceived",
    "OnNoActivity",
    "OnOptedOut",
    "OnOwnerChanged",
    "OnRecord",
    "OnRecordAdded",
    "OnRecordRemoved",
    "OnRecordUpdated",
    "OnRepWrote",
    "OnReplied",
    "OnStageChanged",
    "OnTaskCompleted",
    "Once",
    "Operand",
    "Operator",
    "OrElse",
    "OutsideEvent",
    "PipelineValue",
    "Point",
    "Points",
    "Predicate",
    "Reckonable",
    "Reckoned",
    "Ref",
    "RemoveRecordStep",
    "RoleValue",
    "Scored",
    "Segment",
    "SendConversionStep",
    "SendEmailStep",
    "SendEventStep",
    "SendMessageStep",
    "SetTaskStep",
    "Setting",
    "Shift",
    "StageValue",
    "Step",
    "StopStep",
    "TagsValue",
    "TemplateMessage",
    "TemplateText",
    "TextValue",
    "Trigger",
    "UpdateCompanyStep",
    "UpdateContactStep",
    "UpdateDealStep",
    "UpdateRecordStep",
    "Value",
    "WaitForStep",
    "WaitStep",
    "WaitUntilStep",
    "Where",
    "actions",
    "asks",
    "decode",
    "encode",
    "ends_with",
    "is_condition",
    "is_step",
    "picks",
    "role_of",
    "waits",
    "ways_of",
]

METADATA: Final = frozenset({"why", "where", "editable_by", "label"})
"""Names of IR fields that are metadata, wherever they stand."""

ADDED: Final = frozenset(
    {
        "cc",
        "clock",
        "by_language",
        "closed",
        "company_fields",
        "contact_fields",
        "copy_tags",
        "custom",
        "deal_fields",
        "existing",
        "exit_on",
        "for_each",
        "holidays",
        "in_language",
        "late",
        "limits",
        "messages",
        "mode",
        "on_change",
        "languages",
        "open_on",
        "optional",
        "priority",
        "records",
        "role",
        "label",
        "renamed_from",
        "reveals",
        "sensitive",
        "outside",
        "roles",
        "settings",
        "with_text",
        "unless_open",
        "when_within",
    }
)
"""Names of IR fields that came after releases were recorded: one that says nothing is no part of a digest."""


class EveryEvent(Node, tag_field="again", tag="every_event", frozen=True, kw_only=True):
    """The automation runs for every event that matches."""


class Once(Node, tag_field="again", tag="once", frozen=True, kw_only=True):
    """The automation acts once for each deal, person, stage visit, value or record, within a time (None: for ever)."""

    per: Literal["deal", "person", "stage_visit", "value", "record"]
    within: Duration | None = None


Again: TypeAlias = EveryEvent | Once
"""How often an automation may act."""


# --- the whole ------------------------------------------------------------------------------------------------------


class Automation(Node, frozen=True, kw_only=True):
    """One automation. `origin` is `authored`, or says what of a pipeline's stages it was lowered from.

    An event of its deal that `exit_on` names ends an execution that has begun. While `when` does not hold, it is
    looked at again for `when_within`, whenever the deal changes. `mode` is what it begins in (empty: live),
    `on_change` what becomes of executions that have begun when it is changed (empty: they finish as they began).
    """

    key: str
    on: Trigger
    when: Condition
    again: Again
    do: tuple[Step, ...]
    origin: Literal["authored", "stage-tasks", "hand-over", "criteria", "first-response", "rotting"] = "authored"
    why: str = ""
    where: Where | None = None
    exit_on: tuple[Trigger, ...] = ()
    when_within: Duration | None = None
    for_each: Segment | None = None
    mode: Literal["", "shadow", "approve"] = ""
    priority: Literal["", "bulk"] = ""
    existing: Literal["", "enrol"] = ""
    on_change: Literal["", "migrate", "cancel"] = ""


class Account(Node, frozen=True, kw_only=True):
    """One company's definitions: what is on, and what it means; `country` as in ISO 3166, `currency` as in ISO 4217.

    `roles` are the names of those that its automations pick people of.
    `languages` are those of its customers: the first one is for whoever is known to speak none of them.
    `records` are the kinds of records that its deals have under them.
    """

    key: str
    name: str
    calendar: Calendar
    country: str
    currency: str | None
    pipelines: tuple[PipelineShape, ...]
    automations: tuple[Automation, ...]
    where: Where | None = None
    deal_fields: tuple[FieldShape, ...] = ()
    settings: tuple[Setting, ...] = ()
    messages: MessagePolicy | None = None
    limits: Limits | None = None
    contact_fields: tuple[FieldShape, ...] = ()
    company_fields: tuple[FieldShape, ...] = ()
    outside: tuple[OutsideEvent, ...] = ()
    roles: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    records: tuple[RecordShape, ...] = ()

    def pipeline(self, key: str) -> PipelineShape | None:
        """Return the pipeline of that key, or None."""
        return next((pipeline for pipeline in self.pipelines if pipeline.key == key), None)

    def own_fields(self) -> FieldShapes:
        """Return the company's own fields as a CRM is told them."""
        return FieldShapes(
            deal=self.deal_fields, contact=self.contact_fields, company=self.company_fields, records=self.records
        )

    def automation(self, key: str) -> Automation | None:
        """Return the automation of that key, or None."""
        return next((automation for automation in self.automations if automation.key == key), None)

    def outside_event(self, key: str) -> OutsideEvent | None:
        """Return what is known of the events of that name, if a class of theirs is used."""
        return next((event for event in self.outside if event.key == key), None)


def encode(account: Account) -> bytes:
    """Return the account's IR as canonical JSON: sorted keys, no spaces, the same bytes for the same meaning."""
    return msgspec.json.encode(account, order="deterministic")


def decode(data: bytes) -> Account:
    """Return the account of an encoded IR.

    Raises:
        msgspec.ValidationError: the bytes are no IR of this version.
    """
    return msgspec.json.decode(data, type=Account)
