"""Route: which automations an event sets off. Pure; the journal writes the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dealwright.compile import ir
from dealwright.engine.records import Routed, ToRoute
from dealwright.model.crm import Deal
from dealwright.model.events import ContactAdded, ContactRemoved, DealCreated, DealUpdated, Event, StageChanged

MAX_DEPTH: Final = 8
"""How many automations one event may set off in a row, each answering what the one before it did."""


def route(account: ir.Account, events: Sequence[ToRoute]) -> list[Routed]:
    """Return the executions that these events set off, in order.

    An automation does not run twice for one deal in one causal chain (an echo of its own write, two automations that
    answer each other): such an execution is recorded as skipped, with that reason. Stage tasks may, since each stage
    visit gets its task once anyhow. The depth of a chain is bounded for all.
    """
    routed: list[Routed] = []
    ran: dict[tuple[int, str], set[str]] = {}
    for item in events:
        chain = item.chain if item.chain is not None else item.id
        seen = ran.setdefault((chain, item.event.subject), set())
        seen |= item.ran
        for automation in account.automations:
            if not _answers(automation, item.event) or not matches(automation.on, item.event):
                continue
            skipped = ""
            if item.depth > MAX_DEPTH:
                skipped = f"loop: more than {MAX_DEPTH} automations in a row"
            elif automation.key in seen and automation.origin == "authored":
                skipped = "loop: it ran for this deal in this chain already"
            else:
                seen.add(automation.key)
            routed.append(
                Routed(event_id=item.id, automation=automation.key, subject=item.event.subject, skipped=skipped)
            )
    return routed


def _answers(automation: ir.Automation, event: Event) -> bool:
    """Say whether the event may be answered by this automation at all: an import chooses."""
    match event.answer:
        case "on":
            return True
        case "tasks":
            return automation.origin == "stage-tasks"
        case "off":
            return False


def matches(trigger: ir.Trigger, event: Event) -> bool:
    """Say whether the event is one that the trigger names."""
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


def _in(deal: Deal, pipelines: Sequence[str]) -> bool:
    return not pipelines or deal.pipeline in pipelines


def _at(deal: Deal, stages: Sequence[ir.StageValue]) -> bool:
    return not stages or any(stage.pipeline == deal.pipeline and stage.stage == deal.stage for stage in stages)
