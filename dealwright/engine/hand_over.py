"""Hand-over: a stage gives the deals that come into it to their new owner before the company's own rules go on.

That is before a rule answers the same move or the deal's creation, and before a rule that has moved the deal does
what follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from dealwright.compile import ir
from dealwright.engine.bench import Job
from dealwright.engine.records import OwnMove
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


TOLD: Final = timedelta(minutes=2)
"""Business time after which a rule that has moved a deal goes on though its CRM has not told of the move."""


def behind_stages(store: Store, jobs: Sequence[Job], now: datetime) -> Iterator[tuple[Job, str, float]]:
    """Yield the executions that come before their stage has handed the deal over, who does it, and when to look again.

    Those behind it go on with the deal as it is now, and not as their event told it. What a stage can do no more (it
    was held, parked or paused) is not waited for: there is no other order between automations.
    """
    first = [job for job in jobs if job.claimed.turn == 0 and _comes(job)]
    moved = [job for job in jobs if job.claimed.turn and _moved_by(job)]
    givers = _Givers([*first, *moved])
    if not givers.keys:
        return
    account = jobs[0].claimed.account
    moves = {move.execution_id: move for move in _moves(store, account, [job for job in moved if givers.of(job)])}
    events = {job.claimed.id: job.claimed.event_id for job in first}
    events |= {id_: move.event_id for id_, move in moves.items() if move.event_id is not None}
    found = store.hand_overs(account, sorted(set(events.values())), givers.keys) if events else ()
    paused = store.controls(account).paused if any(each.is_open for each in found) else frozenset()
    stages = {(each.event_id, each.subject): each for each in found}
    for job in (*first, *moved):
        move, event = moves.get(job.claimed.id), events.get(job.claimed.id)
        stage = None if event is None else stages.get((event, job.claimed.subject))
        if move is not None and not move.is_routed and now < move.sent_at + TOLD:
            yield job, givers.of(job), _again(now - move.sent_at)
        elif stage is not None:
            job.facts = None
            if stage.is_open and not paused & {"", stage.automation} and now < stage.since + PATIENCE:
                yield job, stage.automation, _again(now - stage.since)


def just_moved(jobs: Sequence[Job]) -> Iterator[tuple[Job, str, float]]:
    """Yield the executions that have moved their deal into such a stage in this batch, as `behind_stages` does."""
    moved = [(job, name) for job in jobs if (name := _moved_by(job))]
    moved = [(job, name) for job, name in moved if job.progress.outcomes[name].turn > job.claimed.turn]
    givers = _Givers([job for job, _ in moved])
    for job, _ in moved:
        if stage := givers.of(job):
            yield job, stage, SOONEST


class _Givers:
    """The stages that give the deals which come into them to somebody, and what does it."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        releases = {job.claimed.release: job.account for job in jobs}
        giving = [(release, each) for release, account in releases.items() for each in _giving(account)]
        self.keys = sorted({automation.key for _, automation in giving})
        self._stages = {
            (release, stage): automation.key
            for release, automation in giving
            for stage in (automation.on.stages if isinstance(automation.on, ir.OnEntered) else ())
        }

    def of(self, job: Job) -> str:
        """Return what gives the deal away where the execution has just moved it to; empty if nothing does."""
        name = _moved_by(job)
        stages = (
            each.to for each in ir.actions(job.automation.do) if isinstance(each, ir.MoveDealStep) and each.name == name
        )
        return next((key for each in stages if (key := self._stages.get((job.claimed.release, each)))), "")


def _moved_by(job: Job) -> str:
    """Return the step by which the execution has moved its deal, if that is the last it did and more is to follow."""
    if job.automation.origin != "authored" or not job.progress.outcomes:
        return ""
    name, outcome = next(reversed(job.progress.outcomes.items()))
    moved = outcome.receipt.get("moved") is True and not ir.ends_with(job.automation.do, name)
    return name if moved else ""


def _moves(store: Store, account: str, jobs: Sequence[Job]) -> Sequence[OwnMove]:
    steps = {job.claimed.id: _moved_by(job) for job in jobs}
    keys = [effect.key for job in jobs for effect in job.claimed.effects if effect.step == steps[job.claimed.id]]
    return store.moves(account, sorted(keys)) if keys else ()


def _again(had: timedelta) -> float:
    return min(LATEST, max(SOONEST, had.total_seconds() / 2))


def _comes(job: Job) -> bool:
    return job.automation.origin == "authored" and isinstance(job.claimed.event, DealCreated | StageChanged)


def _giving(account: ir.Account) -> Iterator[ir.Automation]:
    for automation in account.automations:
        if automation.origin in ("hand-over", "criteria") and any(map(_gives, ir.actions(automation.do))):
            yield automation


def _gives(step: ir.Step) -> bool:
    return isinstance(step, ir.UpdateDealStep) and "owner" in step.changes
