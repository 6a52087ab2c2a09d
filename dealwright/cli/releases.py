"""`dealwright releases`: the sets of definitions that were applied, and going back to one."""

from __future__ import annotations

import click

from dealwright.cli import options, output
from dealwright.cli.shapes import Activated, prints
from dealwright.cli.site import Site, opened
from dealwright.cli.terminal import plain
from dealwright.errors import InputError
from dealwright.journal.releases import ReleaseLine

_SHOWN = 12


@click.group()
def releases() -> None:
    """The releases of an account: sets of definitions that were applied."""


@releases.command("ls")
@options.account
@options.limit
@options.as_json
@prints(ReleaseLine, many=True)
def releases_ls(account: str | None, limit: int, as_json: bool) -> None:
    """List the releases, newest first; an execution runs the one it was routed with."""
    with opened(account) as site:
        lines = list(reversed(site.journal.releases(site.account)))
    if as_json:
        output.print_json(lines[:limit])
    elif not lines:
        click.echo("no release was recorded yet; `dealwright up` records one when it starts")
    else:
        recorded = f"recorded ({site.zone.key})"
        rows = [
            (
                line.digest[:_SHOWN],
                output.when(line.recorded_at, site.zone),
                "active" if line.active else "",
                line.behaviour[:_SHOWN],
                line.metadata[:_SHOWN],
            )
            for line in lines[:limit]
        ]
        output.show(output.table(("release", recorded, "", "behaviour", "metadata"), rows, fixed=("release", "")))
    output.more(len(lines) > limit, limit)


@releases.command("activate")
@click.argument("digest")
@options.account
@options.as_json
@prints(Activated)
def releases_activate(digest: str, account: str | None, as_json: bool) -> None:
    """Go back to a release, or on to one: new events are answered by it from now on.

    DIGEST's first four characters or more are enough. Executions go on with the release they were routed with. The next
    `up` records what the files say and makes that active again, so bring the files back too.
    """
    with opened(account) as site:
        whole = _digest(site, digest)
        changed = site.journal.activate_release(site.account, whole)
    if as_json:
        output.print_json(Activated(account=site.account, digest=whole, changed=changed))
    elif changed:
        click.echo(f"account {site.account} runs release {whole[:_SHOWN]} from now on")
        click.echo("the next `up` makes the files' definitions active again: bring the files back too")
    else:
        click.echo(f"release {whole[:_SHOWN]} is the active one of account {site.account} already")


def _digest(site: Site, typed: str) -> str:
    known = [line.digest for line in site.journal.releases(site.account)]
    found = [digest for digest in known if digest.startswith(typed.lower())] if len(typed) >= 4 else []
    if len(found) == 1:
        return found[0]
    problem = "starts several releases" if found else "is no release (give four characters or more)"
    raise InputError(
        f"{plain(typed, limit=80)!r} {problem} of account {site.account}; `dealwright releases ls` lists them"
    )
