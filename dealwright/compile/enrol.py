"""Enrolment: which deals an automation begins with that stand where its trigger points when it is first released."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from dealwright.compile import ir
from dealwright.model.crm import Deal

AT_MOST: Final = 200
"""The most deals that an automation begins with before a person has said so."""

LISTS_DEALS: Final = 'existing="enrol"'
"""What a CRM can do for it that can go through its deals."""


def places(trigger: ir.Trigger) -> tuple[ir.StageValue, ...]:
    """Return the stages whose deals are enrolled; none if the trigger does not say where a deal stands by then."""
    match trigger:
        case ir.OnEntered(stages=stages) | ir.OnDealCreated(stages=stages):
            return stages
        case ir.OnStageChanged(from_=(), to=stages, pipelines=pipelines):
            return tuple(each for each in stages if not pipelines or each.pipeline in pipelines)
        case _:
            return ()


def enrolling(account: ir.Account) -> tuple[ir.Automation, ...]:
    """Return the automations that begin with deals that stand there already."""
    return tuple(each for each in account.automations if each.existing == "enrol" and places(each.on))


def stands(trigger: ir.Trigger, deal: Deal) -> bool:
    """Say whether the deal stands where the trigger points."""
    return any(each.pipeline == deal.pipeline and each.stage == deal.stage for each in places(trigger))


def pipelines(trigger: ir.Trigger) -> tuple[str, ...]:
    """Return the pipelines whose deals have to be gone through."""
    return _once(each.pipeline for each in places(trigger))


def _once(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(keys))
