"""Route: which automations an event sets off. Pure; the journal writes the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dealwright.compile import ir
from dealwright.compile.enrol import stands
from dealwright.engine.own import own_of
from dealwright.engine.records import Routed, ToRoute
from dealwright.model.crm import Deal
from dealwright.model.events import (
    MOST_DEALS,
    ActivityLogged,
    ContactAdded,
    ContactRemoved,
    ContactUpdated,
    DealCreated,
    DealEnrolled,
    DealUpdated,
    Event,
    EventReceived,
    MessageReceived,
    RecordAdded,
    RecordRemoved,
    RecordUpdated,
    StageChanged,
    TaskCompleted,
    deal_subject,
    record_of,
)

MAX_DEPTH: Final = 8
"""How many automations one event may set off in a row, each answering what the one before it did."""

OF_A_VISIT: Final = frozenset({"stage-tasks", "hand-over", "criteria"})
"""What of a pipeline's stages also answers an import: nobody is late for 20,000 rows of a file."""


def route(account: ir.Account, events: Sequence[ToRoute]) -> list[Routed]:
    """Return the executions that these events set off, in order.

    An automation does not run twice for one deal in one causal chain (an echo of its own write, two automations that
    answer each other): such an execution is recorded as skipped, with that reason. Stage tasks may, since each stage
    visit gets its task once anyhow; so may one that answers for several records of the deal, once for each. The depth
    of a chain is bounded for all.
    """
    routed: list[Routed] = []
    ran: dict[tuple[int, str], set[str]] = {}
    own = own_of(account)
    for item in events:
        event = own.told(item.event) if own.renamed else item.event
        chain = item.chain if item.chain is not None else item.id
        for deal in event.about:
            subject = deal_subject(deal.id)
            seen = ran.setdefault((chain, subject), set())
            seen |= item.ran.get(subject, frozenset())
            for automation in account.automations:
                if not _answers(automation, event) or not begins(automation.on, event, deal):
                    continue
                name = run_name(automation.key, event)
                skipped = _skipped(item, automation, name in seen)
                if not skipped:
                    seen.add(name)
                routed.append(Routed(event_id=item.id, automation=automation.key, subject=subject, skipped=skipped))
    return routed


def run_name(automation: str, event: Event) -> str:
    """Return by what a chain remembers that an automation ran for a deal: of records, for which one of them."""
    record = record_of(event)
    return automation if record is None else f"{automation}#{record.id}"


def _skipped(item: ToRoute, automation: ir.Automation, seen: bool) -> str:
    """Say why the automation may not run for this event; nothing if it may."""
    if isinstance(item.event, ContactUpdated | MessageReceived) and item.event.more:
        return f"the contact is on more than {MOST_DEALS} open deals"
    if item.undoes and isinstance(automation.on, ir.OnEntered | ir.OnStageChanged):
        return "moved back: it stands where it stood before"
    if item.depth > MAX_DEPTH:
        return f"loop: more than {MAX_DEPTH} automations in a row"
    if seen and automation.origin == "authored":
        return "loop: it ran for this deal in this chain already"
    return ""


def _answers(automation: ir.Automation, event: Event) -> bool:
    """Say whether the event may be answered by this automation at all: an import chooses."""
    # What is told about a deal of a segment is told to whose segment it is; a segment answers nothing else.
    if isinstance(event, DealEnrolled):
        return event.automation == automation.key and automation.existing == "enrol"
    only = event.only if isinstance(event, EventReceived) else ()
    if (automation.for_each is not None) != bool(only) or (only and automation.key not in only):
        return False
    match event.answer:
        case "on":
            return True
        case "tasks":
            return automation.origin in OF_A_VISIT
        case "off":
            return False


def begins(trigger: ir.Trigger, event: Event, deal: Deal) -> bool:
    """Say whether an automation with this trigger begins with the deal when the event happens."""
    return stands(trigger, deal) if isinstance(event, DealEnrolled) else matches(trigger, event, deal)


