"""`dealwright events`: what happened, what each event set off, and how to let it happen again."""

from __future__ import annotations

from collections.abc import Sequence

import click
import msgspec
from rich.console import RenderableType
from rich.text import Text

from dealwright.cli import options, output
from dealwright.cli.ids import short
from dealwright.cli.moments import Moment
from dealwright.cli.narrate import briefs, cause_line
from dealwright.cli.shapes import Replayed, prints
from dealwright.cli.site import Site, actor, opened
from dealwright.cli.terminal import plain
from dealwright.engine.segments import answering
from dealwright.errors import InputError, JournalError
from dealwright.journal.browse import Browse, EventLine
from dealwright.journal.browse_show import Shown, ShownEvent
from dealwright.model.events import Event, EventReceived

_ID = click.IntRange(1, 2**63 - 1)


@click.group()
def events() -> None:
    """Events: what happened, recorded once, and what came of it."""


@events.command("ls")
@options.account
@options.deal
@options.automations
@options.kinds("deal_created")
@options.states(options.EVENT_STATES)
@options.times("events that were received")
@options.limit
@options.as_json
@prints(EventLine, many=True)
def events_ls(
    account: str | None,
    deal: str | None,
    automations: tuple[str, ...],
    kinds: tuple[str, ...],
    states: tuple[str, ...],
    since: Moment | None,
    until: Moment | None,
    limit: int,
    as_json: bool,
) -> None:
    """List events, the last received first.

    An automation's events are those that it answered. An event is `waiting` until an engine has routed it.
    """
    with opened(account) as site:
        wanted = site.filter(deal=deal, automations=automations, states=states, kinds=kinds, since=since, until=until)
        page = Browse(site.journal.database).events(wanted, limit)
    if as_json:
        output.print_json(page.rows)
    elif not page.rows:
        click.echo("no event is like that")
    else:
        output.show(_table(site, page.rows))
    output.more(page.more, len(page.rows))


@events.command("show")
@click.argument("event_id", type=_ID, metavar="ID")
@options.account
@options.as_json
@prints(ShownEvent)
def events_show(event_id: int, account: str | None, as_json: bool) -> None:
    """Show one event: who made it, what it changed, what it set off."""
    with opened(account) as site:
        shown = Shown(site.journal, site.own).event(site.account, event_id)
    if shown is None:
        raise _missing(site, event_id)
    if as_json:
        output.print_json(shown)
        return
    line = shown
    output.show(
        output.fields(
            (
                ("event", Text(f"{line.id}  {line.kind}", "bold")),
                ("account", line.account),
                ("about", line.subject),
                ("happened", f"{output.when(line.occurred_at, site.zone)} ({site.zone.key})"),
                ("received", output.when(line.received_at, site.zone)),
                ("routed", output.when(line.routed_at, site.zone) or "not yet: no engine has come to it"),
                ("late", "it told an older state than was known already" if line.late else ""),
                ("source", f"{line.source}, its id {line.source_id}"),
                ("by", shown.actor),
                ("cause", cause_line(shown.cause)),
                ("may be answered by", {"on": "", "tasks": "stage tasks only", "off": "nothing"}[shown.answer]),
            )
        )
    )
    if shown.changed:
        output.show(
            Text("\nchanged", "bold"),
            output.table(
                ("field", "before", "after"),
                [(item.field, item.before or "unset", item.after or "unset") for item in shown.changed],
                fixed=("field",),
            ),
        )
    if shown.executions:
        output.show(Text("\nset off", "bold"), briefs(shown.executions))
    else:
        output.show(Text("\nset nothing off" if line.routed_at else "", "dim"), *map(Text, _segments(site, shown)))


def _segments(site: Site, shown: ShownEvent) -> list[str]:
    """Say what came of an event without a deal for the automations that answer it for a segment."""
    event: Event = msgspec.convert(shown.body, Event)
    if shown.routed_at is None or site.release is None or not isinstance(event, EventReceived) or event.about:
        return []
    segment_of = Shown(site.journal).segment_of
    return [f"{each.key}: {segment_of(site.account, shown, each.key)}" for each in answering(site.release, event)]


@events.command("replay")
@click.argument("event_ids", type=_ID, nargs=-1, required=True, metavar="ID...")
@options.account
@options.yes
@options.as_json
@prints(Replayed, many=True)
def events_replay(event_ids: tuple[int, ...], account: str | None, yes: bool, as_json: bool) -> None:
    """Let events happen again, on the definitions of today.

    Each becomes a new event with the same content, which automations answer as if it were new; what `again=` says still
    holds. Messages may be sent to customers, so look first with `events show`. One that cannot be replayed costs the
    others nothing: each is told, and the command ends with 1.
    """
    wanted = list(dict.fromkeys(event_ids))
    with opened(account) as site:
        browse = Browse(site.journal.database)
        for event_id in wanted:
            if browse.event(site.account, event_id) is None:
                raise _missing(site, event_id)
        if len(wanted) > 1 and not yes:
            click.confirm(f"replay {len(wanted)} events of account {site.account}?", abort=True, err=True)
        replayed = [_replay(site, event_id) for event_id in wanted]
    if as_json:
        output.print_json(replayed)
    else:
        for item in replayed:
            told = f"event {item.event} happens again as event {item.replayed_as}"
            click.echo(told if item.done else plain(item.problem), err=not item.done)
    if not all(item.done for item in replayed):
        raise SystemExit(1)


def _replay(site: Site, event_id: int) -> Replayed:
    """Let one event happen again, or say why not: what was done of the others is done."""
    try:
        new_id = site.journal.replay_event(event_id, actor=actor())
    except JournalError as error:
        return Replayed(event=event_id, replayed_as=None, done=False, problem=str(error))
    return Replayed(event=event_id, replayed_as=new_id, done=True, problem="")


def _missing(site: Site, event_id: int) -> InputError:
    return InputError(f"account {site.account} has no event {event_id}; `dealwright events ls` lists them")


def _table(site: Site, lines: Sequence[EventLine]) -> RenderableType:
    rows = [
        (
            str(line.id),
            output.when(line.received_at, site.zone),
            line.kind,
            line.subject if line.deal is None else line.deal,
            "ours: " + short(line.effect) if line.effect else line.source,
            str(line.set_off) if line.routed_at else "waiting",
        )
        for line in lines
    ]
    received = f"received ({site.zone.key})"
    return output.table(("id", received, "kind", "deal", "from", "set off"), rows, fixed=("id", received))
