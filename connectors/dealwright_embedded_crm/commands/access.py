"""`dealwright crm users|tokens`: who works in the CRM, and which programs."""

from __future__ import annotations

from typing import get_args

import click

from dealwright_embedded_crm import tables
from dealwright_embedded_crm.commands.opening import listed, of_account, opened, show
from dealwright_embedded_crm.tokens import Role


@click.group()
def users() -> None:
    """Users."""


@users.command("ls")
@listed
def users_ls(limit: int, as_json: bool, account: str | None) -> None:
    """List users, by id."""
    with opened(account) as here:
        show(here.crm.users()[:limit], tables.users, as_json)


@users.command("add")
@click.argument("name")
@click.option("--email", metavar="TEXT")
@of_account
def users_add(name: str, email: str | None, account: str | None) -> None:
    """Make somebody who works in the CRM."""
    with opened(account) as here:
        made = here.crm.add_user(name, email)
    click.echo(f"user {made.id} created")


@users.command("default")
@click.argument("user", required=False)
@click.option("--first", is_flag=True, help="The first user again.")
@of_account
def users_default(user: str | None, first: bool, account: str | None) -> None:
    """Show, or choose by id, e-mail or name, who owns a deal when nobody else is named."""
    with opened(account) as here:
        chosen = here.crm.default_owner() if user is None and not first else here.crm.set_default_owner(user)
    if chosen is None:
        click.echo("nobody: the CRM has no user")
    else:
        click.echo(f"user {chosen.id}")


@click.group()
def tokens() -> None:
    """Tokens of the JSON API."""


@tokens.command("ls")
@listed
def tokens_ls(limit: int, as_json: bool, account: str | None) -> None:
    """List tokens, oldest first, without their secrets."""
    with opened(account) as here:
        zone = here.zone()
        show(here.crm.tokens()[:limit], lambda rows: tables.tokens(rows, zone), as_json)


@tokens.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(get_args(Role)), required=True)
@click.option("--user", metavar="USER", help="On whose behalf it acts: id, e-mail or name.")
@of_account
def tokens_add(name: str, role: str, user: str | None, account: str | None) -> None:
    """Make a token; the secret is printed this once."""
    with opened(account) as here:
        made, secret = here.crm.add_token(name, role, user=user)
    click.echo(f"token {made.id} created; its secret is shown this once:", err=True)
    click.echo(secret)


@tokens.command("revoke")
@click.argument("token_id", metavar="TOKEN")
@of_account
def tokens_revoke(token_id: str, account: str | None) -> None:
    """Make a token useless from now on."""
    with opened(account) as here:
        here.crm.revoke_token(token_id)
    click.echo(f"token {token_id} revoked")
