"""W1 as a hand-written Prefect flow: a flow run for each hook, with three tasks, against a Prefect server.

The flow is called in this process, which is the quickest way Prefect has; hooks that wait for it are in memory only.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import uvicorn
from prefect import flow, task

from benchmarks.peers import work

AT_ONCE = int(os.environ.get("PEER_AT_ONCE", "4"))


@task
async def condition(hook: dict[str, Any]) -> bool:
    """Decide."""
    return work.wanted(hook)


@task
async def set_task(hook: dict[str, Any]) -> int:
    """Set the task."""
    return await work.set_task(hook)


@task
async def purchase(hook: dict[str, Any]) -> int:
    """Tell Meta."""
    return await work.tell_meta(hook)


@flow
async def paid(hook: dict[str, Any]) -> None:
    """One event."""
    if await condition(hook):
        await set_task(hook)
        await purchase(hook)


class Queue:
    """Hooks that wait for their flow, so many of which run at once."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._workers: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        """Begin to work."""
        self._workers = [asyncio.create_task(self._work()) for _ in range(AT_ONCE)]

    async def take(self, hook: dict[str, Any]) -> None:
        """Let a hook wait."""
        self._waiting.put_nowait(hook)

    async def _work(self) -> None:
        while True:
            await paid(await self._waiting.get())


if __name__ == "__main__":
    queue = Queue()
    uvicorn.run(work.Hooks(queue.take, queue.begin), host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
