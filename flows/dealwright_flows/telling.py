"""Owns how a closed window is told to Prefect: steps, table, log line; by the recorder, or by the run that carried it.

Every part may be told again: what Prefect has already is not doubled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from dealwright.clock import Clock
from dealwright.model.window import Window
from dealwright_flows import wire
from dealwright_flows.ports import Api

_PAGE: Final = 200
_VISIBLE_PATIENCE: Final = 5.0
_VISIBLE_TRIES: Final = 3


async def post_steps(api: Api, window: Window) -> None:
    """Tell what each step did, one task run for each."""
    if window.steps:
        await api.post("/events", wire.step_events(window, str(window.run_id)))


async def steps_seen(api: Api, window: Window, clock: Clock) -> bool:
    """Wait until Prefect shows the task runs: its 204 to events is no receipt. False if it never does."""
    for _ in range(_VISIBLE_TRIES):
        deadline = clock.monotonic() + _VISIBLE_PATIENCE
        while clock.monotonic() < deadline:
            asked = wire.seen_steps(window, str(window.run_id))
            if int(await api.post("/task_runs/count", asked)) >= len(window.steps):
                return True
            await asyncio.sleep(0.1)
        await post_steps(api, window)
    return False


async def tell(api: Api, window: Window, tables: Sequence[str], logs: Sequence[str], *, late: bool) -> None:
    """Tell table and log line, unless they are among those that Prefect has."""
    run_id = str(window.run_id)
    if not tells(tables, window) and window.rows:
        await api.post("/artifacts/", wire.table(window, run_id))
    if not tells(logs, window):
        await api.post("/logs/", wire.log_line(window, run_id, late=late))


async def told(api: Api, run_ids: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Return what tables and log lines of these runs say: neither takes an id of ours, so each names its window."""
    of_runs = {"flow_run_id": {"any_": list(run_ids)}}
    tables = await api.post(
        "/artifacts/filter", {"artifacts": {**of_runs, "type": {"any_": ["table"]}}, "limit": _PAGE}
    )
    logs = await api.post("/logs/filter", {"logs": of_runs, "limit": _PAGE})
    return (
        [str(each["description"]) for each in tables],
        [str(each["message"]) for each in logs if each["name"] == wire.LOGGER],
    )


def tells(texts: Sequence[str], window: Window) -> bool:
    """Say whether one of these texts is this window's."""
    return any(window.id in text for text in texts)
