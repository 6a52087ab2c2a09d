"""`dealwright crm deals`: what people do with deals."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, get_args

import click
import msgspec
from msgspec import UNSET

from dealwright.errors import InputError, NotFound
from dealwright.model.crm import Deal
from dealwright.model.requests import DealChanges
from dealwright_embedded_crm import tables
from dealwright_embedded_crm.commands.fields import findable, given, looked_for, settable
from dealwright_embedded_crm.commands.opening import (
    AMOUNT,
    DAY,
    Opened,
    actor,
    as_actor,
    ask,
    confirmed,
    listed,
    of_account,
    opened,
    pages,
    pipeline_named,
    show,
)
from dealwright_embedded_crm.mapping import near
from dealwright_embedded_crm.reads import DealQuery, DealSort
from dealwright_embedded_crm.values import shown

_DAY = timedelta(days=1)

_CLEAR = "-"
"""What clears a field that is edited."""


@click.group()
def deals() -> None:
    """Deals."""


@deals.command("ls")
@click.option("--name", metavar="TEXT", help="Part of the title, whatever its case.")
@click.option("--pipeline", metavar="KEY", help="Only this pipeline.")
@click.option("--stage", metavar="[PIPELINE.]KEY", help="Only this stage.")
@click.option("--owner", metavar="USER", help="Only this owner's: id, e-mail or name.")
@click.option("--contact", metavar="ID", help="Only this contact's.")
@click.option("--created-from", type=DAY, metavar="DAY", help="Created on that day or later, in the account's zone.")
@click.option("--created-to", type=DAY, metavar="DAY", help="Created on that day or earlier.")
@click.option("--close-from", type=DAY, metavar="DAY", help="Expected to close on that day or later.")
@click.option("--close-to", type=DAY, metavar="DAY", help="Expected to close on that day or earlier.")
@click.option("--sort", type=click.Choice(get_args(DealSort)), default="id", show_default=True,
              help="Amounts are sorted within their currency.")  # fmt: skip
@click.option("--desc", "descending", is_flag=True, help="The greatest or latest first.")
@findable
@listed
def deals_ls(
    account: str | None,
    limit: int,
    own: tuple[str, ...],
    as_json: bool,
    created_from: date | None,
    created_to: date | None,
    **filters: Any,
) -> None:
    """List deals, oldest first unless sorted otherwise."""
    with opened(account) as here:
        filters["pipeline"], filters["stage"] = _place(filters["pipeline"], filters["stage"])
        _check_place(here, filters["pipeline"], filters["stage"])
        query = DealQuery(
            created_from=None if created_from is None else here.moment(datetime.combine(created_from, time.min)),
            created_to=None if created_to is None else here.moment(datetime.combine(created_to + _DAY, time.min)),
            own=looked_for(here, "deal", own),
            **filters,
        )
        show(
            pages(lambda after, most: here.crm.page_deals(query, after=after, limit=most), limit), tables.deals, as_json
        )


@deals.command("show")
@click.argument("deal_id", metavar="DEAL")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@of_account
def deals_show(deal_id: str, as_json: bool, account: str | None) -> None:
    """Show a deal with its contacts, records, open tasks, notes and activities."""
    with opened(account) as here:
        deal = found(here, deal_id)
        tasks, notes, activities = here.crm.tasks(deal.id), here.crm.notes(deal.id), here.crm.activities(deal.id)
        if as_json:
            around = {"tasks": tasks, "notes": notes, "activities": activities}
            click.echo(tables.as_json({**msgspec.to_builtins(deal), **around}))
            return
        zone = here.zone()
        console = tables.console()
        console.print(tables.deal(deal, zone))
        console.print(tables.linked(deal))
        if deal.records:
            console.print(tables.records(deal.records, zone))
        if deal.records_beyond:
            more = f"and {deal.records_beyond:,} more: `dealwright crm records ls {deal.id}`"
            console.print(more, markup=False, highlight=False)
        console.print(tables.tasks(tasks, zone))
        console.print(tables.notes(notes, zone))
        console.print(tables.activities(activities, zone))


@deals.command("add")
@click.option("--title", metavar="TEXT", help="Default: the first contact's name.")
@click.option("--pipeline", metavar="KEY", help="Default: the first pipeline.")
@click.option("--stage", metavar="[PIPELINE.]KEY", help="Default: the pipeline's first stage.")
@click.option(
    "--contact", "contacts", multiple=True, metavar="ID", help="May be given more than once; the main one first."
)
@click.option("--owner", metavar="USER", help="Id, e-mail or name.")
@click.option("--amount", type=AMOUNT, metavar="NUMBER", help="In the account's currency, or with one: '9000 EUR'.")
@click.option("--close-date", type=DAY, metavar="DAY")
@click.option("--reference", metavar="TEXT")
@click.option("--company", metavar="NAME")
@click.option("--tag", "tags", multiple=True, metavar="TEXT", help="May be given more than once.")
@click.option("--lost-reason", metavar="TEXT", help="For a deal that is created lost.")
@settable
@as_actor
def deals_add(
    account: str | None,
    acting: str | None,
    pipeline: str | None,
    stage: str | None,
    own: tuple[str, ...],
    **fields: Any,
) -> None:
    """Create a deal."""
    with opened(account) as here:
        pipeline, stage = _place(pipeline, stage)
        here.shaped()
        shape = pipeline_named(here.crm, pipeline)
        standing = stage or shape.stages[0].key
        custom = given(here, "deal", own) or UNSET
        fields["amount"] = here.amount(fields["amount"])
        made = here.crm.create_deal(
            pipeline=shape.key, stage=standing, **fields, custom=custom, actor=actor(here.crm, acting)
        )
    click.echo(f"deal {made.id} created in {_standing(made)}{_owned(made)}")


@deals.command("edit")
@click.argument("ids", metavar="DEAL...", nargs=-1, required=True)
@click.option("--title", metavar="TEXT")
@click.option("--owner", metavar="USER", help="Id, e-mail or name; - clears (in Incoming only).")
@click.option("--amount", type=AMOUNT, metavar="NUMBER", help="In the account's currency, or with one: '9000 EUR'.")
@click.option("--no-amount", is_flag=True, help="Clear the amount.")
@click.option("--close-date", type=DAY, metavar="DAY")
@click.option("--no-close-date", is_flag=True, help="Clear the close date.")
@click.option("--reference", metavar="TEXT", help="- clears.")
@click.option("--company", metavar="NAME", help="- clears.")
@click.option("--tag", "tags", multiple=True, metavar="TEXT", help="These tags instead of those there are.")
@settable
@confirmed
@as_actor
def deals_edit(
    ids: tuple[str, ...],
    account: str | None,
    acting: str | None,
    yes: bool,
    no_amount: bool,
    no_close_date: bool,
    own: tuple[str, ...],
    **fields: Any,
) -> None:
    """Change fields of deals, all or none of them."""
    new = {name: value for name, value in fields.items() if value not in (None, ())}
    new.update((name, None) for name in ("owner", "reference", "company") if new.get(name) == _CLEAR)
    new.update({"amount": None} if no_amount else {})
    new.update({"close_date": None} if no_close_date else {})
    if not new and not own:
        raise InputError("nothing is to be changed; say what, such as --title TEXT")
    with opened(account) as here:
        custom = given(here, "deal", own)
        if len(ids) > 1:
            ask(f"Change {', '.join([*new, *(each.key for each in custom)])} of {len(ids)} deals?", yes)
        new.update({"custom": custom} if custom else {})
        new.update({"amount": here.amount(new["amount"])} if "amount" in new else {})
        changed = here.crm.update_deals(ids, DealChanges(**new), actor=actor(here.crm, acting))
    for deal in changed:
        click.echo(f"deal {deal.id} is at version {deal.version}")


@deals.command("set")
@click.argument("deal_id", metavar="DEAL")
@click.argument("own", metavar="FIELD=VALUE...", nargs=-1, required=True)
@as_actor
def deals_set(deal_id: str, own: tuple[str, ...], account: str | None, acting: str | None) -> None:
    """Set fields of the company's own, such as treatment=implant; - clears one."""
    with opened(account) as here:
        found(here, deal_id)
        changes = DealChanges(custom=given(here, "deal", own))
        deal = here.crm.update_deal(deal_id, changes, actor=actor(here.crm, acting))
    click.echo(f"deal {deal.id} is at version {deal.version}")