def matches(trigger: ir.Trigger, event: Event, deal: Deal) -> bool:
    """Say whether the event is one that the trigger names, for this deal of those it is about.

    Of an answer to a certain message only the execution that wrote it can say more (engine/replies.py).
    """
    match trigger:
        case ir.OnDealCreated(pipelines=pipelines, stages=stages):
            return isinstance(event, DealCreated) and _in(event.after, pipelines) and _at(event.after, stages)
        case ir.OnDealUpdated(fields=fields, pipelines=pipelines):
            return (
                isinstance(event, DealUpdated)
                and _in(event.after, pipelines)
                and (not fields or not set(fields).isdisjoint(event.changed))
            )
        case ir.OnStageChanged(from_=sources, to=targets, pipelines=pipelines):
            return (
                isinstance(event, StageChanged)
                and _in(event.after, pipelines)
                and _at(event.after, targets)
                and (not sources or (event.before is not None and _at(event.before, sources)))
            )
        case ir.OnEntered(stages=stages):
            return isinstance(event, DealCreated | StageChanged) and _at(event.after, stages)
        case ir.OnContactAdded(pipelines=pipelines):
            return isinstance(event, ContactAdded) and _in(event.after, pipelines)
        case ir.OnContactRemoved(pipelines=pipelines):
            return isinstance(event, ContactRemoved) and _in(event.after, pipelines)
        case ir.OnContactUpdated(fields=fields, pipelines=pipelines):
            return (
                isinstance(event, ContactUpdated)
                and _in(deal, pipelines)
                and (not fields or not set(fields).isdisjoint(event.changed))
            )
        case ir.OnOwnerChanged(pipelines=pipelines):
            return isinstance(event, DealUpdated) and "owner" in event.changed and _in(event.after, pipelines)
        case ir.OnTaskCompleted(pipelines=pipelines):
            return isinstance(event, TaskCompleted) and _in(event.after, pipelines)
        case ir.OnActivityLogged(kinds=kinds, pipelines=pipelines):
            return (
                isinstance(event, ActivityLogged)
                and (not kinds or event.activity.kind in kinds)
                and _in(event.after, pipelines)
            )
        case ir.OnEventReceived(name=name, source=source, pipelines=pipelines):
            return (
                isinstance(event, EventReceived)
                and event.name == name
                and source in (None, event.source)
                and _in(deal, pipelines)
            )
        case ir.OnDateReached() | ir.OnNoActivity() | ir.OnMessageFailed() | ir.OnRepWrote() | ir.OnOptedOut():
            return False  # nothing tells of these yet: `up` runs no automation that names one (compile/later.py)
        case ir.OnMessageReceived(pipelines=pipelines):
            return isinstance(event, MessageReceived) and _in(deal, pipelines)
        case ir.OnRecordAdded(record=kind, pipelines=pipelines):
            return isinstance(event, RecordAdded) and event.record.kind == kind and _in(event.after, pipelines)
        case ir.OnRecordUpdated(record=kind, fields=fields, pipelines=pipelines):
            return (
                isinstance(event, RecordUpdated)
                and event.record.kind == kind
                and _in(event.after, pipelines)
                and (not fields or not set(fields).isdisjoint(event.changed))
            )
        case ir.OnRecordRemoved(record=kind, pipelines=pipelines):
            return isinstance(event, RecordRemoved) and event.record.kind == kind and _in(event.after, pipelines)
        case ir.OnReplied(via=via):
            return isinstance(event, MessageReceived) and via in ("", event.message.via)


def _in(deal: Deal, pipelines: Sequence[str]) -> bool:
    return not pipelines or deal.pipeline in pipelines


def _at(deal: Deal, stages: Sequence[ir.StageValue]) -> bool:
    return not stages or any(stage.pipeline == deal.pipeline and stage.stage == deal.stage for stage in stages)
