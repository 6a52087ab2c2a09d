"""The command line: one group whose commands are loaded when they are used."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from dealwright.cli.failures import FINDING, INTERRUPTED, failure
from dealwright.cli.terminal import plain

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

F = TypeVar("F", bound=Callable[..., Any])

KERNEL: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "check": ("dealwright.cli.check:check", "Check definition files."),
        "compile": ("dealwright.cli.definitions:compile_", "Show what definition files mean, as a summary or as JSON."),
        "doctor": ("dealwright.cli.doctor:doctor", "Look at everything that must be right before work begins."),
        "explain": ("dealwright.cli.explain:explain", "Print what the definitions do, for the owner of the business."),
        "graph": ("dealwright.cli.graph:graph", "Show what triggers what, as text or as a Mermaid chart."),
        "history": ("dealwright.cli.history:history", "Show everything that happened to a deal, and why."),
        "completion": ("dealwright.cli.completion:completion", "Print the script that completes words in a shell."),
        "effects": ("dealwright.cli.effects:effects", "List and show what was asked of outside systems."),
        "enrol": ("dealwright.cli.enrol:enrol", "Deals that stood there before a rule did: list, let go, drop."),
        "events": ("dealwright.cli.events:events", "List and show what happened; replay it."),
        "executions": (
            "dealwright.cli.executions:executions",
            "List, show, retry, approve and cancel executions.",
        ),
        "mode": (
            "dealwright.cli.switches:mode",
            "Let an automation or an account act, or only record what it would do.",
        ),
        "journal": ("dealwright.cli.journal:journal", "Look after the journal's database: take away what is old."),
        "people": ("dealwright.cli.people:people", "Say who stands behind roles, who is away, and who has left."),
        "quarantine": ("dealwright.cli.quarantine:quarantine", "Hooks that were not understood: list, replay, drop."),
        "releases": ("dealwright.cli.releases:releases", "List the releases that were recorded; go back to one."),
        "resume": ("dealwright.cli.switches:resume", "Let a stopped automation or account go on."),
        "asks": ("dealwright.cli.asks:asks", "List, show and answer what automations ask people."),
        "settings": ("dealwright.cli.settings:settings", "List, show and set values that need no release."),
        "shadow": ("dealwright.cli.shadow:shadow", "Report what automations in shadow would have done."),
        "status": ("dealwright.cli.status:status", "Show what is waiting, held, parked and running."),
        "stop": ("dealwright.cli.switches:stop", "Hold everything an automation or an account would do."),
        "unmatched": ("dealwright.cli.unmatched:unmatched", "Events from outside without a deal: list, assign, drop."),
        "try": ("dealwright.cli.try_:try_", "Show what a rule would do for one deal, with nothing sent."),
    }
)
"""The kernel's own commands: where each is found, and its line in the help."""

_GROUP: Final = "dealwright.commands"


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

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command line; whatever goes wrong is told plainly, and ends with a documented exit code."""
        extra.pop("standalone_mode", None)
        try:
            ended = super().main(*args, **extra, standalone_mode=False)  # type: ignore[call-overload]
            sys.stdout.flush()
        except BrokenPipeError:
            _let_go_of_output()
            sys.exit(0)
        except click.exceptions.Abort as abort:
            interrupted = isinstance(abort.__cause__, KeyboardInterrupt)
            click.echo("interrupted" if interrupted else "aborted: nothing was answered, nothing was done", err=True)
            sys.exit(INTERRUPTED if interrupted else FINDING)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        except click.ClickException as error:
            told = io.StringIO()
            error.show(told)
            for line in told.getvalue().splitlines():
                click.echo(plain(line), err=True)
            sys.exit(error.exit_code)
        sys.exit(ended if isinstance(ended, int) else 0)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse, for every command at once, what no text may hold: NUL, and characters that are no Unicode."""
        for number, word in enumerate(args, start=1):
            if "\0" in word or not _is_unicode(word):
                raise click.UsageError(f"word {number} of the command holds bytes that are no text: {plain(word)}", ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error is one plain message unless `--debug` was given."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.exceptions.Abort):
            raise
        except BrokenPipeError:  # before click sees it, for whom it is a failure
            _let_go_of_output()
            raise click.exceptions.Exit(0) from None
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            raise failure(error) from error


def _is_unicode(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _let_go_of_output() -> None:
    """Point standard output nowhere: who read it has gone, and Python flushes once more when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@cache
def _installed() -> dict[str, EntryPoint]:
    # The kernel's own commands start without what reads the metadata of packages.
    metadata = importlib.import_module("importlib.metadata")
    return {entry.name: entry for entry in metadata.entry_points(group=_GROUP)}


def _global(name: str, setting: str, metavar: str, help_: str) -> Callable[[F], F]:
    """Return an option that stands for a setting of the environment, for this command alone."""

    def use(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
        if value is not None:
            before = os.environ.get(setting)
            os.environ[setting] = value
            ctx.call_on_close(lambda: _restore(setting, before))
        return value

    return click.option(name, metavar=metavar, expose_value=False, callback=use, help=f"{help_} (setting {setting}).")


def _restore(setting: str, before: str | None) -> None:
    if before is None:
        os.environ.pop(setting, None)
    else:
        os.environ[setting] = before


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@_global("--project", "DEALWRIGHT_PROJECT", "FILE", "The composition root, by default ./deployments/project.py")
@_global("--target", "DEALWRIGHT_TARGET", "NAME", "The target file, by default local")
@_global("--data", "DEALWRIGHT_DATA", "FOLDER", "Where databases lie, by default .dealwright/up")
@click.option("--debug", is_flag=True, help="Show where in the code an error came from.")
@click.version_option(package_name="dealwright")
def cli(debug: bool) -> None:
    """Sales pipelines and automations as code."""


def main() -> None:
    """Run the command line."""
    cli(prog_name="dealwright")
