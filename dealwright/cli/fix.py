"""`dealwright check --fix` and `--diff`: what was put right, as a diff."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from dealwright.cli.terminal import plain
from dealwright.compile.fixing import Fix, fixes
from dealwright.compile.fixing import write as written

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def fix(paths: Sequence[Path], *, write: bool) -> None:
    """Show what can be put right by itself at the paths, and `write` it."""
    found = [each for path in paths for each in fixes(path)]
    for each in found:
        refused = each.refused
        if write and not refused:
            try:
                written(each)
            except OSError as error:
                refused = error.strerror or str(error)
        for line in _lines(each):
            click.echo(line)
        said = f"{plain(each.path)}: {'; '.join(map(plain, each.what))}"
        if refused:
            click.echo(click.style(f"not changed: {said}: {plain(refused)}", fg="red"), err=True)
        else:
            click.echo(f"{'changed' if write else 'would change'} {said}")
        click.echo()
    if not found:
        click.echo("nothing to put right by itself")


def _lines(fix: Fix) -> Iterator[str]:
    """Yield the diff of a file, three lines around each change, harmless on a terminal."""
    before, after = fix.before.splitlines(), fix.after.splitlines()
    for line in difflib.unified_diff(before, after, fix.path, fix.path, lineterm=""):
        mark, text = line[:1], plain(line)
        yield click.style(text, fg=_COLOURS[mark]) if mark in _COLOURS else text
