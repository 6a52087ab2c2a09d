"""What an approval lets go, shown before it is given: who approves has read that very request."""

from __future__ import annotations

from typing import Final

import click
import msgspec

from dealwright.cli.ids import short
from dealwright.cli.site import Site
from dealwright.cli.terminal import plain
from dealwright.cli.timeline import asked
from dealwright.journal.approvals import SHORTEST, ToApprove
from dealwright.journal.browse import ExecutionLine

_UNTOLD: Final = frozenset({"do", "deal_id", "contact_id", "version"})
"""Parts of a request that say nothing to who reads it: the deal and the target are named beside it."""


def tell(site: Site, line: ExecutionLine, held: ToApprove, *, whole: bool) -> None:
    """Say on standard error what the execution asks for; `whole` says every value of it, text by text."""
    who = f"{short(line.id)} ({plain(line.automation)}, deal {plain(line.deal)})"
    click.echo(f"{who} asks, digest {held.digest[:SHORTEST]}:", err=True)
    for effect in held.effects:
        request = effect.request
        kind, target = plain(request.kind), plain(effect.target, limit=80)
        if not whole:
            click.echo(f"  {kind}, {target}: {asked(request, site.zone)}", err=True)
            continue
        click.echo(f"  {kind}, {target}", err=True)
        for name, value in msgspec.to_builtins(request).items():
            if name in _UNTOLD or value in (None, "", [], {}):
                continue
            first, *rest = str(value).splitlines()
            click.echo(f"    {name}: {plain(first)}", err=True)
            for further in rest:
                click.echo(f"      {plain(further)}", err=True)
