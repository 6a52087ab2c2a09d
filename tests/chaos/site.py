"""What engine and intake of a run are connected to: the simulated Kommo and Meta, and two receivers of events."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from dealwright.clock import Clock
from dealwright.engine import batch, window
from dealwright.intake.settings import hook_sources
from dealwright.project import AccountBinding, Project
from dealwright_kommo import KommoHooks
from dealwright_kommo import connector as kommo
from dealwright_meta import connector as meta
from dealwright_webhook import connector as webhook
from tests.chaos.company import ACCOUNT
from tests.chaos.places import BATCH, CALL, LEASE, Places

TAKEOVER: Final = 4.0
"""Seconds after a lease in which nobody takes over what its engine had under way: no call of a run takes as long."""

PIPELINE: Final = 71
STAGES: Final = {"incoming": 7102, "quoted": 7103, "won": 142, "lost": 143}
"""The seeded pipeline of the simulated Kommo."""

_LOOK_AFTER: Final = 0.5
_PER_SECOND: Final = 200
"""A run is to be quick: what Kommo takes is measured elsewhere (benchmarks)."""


def shorten_leases() -> None:
    """Let a lease be over soon, so that a run need not wait long for what a stopped engine holds."""
    batch.LEASE = LEASE  # type: ignore[misc]
    window.LEASE = LEASE  # type: ignore[attr-defined]


def project(places: Places, clock: Clock) -> Project:
    """Put together what a process of the run needs."""
    crm = kommo(_kommo(places), environ={}, clock=clock)
    ads = meta(_meta(places), environ={}, clock=clock)
    events = webhook(_receivers(places), environ={}, clock=clock)
    hooks = {"billing": {"secret_file": secret(places)}, "kommo": {"from": "kommo", "secret_file": secret(places)}}
    return Project(
        data_dir=places.path,
        journal_url=places.journal,
        accounts=(
            AccountBinding(
                key=ACCOUNT,
                definitions=Path(__file__).with_name("company.py"),
                crm=crm,
                feeds=(),
                connectors=(crm, ads, events),
                hooks=hook_sources(hooks, environ={}, clock=clock, readers={"kommo": KommoHooks(crm.settings, clock)}),
            ),
        ),
    )


def secret(places: Places) -> str:
    """Return the file with the secret by which hooks and receivers are known."""
    return str(places.path / "secret")


def token(places: Places) -> str:
    """Return the file with the token of both vendors."""
    return str(places.path / "token")


def _kommo(places: Places) -> dict[str, Any]:
    return {
        "url": f"http://127.0.0.1:{places.kommo}",
        "token_file": token(places),
        "allow_private": True,
        "user": 101,
        "timeout": CALL,
        "look_after": _LOOK_AFTER,
        "per_second": _PER_SECOND,
        "batch": BATCH,
        "pipelines": {"sales": {"id": PIPELINE, "stages": STAGES}},
    }


def _meta(places: Places) -> dict[str, Any]:
    return {
        "dataset": "1234567890",
        "token_file": token(places),
        "url": f"http://127.0.0.1:{places.meta}",
        "allow_private": True,
        "timeout": CALL,
    }


def _receivers(places: Places) -> dict[str, Any]:
    common = {"secret_file": secret(places), "allow_private": True, "timeout": CALL}
    return {
        "erp": {"url": f"http://127.0.0.1:{places.erp}/erp", "dedupes_for": "forever", **common},
        "audit": {"url": f"http://127.0.0.1:{places.audit}/audit", **common},
    }
