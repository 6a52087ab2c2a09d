"""`dealwright demo` and `dealwright up`: thin commands over the system."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.status import Status

from dealwright.cli.terminal import plain
from dealwright.clock import SystemClock
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_flows import workplace
from dealwright_flows.demo import run_demo
from dealwright_flows.ending import INTERRUPTED, until_told
from dealwright_flows.story import ZONE
from dealwright_flows.summary import show
from dealwright_flows.system import CrmChoice, System

_PAPER = 130
_CRM = click.option(
    "--crm",
    type=click.Choice(["embedded", "kommo"]),
    default="embedded",
    show_default=True,
    help="kommo: a simulated account of Kommo, as deployments/targets/kommo.toml has it. Meta is simulated with both.",
)
_LAST_WORDS = 10.0
"""Seconds that `up` gives the recorder when it is told to end."""


@click.command()
@_CRM
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object, and nothing else.")
def demo(crm: CrmChoice, as_json: bool) -> None:
    """Play two working weeks of the reference company, print a summary, end."""
    with ExitStack() as stack:
        data_dir = stack.enter_context(workplace.fresh(workplace.home() / "demo"))
        progress = stack.enter_context(_Shown())
        ended = until_told(lambda stop: run_demo(data_dir, stop, progress, crm=crm))
    if ended is None:
        click.echo(f"stopped before the end; what was played lies in {data_dir}", err=True)
        raise SystemExit(INTERRUPTED)
    figures, told = ended
    if as_json:
        click.echo(msgspec.json.encode(figures))
    else:
        # A file or a pipe has no width of its own; paths and traces want more than rich's 80 columns.
        console = Console(highlight=False, width=None if sys.stdout.isatty() else _PAPER)
        show(console, figures, told)


@click.command()
@_CRM
def up(crm: CrmChoice) -> None:
    """Keep everything serving until Ctrl-C: engine, CRM, hooks and APIs, local outside systems, Prefect."""
    usual = workplace.home() / ("up" if crm == "embedded" else f"up-{crm}")
    with workplace.kept(Path(os.environ.get("DEALWRIGHT_DATA") or usual)) as data_dir:
        until_told(lambda stop: _serve(data_dir, stop, crm))


async def _serve(data_dir: Path, stop: asyncio.Event, crm: CrmChoice) -> None:
    def say(text: str) -> None:
        for line in text.splitlines():
            click.echo(plain(line), err=True)

    web = workplace.web_address()
    system = System(data_dir.resolve(), clock=SystemClock(), linger=workplace.linger(), say=say, web=web, crm=crm)
    try:
        if system.web is not None:
            await system.web.claim()  # before anything is changed
        await system.start_outside()
        for line in (*await system.beforehand(), *system.prepare()):
            click.echo(plain(line))
        if system.web is not None:
            await system.web.start()
        click.echo(_addresses(system))
        serving = asyncio.create_task(system.serve(stop, patience=_LAST_WORDS))
        click.echo("The engine is working; Ctrl-C ends it. Prefect's dashboard answers in a few seconds.")
        await serving
        click.echo("Ended: windows are closed, leases given back; the next `up` goes on from here.")
    finally:
        await system.close()


def _addresses(system: System) -> str:
    server = system.server
    several = len(system.project.accounts) > 1
    accounts = [
        f"Account              {binding.key}: CRM {binding.crm.name}"
        + (
            f" (try: dealwright crm deals ls{f' --account {binding.key}' if several else ''})"
            if isinstance(binding.crm, EmbeddedCrm)
            else ""
        )
        for binding in system.project.accounts
    ]
    lines = [
        f"Prefect's dashboard  {server.url}",
        f"  its login          {server.login}",
        f"  its log            {server.log}",
        f"Local receiver       {system.receiver.url}/erp, writes {system.receiver.log}",
        f"Local mail server    127.0.0.1:{system.mail.port}, delivers nothing, writes {system.mail.log}",
        f"Local server of Meta {system.meta.url}, writes {system.meta.log}",
        f"Local credit bureau  {system.bureau.url}, writes {system.bureau.log}",
        f"Data                 {system.data_dir}",
    ]
    if system.kommo is not None:
        lines += [
            f"Local Kommo          {system.kommo.url}, its token: {system.kommo.token}, writes {system.kommo.log}",
            f"  for other commands DEALWRIGHT_TARGET=kommo DEALWRIGHT_KOMMO={system.kommo.url}"
            f" DEALWRIGHT_DATA={system.data_dir}",
        ]
    if system.project.driver == "prefect":
        pool = system.project.prefect.work_pool
        lines += [f"Work is carried by   workers of Prefect's pool {pool}: start one with `dealwright worker`"]
    if system.web is not None:
        web = system.web.url
        lines += [f"Hooks and APIs       {web} (is it ready: {web}/readyz), log: {system.web.child.log}"]
        hooks = [f"{binding.key}/{source.name}" for binding in system.project.accounts for source in binding.hooks]
        lines += [f"  hooks from         POST {web}/hooks/{address}" for address in hooks]
        lines += [f"  API                {web}{path}" for path in system.project.apps]
    refused = [
        f"{'REFUSED':<21}{each}"
        for binding in system.project.accounts
        for each in system.project.left_out(binding.key)
        if each.refused
    ]
    return "\n".join(lines + accounts + refused)


class _Shown:
    """Progress on stderr: a live line on a terminal, a line for each day elsewhere."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, markup=False)
        self._status: Status | None = None
        self._day = ""

    def __enter__(self) -> _Shown:
        if self._console.is_terminal:
            self._status = self._console.status("Starting")
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def say(self, text: str) -> None:
        for line in text.splitlines():
            self._console.print(plain(line), style="yellow")

    def stage(self, text: str) -> None:
        self._console.print(plain(text))
        if self._status:
            self._status.update(plain(text))

    def played(self, now: datetime, number: int, of: int) -> None:
        local = now.astimezone(ZONE)
        day = f"{local:%a %d %b}"
        if self._status:
            self._status.update(f"Playing {local:%a %d %b %H:%M} ({100 * number // of} %)")
        elif day != self._day:
            self._console.print(f"  {day}")
        self._day = day
