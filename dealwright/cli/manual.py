"""The reference part of docs/cli.md, made from the commands themselves: `python -m dealwright.cli.manual`.

It replaces what stands below the line that says so; a test fails when the page is stale.
"""

from __future__ import annotations

import re
import sys
import types
import typing
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from dealwright.cli.main import cli
from dealwright.cli.meanings import ELSEWHERE, MEANINGS
from dealwright.cli.shapes import shape_of

PAGE: Final = Path("docs/cli.md")
LINE: Final = "<!-- Below: made from the commands by `python -m dealwright.cli.manual`. Do not edit. -->"
OPAQUE: Final = frozenset({"body", "request", "asked", "receipt"})
"""Keys whose content is not ours to fix: events, requests and receipts as the model has them."""


def commands(group: click.Group, path: str = "dealwright") -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its path, groups before what is in them, in the order of their names."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


class Key(msgspec.Struct, frozen=True):
    """One key of a command's JSON: where it stands (`origin.kind`, `turns[].at`), what it holds, what it means."""

    path: str
    holds: str
    means: str


def keys(type_: Any, prefix: str = "") -> Iterator[Key]:
    """Yield every key of a struct, those of nested ones after the key they stand under."""
    hints = typing.get_type_hints(type_)
    for field in msgspec.structs.fields(type_):
        name = field.encode_name
        hint, many, optional = _bare(hints[field.name])
        path = f"{prefix}{name}{'[]' if many else ''}"
        or_null = " or null" if optional else ""
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct) and name not in OPAQUE:
            yield Key(path, ("objects" if many else "an object") + or_null, meaning(type_, name))
            yield from keys(hint, f"{path}.")
        else:
            yield Key(path, ("an object" if name in OPAQUE else _kind(hint)) + or_null, meaning(type_, name))


def meaning(type_: type, name: str) -> str:
    """Return what a key of a struct means.

    Raises:
        KeyError: nobody has said it; meanings.py is the place.
    """
    for base in type_.__mro__:
        if found := ELSEWHERE.get(f"{base.__name__}.{name}"):
            return found
    return MEANINGS[name]


def reference() -> str:
    """Return the reference: every command with its arguments, options, exit codes' reasons and JSON keys."""
    parts = ["## Reference", _section("dealwright", cli)]
    parts += [_section(path, command) for path, command in commands(cli)]
    return "\n\n".join(parts) + "\n"


def _section(path: str, command: click.Command) -> str:
    lines = [f"### `{path}`", "", _prose(command.help or command.short_help or ""), ""]
    rows = [row for parameter in command.params if (row := _parameter(parameter)) is not None]
    if rows:
        lines += ["| | |", "|---|---|", *(f"| `{name}` | {what} |" for name, what in rows), ""]
    shape = shape_of(command)
    if shape is not None:
        what = "an array of objects" if shape.many else "one object"
        lines += [f"`--json` prints {what}:", "", "| key | holds | is |", "|---|---|---|"]
        lines += [f"| `{key.path}` | {key.holds} | {key.means} |" for key in keys(shape.type)]
        lines.append("")
    return "\n".join(lines).rstrip()


def _prose(text: str) -> str:
    text = text.split("\f")[0]
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip())]
    return "\n\n".join(paragraphs)


def _parameter(parameter: click.Parameter) -> tuple[str, str] | None:
    if isinstance(parameter, click.Option):
        if parameter.hidden:
            return None
        context = click.Context(click.Command("any"))
        record = parameter.get_help_record(context)
        return None if record is None else (_cell(record[0]), _cell(record[1]))
    many = ", may be several" if parameter.nargs == -1 and "..." not in (parameter.metavar or "") else ""
    name = parameter.metavar or (parameter.name or "").upper()
    return _cell(name), ("needed" if parameter.required else "may be left out") + many


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _bare(hint: Any) -> tuple[Any, bool, bool]:
    """Take a hint apart: what it holds, whether it is an array, whether it may be null."""
    optional = False
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        inner = [item for item in typing.get_args(hint) if item is not type(None)]
        optional = len(inner) < len(typing.get_args(hint))
        if len(inner) > 1:
            return Any, False, optional
        hint = inner[0]
    if typing.get_origin(hint) in (tuple, list) or getattr(typing.get_origin(hint), "__name__", "") == "Sequence":
        return typing.get_args(hint)[0], True, optional
    return hint, False, optional


def _kind(hint: Any) -> str:
    names = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
    if hint in names:
        return names[hint]
    if hint is datetime:
        return "a time, ISO 8601 in UTC"
    if typing.get_origin(hint) is dict:
        return f"an object of {_kind(typing.get_args(hint)[1]).removeprefix('a ')}s"
    return "a text" if typing.get_origin(hint) is typing.Literal else "an object"


def main() -> None:
    """Write the page anew."""
    head, line, _ = PAGE.read_text(encoding="utf-8").partition(LINE)
    if not line:
        sys.exit(f"{PAGE} does not hold the line below which the reference stands:\n{LINE}")
    PAGE.write_text(f"{head}{LINE}\n\n{reference()}", encoding="utf-8")


if __name__ == "__main__":
    main()
