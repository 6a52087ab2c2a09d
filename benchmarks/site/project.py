"""The composition root of the benchmarks' company: an embedded CRM with hooks of four systems, or Kommo; Meta beside.

DEALWRIGHT_BENCH_SITE names the folder with its definitions.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

from benchmarks.kommo_account import HOOKS_SECRET, TABLE
from dealwright.clock import Clock, SystemClock
from dealwright.intake.settings import hook_sources
from dealwright.ports import Crm, Feed, HookSource
from dealwright.project import AccountBinding, Project
from dealwright_embedded_crm import connector as embedded_crm
from dealwright_kommo import KommoHooks
from dealwright_kommo import connector as kommo_crm
from dealwright_meta import connector as meta_ads

HERE: Final = Path(__file__).resolve().parent

SOURCES: Final = ("billing-1", "billing-2", "billing-3", "billing-4")
"""Systems that send hooks: one alone may not send more than 1,000 a second."""

DATASET: Final = "1000000000000001"


def project(
    *,
    data_dir: Path,
    clock: Clock | None = None,
    receiver: str | None = None,
    mail_port: int | None = None,
    meta: str | None = None,
    bureau: str | None = None,
) -> Project:
    """Put it together; nothing is posted to the receiver, and no mail sent."""
    clock = clock or SystemClock()
    ads = {
        "dataset": DATASET,
        "url": meta or "http://127.0.0.1:9",
        "token_file": str(data_dir / "meta.secret"),
        "allow_private": True,
    }
    definitions = os.environ.get("DEALWRIGHT_BENCH_SITE", "w1")
    crm, feeds, hooks = (_kommo if definitions == "kommo" else _embedded)(data_dir, clock)
    account = AccountBinding(
        key="acme",
        definitions=HERE / definitions,
        crm=crm,
        feeds=feeds,
        connectors=(crm, meta_ads(ads, environ=os.environ, clock=clock)),
        hooks=hooks,
    )
    return Project(
        data_dir=data_dir,
        journal_url=os.environ.get("DEALWRIGHT_JOURNAL") or f"sqlite:///{data_dir / 'journal.db'}",
        accounts=(account,),
    )


def _embedded(data_dir: Path, clock: Clock) -> tuple[Crm, tuple[Feed, ...], tuple[HookSource, ...]]:
    """An embedded CRM, and four systems that send signed events."""
    secret = {"secret_file": str(data_dir / "hooks.secret")}
    crm = embedded_crm({"url": f"sqlite:///{data_dir / 'crm.db'}"}, environ=os.environ, clock=clock)
    return crm, (crm,), hook_sources(dict.fromkeys(SOURCES, secret), environ=os.environ, clock=clock)


def _kommo(data_dir: Path, clock: Clock) -> tuple[Crm, tuple[Feed, ...], tuple[HookSource, ...]]:
    """A simulated Kommo, and its hooks; it may send as many as it likes."""
    table = json.loads((data_dir / TABLE).read_text("utf-8"))
    crm = kommo_crm(table, environ=os.environ, clock=clock)
    hook = {"from": "kommo", "secret_file": str(data_dir / HOOKS_SECRET), "rate": 100_000, "burst": 100_000}
    readers = {"kommo": KommoHooks(crm.settings, clock)}
    return crm, (), hook_sources({"kommo": hook}, environ=os.environ, clock=clock, readers=readers)
