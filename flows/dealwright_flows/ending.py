"""Owns how a command of ours is ended: by Ctrl-C or SIGTERM, in order; by the second one at once."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import click

INTERRUPTED: Final = 130

T = TypeVar("T")


def until_told(work: Callable[[asyncio.Event], Awaitable[T]]) -> T:
    """Run `work` with an event that Ctrl-C or SIGTERM sets; the second one ends it the hard way."""

    async def run() -> T:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()

        def told() -> None:
            if stop.is_set() and task is not None:
                task.cancel()
            stop.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, told)
        return await work(stop)

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        click.echo("ended at once; the next start recovers what was in flight", err=True)
        sys.exit(INTERRUPTED)
