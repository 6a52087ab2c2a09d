"""`dealwright crm records`: what deals have under them, such as instalments."""

from __future__ import annotations

from typing import Any

import click

from dealwright.errors import InputError, NotFound
from dealwright_embedded_crm import tables
from dealwright_embedded_crm.commands.deals import found as deal_found
from dealwright_embedded_crm.commands.fields import given, settable
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
)
from dealwright_embedded_crm.mapping import near
from dealwright_embedded_crm.record_reads import KeptRecord
from dealwright_embedded_crm.values import shown


@click.group()
def records() -> None:
    """Records under deals, such as instalments; definitions say which kinds there are."""


@records.command("ls")
@click.argument("deal_id", metavar="DEAL")
@click.option("--kind", metavar="KEY", help="Only this kind, such as instalment.")
@listed
def records_ls(deal_id: str, kind: str | None, limit: int, as_json: bool, account: str | None) -> None:
    """List what is under a deal, oldest first."""
    with opened(account) as here:
        deal = deal_found(here, deal_id)
        if kind is not None:
            kind_named(here, kind)
        rows = pages(lambda after, most: here.crm.page_records(deal.id, kind=kind, after=after, limit=most), limit)
        if as_json:
            click.echo(tables.as_json([_told(each) for each in rows]))
        else:
            tables.console().print(tables.records([each.record for each in rows], here.zone()))


@records.command("show")
@click.argument("record_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@of_account
def records_show(record_id: str, as_json: bool, account: str | None) -> None:
    """Show one record with the deal that it is under."""
    with opened(account) as here:
        kept = _found(here, record_id)
        if as_json:
            click.echo(tables.as_json(_told(kept)))
            return
        tables.console().print(tables.record(kept, here.zone()))


@records.command("add")
@click.argument("deal_id", metavar="DEAL")
@click.argument("kind", metavar="KIND")
@settable
@as_actor
def records_add(deal_id: str, kind: str, own: tuple[str, ...], account: str | None, acting: str | None) -> None:
    """Put a record of a kind under a deal: records add 12 instalment --set amount=100 --set due_on=2026-12-01."""
    with opened(account) as here:
        deal = deal_found(here, deal_id)
        kind_named(here, kind)
        made = here.crm.add_record(deal.id, kind, given(here, kind, own), actor=actor(here.crm, acting))
    click.echo(f"record {made.record.id} added under deal {made.deal_id}, which is at version {made.deal_version}")


@records.command("set")
@click.argument("record_id", metavar="ID")
@click.argument("own", metavar="FIELD=VALUE...", nargs=-1, required=True)
@as_actor
def records_set(record_id: str, own: tuple[str, ...], account: str | None, acting: str | None) -> None:
    """Set fields of a record, such as paid=yes; - clears one."""
    with opened(account) as here:
        kept = _found(here, record_id)
        changes = given(here, kept.record.kind, own)
        changed = here.crm.update_record(kept.record.id, changes, actor=actor(here.crm, acting))
    click.echo(f"record {changed.record.id}: deal {changed.deal_id} is at version {changed.deal_version}")


@records.command("rm")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@confirmed
@as_actor
def records_rm(ids: tuple[str, ...], yes: bool, account: str | None, acting: str | None) -> None:
    """Take records away from under their deals, for ever, all or none of them."""
    with opened(account) as here:
        for each in ids:
            _found(here, each)
        many = "1 record" if len(ids) == 1 else f"{len(ids)} records"
        ask(f"Remove {many}? They cannot be recovered.", yes)
        with here.crm.together():
            for each in ids:
                here.crm.remove_record(each, actor=actor(here.crm, acting))
    click.echo(f"{many} removed")


def kind_named(here: Opened, key: str) -> None:
    """Check that there is a kind of records of that key.

    Raises:
        InputError: there is none.
    """
    known = [kind.key for kind in here.crm.own_fields().kinds]
    if not known:
        raise InputError(f"there is no kind of records {shown(key)}: the active release names none at all")
    if key not in known:
        raise InputError(f"there is no kind of records {shown(key)}{near(key, known)}")


def _found(here: Opened, record_id: str) -> KeptRecord:
    kept = here.crm.record(record_id)
    if kept is None:
        raise NotFound(f"there is no record {shown(record_id)}; `dealwright crm records ls DEAL`")
    return kept


def _told(kept: KeptRecord) -> dict[str, Any]:
    return {
        "id": kept.record.id,
        "deal_id": kept.deal_id,
        "kind": kept.record.kind,
        "custom": kept.record.custom or [],
        "created_at": kept.created_at,
        "updated_at": kept.updated_at,
    }
