"""`dealwright crm contacts`: what people do with contacts."""

from __future__ import annotations

from typing import Any

import click
from msgspec import UNSET

from dealwright.cli.terminal import plain
from dealwright.errors import InputError, NotFound
from dealwright.model.crm import Contact
from dealwright_embedded_crm import tables
from dealwright_embedded_crm.commands.fields import findable, given, looked_for, settable
from dealwright_embedded_crm.commands.opening import (
    Opened,
    actor,
    as_actor,
    ask,
    confirmed,
    listed,
    of_account,
    opened,
    pages,
    show,
)
from dealwright_embedded_crm.reads import ContactQuery

_FIELDS = ("name", "first_name", "last_name", "phone", "email")


def _fields(command: Any) -> Any:
    for field in reversed(_FIELDS):
        command = click.option(f"--{field.replace('_', '-')}", metavar="TEXT")(command)
    return command


@click.group()
def contacts() -> None:
    """Contacts."""


@contacts.command("ls")
@click.option("--name", metavar="TEXT", help="Part of the name, whatever its case.")
@click.option("--phone", metavar="TEXT", help="The phone, as it is kept.")
@click.option("--email", metavar="TEXT", help="The e-mail, as it is kept.")
@findable
@listed
def contacts_ls(limit: int, as_json: bool, account: str | None, own: tuple[str, ...], **filters: Any) -> None:
    """List contacts, oldest first."""
    with opened(account) as here:
        query = ContactQuery(**filters, own=looked_for(here, "contact", own))
        rows = pages(lambda after, most: here.crm.page_contacts(query, after=after, limit=most), limit)
        show(rows, tables.contacts, as_json)


@contacts.command("show")
@click.argument("contact_id", metavar="CONTACT")
@click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout.")
@of_account
def contacts_show(contact_id: str, as_json: bool, account: str | None) -> None:
    """Show a contact and its deals, open and closed (the first 500)."""
    with opened(account) as here:
        found = _found(here, contact_id)
        show([found], tables.contacts, as_json)
        if not as_json:
            if found.custom:
                tables.console().print(tables.held_fields(found.custom, here.zone()))
            show(here.crm.deals_of_contact(found.id, limit=500).items, tables.deals, as_json)


@contacts.command("add")
@_fields
@settable
@as_actor
def contacts_add(account: str | None, acting: str | None, own: tuple[str, ...], **fields: Any) -> None:
    """Make a contact; without --name, first and last name are put together."""
    with opened(account) as here:
        custom = given(here, "contact", own) or UNSET
        made = here.crm.create_contact(**fields, custom=custom, actor=actor(here.crm, acting))
    click.echo(f"contact {made.id} created")


@contacts.command("edit")
@click.argument("contact_id", metavar="CONTACT")
@_fields
@settable
@as_actor
def contacts_edit(
    contact_id: str, account: str | None, acting: str | None, own: tuple[str, ...], **fields: str | None
) -> None:
    """Change fields of a contact; - clears one."""
    new: dict[str, Any] = {name: None if value == "-" else value for name, value in fields.items() if value is not None}
    if not new and not own:
        raise InputError("nothing is to be changed; say what, such as --phone TEXT")
    with opened(account) as here:
        new.update({"custom": given(here, "contact", own)} if own else {})
        changed = here.crm.update_contact(contact_id, **new, actor=actor(here.crm, acting))
    click.echo(f"contact {changed.id} changed")


@contacts.command("set")
@click.argument("contact_id", metavar="CONTACT")
@click.argument("own", metavar="FIELD=VALUE...", nargs=-1, required=True)
@as_actor
def contacts_set(contact_id: str, own: tuple[str, ...], account: str | None, acting: str | None) -> None:
    """Set fields of the company's own, such as language=es; - clears one."""
    with opened(account) as here:
        _found(here, contact_id)
        custom = given(here, "contact", own)
        changed = here.crm.update_contact(contact_id, custom=custom, actor=actor(here.crm, acting))
    click.echo(f"contact {changed.id} changed")


@contacts.command("merge")
@click.argument("kept", metavar="CONTACT")
@click.argument("absorbed", metavar="OTHER")
@confirmed
@as_actor
def contacts_merge(kept: str, absorbed: str, yes: bool, account: str | None, acting: str | None) -> None:
    """Merge OTHER into CONTACT: its deals and activities move, its id means CONTACT from now on."""
    with opened(account) as here:
        if _found(here, kept).id == _found(here, absorbed).id:
            raise InputError(f"contacts {kept} and {absorbed} are one already: there is nothing to merge")
        ask(f"Merge contact {absorbed} into contact {kept}? This cannot be undone.", yes)
        merged = here.crm.merge_contacts(kept, absorbed, actor=actor(here.crm, acting))
    click.echo(f"contact {absorbed} was merged into contact {merged.id}")


@contacts.command("rm")
@click.argument("contact_id", metavar="CONTACT")
@confirmed
@as_actor
def contacts_rm(contact_id: str, yes: bool, account: str | None, acting: str | None) -> None:
    """Delete a contact that is on no deal, for ever."""
    with opened(account) as here:
        _found(here, contact_id)
        ask(f"Delete contact {contact_id}? It cannot be recovered.", yes)
        here.crm.delete_contact(contact_id, actor=actor(here.crm, acting))
    click.echo(f"contact {contact_id} deleted")


@contacts.command("link")
@click.argument("contact_id", metavar="CONTACT")
@click.argument("deal_id", metavar="DEAL")
@click.option("--as-role", "role", metavar="TEXT", help="What it is there, such as payer; - is nothing in particular.")
@as_actor
def contacts_link(contact_id: str, deal_id: str, role: str | None, account: str | None, acting: str | None) -> None:
    """Add a contact to a deal, after those it has; of one that is there, only say what it is."""
    with opened(account) as here:
        who = actor(here.crm, acting)
        deal = here.crm.add_contact(deal_id, contact_id, role=None if role == "-" else role, actor=who)
        if role == "-":
            deal = here.crm.set_contact_role(deal_id, contact_id, None, actor=who)
    said = "" if role in (None, "-") else f", contact {contact_id} as {plain(role)}"
    click.echo(f"deal {deal.id} has {len(deal.contacts)} contacts{said}")


@contacts.command("unlink")
@click.argument("contact_id", metavar="CONTACT")
@click.argument("deal_id", metavar="DEAL")
@as_actor
def contacts_unlink(contact_id: str, deal_id: str, account: str | None, acting: str | None) -> None:
    """Take a contact off a deal; the next one becomes the main contact."""
    with opened(account) as here:
        deal = here.crm.remove_contact(deal_id, contact_id, actor=actor(here.crm, acting))
    click.echo(f"deal {deal.id} has {len(deal.contacts)} contacts")


def _found(here: Opened, contact_id: str) -> Contact:
    found = here.crm.contact(contact_id)
    if found is None:
        raise NotFound(f"there is no contact {contact_id!r}; `dealwright crm contacts ls`")
    return found
