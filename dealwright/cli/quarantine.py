"""`dealwright quarantine`: hooks that are surely from their source and were not understood."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import click
import msgspec

from dealwright.cli import options, output
from dealwright.cli.shapes import prints
from dealwright.cli.site import Site, actor, opened
from dealwright.cli.terminal import plain
from dealwright.errors import InputError, JournalError, Rejected
from dealwright.journal.quarantine import STATES, Quarantined
from dealwright.ports import HookSource

_ID = click.IntRange(1, 2**63 - 1)


class ShownQuarantined(Quarantined, frozen=True, kw_only=True):
    """One request with the headers that its reader saw and, if it was asked for, its body."""

    headers: dict[str, str]
    raw: str | None = None


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one request that was to be replayed or dropped; `problem` says why not."""

    id: int
    source: str
    done: bool
    events: int | None
    problem: str


@click.group()
def quarantine() -> None:
    """Quarantine: hooks that are from their source and were not understood.

    They were acknowledged, for a sender that is refused again and again gives up. They are kept whole, at most 1,000 of
    a source and 16 MB of their bodies; beyond that the sender is told to come again.
    """


@quarantine.command("ls")
@options.account
@click.option("--source", metavar="NAME", help="Only of this source.")
@options.states(STATES)
@options.limit
@options.as_json
@prints(Quarantined, many=True)
def quarantine_ls(account: str | None, source: str | None, states: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List requests, the last received first: those that are kept, unless --state says otherwise."""
    with opened(account) as site:
        wanted = states or ("kept",)
        rows = site.journal.quarantined(site.account, source=source, states=wanted, limit=limit + 1)
    rows, more = rows[:limit], len(rows) > limit
    if as_json:
        output.print_json(rows)
    elif not rows:
        click.echo("nothing is in quarantine" if wanted == ("kept",) else "no request is like that")
    else:
        received = f"received ({site.zone.key})"
        lines = [
            (str(row.id), output.when(row.received_at, site.zone), row.source, row.state, str(row.bytes), row.reason)
            for row in rows
        ]
        output.show(output.table(("id", received, "source", "state", "bytes", "why"), lines, fixed=("id", received)))
    output.more(more, len(rows))


@quarantine.command("show")
@click.argument("id_", type=_ID, metavar="ID")
@options.account
@click.option("--raw", is_flag=True, help="The body too. It holds what customers are called; show it to nobody else.")
@options.as_json
@prints(ShownQuarantined)
def quarantine_show(id_: int, account: str | None, raw: bool, as_json: bool) -> None:
    """Show one request: why it was not understood, and what was decided about it.

    With --raw also its body: into a pipe or file byte by byte, on a terminal with control characters made visible.
    """
    with opened(account) as site:
        found = site.journal.quarantined_one(site.account, id_)
    if found is None:
        raise InputError(
            f"account {site.account} has no request {id_} in quarantine; `dealwright quarantine ls` lists them"
        )
    line, headers, body = found
    if as_json:
        text = body.decode("utf-8", "replace") if raw and body is not None else None
        output.print_json(ShownQuarantined(**msgspec.structs.asdict(line), headers=dict(headers), raw=text))
        return
    if raw and body is not None and not sys.stdout.isatty():
        sys.stdout.buffer.write(body)
        return
    decided = f"{line.state} by {line.actor}" if line.decided_at else "not yet: replay or drop it"
    output.show(
        output.fields(
            (
                ("request", f"{line.id}  {line.source}"),
                ("account", site.account),
                ("received", f"{output.when(line.received_at, site.zone)} ({site.zone.key})"),
                ("bytes", str(line.bytes)),
                ("not understood", f"{line.reason} ({line.code})"),
                *((f"header {name}", value) for name, value in headers.items()),
                ("decided", decided),
                ("when", output.when(line.decided_at, site.zone)),
                ("new events", None if line.events is None else str(line.events)),
                ("body", None if not raw else "is gone" if body is None else body.decode("utf-8", "replace")),
            )
        )
    )


@quarantine.command("replay")
@click.argument("ids", type=_ID, nargs=-1, metavar="[ID...]")
@click.option("--all", "all_", is_flag=True, help="All that are kept of the source, the oldest first.")
@click.option("--source", metavar="NAME", help="Which source's, with --all.")
@options.account
@options.yes
@options.as_json
@prints(Decided, many=True)
def quarantine_replay(
    ids: tuple[int, ...], all_: bool, source: str | None, account: str | None, yes: bool, as_json: bool
) -> None:
    """Read requests again, after a fix, and append their events as if they had come now.

    Nothing is verified again: it was when it came. A request is replayed once; what its source had sent again since
    then is known by the source's own id. One that is still not understood stays, and the command ends with 1.
    """

    def read(site: Site, line: Quarantined) -> int | None:
        found = site.journal.quarantined_one(site.account, line.id)
        if found is None or found[2] is None:
            raise JournalError(f"request {line.id} was {line.state} already, by {line.actor}; its body is gone")
        items = _source(site, line.source).receive(found[1], found[2])
        return site.journal.replay_quarantined(site.account, line.id, items, actor=actor())

    with opened(account) as site:
        _each(site, "replay", _chosen(site, ids, all_, source), yes, as_json, read)


@quarantine.command("drop")
@click.argument("ids", type=_ID, nargs=-1, metavar="[ID...]")
@click.option("--all", "all_", is_flag=True, help="All that are kept of the source.")
@click.option("--source", metavar="NAME", help="Which source's, with --all.")
@options.account
@options.yes
@options.as_json
@prints(Decided, many=True)
def quarantine_drop(
    ids: tuple[int, ...], all_: bool, source: str | None, account: str | None, yes: bool, as_json: bool
) -> None:
    """Let go of requests for good: what they told is never answered. That and who did it stays known."""

    def drop(site: Site, line: Quarantined) -> int | None:
        site.journal.drop_quarantined(site.account, line.id, actor=actor())
        return None

    with opened(account) as site:
        _each(site, "drop", _chosen(site, ids, all_, source), yes, as_json, drop)


def _chosen(site: Site, ids: Sequence[int], all_: bool, source: str | None) -> Sequence[Quarantined]:
    if bool(ids) == (all_ or source is not None) or (all_ and source is None) or (source is not None and not all_):
        raise click.UsageError("give ids, or --all with --source NAME")
    if all_:
        return site.journal.quarantined(site.account, source=source, limit=options.MOST)[::-1]
    found = []
    for id_ in dict.fromkeys(ids):
        one = site.journal.quarantined_one(site.account, id_)
        if one is None:
            raise InputError(
                f"account {site.account} has no request {id_} in quarantine; `dealwright quarantine ls` lists them"
            )
        found.append(one[0])
    return found


def _each(
    site: Site,
    verb: str,
    lines: Sequence[Quarantined],
    yes: bool,
    as_json: bool,
    work: Callable[[Site, Quarantined], int | None],
) -> None:
    """Do it to each: one that cannot be done costs the others nothing."""
    if len(lines) > 1 and not yes:
        click.confirm(f"{verb} {len(lines)} requests of account {site.account}?", abort=True, err=True)
    decided = []
    for line in lines:
        events, problem = None, ""
        try:
            events = work(site, line)
        except (JournalError, InputError, Rejected) as error:
            problem = str(error)
        except Exception as error:  # a reader's own fault; its text may hold the body
            problem = f"its reader failed with {type(error).__name__}"
        decided.append(Decided(id=line.id, source=line.source, done=not problem, events=events, problem=problem))
    if as_json:
        output.print_json(decided)
    else:
        for item in decided:
            done = f"request {item.id}: dropped" if item.events is None else _told(item.id, item.events)
            click.echo(done if item.done else plain(f"request {item.id}: {item.problem}"), err=not item.done)
        if not decided:
            click.echo("nothing is in quarantine")
    if not all(item.done for item in decided):
        raise SystemExit(1)


def _told(id_: int, events: int) -> str:
    return f"request {id_}: {output.count(events, 'new event')}" + ("" if events else " (known already, or none)")


def _source(site: Site, name: str) -> HookSource:
    for source in site.project.account(site.account).hooks:
        if source.name == name:
            return source
    raise InputError(
        f"account {site.account} has no source {name!r} any more; put [account.{site.account}.hooks.{name}] back into"
        " the target file, or drop the request"
    )
