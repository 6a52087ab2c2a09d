"""A project of the tests' own for the web process: one account that takes hooks, and one API beside.

Its journal is the setting DEALWRIGHT_JOURNAL, or a file in the data directory.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from dealwright.clock import Clock, SystemClock
from dealwright.intake.settings import hook_sources
from dealwright.ports import Crm
from dealwright.project import AccountBinding, Project


def project(*, data_dir: Path, clock: Clock | None = None, receiver: str | None = None) -> Project:
    """Put it together."""
    data_dir.mkdir(parents=True, exist_ok=True)
    clock = clock or SystemClock()
    table = {"billing": {"secret_file": str(data_dir / "hooks.secret")}}
    binding = AccountBinding(
        key="acme",
        definitions=data_dir,
        crm=cast(Crm, None),  # no CRM is on the road of a hook
        feeds=(),
        connectors=(),
        hooks=hook_sources(table, environ=os.environ, clock=clock),
    )
    return Project(
        data_dir=data_dir,
        journal_url=os.environ.get("DEALWRIGHT_JOURNAL") or f"sqlite:///{data_dir}/journal.db",
        accounts=(binding,),
        apps={"/api/test": api},
    )


def api() -> Any:
    """Return an API that answers, and one address of it whose failure says what it was told."""

    async def fine(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.url.path)

    async def failing(request: Request) -> PlainTextResponse:
        raise RuntimeError(request.headers["x-told"])

    return Starlette(routes=[Route("/fine", fine), Route("/failing", failing)])
