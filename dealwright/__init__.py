"""Dealwright: sales pipelines and automations as code. This is all that a definition imports."""

from __future__ import annotations

from dealwright.language.account import Account
from dealwright.language.again import every_event, once, person, stage_visit
from dealwright.language.automation import Automation
from dealwright.language.deal import ContactFields, DealFields, event
from dealwright.language.durations import days, hours, minutes, working_days, working_hours, working_minutes
from dealwright.language.money import Money
from dealwright.language.pipeline import Incoming, Lost, Pipeline, Stage, Task, Won
from dealwright.language.steps import (
    branch,
    case,
    create_deal,
    move_deal,
    send_event,
    set_task,
    stop,
    update_deal,
    wait,
)
from dealwright.language.triggers import (
    contact_added,
    contact_removed,
    deal_created,
    deal_updated,
    entered,
    stage_changed,
)

__all__ = [
    "Account",
    "Automation",
    "ContactFields",
    "DealFields",
    "Incoming",
    "Lost",
    "Money",
    "Pipeline",
    "Stage",
    "Task",
    "Won",
    "branch",
    "case",
    "contact_added",
    "contact_removed",
    "create_deal",
    "days",
    "deal_created",
    "deal_updated",
    "entered",
    "event",
    "every_event",
    "hours",
    "minutes",
    "move_deal",
    "once",
    "person",
    "send_event",
    "set_task",
    "stage_changed",
    "stage_visit",
    "stop",
    "update_deal",
    "wait",
    "working_days",
    "working_hours",
    "working_minutes",
]
