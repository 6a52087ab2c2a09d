"""The command line: one group whose commands are loaded when they are used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, Final

import click

from dealwright.cli.terminal import plain
from dealwright.errors import DealwrightError, InputError

KERNEL: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "check": ("dealwright.cli.definitions:check", "Check definition files."),
        "compile": ("dealwright.cli.definitions:compile_", "Show what definition files mean, as a summary or as JSON."),
        "history": ("dealwright.cli.history:history", "Show everything that happened to a deal, and why."),
        "mode": (
            "dealwright.cli.operate:mode",
            "Let an automation or an account act, or only record what it would do.",
        ),
        "releases": ("dealwright.cli.operate:releases", "List the releases that were recorded."),
        "resume": ("dealwright.cli.operate:resume", "Let a stopped automation or account go on."),
        "status": ("dealwright.cli.operate:status", "Show what is waiting, held, parked and running."),
        "stop": ("dealwright.cli.operate:stop", "Hold everything an automation or an account would do."),
    }
)
"""The kernel's own commands: where each is found, and its line in the help."""

_GROUP: Final = "dealwright.commands"


class _Failure(click.ClickException):
    """An error of ours, as one plain message."""

    def __init__(self, error: DealwrightError) -> None:
        super().__init__("\n".join(plain(line) for line in str(error).splitlines()) or type(error).__name__)
        self.hint = plain(getattr(error, "hint", ""))

    def show(self, file: Any = None) -> None:
        """Print the message, and the hint if there is one."""
        super().show(file)
        if self.hint:
            click.echo(f"  {self.hint}", err=True)


class _BadInput(_Failure):
    """What was given cannot be used."""

    exit_code = 2


class LazyGroup(click.Group):
    """Finds commands by name, in the kernel's table and among the entry points, and imports them on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*KERNEL, *_installed()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command, None if there is none of that name."""
        if cmd_name in KERNEL:
            module, _, attribute = KERNEL[cmd_name][0].partition(":")
            command = getattr(importlib.import_module(module), attribute)
        else:
            entry = _installed().get(cmd_name)
            if entry is None:
                return None
            command = entry.load()
        if not isinstance(command, click.Command):
            raise click.ClickException(f"the command {cmd_name!r} is not one that click can run")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any of them."""
        installed = _installed()
        rows = [
            (name, KERNEL[name][1] if name in KERNEL else f"From {installed[name].module.partition('.')[0]}.")
            for name in self.list_commands(ctx)
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error of ours is one plain message unless `--debug` was given."""
        try:
            return super().invoke(ctx)
        except DealwrightError as error:
            if ctx.params.get("debug"):
                raise
            raise (_BadInput if isinstance(error, InputError) else _Failure)(error) from error


def _installed() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=_GROUP)}


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show where in the code an error came from.")
@click.version_option(package_name="dealwright")
def cli(debug: bool) -> None:
    """Sales pipelines and automations as code."""


def main() -> None:
    """Run the command line."""
    cli(prog_name="dealwright")
