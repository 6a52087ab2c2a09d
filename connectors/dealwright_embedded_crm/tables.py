"""The tables that `dealwright crm` prints; texts of customers go through `plain` and are never read as markup."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dealwright.cli.terminal import plain
from dealwright.model.crm import Activity, Contact, Deal, Money, Note, PipelineShape, Record, Task, User
from dealwright.model.custom import Customs
from dealwright.model.values import in_zone
from dealwright_embedded_crm.company_reads import Company
from dealwright_embedded_crm.own_texts import as_text
from dealwright_embedded_crm.people import StageCount
from dealwright_embedded_crm.people_fields import KeptField
from dealwright_embedded_crm.record_reads import KeptRecord
from dealwright_embedded_crm.subscriptions import Subscription
from dealwright_embedded_crm.tokens import Token
from dealwright_http.redaction import shown_url

PIPED_WIDTH: Final = 200
"""Columns when nobody looks at a terminal: `grep` must find what is there."""


def console() -> Console:
    """Return a console that fits the terminal."""
    return Console() if sys.stdout.isatty() else Console(width=PIPED_WIDTH)


def deals(rows: list[Deal]) -> Table:
    """Return deals as a table."""
    table = new_table("id", "title", "stage", "owner", "amount>", "close date", "company", "contacts>")
    for deal in rows:
        add_row(
            table,
            deal.id,
            deal.title,
            f"{deal.pipeline}.{deal.stage}",
            deal.owner.name if deal.owner else None,
            _money(deal.amount),
            deal.close_date.isoformat() if deal.close_date else None,
            deal.company,
            str(len(deal.contacts)),
        )
    return table


def contacts(rows: list[Contact]) -> Table:
    """Return contacts as a table."""
    table = new_table("id", "name", "phone", "e-mail")
    for contact in rows:
        add_row(table, contact.id, contact.name, contact.phone, contact.email)
    return table


def companies(rows: list[Company]) -> Table:
    """Return companies as a table."""
    table = new_table("id", "name", "own fields>")
    for company in rows:
        add_row(table, company.id, company.name, str(len(company.custom or ())))
    return table


def linked(one: Deal) -> Table:
    """Return the contacts of a deal as a table, with what they are there."""
    table = new_table("id", "name", "as", "phone", "e-mail")
    for contact in one.contacts:
        add_row(table, contact.id, contact.name, one.role_of(contact.id), contact.phone, contact.email)
    return table


def deal(one: Deal, zone: ZoneInfo) -> Table:
    """Return a deal's fields as a table."""
    table = new_table("deal", one.id)
    owner = one.owner and f"{one.owner.name} (user {one.owner.id})"
    for name, text in (
        ("title", one.title),
        ("stage", f"{one.pipeline}.{one.stage}"),
        ("since", when(one.stage_since, zone)),
        ("owner", owner),
        ("amount", _money(one.amount)),
        ("close date", one.close_date and one.close_date.isoformat()),
        ("reference", one.reference),
        ("company", one.company),
        ("tags", ", ".join(one.tags)),
        ("lost reason", one.lost_reason),
        ("created", when(one.created_at, zone)),
        ("updated", when(one.updated_at, zone)),
        ("version", str(one.version)),
    ):
        if text:
            add_row(table, name, text)
    for field in one.custom or ():
        add_row(table, field.key, None if field.value is None else as_text(field.value, zone))
    return table


def held_fields(custom: Customs, zone: ZoneInfo) -> Table:
    """Return what a company's own fields hold, as a table."""
    table = new_table("field", "value")
    for field in custom or ():
        add_row(table, field.key, None if field.value is None else as_text(field.value, zone))
    return table


def records(rows: Sequence[Record], zone: ZoneInfo) -> Table:
    """Return records under a deal as a table; times in their fields are in the zone."""
    table = new_table("record", "kind", "fields")
    for each in rows:
        held = [f"{field.key}={as_text(field.value, zone)}" for field in each.custom or () if field.value is not None]
        add_row(table, each.id, each.kind, ", ".join(held))
    return table


def record(kept: KeptRecord, zone: ZoneInfo) -> Table:
    """Return one record as a table."""
    table = new_table("record", kept.record.id)
    for name, text in (
        ("kind", kept.record.kind),
        ("deal", kept.deal_id),
        ("created", when(kept.created_at, zone)),
        ("updated", when(kept.updated_at, zone)),
    ):
        add_row(table, name, text)
    for field in kept.record.custom or ():
        add_row(table, field.key, None if field.value is None else as_text(field.value, zone))
    return table