@deals.command("move")
@click.argument("deal_id", metavar="DEAL")
@click.argument("stage", metavar="[PIPELINE.]STAGE")
@click.option("--pipeline", metavar="KEY", help="Into another pipeline.")
@click.option("--lost-reason", metavar="TEXT", help="Why it was lost.")
@as_actor
def deals_move(
    deal_id: str, stage: str, pipeline: str | None, lost_reason: str | None, account: str | None, acting: str | None
) -> None:
    """Move a deal to a stage, forwards or backwards."""
    with opened(account) as here:
        before = found(here, deal_id)
        pipeline, key = _place(pipeline, stage)
        after = here.crm.move_deal(
            deal_id, pipeline or before.pipeline, key or stage, lost_reason=lost_reason, actor=actor(here.crm, acting)
        )
    _moved(before, after)


@deals.command("accept")
@click.argument("deal_id", metavar="DEAL")
@click.option("--stage", metavar="KEY", help="Default: the first open one.")
@click.option("--owner", metavar="USER", help="Id, e-mail or name.")
@as_actor
def deals_accept(deal_id: str, stage: str | None, owner: str | None, account: str | None, acting: str | None) -> None:
    """Take a lead out of Incoming, with an owner."""
    with opened(account) as here:
        before = found(here, deal_id)
        after = here.crm.accept_deal(deal_id, stage=stage, owner=owner, actor=actor(here.crm, acting))
    _moved(before, after)


