"""What was undone once is not undone again: who moves a deal again to where its criteria are not met means it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.engine.bench import Job
from dealwright.engine.records import StepOutcome
from dealwright.engine.store import Store

MONTH: Final = timedelta(days=30)
"""Business time in which a deal is moved back from a stage once."""


def leave_undone(store: Store, jobs: Sequence[Job], now: datetime) -> None:
    """Pass the steps that would move a deal back where they have done so within a month.

    An automation works on a deal one execution at a time (its lane), so that looking is enough.
    """
    asking = [job for job in jobs if job.automation.origin == "criteria" and job.claimed.turn == 0]
    if not asking:
        return
    undone = store.moved_back(
        asking[0].claimed.account, asking[0].automation.key, [job.claimed.subject for job in asking], now - MONTH
    )
    for job in asking:
        steps = [step.name for step in ir.actions(job.automation.do) if isinstance(step, ir.MoveBackStep)]
        again = {
            name: StepOutcome(status="dropped", turn=0, reason="it was moved back before")
            for name in steps
            if (job.claimed.subject, name) in undone and name not in job.progress.outcomes
        }
        if again:
            job.progress = msgspec.structs.replace(job.progress, outcomes={**job.progress.outcomes, **again})
