"""`dealwright simulators up`: every installed simulator as a child process, until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from dealwright.clock import SystemClock
from dealwright.errors import DealwrightError, InputError
from dealwright_flows import workplace
from dealwright_flows.children import Child, clean_environment
from dealwright_flows.sockets import HOST, free_port
from dealwright_http.faults import Fault
from dealwright_http.runner import Simulator

GROUP: Final = "dealwright.simulators"
_PATIENCE: Final = 30.0
_LOOK: Final = 0.5
_PORT: Final = "_port"


def installed() -> dict[str, EntryPoint]:
    """Return where the simulators are that are installed, by name."""
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP))}


class Local:
    """One simulator in a directory: its process, log and secret."""

    def __init__(self, name: str, simulator: Simulator, directory: Path, port: int | None) -> None:
        self.name = name
        self.simulator = simulator
        self.directory = directory
        self.port = port or free_port()
        self.log = directory / f"{name}.jsonl"
        self.secret = workplace.secret_file(directory / f"{name}.secret")
        self.child = Child(name, directory)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    def launch(self, more: list[str]) -> None:
        """Start the process; what it knew before, it reads from its log."""
        command = [sys.executable, "-m", self.simulator.module, "--port", str(self.port), "--log", str(self.log)]
        command += [self.simulator.key_option, str(self.secret), *more]
        self.child.start(command, env=clean_environment({}), cwd=self.directory)

    def told(self) -> str:
        """Return what people must know to use it."""
        return "\n".join(
            [
                f"{self.name:<10} {self.url}  {self.simulator.what}",
                f"           secret {self.secret.read_text('utf-8').strip()}",
                f"           log    {self.log}",
            ]
        )


class _Folder(click.Path):
    """A folder with a name: beside it lies its lock."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse what names no folder; `.` is the one we are in."""
        if value == "" or not (folder := Path(value).absolute()).name:
            self.fail("name a folder, such as .dealwright/simulators", param, ctx)
        return super().convert(folder, param, ctx)


@click.group()
def simulators() -> None:
    """Local servers that behave like the outside systems (docs/simulators.md)."""


def _with_ports(command: click.Command) -> click.Command:
    """Add an option for the port of each simulator that is installed."""
    for name in installed():
        command.params.append(
            click.Option(
                [f"--{name}-port", f"{name}{_PORT}"],
                type=click.IntRange(1, 65535),
                metavar="N",
                help=f"Where {name} listens on loopback (without it: any free port).",
            )
        )
    return command


@_with_ports
@simulators.command()
@click.option("--dir", "directory", type=_Folder(path_type=Path, file_okay=False), help="Keeps logs and secrets.")
@click.option("--only", multiple=True, metavar="NAME", help="Start this one (may be repeated); without it, all.")
@click.option("--faults", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="JSON: faults by name.")
@click.option("--latency-ms", metavar="MS", help="Before each answer: 200, or a range such as 150-400.")
@click.option("--rate", type=float, metavar="N", help="Requests per second that each takes.")
@click.option("--hook", metavar="URL", help="Where those that send hooks send them.")
def up(
    directory: Path | None,
    only: tuple[str, ...],
    faults: Path | None,
    latency_ms: str | None,
    rate: float | None,
    hook: str | None,
    **ports: int | None,
) -> None:
    """Serve all simulators until Ctrl-C; what they hold is there again at the next start."""
    known = installed()
    if unknown := sorted(set(only) - set(known)):
        raise InputError(f"there is no simulator {unknown[0]!r}: there is {', '.join(known)}")
    script = {} if faults is None else _script(faults, known)
    place = directory or workplace.home() / "simulators"
    with workplace.kept(place, "dealwright simulators up") as held:
        wanted = [
            Local(name, entry.load(), held.resolve(), ports.get(f"{name}{_PORT}"))
            for name, entry in known.items()
            if not only or name in only
        ]
        for local in wanted:
            more = [] if latency_ms is None else ["--latency-ms", latency_ms]
            more += [] if rate is None else ["--rate", str(rate)]
            more += ["--hook", hook] if hook is not None and local.simulator.hooks else []
            if local.name in script:
                file = held.resolve() / f"{local.name}.faults.json"
                file.write_bytes(msgspec.json.encode(script[local.name]))
                more += ["--faults", f"@{file}"]
            local.launch(more)
        asyncio.run(_serve(wanted))


def _script(file: Path, known: Mapping[str, Any]) -> dict[str, list[Fault]]:
    try:
        script = msgspec.json.decode(file.read_bytes(), type=dict[str, list[Fault]])
    except (msgspec.DecodeError, OSError) as error:
        raise InputError(
            f'{file}: {error}. It holds faults by name: {{"kommo": [{{"times": 3, "status": 504}}]}}'
        ) from None
    if unknown := sorted(set(script) - set(known)):
        raise InputError(f"{file}: there is no simulator {unknown[0]!r}: there is {', '.join(known)}")
    return script


async def _serve(wanted: list[Local]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    clock = SystemClock()
    try:
        for local in wanted:
            await local.child.until_listening(local.name, HOST, local.port, clock=clock, patience=_PATIENCE)
            click.echo(local.told())
        click.echo("Ctrl-C ends them.")
        while not stop.is_set():
            for local in wanted:
                if not local.child.alive:
                    raise DealwrightError(f"{local.name} ended (log: {local.child.log}).\n{local.child.tail()}")
            try:
                await asyncio.wait_for(stop.wait(), _LOOK)
            except TimeoutError:
                continue
    finally:
        for local in wanted:
            await local.child.stop()
