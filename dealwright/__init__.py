"""Dealwright: sales pipelines and automations as code. This is all that a definition imports."""

from __future__ import annotations

from dealwright.language.account import Account
from dealwright.language.again import every_event, once, person, record, stage_visit, value
from dealwright.language.ask_step import ask
from dealwright.language.automation import Automation
from dealwright.language.channels import Channel
from dealwright.language.clock_times import local
from dealwright.language.company import CompanyFields
from dealwright.language.company_steps import update_company
from dealwright.language.contact_steps import create_contact, send_email, update_contact
from dealwright.language.conversion_steps import send_conversion
from dealwright.language.criteria import Criteria
from dealwright.language.custom import (
    Choice,
    Choices,
    Day,
    Email,
    Flag,
    Link,
    Moment,
    Money,
    Number,
    Owner,
    Person,
    Phone,
    Text,
)
from dealwright.language.deal import ContactFields, DealFields, contact, event
from dealwright.language.deal_steps import add_note, add_tags, assign_owner, complete_tasks, remove_tags
from dealwright.language.durations import days, hours, minutes, working_days, working_hours, working_minutes
from dealwright.language.example_replies import a_reply
from dealwright.language.examples import Example
from dealwright.language.later_triggers import date_reached, message_failed, no_activity, opted_out, rep_wrote
from dealwright.language.lookup_step import lookup
from dealwright.language.message_steps import send_message
from dealwright.language.message_texts import Button, EmailText, Message, Template, WhatsAppTemplate
from dealwright.language.notify_step import notify
from dealwright.language.outcomes import outcome
from dealwright.language.outside import Match, OutsideEvent
from dealwright.language.pipeline import Incoming, Lost, Pipeline, Stage, Task, Won
from dealwright.language.points import points
from dealwright.language.policy import Limits, MessagePolicy
from dealwright.language.predicates import predicate
from dealwright.language.record_steps import create_record, remove_record, update_record
from dealwright.language.record_triggers import record_added, record_removed, record_updated
from dealwright.language.records import Record
from dealwright.language.replies import reply
from dealwright.language.roles import Role
from dealwright.language.segment import Segment
from dealwright.language.settings import setting
from dealwright.language.steps import (
    branch,
    case,
    create_deal,
    move_deal,
    send_event,
    set_task,
    stop,
    update_deal,
)
from dealwright.language.texts import texts
from dealwright.language.time_steps import mute, wait
from dealwright.language.triggers import (
    activity_logged,
    contact_added,
    contact_removed,
    contact_updated,
    deal_created,
    deal_updated,
    entered,
    event_received,
    message_received,
    owner_changed,
    replied,
    stage_changed,
    task_completed,
)
from dealwright.language.wait_steps import wait_until

__all__ = [
    "Account",
    "Automation",
    "Button",
    "Channel",
    "Choice",
    "Choices",
    "CompanyFields",
    "ContactFields",
    "Criteria",
    "Day",
    "DealFields",
    "Email",
    "EmailText",
    "Example",
    "Flag",
    "Incoming",
    "Limits",
    "Link",
    "Lost",
    "Match",
    "Message",
    "MessagePolicy",
    "Moment",
    "Money",
    "Number",
    "OutsideEvent",
    "Owner",
    "Person",
    "Phone",
    "Pipeline",
    "Record",
    "Role",
    "Segment",
    "Stage",
    "Task",
    "Template",
    "Text",
    "WhatsAppTemplate",
    "Won",
    "a_reply",
    "activity_logged",
    "add_note",
    "add_tags",
    "ask",
    "assign_owner",
    "branch",
    "case",
    "complete_tasks",
    "contact",
    "contact_added",
    "contact_removed",
    "contact_updated",
    "create_contact",
    "create_deal",
    "create_record",
    "date_reached",
    "days",
    "deal_created",
    "deal_updated",
    "entered",
    "event",
    "event_received",
    "every_event",
    "hours",
    "local",
    "lookup",
    "message_failed",
    "message_received",
    "minutes",
    "move_deal",
    "mute",
    "no_activity",
    "notify",
    "once",
    "opted_out",
    "outcome",
    "owner_changed",
    "person",
    "points",
    "predicate",
    "record",
    "record_added",
    "record_removed",
    "record_updated",
    "remove_record",
    "remove_tags",
    "rep_wrote",
    "replied",
    "reply",
    "send_conversion",
    "send_email",
    "send_event",
    "send_message",
    "set_task",
    "setting",
    "stage_changed",
    "stage_visit",
    "stop",
    "task_completed",
    "texts",
    "update_company",
    "update_contact",
    "update_deal",
    "update_record",
    "value",
    "wait",
    "wait_until",
    "working_days",
    "working_hours",
    "working_minutes",
]
