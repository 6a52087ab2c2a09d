"""The composition root of the drivers' tests: one account, its CRM slow on demand, all places by settings."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dealwright.clock import Clock, SystemClock
from dealwright.model.requests import Call, Outcome, Refused, SetTask
from dealwright.project import AccountBinding, PrefectPlace, Project
from dealwright_embedded_crm import EmbeddedCrm

SECONDS_EACH: Final = 0.25
"""What one request of a slow task takes."""


class SlowCrm(EmbeddedCrm):
    """Takes its time for tasks that say "Slowly", twenty at once, and refuses some as long as a file is there."""

    at_once = 20
    refuses = Path("nowhere")

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        """Carry out, or refuse."""
        texts = [call.request.text if isinstance(call.request, SetTask) else "" for call in calls]
        if any(text.startswith("Slowly") for text in texts):
            await asyncio.sleep(SECONDS_EACH)
        if any(text.startswith("Refused") for text in texts) and self.refuses.exists():
            return [Refused(code="no", message="not today") for _ in calls]
        return await super().perform(calls)


def project(*, data_dir: Path | None = None, clock: Clock | None = None, **_: object) -> Project:
    """Put it together."""
    told = {name: os.environ[f"DEALWRIGHT_TEST_{name}"] for name in ("DRIVER", "CRM", "API_URL", "AUTH", "DEFINITIONS")}
    data = data_dir or Path(os.environ["DEALWRIGHT_DATA"])
    crm = SlowCrm(told["CRM"], clock or SystemClock())
    crm.refuses = data / "refuse"
    binding = AccountBinding(
        key=told["DRIVER"], definitions=Path(told["DEFINITIONS"]), crm=crm, feeds=(crm,), connectors=(crm,)
    )
    return Project(
        data_dir=data,
        journal_url=os.environ["DEALWRIGHT_JOURNAL"],
        accounts=(binding,),
        driver="prefect" if told["DRIVER"] == "prefect" else "local",
        prefect=PrefectPlace(api_url=told["API_URL"], auth=told["AUTH"], work_pool="tested", windows=2),
    )
