"""`dealwright crm companies`: what is known of the companies that deals are with."""

from __future__ import annotations

import click

from dealwright.errors import InputError, NotFound
from dealwright_embedded_crm import tables
from dealwright_embedded_crm.commands.fields import findable, given, looked_for
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
from dealwright_embedded_crm.company_reads import Company, CompanyQuery
from dealwright_embedded_crm.values import shown


@click.group()
def companies() -> None:
    """Companies; one comes into being with the first deal that names it."""


@companies.command("ls")
@click.option("--name", metavar="TEXT", help="Part of the name, in this case.")
@findable
@listed
def companies_ls(limit: int, as_json: bool, account: str | None, name: str | None, own: tuple[str, ...]) -> None:
    """List companies, oldest first."""
    with opened(account) as here:
        query = CompanyQuery(name=name, own=looked_for(here, "company", own))
        rows = pages(lambda after, most: here.crm.page_companies(query, after=after, limit=most), limit)
        show(rows, tables.companies, as_json)


@companies.command("show")
@click.argument("company", metavar="COMPANY")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@of_account
def companies_show(company: str, as_json: bool, account: str | None) -> None:
    """Show a company, by its id or exact name, with what it holds in own fields."""
    with opened(account) as here:
        found = _found(here, company)
        if as_json:
            click.echo(tables.as_json(found))
            return
        tables.console().print(tables.companies([found]))
        if found.custom:
            tables.console().print(tables.held_fields(found.custom, here.zone()))


@companies.command("set")
@click.argument("company", metavar="COMPANY")
@click.argument("own", metavar="FIELD=VALUE...", nargs=-1, required=True)
@as_actor
def companies_set(company: str, own: tuple[str, ...], account: str | None, acting: str | None) -> None:
    """Set fields of the company's own, such as segment=small; - clears one. No event tells it."""
    with opened(account) as here:
        found = _found(here, company)
        here.crm.set_company(found.id, given(here, "company", own), actor=actor(here.crm, acting))
    click.echo(f"company {found.id} changed")


@companies.command("rename")
@click.argument("company", metavar="COMPANY")
@click.argument("name", metavar="NAME")
@as_actor
def companies_rename(company: str, name: str, account: str | None, acting: str | None) -> None:
    """Let a company, by its id or exact name, be called otherwise: all its deals are with that name then."""
    with opened(account) as here:
        found = here.crm.rename_company(_found(here, company).id, name, actor=actor(here.crm, acting))
    click.echo(f"company {found.id} is called {shown(found.name)}")


@companies.command("merge")
@click.argument("kept", metavar="COMPANY")
@click.argument("absorbed", metavar="OTHER")
@confirmed
@as_actor
def companies_merge(kept: str, absorbed: str, yes: bool, account: str | None, acting: str | None) -> None:
    """Merge OTHER into COMPANY: its deals are COMPANY's then, and OTHER is gone."""
    with opened(account) as here:
        one, other = _found(here, kept), _found(here, absorbed)
        if one.id == other.id:
            raise InputError(f"company {one.id} cannot be merged with itself")
        ask(f"Merge company {other.id} into company {one.id}? Company {other.id} cannot be recovered.", yes)
        here.crm.merge_companies(one.id, other.id, actor=actor(here.crm, acting))
    click.echo(f"company {other.id} was merged into company {one.id}")


def _found(here: Opened, which: str) -> Company:
    found = here.crm.company(which)
    if found is None:
        raise NotFound(f"there is no company {which!r}; `dealwright crm companies ls`")
    return found