@deals.command("decline")
@click.argument("deal_id", metavar="DEAL")
@click.option("--reason", metavar="TEXT", help="Why it was declined.")
@as_actor
def deals_decline(deal_id: str, reason: str | None, account: str | None, acting: str | None) -> None:
    """Decline a lead in Incoming: it is lost."""
    with opened(account) as here:
        before = found(here, deal_id)
        after = here.crm.decline_deal(deal_id, reason=reason, actor=actor(here.crm, acting))
    _moved(before, after)


@deals.command("clone")
@click.argument("deal_id", metavar="DEAL")
@click.option("--title", metavar="TEXT", help="Default: the same.")
@click.option("--stage", metavar="KEY", help="Default: the same; of a closed deal, the first open one.")
@as_actor
def deals_clone(deal_id: str, title: str | None, stage: str | None, account: str | None, acting: str | None) -> None:
    """Create a deal like another; its reference, records, tasks, notes and activities are not copied."""
    with opened(account) as here:
        made = here.crm.clone_deal(deal_id, title=title, stage=stage, actor=actor(here.crm, acting))
    click.echo(f"deal {made.id} created in {_standing(made)} like deal {deal_id}")


@deals.command("merge")
@click.argument("kept", metavar="DEAL")
@click.argument("absorbed", metavar="OTHER")
@confirmed
@as_actor
def deals_merge(kept: str, absorbed: str, yes: bool, account: str | None, acting: str | None) -> None:
    """Merge OTHER into DEAL: contacts, records, tasks, notes and activities move, OTHER is gone."""
    with opened(account) as here:
        if found(here, kept).id == found(here, absorbed).id:
            raise InputError(f"deal {kept} cannot be merged with itself")
        ask(f"Merge deal {absorbed} into deal {kept}? Deal {absorbed} cannot be recovered.", yes)
        here.crm.merge_deals(kept, absorbed, actor=actor(here.crm, acting))
    click.echo(f"deal {absorbed} was merged into deal {kept}")


@deals.command("rm")
@click.argument("ids", metavar="DEAL...", nargs=-1, required=True)
@confirmed
@as_actor
def deals_rm(ids: tuple[str, ...], yes: bool, account: str | None, acting: str | None) -> None:
    """Delete deals with their records, tasks, notes and activities, for ever."""
    with opened(account) as here:
        for each in ids:
            found(here, each)
        many = "1 deal" if len(ids) == 1 else f"{len(ids)} deals"
        ask(f"Delete {many}? They cannot be recovered.", yes)
        here.crm.delete_deals(ids, actor=actor(here.crm, acting))
    click.echo(f"{many} deleted")


def found(here: Opened, deal_id: str) -> Deal:
    """Return a deal.

    Raises:
        NotFound: it is not there; the message says what it was merged into, if it was.
    """
    deal = here.crm.deal(deal_id)
    if deal is None:
        kept = here.crm.merged_into(deal_id)
        why = f"; it was merged into deal {kept}" if kept else "; `dealwright crm deals ls`"
        raise NotFound(f"there is no deal {deal_id!r}{why}")
    return deal


def _place(pipeline: str | None, stage: str | None) -> tuple[str | None, str | None]:
    """Take a stage apart that is written with its pipeline, as we print it: `new-cars.quoted`."""
    head, dot, key = (stage or "").rpartition(".")
    if stage is None or not dot:
        return pipeline, stage
    if pipeline not in (None, head):
        raise InputError(f"--pipeline says {shown(pipeline)}, and the stage {shown(stage)}: leave one of them out")
    return head, key


def _check_place(here: Opened, pipeline: str | None, stage: str | None) -> None:
    """Refuse a pipeline or stage that is not there: an empty list would look like good news."""
    known = here.crm.pipelines() if pipeline is None else [pipeline_named(here.crm, pipeline)]
    if stage is not None and not any(shape.stage(stage) for shape in known):
        where = "there is no stage" if pipeline is None else f"pipeline {pipeline} has no stage"
        keys = dict.fromkeys(each.key for shape in known for each in shape.stages)
        raise InputError(f"{where} {shown(stage)}{near(stage, keys)}")


def _moved(before: Deal, after: Deal) -> None:
    if after.version == before.version:
        click.echo(f"deal {after.id} is in {_standing(after)} already")
    else:
        owned = _owned(after) if after.owner != before.owner else ""
        click.echo(f"deal {after.id}: {_standing(before)} -> {_standing(after)}{owned}")


def _standing(deal: Deal) -> str:
    return f"{deal.pipeline}.{deal.stage}"


def _owned(deal: Deal) -> str:
    return "" if deal.owner is None else f", owned by user {deal.owner.id}"
