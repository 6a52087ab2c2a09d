"""`dealwright graph`: what triggers what, as text, Mermaid or JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

from dealwright.cli import options, output
from dealwright.cli.shapes import prints
from dealwright.cli.terminal import plain
from dealwright.compile import describe, ir
from dealwright.compile.loader import load
from dealwright.compile.rules.links import links_of, made_by_events
from dealwright.errors import DefinitionError, InputError

_DEFAULT = Path("pipeline_defs")


_CREATE: Final = "if_none=create"
"""What stands in the place of a step where the event itself makes a deal, before the automation begins."""


class Edge(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One automation's step can set another one off; `new_deal` says that it does so for a deal it has made.

    The step is `if_none=create` where no step does: the event that begins the automation makes a deal if it finds none.
    """

    cause: str
    step: str
    effect: str
    new_deal: bool = False


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One automation and what it answers; `origin` is `authored`, or what of a pipeline's stages it was made of."""

    key: str
    on: str
    origin: str


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """What triggers what in one account."""

    account: str
    automations: tuple[Node, ...]
    edges: tuple[Edge, ...]


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=_DEFAULT)
@options.account
@click.option("--format", "format_", type=click.Choice(("text", "mermaid")), default="text", show_default=True)
@options.as_json
@prints(Graph, many=True)
def graph(path: Path, account: str | None, format_: str, as_json: bool) -> None:
    """Show what triggers what: events, the automations that answer them, and which of them can set off others.

    It says what can happen, not what will: a line is drawn unless triggers and conditions exclude it.
    """
    loaded = load(path)
    if loaded.errors:
        raise DefinitionError(f"{path} has {len(loaded.errors)} errors", hint=f"dealwright check {path}")
    accounts = [each for each in loaded.accounts if account in (None, each.key)]
    if not accounts:
        known = ", ".join(each.key for each in loaded.accounts)
        raise InputError(f"there is no account {plain(account, limit=80)!r} in {path}; there is {known}")
    if as_json:
        output.print_json([_graph(each) for each in accounts])
    elif format_ == "mermaid":
        click.echo("\n".join(_mermaid(accounts)))
    else:
        click.echo("\n".join(line for each in accounts for line in _text(each)))


def _graph(account: ir.Account) -> Graph:
    nodes = (Node(key=each.key, on=describe.trigger(each.on), origin=each.origin) for each in account.automations)
    return Graph(account=account.key, automations=tuple(nodes), edges=tuple(_edges(account)))


def _edges(account: ir.Account) -> list[Edge]:
    links = [
        Edge(cause=link.source.key, step=link.step, effect=link.target.key, new_deal=link.creates)
        for link in links_of(account, again=False)
    ]
    made = [
        Edge(cause=source.key, step=_CREATE, effect=target.key, new_deal=True)
        for source, target in made_by_events(account)
    ]
    return sorted([*links, *made])


def _text(account: ir.Account) -> Iterator[str]:
    found = _edges(account)
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
        for edge in _edges(account):
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
