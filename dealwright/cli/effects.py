"""`dealwright effects`: what was asked of outside systems, and what came back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import click
import msgspec
from rich.console import RenderableType
from rich.text import Text

from dealwright.cli import options, output
from dealwright.cli.ids import effect_key, short
from dealwright.cli.moments import Moment
from dealwright.cli.narrate import followed
from dealwright.cli.shapes import prints
from dealwright.cli.site import Site, opened
from dealwright.cli.terminal import plain
from dealwright.engine.came_to import came_to_nothing
from dealwright.journal.browse import Browse, EffectLine
from dealwright.journal.browse_show import Shown, ShownEffect
from dealwright.model.requests import Request


@click.group()
def effects() -> None:
    """Effects: what executions ask of outside systems."""


@effects.command("ls")
@options.account
@options.deal
@options.automations
@options.kinds("set_task")
@options.states(options.EFFECT_STATES)
@options.times("effects that were sent (or planned, if they were not)")
@options.limit
@options.as_json
@prints(EffectLine, many=True)
def effects_ls(
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
    """List effects, newest first: when each was sent, or planned if it was not."""
    with opened(account) as site:
        wanted = site.filter(deal=deal, automations=automations, states=states, kinds=kinds, since=since, until=until)
        page = Browse(site.journal.database).effects(wanted, limit)
    if as_json:
        output.print_json(page.rows)
    elif not page.rows:
        click.echo("no effect is like that")
    else:
        output.show(_table(site, page.rows))
    output.more(page.more, len(page.rows))


@effects.command("show")
@click.argument("key", metavar="KEY")
@options.account
@options.as_json
@prints(ShownEffect)
def effects_show(key: str, account: str | None, as_json: bool) -> None:
    """Show one effect: the request as it was rendered, every sending, the receipt, what followed.

    The key's first characters are enough; its `dw-` may be left out.
    """
    with opened(account) as site:
        found = effect_key(Browse(site.journal.database), site.account, key)
        shown = Shown(site.journal, site.own).effect(site.account, found)
    if as_json:
        output.print_json(shown)
        return
    output.show(*_told(site, shown))


def _told(site: Site, shown: ShownEffect) -> list[RenderableType]:
    line, zone = shown, site.zone
    parts: list[RenderableType] = [
        output.fields(
            (
                ("effect", Text(line.key, "bold")),
                ("step", f"{line.account}.{line.automation}, step {line.step}"),
                ("execution", short(line.execution)),
                ("deal", line.deal),
                ("kind", line.kind),
                ("target", line.target),
                ("delivery", line.delivery),
                ("state", line.state),
                ("came to", _came_to(line)),
                ("reason", line.reason),
                ("planned", output.when(line.planned_at, zone)),
                ("sent", output.when(line.sent_at, zone)),
                ("times in", zone.key),
            )
        ),
        Text("\nrequest", "bold"),
        output.fields([(name, _value(name, value, zone)) for name, value in shown.request.items() if name != "do"]),
    ]
    if shown.tries:
        parts.append(Text("\nsendings, in real time", "bold"))
        tries = [
            (
                str(item.n),
                output.when(item.started_at, zone),
                output.when(item.ended_at, zone) or "no answer",
                item.outcome or "not known",
            )
            for item in shown.tries
        ]
        parts.append(output.table(("n", "from", "to", "outcome"), tries, fixed=("n", "from")))
    if shown.receipt is not None:
        parts.append(Text("\nreceipt" + (" (known already: nothing was changed)" if shown.repeated else ""), "bold"))
        parts.append(output.fields([(plain(name), _value(name, value, zone)) for name, value in shown.receipt.items()]))
    if shown.followed:
        parts += [Text("\nwhat followed", "bold"), followed(shown.followed)]
    return parts


def _came_to(shown: ShownEffect) -> str:
    """Say of what was carried out and made or moved nothing why it did not."""
    if shown.receipt is None:
        return ""
    request: Request = msgspec.convert(shown.request, Request)
    return came_to_nothing(request, shown.receipt)


def _value(name: str, value: object, zone: ZoneInfo) -> str:
    if name.endswith("_at") and isinstance(value, str):
        return output.when(datetime.fromisoformat(value), zone)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _table(site: Site, lines: Sequence[EffectLine]) -> RenderableType:
    zoned = f"when ({site.zone.key})"
    rows = [
        (
            short(line.key),
            output.when(line.sent_at or line.planned_at, site.zone),
            line.kind,
            line.automation,
            line.step,
            line.deal or "",
            line.state,
            line.reason,
        )
        for line in lines
    ]
    return output.table(
        ("key", zoned, "kind", "automation", "step", "deal", "state", "reason"), rows, fixed=("key", "state")
    )
