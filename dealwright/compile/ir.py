"""The IR: what a company's definitions mean, as frozen, serialisable values.

Everything that the engine needs to decide about a deal is here; nothing here refers to a Python object of the
author's. All choices are discriminated unions (a field typed by a base class would dump as `{}` and make digests
blind), and all literals carry their type (else `timedelta(days=1)` comes back as the text `P1D`).

Fields named in `METADATA` describe the definition to people; editing them is not editing behaviour (compile/digest.py).
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal, TypeAlias

import msgspec

from dealwright.language.schema import FieldType
from dealwright.model.calendar import Calendar, Duration
from dealwright.model.crm import PipelineShape

METADATA: Final = frozenset({"why", "where"})
"""Names of IR fields that are metadata, wherever they stand."""


class _Node(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all IR values."""


# --- values ---------------------------------------------------------------------------------------------------------


class Ref(_Node, tag_field="is", tag="ref", frozen=True, kw_only=True):
    """A fact by its path: `deal.amount`, `deal.main_contact.phone`, `event.contact.name`, `steps.next.deal_id`."""

    path: str
    type: FieldType


class TextValue(_Node, tag_field="is", tag="text", frozen=True, kw_only=True):
    """A literal text."""

    value: str


class NumberValue(_Node, tag_field="is", tag="number", frozen=True, kw_only=True):
    """A literal number; beside an amount it is in the account's currency."""

    value: Decimal


class MoneyValue(_Node, tag_field="is", tag="money", frozen=True, kw_only=True):
    """A literal amount in a named currency."""

    amount: Decimal
    currency: str


class DayValue(_Node, tag_field="is", tag="day", frozen=True, kw_only=True):
    """A literal calendar day."""

    value: date


class MomentValue(_Node, tag_field="is", tag="moment", frozen=True, kw_only=True):
    """A literal aware instant."""

    value: datetime


class FlagValue(_Node, tag_field="is", tag="flag", frozen=True, kw_only=True):
    """A literal yes or no."""

    value: bool


class StageValue(_Node, tag_field="is", tag="stage", frozen=True, kw_only=True):
    """A stage of a pipeline, by keys."""

    pipeline: str
    stage: str


class PipelineValue(_Node, tag_field="is", tag="pipeline", frozen=True, kw_only=True):
    """A pipeline, by key."""

    pipeline: str


class TagsValue(_Node, tag_field="is", tag="tags", frozen=True, kw_only=True):
    """A literal set of tags."""

    value: tuple[str, ...]


class Cleared(_Node, tag_field="is", tag="cleared", frozen=True, kw_only=True):
    """No value: clears the field it is given to."""


class TemplateText(_Node, tag_field="is", tag="template", frozen=True, kw_only=True):
    """A text with `{{ ... }}` in it, checked when it was compiled (language/templates.py)."""

    source: str


Value: TypeAlias = (
    TextValue
    | NumberValue
    | MoneyValue
    | DayValue
    | MomentValue
    | FlagValue
    | StageValue
    | PipelineValue
    | TagsValue
    | Cleared
)
"""Any literal."""

Operand: TypeAlias = (
    Ref
    | TextValue
    | NumberValue
    | MoneyValue
    | DayValue
    | MomentValue
    | FlagValue
    | StageValue
    | PipelineValue
    | TagsValue
    | Cleared
)
"""What a condition compares with: a literal or another field."""

Expression: TypeAlias = (
    Ref
    | TextValue
    | NumberValue
    | MoneyValue
    | DayValue
    | MomentValue
    | FlagValue
    | StageValue
    | PipelineValue
    | TagsValue
    | Cleared
    | TemplateText
)
"""What an action writes: a literal, a field or a text with fields in it."""


# --- conditions -----------------------------------------------------------------------------------------------------

Operator = Literal["==", "!=", "<", "<=", ">", ">="]


class All(_Node, tag_field="if", tag="all", frozen=True, kw_only=True):
    """Every one of them (none: true)."""

    of: tuple[Condition, ...]


class Any(_Node, tag_field="if", tag="any", frozen=True, kw_only=True):
    """At least one of them (none: false)."""

    of: tuple[Condition, ...]


class Not(_Node, tag_field="if", tag="not", frozen=True, kw_only=True):
    """The opposite; unknown stays unknown."""

    of: Condition


class Compare(_Node, tag_field="if", tag="compare", frozen=True, kw_only=True):
    """A field against an operand of its type; unknown when either is unset or the currencies differ."""

    field: Ref
    op: Operator
    value: Operand


class IsSet(_Node, tag_field="if", tag="is_set", frozen=True, kw_only=True):
    """The field has a value; never unknown."""

    field: Ref


class IsIn(_Node, tag_field="if", tag="is_in", frozen=True, kw_only=True):
    """The field is one of the literals; unknown when it is unset."""

    field: Ref
    values: tuple[Value, ...]


class Has(_Node, tag_field="if", tag="has", frozen=True, kw_only=True):
    """The tags hold at least one of these; empty tags hold none, and are not unset."""

    field: Ref
    values: tuple[str, ...]


Condition: TypeAlias = All | Any | Not | Compare | IsSet | IsIn | Has
"""Any condition."""


# --- triggers -------------------------------------------------------------------------------------------------------


class OnDealCreated(_Node, tag_field="on", tag="deal_created", frozen=True, kw_only=True):
    """A deal was created, in one of these pipelines and stages (empty: anywhere)."""

    pipelines: tuple[str, ...] = ()
    stages: tuple[StageValue, ...] = ()


