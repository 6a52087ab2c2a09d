"""`dealwright crm conversations` and `crm reply`: what is written to contacts, and what they answer."""

from __future__ import annotations

import click

from dealwright_embedded_crm import tables_messages
from dealwright_embedded_crm.commands.opening import actor, as_actor, listed, opened, pages, show


@click.group()
def conversations() -> None:
    """Conversations: what was written to contacts, and what they answered."""


@conversations.command("ls")
@listed
def conversations_ls(limit: int, as_json: bool, account: str | None) -> None:
    """List conversations, the one that was active last first."""
    with opened(account) as here:
        rows = pages(lambda after, most: here.crm.page_conversations(after=after, limit=most), limit)
        zone = here.zone()
        show(rows, lambda found: tables_messages.conversations(found, zone), as_json)


@conversations.command("show")
@click.argument("contact_id", metavar="CONTACT")
@listed
def conversations_show(contact_id: str, limit: int, as_json: bool, account: str | None) -> None:
    """Show what was said with a contact, oldest first; under a message, [id] are its buttons."""
    with opened(account) as here:
        rows = pages(lambda after, most: here.crm.page_messages(contact_id, after=after, limit=most), limit)
        zone = here.zone()
        show(rows, lambda found: tables_messages.messages(found, zone), as_json)


@conversations.command("write")
@click.argument("contact_id", metavar="CONTACT")
@click.argument("text")
@click.option("--deal", "deal_id", metavar="ID", help="The deal it is about.")
@as_actor
def conversations_write(
    contact_id: str, text: str, deal_id: str | None, account: str | None, acting: str | None
) -> None:
    """Write to a contact, as a person."""
    with opened(account) as here:
        made = here.crm.write_message(contact_id, text, deal_id=deal_id, actor=actor(here.crm, acting))
    click.echo(f"message {made.id} written to contact {made.contact_id}")


@click.command()
@click.argument("contact_id", metavar="CONTACT")
@click.argument("text", required=False)
@click.option("--button", metavar="ID", help="The button that was pressed; without TEXT, its text is said.")
@click.option(
    "--to", metavar="MESSAGE", help="The message it answers (default of a button: the newest message that has it)."
)
@as_actor
def reply(
    contact_id: str, text: str | None, button: str | None, to: str | None, account: str | None, acting: str | None
) -> None:
    """Take what a contact has written to us; automations hear of it."""
    with opened(account) as here:
        made = here.crm.receive_message(contact_id, text, button=button, to=to, actor=actor(here.crm, acting))
    click.echo(f"message {made.id} of contact {made.contact_id}")
