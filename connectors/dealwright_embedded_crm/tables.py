"""The tables that `dealwright crm` prints; texts of customers go through `plain` and are never read as markup."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dealwright.cli.terminal import plain
from dealwright.model.crm import Contact, Deal, Money, PipelineShape, Task, User
from dealwright_embedded_crm.people import StageCount

PIPED_WIDTH: Final = 200
"""Columns when nobody looks at a terminal: `grep` must find what is there."""


def console() -> Console:
    """Return a console that fits the terminal."""
    return Console() if sys.stdout.isatty() else Console(width=PIPED_WIDTH)


def deals(rows: list[Deal]) -> Table:
    """Return deals as a table."""
    table = _table("id", "title", "stage", "owner", "amount>", "close date", "company", "contacts>")
    for deal in rows:
        _add(
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
    table = _table("id", "name", "phone", "e-mail")
    for contact in rows:
        _add(table, contact.id, contact.name, contact.phone, contact.email)
    return table


def tasks(rows: list[Task]) -> Table:
    """Return tasks as a table."""
    table = _table("id", "deal", "text", "due", "owner", "done")
    for task in rows:
        owner = task.owner.name if task.owner else None
        due = f"{task.due_at:%Y-%m-%d %H:%M} UTC"
        _add(table, task.id, task.deal_id, task.text, due, owner, "yes" if task.done else "no")
    return table


def users(rows: list[User]) -> Table:
    """Return users as a table."""
    table = _table("id", "name", "e-mail")
    for user in rows:
        _add(table, user.id, user.name, user.email)
    return table


def stages(rows: list[StageCount]) -> Table:
    """Return stages with their deals as a table."""
    table = _table("pipeline", "stage", "name", "kind", "deals>", "worth>")
    for row in rows:
        worth = ", ".join(filter(None, map(_money, row.amounts)))
        _add(table, row.pipeline, row.stage, row.name, row.kind, f"{row.deals:,}", worth)
    return table


def imported(pipeline: PipelineShape, created: Counter[str]) -> Table:
    """Return what an import created, by stage."""
    table = _table("stage", "name", "deals>")
    for stage in pipeline.stages:
        _add(table, stage.key, stage.name, f"{created[stage.key]:,}")
    return table


def _table(*headers: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for header in headers:
        right = header.endswith(">")
        table.add_column(
            header.removesuffix(">"), justify="right" if right else "left", no_wrap=True, overflow="ellipsis"
        )
    return table


def _add(table: Table, *cells: str | None) -> None:
    table.add_row(*_texts(cells))


def _texts(cells: Iterable[str | None]) -> Iterable[Text]:
    return (Text(plain(cell) if cell else "", no_wrap=True, overflow="ellipsis") for cell in cells)


def _money(amount: Money | None) -> str | None:
    return None if amount is None else f"{amount.amount:,} {amount.currency}"
