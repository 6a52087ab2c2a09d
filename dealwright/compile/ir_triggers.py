"""The IR of triggers: which events an automation answers, waits for, or is ended by."""

from __future__ import annotations

from typing import TypeAlias

from dealwright.compile.ir_values import Node, Ref, StageValue
from dealwright.model.calendar import Duration
from dealwright.model.crm import ActivityKind


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

    `data` names what the event tells beside: facts `event.data.<name>`. They are texts unless the account
    knows the events of that name (ir_outside.py).
    """

    name: str
    source: str | None = None
    data: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()


class OnDateReached(Node, tag_field="on", tag="date_reached", frozen=True, kw_only=True):
    """A day or moment of a deal is reached, so long `before` it or `after` it. Not answered yet (compile/later.py)."""

    field: Ref
    before: Duration | None = None
    after: Duration | None = None
    pipelines: tuple[str, ...] = ()


class OnNoActivity(Node, tag_field="on", tag="no_activity", frozen=True, kw_only=True):
    """Nothing was done for a deal for so long. Not answered yet."""

    for_: Duration
    pipelines: tuple[str, ...] = ()


class OnMessageFailed(Node, tag_field="on", tag="message_failed", frozen=True, kw_only=True):
    """A message to a contact of a deal could not be delivered. Not answered yet."""

    pipelines: tuple[str, ...] = ()


class OnRepWrote(Node, tag_field="on", tag="rep_wrote", frozen=True, kw_only=True):
    """Somebody of the company wrote to a contact of a deal, by hand. Not answered yet."""

    pipelines: tuple[str, ...] = ()


class OnOptedOut(Node, tag_field="on", tag="opted_out", frozen=True, kw_only=True):
    """A contact of a deal wants no more messages. Not answered yet."""

    pipelines: tuple[str, ...] = ()


class OnMessageReceived(Node, tag_field="on", tag="message_received", frozen=True, kw_only=True):
    """A contact has written: once for each open deal it is on, in one of these pipelines (empty: any)."""

    pipelines: tuple[str, ...] = ()


class OnRecordAdded(Node, tag_field="on", tag="record_added", frozen=True, kw_only=True):
    """A record of that kind was put under a deal in one of these pipelines (empty: any)."""

    record: str
    pipelines: tuple[str, ...] = ()


class OnRecordUpdated(Node, tag_field="on", tag="record_updated", frozen=True, kw_only=True):
    """One of these fields of such a record changed (empty: any), under a deal in these pipelines (empty: any)."""

    record: str
    fields: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()


class OnRecordRemoved(Node, tag_field="on", tag="record_removed", frozen=True, kw_only=True):
    """A record of that kind was taken away from under a deal in one of these pipelines (empty: any)."""

    record: str
    pipelines: tuple[str, ...] = ()


class OnReplied(Node, tag_field="on", tag="replied", frozen=True, kw_only=True):
    """A contact of the deal has written; with `to`, in answer to the message of that step, which went by `via`."""

    to: str | None = None
    via: str = ""


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
    | OnDateReached
    | OnNoActivity
    | OnMessageFailed
    | OnRepWrote
    | OnOptedOut
    | OnMessageReceived
    | OnReplied
    | OnRecordAdded
    | OnRecordUpdated
    | OnRecordRemoved
)
"""Any trigger."""

OnRecord: TypeAlias = OnRecordAdded | OnRecordUpdated | OnRecordRemoved
"""A trigger that is about one record."""
