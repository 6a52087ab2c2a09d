"""`dealwright unmatched`: events from outside that have found no deal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import click
import msgspec

from dealwright.cli import options, output
from dealwright.cli.shapes import prints
from dealwright.cli.site import Site, actor, opened
from dealwright.cli.terminal import plain
from dealwright.errors import InputError, JournalError
from dealwright.journal.tables_outside import UNMATCHED
from dealwright.journal.tray import Waiting

_ID: Final = click.IntRange(1, 2**63 - 1)


class ShownUnmatched(Waiting, frozen=True, kw_only=True):
    """One event of the tray with what it tells; null if it cannot be read."""

    told: dict[str, str] | None


class DecidedUnmatched(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one event that was to be assigned or dropped; `problem` says why not."""

    id: int
    name: str
    deals: list[str]
    done: bool
    problem: str


class AskedAgain(msgspec.Struct, frozen=True, kw_only=True):
    """How many events are looked at again."""

    count: int


@click.group()
def unmatched() -> None:
    """The tray: events from outside that have found no deal, or more than one.

    They hold nobody up and are kept until a deal comes that fits, or somebody says which deal they are about.
    """


@unmatched.command("ls")
@options.account
@click.option("--event", "name", metavar="NAME", help="Only of this event, such as erp.invoice.paid.")
@options.states(UNMATCHED)
@options.limit
@options.as_json
@prints(Waiting, many=True)
def unmatched_ls(account: str | None, name: str | None, states: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List them, the last one first: those that wait, unless --state says otherwise. What they tell is not shown."""
    with opened(account) as site:
        wanted = states or ("waiting",)
        rows = site.journal.unmatched(site.account, name=name, states=wanted, limit=limit + 1)
    rows, more = rows[:limit], len(rows) > limit
    if as_json:
        output.print_json(rows)
    elif not rows:
        click.echo("the tray is empty" if wanted == ("waiting",) else "no event is like that")
    else:
        since = f"since ({site.zone.key})"
        lines = [
            (
                str(row.id),
                output.when(row.since, site.zone),
                row.source,
                row.name,
                row.state,
                row.detail or row.reason,
                _some(row.deals),
            )
            for row in rows
        ]
        output.show(output.table(("id", since, "source", "event", "state", "why", "deals"), lines, fixed=("id", since)))
    output.more(more, len(rows))


def _some(deals: Sequence[str]) -> str:
    return ", ".join(deals[:3]) + (f" and {len(deals) - 3} more" if len(deals) > 3 else "")


@unmatched.command("show")
@click.argument("id_", type=_ID, metavar="ID")
@options.account
@options.as_json
@prints(ShownUnmatched)
def unmatched_show(id_: int, account: str | None, as_json: bool) -> None:
    """Show one event with what it tells. That is about customers: show it to nobody else."""
    with opened(account) as site:
        found = site.journal.unmatched_one(site.account, id_)
    if found is None:
        raise _none(site.account, id_)
    line, event = found
    told = None if event is None else dict(event.data)
    if as_json:
        output.print_json(ShownUnmatched(**msgspec.structs.asdict(line), told=told))
        return
    decided = f"{line.state} by {line.actor}" if line.decided_at else "not yet: assign or drop it"
    output.show(
        output.fields(
            (
                ("event", f"{line.id}  {line.name} from {line.source}"),
                ("account", site.account),
                ("since", f"{output.when(line.since, site.zone)} ({site.zone.key})"),
                ("why", f"{line.detail or line.reason} ({line.reason})"),
                ("automation", line.automation or None),
                ("deals", ", ".join(line.deals) or None),
                *((f"tells {name}", value) for name, value in (told or {}).items()),
                ("tells", "what cannot be read" if told is None else None if told else "nothing"),
                ("decided", decided),
                ("when", output.when(line.decided_at, site.zone)),
            )
        )
    )


@unmatched.command("assign")
@click.argument("id_", type=_ID, metavar="ID")
@click.argument("deals", nargs=-1, metavar="[DEAL...]")
@click.option("--all", "all_", is_flag=True, help="Every deal of the segment that was too large.")
@options.account
@options.as_json
@prints(DecidedUnmatched, many=True)
def unmatched_assign(id_: int, deals: tuple[str, ...], all_: bool, account: str | None, as_json: bool) -> None:
    """Say which deal an event is about (or which deals): it happens to it as if it had named it.

    One that is for each deal of a segment and has met too many of them goes to all of them with --all. Of two people
    who decide about one event, the first one has decided.
    """
    if bool(deals) == all_:
        raise click.UsageError("give the deals, or --all for every deal of a segment")
    with opened(account) as site:
        if all_:

            def assign_every(line: Waiting) -> None:
                site.journal.assign_every(site.account, line.id, actor=actor())

            _each(_chosen(site, (id_,)), (), as_json, assign_every, verb="given to every deal of the segment")
            return
        wanted = [deal.removeprefix("deal:") for deal in dict.fromkeys(deals)]
        there = asyncio.run(_read(site, wanted))
        missing = [deal for deal in wanted if deal not in there]
        if missing:
            raise InputError(f"account {site.account} has no deal {plain(missing[0], limit=80)}; nothing was changed")

        def assign(line: Waiting) -> None:
            site.journal.assign_unmatched(site.account, line.id, wanted, actor=actor())

        _each(_chosen(site, (id_,)), wanted, as_json, assign)


@unmatched.command("drop")
@click.argument("ids", type=_ID, nargs=-1, required=True, metavar="ID...")
@options.account
@options.yes
@options.as_json
@prints(DecidedUnmatched, many=True)
def unmatched_drop(ids: tuple[int, ...], account: str | None, yes: bool, as_json: bool) -> None:
    """Let events be: they stay recorded, and nothing answers them. That and who did it stays known."""
    with opened(account) as site:
        lines = _chosen(site, ids)
        if len(lines) > 1 and not yes:
            click.confirm(f"drop {len(lines)} events of account {site.account}?", abort=True, err=True)

        def drop(line: Waiting) -> None:
            site.journal.drop_unmatched(site.account, line.id, actor=actor())

        _each(lines, (), as_json, drop)


@unmatched.command("retry")
@click.argument("ids", type=_ID, nargs=-1, metavar="[ID...]")
@options.account
@options.as_json
@prints(AskedAgain)
def unmatched_retry(ids: tuple[int, ...], account: str | None, as_json: bool) -> None:
    """Let an engine look again at these events, or at all that wait: after a fix, or when nothing was live.

    When a deal comes that fits, they are looked at again by themselves. Those that several deals fitted wait for a
    person, and are looked at again only if they are named here.
    """
    with opened(account) as site:
        if ids:
            _chosen(site, ids)
        count = site.journal.retry_unmatched(site.account, ids)
    if as_json:
        output.print_json(AskedAgain(count=count))
    else:
        click.echo(f"{output.count(count, 'event')} will be looked at again")


async def _read(site: Site, deals: Sequence[str]) -> frozenset[str]:
    """Return those of the deals that are there, by the ids that were asked for."""
    binding = site.project.account(site.account)
    try:
        return frozenset(await binding.crm.read_deals(deals))
    finally:
        for connector in binding.connectors:
            await connector.aclose()


def _chosen(site: Site, ids: Sequence[int]) -> list[Waiting]:
    found = []
    for id_ in dict.fromkeys(ids):
        one = site.journal.unmatched_one(site.account, id_)
        if one is None:
            raise _none(site.account, id_)
        found.append(one[0])
    return found


def _none(account: str, id_: int) -> InputError:
    return InputError(f"account {account} has no event {id_} in its tray; `dealwright unmatched ls` lists them")


def _each(
    lines: Sequence[Waiting],
    deals: Sequence[str],
    as_json: bool,
    work: Callable[[Waiting], None],
    verb: str = "dropped",
) -> None:
    """Do it to each: one that cannot be done costs the others nothing."""
    decided = []
    for line in lines:
        problem = ""
        try:
            work(line)
        except JournalError as error:
            problem = str(error)
        decided.append(
            DecidedUnmatched(id=line.id, name=line.name, deals=list(deals), done=not problem, problem=problem)
        )
    if as_json:
        output.print_json(decided)
    else:
        for item in decided:
            done = f"given to deal {', '.join(item.deals)}" if item.deals else verb
            click.echo(plain(f"event {item.id}: {item.problem or done}"), err=not item.done)
    if not all(item.done for item in decided):
        raise SystemExit(1)
