"""`dealwright graph`: what triggers what, as text, Mermaid or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import msgspec

from dealwright.cli.terminal import plain
from dealwright.compile import describe, ir
from dealwright.compile.causes import Edge, edges
from dealwright.compile.loader import load
from dealwright.errors import DefinitionError, InputError

_DEFAULT = Path("pipeline_defs")


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=_DEFAULT)
@click.option("--account", "key", metavar="KEY", help="Only the account of this key.")
@click.option("--format", "format_", type=click.Choice(("text", "mermaid", "json")), default="text", show_default=True)
def graph(path: Path, key: str | None, format_: str) -> None:
    """Show what triggers what: events, the automations that answer them, and which of them can set off others.

    It says what can happen, not what will: conditions are not looked at.
    """
    loaded = load(path)
    if loaded.errors:
        raise DefinitionError(f"{path} has {len(loaded.errors)} errors", hint=f"dealwright check {path}")
    accounts = [account for account in loaded.accounts if key in (None, account.key)]
    if not accounts:
        known = ", ".join(account.key for account in loaded.accounts)
        raise InputError(f"there is no account {plain(key)!r} in {path}; there is {known}")
    match format_:
        case "json":
            click.echo(json.dumps([_as_object(account) for account in accounts], indent=2))
        case "mermaid":
            click.echo("\n".join(_mermaid(accounts)))
        case _:
            click.echo("\n".join(line for account in accounts for line in _text(account)))


def _as_object(account: ir.Account) -> dict[str, object]:
    return {
        "account": account.key,
        "automations": [
            {"key": each.key, "on": describe.trigger(each.on), "origin": each.origin} for each in account.automations
        ],
        "edges": msgspec.to_builtins(edges(account.automations)),
    }


def _text(account: ir.Account) -> Iterator[str]:
    found = edges(account.automations)
    yield f"{plain(account.name)} ({account.key})"
    for automation in account.automations:
        yield ""
        yield f"  {plain(describe.trigger(automation.on))}"
        yield f"    {automation.key}"
        for edge in (edge for edge in found if edge.cause == automation.key):
            yield f"      {edge.step} can set off {edge.effect}{' for the new deal' if edge.new_deal else ''}"


def _mermaid(accounts: Sequence[ir.Account]) -> Iterator[str]:
    yield "flowchart LR"
    for account in accounts:
        yield f'  subgraph {_name(account.key)}["{_label(account.name)}"]'
        for number, (trigger, keys) in enumerate(_by_trigger(account).items()):
            yield f'    {_name(account.key)}_on{number}(["{_label(trigger)}"])'
            for key in keys:
                yield f'    {_name(account.key)}_on{number} --> {_node(account, key)}["{_label(key)}"]'
        for edge in edges(account.automations):
            yield f"    {_arrow(account, edge)}"
        yield "  end"


def _arrow(account: ir.Account, edge: Edge) -> str:
    style = "-.->" if edge.new_deal else "==>"
    return f'{_node(account, edge.cause)} {style}|"{_label(edge.step)}"| {_node(account, edge.effect)}'


def _by_trigger(account: ir.Account) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for automation in account.automations:
        found.setdefault(describe.trigger(automation.on), []).append(automation.key)
    return found


def _node(account: ir.Account, key: str) -> str:
    return f"{_name(account.key)}_{_name(key)}"


def _name(key: str) -> str:
    return re.sub(r"\W", "_", key)


def _label(text: str) -> str:
    """Return a text as Mermaid takes it in quotes: its entities, nothing that ends the quotes or the line."""
    return re.sub(r"[^\w .,:;()'=-]", lambda found: f"#{ord(found.group())};", plain(text, limit=120))