def own_fields(rows: list[KeptField]) -> Table:
    """Return a company's own fields as a table."""
    table = new_table("field", "type", "label", "options", "sensitive", "state")
    for each in rows:
        shape = each.definition.shape
        state = "" if each.held is None else f"in no release any more, held by {each.held:,}"
        sensitive = "yes" if shape.sensitive else ""
        add_row(table, each.definition.name, shape.type, shape.label, "; ".join(shape.options), sensitive, state)
    return table


def notes(rows: list[Note], zone: ZoneInfo) -> Table:
    """Return notes as a table; times are in the zone."""
    table = new_table("note", "deal", "at", "by", "text")
    for note in rows:
        add_row(table, note.id, note.deal_id, when(note.at, zone), note.author, note.text)
    return table


def activities(rows: list[Activity], zone: ZoneInfo) -> Table:
    """Return activities as a table; times are in the zone."""
    table = new_table("activity", "deal", "kind", "at", "by", "outcome", "text")
    for each in rows:
        by = each.by.name if each.by else None
        add_row(table, each.id, each.deal_id, each.kind, when(each.at, zone), by, each.outcome, each.text)
    return table


def tokens(rows: list[Token], zone: ZoneInfo) -> Table:
    """Return API tokens as a table, without their secrets."""
    table = new_table("id", "name", "role", "user", "created", "revoked")
    for token in rows:
        revoked = None if token.revoked_at is None else when(token.revoked_at, zone)
        add_row(table, token.id, token.name, token.role, token.user_id, when(token.created_at, zone), revoked)
    return table


def webhooks(rows: list[Subscription], zone: ZoneInfo) -> Table:
    """Return webhooks as a table; of their addresses only the host, since a path can hold a key."""
    table = new_table("id", "to", "kinds", "after>", "failures>", "last", "next try", "disabled")
    for each in rows:
        waits = None if each.not_before is None or each.disabled_at is not None else when(each.not_before, zone)
        kinds = ", ".join(each.kinds) or "all"
        add_row(
            table,
            each.id,
            shown_url(each.url),
            kinds,
            each.after,
            str(each.failures),
            each.last_status,
            waits,
            each.disabled_reason,
        )
    return table


def when(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment in a zone, which is named."""
    return f"{in_zone(moment, zone):%Y-%m-%d %H:%M %Z}"


def as_json(value: object) -> str:
    """Return JSON in ASCII: what could steer a terminal is escaped."""
    return json.dumps(msgspec.to_builtins(value), indent=2)


def tasks(rows: list[Task], zone: ZoneInfo) -> Table:
    """Return tasks as a table; times are in the zone."""
    table = new_table("id", "deal", "text", "due", "owner", "done")
    for task in rows:
        owner = task.owner.name if task.owner else None
        add_row(table, task.id, task.deal_id, task.text, when(task.due_at, zone), owner, "yes" if task.done else "no")
    return table


def users(rows: list[User]) -> Table:
    """Return users as a table."""
    table = new_table("id", "name", "e-mail")
    for user in rows:
        add_row(table, user.id, user.name, user.email)
    return table


def stages(rows: list[StageCount]) -> Table:
    """Return stages with their deals as a table."""
    table = new_table("pipeline", "stage", "name", "kind", "deals>", "worth>")
    for row in rows:
        worth = ", ".join(filter(None, map(_money, row.amounts)))
        add_row(table, row.pipeline, row.stage, row.name, row.kind, f"{row.deals:,}", worth)
    return table


def imported(pipeline: PipelineShape, created: Counter[str]) -> Table:
    """Return what an import created, by stage."""
    table = new_table("stage", "name", "deals>")
    for stage in pipeline.stages:
        add_row(table, stage.key, stage.name, f"{created[stage.key]:,}")
    return table


def new_table(*headers: str) -> Table:
    """Return an empty table; a header that ends with > is of a column of numbers."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for header in headers:
        right = header.endswith(">")
        table.add_column(
            header.removesuffix(">"), justify="right" if right else "left", no_wrap=True, overflow="ellipsis"
        )
    return table


def add_row(table: Table, *cells: str | None) -> None:
    """Add a row; what could steer a terminal is made harmless."""
    table.add_row(*_texts(cells))


def _texts(cells: Iterable[str | None]) -> Iterable[Text]:
    return (Text(plain(cell) if cell else "", no_wrap=True, overflow="ellipsis") for cell in cells)


def _money(amount: Money | None) -> str | None:
    return None if amount is None else f"{amount.amount:,} {amount.currency}"