class OnDealUpdated(_Node, tag_field="on", tag="deal_updated", frozen=True, kw_only=True):
    """One of these fields of a deal changed (empty: any), in one of these pipelines (empty: any)."""

    fields: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()


class OnStageChanged(_Node, tag_field="on", tag="stage_changed", frozen=True, kw_only=True):
    """A deal moved, from one of these stages to one of these (empty: any), in one of these pipelines (empty: any)."""

    from_: tuple[StageValue, ...] = ()
    to: tuple[StageValue, ...] = ()
    pipelines: tuple[str, ...] = ()


class OnEntered(_Node, tag_field="on", tag="entered", frozen=True, kw_only=True):
    """A deal came into one of these stages: created there or moved there."""

    stages: tuple[StageValue, ...]


class OnContactAdded(_Node, tag_field="on", tag="contact_added", frozen=True, kw_only=True):
    """A contact was linked to a deal in one of these pipelines (empty: any)."""

    pipelines: tuple[str, ...] = ()


class OnContactRemoved(_Node, tag_field="on", tag="contact_removed", frozen=True, kw_only=True):
    """A contact was unlinked from a deal in one of these pipelines (empty: any)."""

    pipelines: tuple[str, ...] = ()


Trigger: TypeAlias = OnDealCreated | OnDealUpdated | OnStageChanged | OnEntered | OnContactAdded | OnContactRemoved
"""Any trigger."""


class EveryEvent(_Node, tag_field="again", tag="every_event", frozen=True, kw_only=True):
    """The automation runs for every event that matches."""


class Once(_Node, tag_field="again", tag="once", frozen=True, kw_only=True):
    """The automation acts once for each deal, person or stage visit, within a time (None: for ever)."""

    per: Literal["deal", "person", "stage_visit"]
    within: Duration | None = None


Again: TypeAlias = EveryEvent | Once
"""How often an automation may act."""


# --- steps ----------------------------------------------------------------------------------------------------------


class CreateDealStep(_Node, tag_field="do", tag="create_deal", frozen=True, kw_only=True):
    """Create a deal in a stage; contacts and company are those of the event's deal when `with_contacts`."""

    name: str
    stage: StageValue
    title: Expression
    owner: Expression | None = None
    amount: Expression | None = None
    close_date: Expression | None = None
    reference: Expression | None = None
    tags: tuple[str, ...] = ()
    with_contacts: bool = True


class UpdateDealStep(_Node, tag_field="do", tag="update_deal", frozen=True, kw_only=True):
    """Set fields of the deal (title, owner, amount, close_date, reference, company, tags), by name."""

    name: str
    changes: dict[str, Expression]


class MoveDealStep(_Node, tag_field="do", tag="move_deal", frozen=True, kw_only=True):
    """Move the deal to a stage; forward only unless told otherwise."""

    name: str
    to: StageValue
    only_forward: bool = True
    reason: str | None = None


class SetTaskStep(_Node, tag_field="do", tag="set_task", frozen=True, kw_only=True):
    """Set a task for the deal; without `owner` it goes to the deal's owner."""

    name: str
    text: Expression
    due: Duration
    owner: Expression | None = None


class SendEventStep(_Node, tag_field="do", tag="send_event", frozen=True, kw_only=True):
    """Post a signed JSON event to a named outside system; `with_` are extra values beside the deal's own."""

    name: str
    event: str
    to: str
    with_: dict[str, Expression] = {}


class WaitStep(_Node, tag_field="do", tag="wait", frozen=True, kw_only=True):
    """Let time pass; other deals and other automations go on."""

    name: str
    duration: Duration


class StopStep(_Node, tag_field="do", tag="stop", frozen=True, kw_only=True):
    """End the execution here, done."""

    name: str


class Case(_Node, frozen=True, kw_only=True):
    """One way through a branch."""

    when: Condition
    do: tuple[Step, ...]


class BranchStep(_Node, tag_field="do", tag="branch", frozen=True, kw_only=True):
    """The first case that is true is taken.

    When none is true: if any case was unknown, `unset` is taken (None: the branch is passed, with a trace); otherwise
    `otherwise`, which means *false*, never *unknown*.
    """

    name: str
    cases: tuple[Case, ...]
    otherwise: tuple[Step, ...] = ()
    unset: tuple[Step, ...] | None = None


ActionStep: TypeAlias = CreateDealStep | UpdateDealStep | MoveDealStep | SetTaskStep | SendEventStep
"""A step that makes an effect."""

Step: TypeAlias = (
    CreateDealStep | UpdateDealStep | MoveDealStep | SetTaskStep | SendEventStep | WaitStep | StopStep | BranchStep
)
"""Any step."""


# --- the whole ------------------------------------------------------------------------------------------------------


class Where(_Node, frozen=True, kw_only=True):
    """Where a definition was written: file relative to the company's folder, and line."""

    file: str
    line: int


class Automation(_Node, frozen=True, kw_only=True):
    """One automation. `origin` is `authored`, or `stage-tasks` when it was lowered from a pipeline's stage tasks."""

    key: str
    on: Trigger
    when: Condition
    again: Again
    do: tuple[Step, ...]
    origin: Literal["authored", "stage-tasks"] = "authored"
    why: str = ""
    where: Where | None = None


class Account(_Node, frozen=True, kw_only=True):
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
