"""`dealwright crm webhooks`: who is told by POST what happens in the CRM."""

from __future__ import annotations

import click

from dealwright_embedded_crm import tables
from dealwright_embedded_crm.commands.opening import ACTOR, ask, confirmed, listed, of_account, opened, show
from dealwright_embedded_crm.subscriptions import KINDS


@click.group()
def webhooks() -> None:
    """Who is told by POST what happens in the CRM."""


@webhooks.command("ls")
@listed
def webhooks_ls(limit: int, as_json: bool, account: str | None) -> None:
    """List webhooks, how far they have come and how they fare, without their secrets."""
    with opened(account) as here:
        zone = here.zone()
        show(here.crm.webhooks()[:limit], lambda rows: tables.webhooks(rows, zone), as_json)


@webhooks.command("add")
@click.argument("url")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Which events; default: all.")
@click.option("--after", type=click.IntRange(0), metavar="ID", help="Begin after this event; default: after the last.")
@click.option("--allow-private", is_flag=True, help="The address may be a private one, and plain http.")
@of_account
def webhooks_add(url: str, kinds: tuple[str, ...], after: int | None, allow_private: bool, account: str | None) -> None:
    """Tell an address what happens; the secret that signs is printed this once."""
    with opened(account) as here:
        made, secret = here.crm.add_webhook(url, kinds, after=after, allow_private=allow_private, actor=ACTOR)
    click.echo(f"webhook {made.id} created, after event {made.after}; its secret is shown this once:", err=True)
    click.echo(secret)


@webhooks.command("rm")
@click.argument("webhook_id", metavar="WEBHOOK")
@confirmed
@of_account
def webhooks_rm(webhook_id: str, yes: bool, account: str | None) -> None:
    """Tell an address nothing any more."""
    with opened(account) as here:
        ask(f"Delete webhook {webhook_id} and its secret?", yes)
        removed = here.crm.remove_webhook(webhook_id)
    click.echo(f"webhook {webhook_id} deleted; the last event it got was {removed.after}")


@webhooks.command("enable")
@click.argument("webhook_id", metavar="WEBHOOK")
@of_account
def webhooks_enable(webhook_id: str, account: str | None) -> None:
    """Go on where a webhook stopped: one that was disabled, or that waits after failures."""
    with opened(account) as here:
        going = here.crm.enable_webhook(webhook_id)
    click.echo(f"webhook {webhook_id} goes on after event {going.after}")
