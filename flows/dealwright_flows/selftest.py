"""Owns the start-up self-test: says in plain words when Prefect is unreachable, open to anybody, or only looks alive.

A Prefect server with the wrong library beside it is "healthy" and never schedules anything. So the test makes a tiny
deployment with a schedule, watches a run of it appear, and removes it. It runs beside the work and never blocks it.
"""

from __future__ import annotations

import asyncio
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import httpx

from dealwright.clock import Clock
from dealwright_flows.api import PrefectApi, PrefectError

SCHEDULER_PATIENCE: Final = 20.0
NAME: Final = "dealwright.self-test"
PINS: Final = (
    ("prefect", (3, 8, 8), (3, 8, 9), "the recorder is made for exactly this version"),
    ("fastapi", (0, 139), (0, 151), "newer ones break the server when it starts"),
    ("sqlalchemy", (2, 0, 44), (2, 1), "with 2.1 the scheduler is dead and says nothing"),
)
"""Package, least version, first version that is too new, and why."""


async def self_test(api_url: str, auth: tuple[str, str] | None, *, clock: Clock) -> list[str]:
    """Return what is wrong with Prefect, one plain sentence each; nothing is fine."""
    found = wrong_versions()
    try:
        found += await _closed_to_strangers(api_url)
        async with PrefectApi(api_url, auth) as api:
            served = str(await api.get("/admin/version"))
            if served != _installed("prefect"):
                found.append(f"The Prefect server is version {served}, ours is {_installed('prefect')}: use one.")
            found += await _scheduler(api, clock)
    except PrefectError as error:
        found.append(
            f"Prefect at {api_url} cannot be used: {error}. "
            "The work goes on without it; its dashboard and buttons do not, until it is back."
        )
    return found


def wrong_versions() -> list[str]:
    """Return a sentence for each installed package that Prefect is known to break with."""
    found = []
    for package, least, too_new, why in PINS:
        installed = _installed(package)
        numbers = tuple(int(part) for part in installed.split(".")[:3] if part.isdigit())
        if not least <= numbers < too_new:
            wanted = f">= {_dotted(least)} and < {_dotted(too_new)}"
            found.append(f"{package} {installed or 'is missing,'} is installed, needed is {wanted}: {why}.")
    return found


async def _closed_to_strangers(api_url: str) -> list[str]:
    async with httpx.AsyncClient(trust_env=False, timeout=5) as stranger:
        try:
            status = (await stranger.get(f"{api_url}/admin/version")).status_code
        except httpx.TransportError as error:
            raise PrefectError(f"it does not answer ({type(error).__name__})") from error
    if status == httpx.codes.UNAUTHORIZED:
        return []
    return [f"Prefect's API at {api_url} answers {status} to anybody without credentials: set an auth string."]


async def _scheduler(api: PrefectApi, clock: Clock) -> list[str]:
    flow = await api.post("/flows/", {"name": NAME, "tags": ["self-test"]})
    made = await api.post(
        "/deployments/",
        {
            "flow_id": flow["id"],
            "name": NAME,
            "entrypoint": NAME,
            "tags": ["self-test"],
            "description": "Made and removed at start-up, to see that Prefect's scheduler is alive.",
            "schedules": [{"active": True, "schedule": {"interval": 86400.0}}],
        },
    )
    try:
        deadline = clock.monotonic() + SCHEDULER_PATIENCE
        while clock.monotonic() < deadline:
            if int(await api.post("/flow_runs/count", {"deployments": {"id": {"any_": [made["id"]]}}})):
                return []
            await asyncio.sleep(0.5)
    finally:
        await api.delete(f"/deployments/{made['id']}")
        await api.delete(f"/flows/{flow['id']}")
    return [
        f"Prefect's scheduler is dead: no scheduled run appeared within {SCHEDULER_PATIENCE:.0f} s, though the server "
        "looks healthy. Schedules will not start. Reinstall from requirements.lock (SQLAlchemy 2.1 does this)."
    ]


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
