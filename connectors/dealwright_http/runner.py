"""Runs a simulator as a process of its own: it prints its port, and serves until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypedDict

import msgspec

from dealwright_http.faults import Fault
from dealwright_http.simulation import Simulation

if sys.platform == "win32":
    _new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
else:
    import uvloop

    _new_loop = uvloop.new_event_loop


_SELDOM: Final = (50_000, 50, 1_000)
"""When Python looks for reference cycles. To look through a simulated account with 15,000 leads takes 0.2 s, in which
nothing is received: clients that pace their requests well would seem to send them in bursts."""


class Simulator(msgspec.Struct, frozen=True, kw_only=True):
    """How `dealwright simulators up` runs one; found by the entry point group `dealwright.simulators`.

    Besides the options that all have (`parser_for`), it takes the file with its secret by the option
    `key_option`, and, if it sends hooks, their address by `--hook`. `module` is what `python -m` runs.
    """

    what: str
    module: str
    key_option: str
    hooks: bool = False


class Settings(TypedDict):
    """What every simulation takes by its base."""

    faults: list[Fault]
    latency: tuple[float, float]
    rate: float | None
    seed: int


def parser_for(module: str, description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that every simulator has."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument("--port", type=int, default=0, help="0: any free one (it is printed)")
    parser.add_argument("--log", type=Path, required=True, help="one JSON line per request; beside it lies the state")
    parser.add_argument(
        "--faults",
        type=_faults,
        default=[],
        help='JSON, such as [{"times": 3, "method": "POST", "status": 504, "commit": true}], or @FILE with it',
    )
    parser.add_argument(
        "--latency-ms", type=_range, default=(0.0, 0.0), metavar="MS", help="before each answer: 200, or 150-400"
    )
    parser.add_argument("--rate", type=float, help="requests per second; what is beyond is refused (none: no limit)")
    parser.add_argument("--seed", type=int, default=0, help="of latencies and orders")
    return parser


def settings(options: argparse.Namespace) -> Settings:
    """Return what these options say to the base of a simulation."""
    return Settings(faults=options.faults, latency=options.latency_ms, rate=options.rate, seed=options.seed)


def run(simulation: Simulation, port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    gc.freeze()  # what it knows from its state it will know to its end
    gc.set_threshold(*_SELDOM)
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(_serve(simulation, port))


async def _serve(simulation: Simulation, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(await simulation.start(port), flush=True)
    await stop.wait()
    await simulation.stop()


def _faults(said: str) -> list[Fault]:
    try:
        text: Any = Path(said[1:]).read_bytes() if said.startswith("@") else said
        return msgspec.json.decode(text, type=list[Fault])
    except (msgspec.DecodeError, OSError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _range(said: str) -> tuple[float, float]:
    low, _, high = said.partition("-")
    try:
        seconds = float(low) / 1000, float(high or low) / 1000
    except ValueError:
        raise argparse.ArgumentTypeError("it takes milliseconds: 200, or a range such as 150-400") from None
    if not 0 <= seconds[0] <= seconds[1]:
        raise argparse.ArgumentTypeError("the range begins at 0 or more, and does not fall")
    return seconds
