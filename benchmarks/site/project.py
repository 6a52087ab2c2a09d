"""The composition root of the benchmarks' company: an embedded CRM, hooks of four systems, Meta beside.

DEALWRIGHT_BENCH_SITE names the folder with its definitions.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from dealwright.clock import Clock, SystemClock
from dealwright.intake.settings import hook_sources
from dealwright.project import AccountBinding, Project
from dealwright_embedded_crm import connector as embedded_crm
from dealwright_webhook import connector as webhook

HERE: Final = Path(__file__).resolve().parent

SOURCES: Final = ("billing-1", "billing-2", "billing-3", "billing-4")
"""Systems that send hooks: one alone may not send more than 1,000 a second."""


def project(
    *, data_dir: Path, clock: Clock | None = None, receiver: str = "http://127.0.0.1:9", mail_port: int = 0
) -> Project:
    """Put it together."""
    clock = clock or SystemClock()
    secret = {"secret_file": str(data_dir / "hooks.secret")}
    meta = {
        "url": f"{receiver}/meta",
        "secret_file": str(data_dir / "receiver.secret"),
        "allow_private": True,
        "dedupes_for": "48 hours",
    }
    crm = embedded_crm({"url": f"sqlite:///{data_dir / 'crm.db'}"}, environ=os.environ, clock=clock)
    account = AccountBinding(
        key="acme",
        definitions=HERE / os.environ.get("DEALWRIGHT_BENCH_SITE", "w1"),
        crm=crm,
        feeds=(crm,),
        connectors=(crm, webhook({"meta": meta}, environ=os.environ, clock=clock)),
        hooks=hook_sources(dict.fromkeys(SOURCES, secret), environ=os.environ, clock=clock),
    )
    return Project(
        data_dir=data_dir,
        journal_url=os.environ.get("DEALWRIGHT_JOURNAL") or f"sqlite:///{data_dir / 'journal.db'}",
        accounts=(account,),
    )
