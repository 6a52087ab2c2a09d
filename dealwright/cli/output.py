"""How results are printed: tables that fit the terminal, JSON in ASCII, times in the account's zone."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import click
import msgspec
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from dealwright.cli.terminal import plain
from dealwright.cli.timeline import STATE_STYLE
from dealwright.model.values import in_zone

_PIPED_WIDTH: Final = 100_000
"""Columns when nobody looks at a terminal: nothing is cut, `grep` finds what is there."""

_GAP: Final = 2
_LEAST: Final = 8
"""Columns that the widest cells are cut to before a table becomes a list of lines."""


def console() -> Console:
    """Return a console that fits the terminal, or cuts nothing when there is none."""
    terminal = sys.stdout.isatty()
    return Console(width=None if terminal else _PIPED_WIDTH, highlight=False, markup=False, emoji=False)


def show(*parts: RenderableType) -> None:
    """Print parts; without a terminal no line is broken, and none ends with spaces."""
    out = console()
    if sys.stdout.isatty():
        for part in parts:
            out.print(part)
        return
    with out.capture() as captured:
        for part in parts:
            out.print(part)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def print_json(value: object) -> None:
    """Print JSON in ASCII: whatever stands in a text, it does not reach the terminal as it is."""
    click.echo(json.dumps(msgspec.to_builtins(value), indent=2))


def when(moment: datetime | None, zone: ZoneInfo) -> str:
    """Return a time as tables show it, in the zone that the table names."""
    return "" if moment is None else f"{in_zone(moment, zone):%Y-%m-%d %H:%M:%S}"


def table(titles: Sequence[str], rows: Sequence[Sequence[str | Text]], *, fixed: Sequence[str] = ()) -> RenderableType:
    """Return a table that fits the terminal; where it cannot, each row becomes a list of lines.

    Cells are texts from outside: shown on one line, never as markup. Columns named in `fixed` are never cut; the
    others are cut, the widest first, with an ellipsis.
    """
    cells = [[_cell(title, value) for title, value in zip(titles, row, strict=True)] for row in rows]
    wide = console().width
    widths = [
        min(wide, max([cell_len(title), *(cell_len(row[place].plain) for row in cells)]))
        for place, title in enumerate(titles)
    ]
    room = wide - _GAP * (len(titles) - 1)
    least = [width if title in fixed else min(width, _LEAST) for width, title in zip(widths, titles, strict=True)]
    if sum(least) > room:
        return _as_lines(titles, cells)
    while sum(widths) > room:
        widest = max(range(len(widths)), key=lambda place: (widths[place] > least[place], widths[place]))
        widths[widest] -= 1
    made = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim", show_edge=False)
    for title, width in zip(titles, widths, strict=True):
        made.add_column(title, no_wrap=True, overflow="ellipsis", width=width)
    for row in cells:
        made.add_row(*row)
    return made


def _cell(title: str, value: str | Text) -> Text:
    if isinstance(value, Text):
        return value
    return Text(plain(value), STATE_STYLE.get(value, "") if title == "state" else "", no_wrap=True, overflow="ellipsis")


def _as_lines(titles: Sequence[str], rows: Sequence[Sequence[Text]]) -> Text:
    text = Text()
    for number, row in enumerate(rows):
        text.append("\n" if number else "")
        for title, cell in zip(titles, row, strict=True):
            if cell.plain:
                text.append(f"{title}: ", "dim").append_text(cell).append("\n")
    return text


def more(is_more: bool, shown: int) -> None:
    """Say that there is more, where a table does not show it: on standard error, so that pipes stay clean."""
    if is_more:
        click.echo(f"there is more: these are the newest {shown}; give --limit or a filter", err=True)


def count(number: int, what: str) -> str:
    """Return a count in words: `1 window`, `3 windows`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def ago(seconds: float) -> str:
    """Return a length of time in its largest whole unit."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def fields(pairs: Sequence[tuple[str, Any]]) -> Text:
    """Return names and values, one pair per line; what is empty is left out."""
    given = [(name, value) for name, value in pairs if value not in (None, "", ())]
    width = max((len(name) for name, _ in given), default=0)
    text = Text()
    for number, (name, value) in enumerate(given):
        text.append("\n" if number else "").append(f"{name:<{width}}  ", "dim")
        text.append_text(value if isinstance(value, Text) else Text(plain(value), STATE_STYLE.get(str(value), "")))
    return text
