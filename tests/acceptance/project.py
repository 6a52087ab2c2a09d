"""The composition root of the acceptance test: one account, everything embedded, a receiver on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from dealwright.clock import SystemClock
from dealwright.project import AccountBinding, Project
from dealwright_embedded_crm import connector as embedded_crm
from dealwright_webhook import connector as webhook


def project() -> Project:
    """Return the project in the folder that DEALWRIGHT_DATA names."""
    data = Path(os.environ["DEALWRIGHT_DATA"])
    clock = SystemClock()
    crm = embedded_crm({"url": f"sqlite:///{data / 'crm.db'}"}, environ=os.environ, clock=clock)
    erp = {
        "url": os.environ["DEALWRIGHT_RECEIVER"] + "/erp",
        "secret_file": str(data / "secret"),
        "allow_private": True,
        "dedupes_for": "forever",
    }
    return Project(
        data_dir=data,
        journal_url=os.environ.get("DEALWRIGHT_JOURNAL") or f"sqlite:///{data / 'journal.db'}",
        accounts=(
            AccountBinding(
                key="hardware",
                definitions=Path(__file__).parent / "hardware",
                crm=crm,
                feeds=(crm,),
                connectors=(crm, webhook({"erp": erp}, environ=os.environ, clock=clock)),
            ),
        ),
    )
