"""The tables of conversations; what customers wrote goes through `plain` and is never read as markup."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from rich.table import Table

from dealwright.model.messages import Message
from dealwright_embedded_crm.conversations import Conversation
from dealwright_embedded_crm.tables import add_row, new_table, when

_ARROWS = {"in": "<", "out": ">"}


def conversations(rows: list[Conversation], zone: ZoneInfo) -> Table:
    """Return conversations as a table; times are in the zone."""
    table = new_table("contact", "name", "messages>", "last", "", "text")
    for each in rows:
        last = each.last
        arrow = _ARROWS[last.direction]
        add_row(table, each.contact.id, each.contact.name, str(each.messages), when(last.at, zone), arrow, last.text)
    return table


def messages(rows: list[Message], zone: ZoneInfo) -> Table:
    """Return messages as a table; `<` came in, `>` went out."""
    table = new_table("id", "at", "", "by", "text", "buttons", "answers")
    for each in rows:
        buttons = " ".join(f"[{button.id}]" for button in each.buttons) or each.button
        arrow = _ARROWS[each.direction]
        add_row(table, each.id, when(each.at, zone), arrow, each.author, each.text, buttons, each.reply_to)
    return table
