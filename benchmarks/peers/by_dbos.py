"""W1 on DBOS: a workflow for each hook, whose id is the hook's, with a step for each of the two requests.

It runs in an environment of its own (requirements.lock). The hook is answered when its workflow is in the database.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import uvicorn
from dbos import DBOS, SetWorkflowID

from benchmarks.peers import work

DBOS(
    config={
        "name": "bench",
        "system_database_url": os.environ["PEER_DATABASE"],
        "run_admin_server": False,
        "log_level": "WARNING",
    }
)


@DBOS.step()
async def condition(hook: dict[str, Any]) -> bool:
    """Decide."""
    return work.wanted(hook)


@DBOS.step()
async def task(hook: dict[str, Any]) -> int:
    """Set the task."""
    return await work.set_task(hook)


@DBOS.step()
async def purchase(hook: dict[str, Any]) -> int:
    """Tell Meta."""
    return await work.tell_meta(hook)


@DBOS.workflow()
async def paid(hook: dict[str, Any]) -> None:
    """One event."""
    if await condition(hook):
        await task(hook)
        await purchase(hook)


async def take(hook: dict[str, Any]) -> None:
    """Start a workflow; come back when it is durable."""
    with SetWorkflowID(hook["id"]):
        await DBOS.start_workflow_async(paid, hook)


async def begin() -> None:
    """Launch on the server's loop."""
    DBOS.launch()


if __name__ == "__main__":
    uvicorn.run(work.Hooks(take, begin), host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
