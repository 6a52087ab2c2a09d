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
) -> Project:
    """Put it together; nothing is posted to the receiver, and no mail sent."""
    clock = clock or SystemClock()
    secret = {"secret_file": str(data_dir / "hooks.secret")}
    ads = {
        "dataset": DATASET,
        "url": meta or "http://127.0.0.1:9",
        "token_file": str(data_dir / "meta.secret"),
        "allow_private": True,
    }
    crm = embedded_crm({"url": f"sqlite:///{data_dir / 'crm.db'}"}, environ=os.environ, clock=clock)
    account = AccountBinding(
        key="acme",
        definitions=HERE / os.environ.get("DEALWRIGHT_BENCH_SITE", "w1"),
        crm=crm,
        feeds=(crm,),
        connectors=(crm, meta_ads(ads, environ=os.environ, clock=clock)),
        hooks=hook_sources(dict.fromkeys(SOURCES, secret), environ=os.environ, clock=clock),
    )
    return Project(
        data_dir=data_dir,
        journal_url=os.environ.get("DEALWRIGHT_JOURNAL") or f"sqlite:///{data_dir / 'journal.db'}",
        accounts=(account,),
    )
