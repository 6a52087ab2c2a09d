"""Watch: of which events of its deal an execution wants to hear, and what is told of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, get_args

from dealwright.compile import ir
from dealwright.model.events import Event

ANY_CHANGE: Final = frozenset(str(each.__struct_config__.tag) for each in get_args(Event)) - {
    "deal_created",
    "deal_enrolled",
    "deal_noticed",
    "contact_noticed",
}
"""What can change the facts of a deal that is there; what was noticed becomes one of these when it is read."""


OF_CONTACTS: Final = frozenset({"contact_updated", "message_received"})
"""Kinds of event that are told under a contact's name, for each of its open deals."""


def kinds_of_all(triggers: Iterable[ir.Trigger]) -> frozenset[str]:
    """Return the kinds of event that the triggers answer."""
    return frozenset(map(_kind, triggers))


def kinds_of(step: ir.WaitUntilStep) -> frozenset[str]:
    """Return the kinds of event that may end the wait: for a condition any, for whatever it asks may have changed."""
    return ANY_CHANGE if step.until is not None else kinds_of_all(step.on)


def watched(automation: ir.Automation) -> frozenset[str]:
    """Return the kinds of event that executions of the automation ever want to hear of; mostly none."""
    found = kinds_of_all(automation.exit_on)
    if automation.when_within is not None:
        found |= ANY_CHANGE
    for step in ir.waits(automation.do):
        found |= kinds_of(step)
    return found


def _kind(trigger: ir.Trigger) -> str:
    match trigger:
        case ir.OnDealCreated():
            return "deal_created"
        case ir.OnDealUpdated() | ir.OnOwnerChanged():
            return "deal_updated"
        case ir.OnStageChanged() | ir.OnEntered():
            return "stage_changed"
        case ir.OnContactAdded():
            return "contact_added"
        case ir.OnContactRemoved():
            return "contact_removed"
        case ir.OnContactUpdated():
            return "contact_updated"
        case ir.OnTaskCompleted():
            return "task_completed"
        case ir.OnActivityLogged():
            return "activity_logged"
        case ir.OnEventReceived():
            return "event_received"
        case ir.OnDateReached() | ir.OnNoActivity() | ir.OnMessageFailed() | ir.OnRepWrote() | ir.OnOptedOut():
            return str(trigger.__struct_config__.tag)
        case ir.OnRecordAdded() | ir.OnRecordUpdated() | ir.OnRecordRemoved():
            return str(trigger.__struct_config__.tag)
        case ir.OnMessageReceived() | ir.OnReplied():
            return "message_received"
