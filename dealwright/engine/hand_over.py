"""Hand-over: a stage gives the deals that come into it to their new owner before the company's own rules answer it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from dealwright.compile import ir
from dealwright.engine.bench import Job
from dealwright.engine.store import Store
from dealwright.model.events import DealCreated, StageChanged

SOONEST: Final = 0.2
LATEST: Final = 30.0
"""Real seconds after which it is looked again whether the stage has given the deal to somebody, at least and at most.

In between it is half of the time that the stage has had so far: each look is written down, and thousands of deals that
are moved at once wait for minutes where their CRM takes a few requests a second.
"""

PATIENCE: Final = timedelta(minutes=30)
"""Business time after which a rule goes on in any case: nobody works what the stage does."""


def behind_stages(store: Store, jobs: Sequence[Job], now: datetime) -> Iterator[tuple[Job, str, float]]:
    """Yield the executions that come before their stage has handed the deal over, who does it, and when to look again.

    Those behind it go on with the deal as it is now, and not as their event told it. What a stage can do no more (it
    was held, parked or paused) is not waited for: there is no other order between automations.
    """
    first = [job for job in jobs if job.automation.origin == "authored" and job.claimed.turn == 0 and _comes(job)]
    releases = {job.claimed.release: job.account for job in first}
    givers = sorted({each for account in releases.values() for each in _givers(account)})
    if not givers:
        return
    account = first[0].claimed.account
    found = store.hand_overs(account, [job.claimed.event_id for job in first], givers)
    paused = store.controls(account).paused if any(each.is_open for each in found) else frozenset()
    stages = {(each.event_id, each.subject): each for each in found}
    for job in first:
        stage = stages.get((job.claimed.event_id, job.claimed.subject))
        if stage is None:
            continue
        job.facts = None
        if stage.is_open and not paused & {"", stage.automation} and now < stage.since + PATIENCE:
            had = (now - stage.since).total_seconds()
            yield job, stage.automation, min(LATEST, max(SOONEST, had / 2))


def _comes(job: Job) -> bool:
    return isinstance(job.claimed.event, DealCreated | StageChanged)


def _givers(account: ir.Account) -> Iterator[str]:
    for automation in account.automations:
        if automation.origin in ("hand-over", "criteria") and any(map(_gives, ir.actions(automation.do))):
            yield automation.key


def _gives(step: ir.Step) -> bool:
    return isinstance(step, ir.UpdateDealStep) and "owner" in step.changes
