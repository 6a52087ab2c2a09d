"""Choosing: whoever of a role a step is for is picked before the step is rendered, once, and stays picked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from dealwright.compile import ir
from dealwright.engine.bench import Job, Site
from dealwright.engine.news import ending, rests
from dealwright.engine.observe import READ_AGAIN
from dealwright.engine.picked import Behind, Nobody, Picked, PickRequest, gives_a_task
from dealwright.engine.store import Store
from dealwright.errors import ConnectorError
from dealwright.ports import CountsDeals, Place


async def choose(store: Store, site: Site, jobs: Sequence[Job], now: datetime) -> list[tuple[Job, dict[str, Any]]]:
    """Pick somebody for every execution that waits for that; return how those are left for whom nobody was picked.

    Where nobody is there the execution is held: it comes back when people say who is, or somebody is back from leave.

    All of one batch are picked in one transaction, in their order, after the CRM was asked once for each set of stages
    in which deals are counted.
    """
    asking = [job for job in jobs if job.choosing is not None]
    if not asking:
        return []
    counted = store.last_pick(site.account)
    loads: dict[frozenset[Place], Mapping[str, int]] = {}
    left: list[tuple[Job, dict[str, Any]]] = []
    space = store.controls(site.account).name_space
    requests = []
    for job in asking:
        assert job.choosing is not None
        assert job.facts is not None
        step, role = job.choosing
        main = job.facts.deal.main_contact
        places = _places(role, job)
        if places is not None and places not in loads:
            try:
                loads[places] = await _count(site, places)
            except ConnectorError as error:
                reason = f"the CRM did not count deals: {type(error).__name__}"
                left.append((job, {"state": "retrying", "reason": reason, "not_before": READ_AGAIN}))
                continue
        requests.append(
            PickRequest(
                execution_id=job.claimed.id,
                step=step,
                role=role,
                space=space(job.automation.key),
                task=gives_a_task(job.automation, step),
                contacts=() if main is None else (main.id,),
                company=job.facts.deal.company,
                owner=job.facts.deal.owner,
                loads={} if places is None else loads[places],
                counted=counted,
                anew=job.anew,
            )
        )
    picked = store.pick(site.account, requests, now=now, zone=asking[0].account.calendar.zone)
    for job in asking:
        found = picked.get(job.claimed.id)
        if isinstance(found, Picked) and job.choosing is not None:
            step, _ = job.choosing
            job.progress = msgspec.structs.replace(job.progress, picks={**job.progress.picks, step: found})
            job.choosing, job.anew = None, False
        elif isinstance(found, Nobody):
            waits = rests(job, ending(job)) | {"due_at": found.until, "people": found.seen}
            left.append((job, {"state": "held", "reason": found.reason, **waits}))
    return left


def _places(role: ir.RoleValue, job: Job) -> frozenset[Place] | None:
    """Return where deals are counted: in the stages that were named and in the deal's own, or wherever they are open.

    Without the deal's own, what was given to somebody a moment ago would count nowhere.
    """
    if role.how != "least_loaded":
        return None
    if not role.open_in:
        return frozenset(
            Place(pipeline.key, stage.key)
            for pipeline in job.account.pipelines
            for stage in pipeline.stages
            if stage.kind in ("incoming", "open")
        )
    assert job.facts is not None
    own = Place(job.facts.deal.pipeline, job.facts.deal.stage)
    return frozenset({own, *(Place(stage.pipeline, stage.stage) for stage in role.open_in)})


async def _count(site: Site, places: frozenset[Place]) -> Mapping[str, int]:
    return await site.crm.count_deals(sorted(places)) if isinstance(site.crm, CountsDeals) else {}


def drop_the_gone(store: Store, jobs: Sequence[Job], now: datetime) -> None:
    """Forget whom was picked for what was never tried, if they are there no longer: somebody else is picked then."""
    holding = [job for job in jobs if job.progress.picks]
    if not holding:
        return
    zone = ZoneInfo(holding[0].account.calendar.zone)
    behind = store.people(holding[0].claimed.account, now.astimezone(zone).date())
    for job in holding:
        tried = {effect.step for effect in job.claimed.effects if effect.attempts}
        gone = {
            step
            for step, picked in job.progress.picks.items()
            if step not in job.progress.outcomes and step not in tried and not _there(picked, behind)
        }
        if gone:
            kept = {step: picked for step, picked in job.progress.picks.items() if step not in gone}
            job.progress = msgspec.structs.replace(job.progress, picks=kept)
            job.anew = True


def _there(picked: Picked, behind: Behind) -> bool:
    there = {user.id for role in behind.members for user in behind.of(role)}
    return picked.kept or all(user.id in there for user in picked.people)
