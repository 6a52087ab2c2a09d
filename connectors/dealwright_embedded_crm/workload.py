"""How much of the CRM's work is in whose hands."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from sqlalchemy import Connection, func, select, update

from dealwright.ports import Place
from dealwright_embedded_crm import schema


def deals_by_owner(connection: Connection, places: Sequence[Place]) -> dict[str, int]:
    """Count the deals in these stages by the id of their owner."""
    deals = schema.deals.c
    found: dict[str, int] = {}
    for pipeline, group in groupby(sorted(set(places)), key=lambda place: place.pipeline):
        stages = [place.stage for place in group]
        counted = (
            select(deals.owner_id, func.count().label("many"))
            .where(deals.pipeline == pipeline, deals.stage.in_(stages), deals.owner_id.is_not(None))
            .group_by(deals.owner_id)
        )
        for row in connection.execute(counted):
            found[str(row.owner_id)] = found.get(str(row.owner_id), 0) + row.many
    return found


def open_deals(connection: Connection, user_id: int, limit: int) -> list[str]:
    """Return the ids of the open deals of a user, oldest first."""
    deals, stages = schema.deals.c, schema.stages.c
    query = (
        select(deals.id)
        .join(schema.stages, (stages.pipeline == deals.pipeline) & (stages.key == deals.stage))
        .where(deals.owner_id == user_id, stages.kind.in_(("incoming", "open")))
        .order_by(deals.id)
        .limit(limit)
    )
    return [str(id_) for id_ in connection.execute(query).scalars()]


def open_tasks(connection: Connection, user_id: int, limit: int) -> list[tuple[str, str]]:
    """Return the open tasks of a user as (task, deal), oldest first."""
    tasks = schema.tasks.c
    query = select(tasks.id, tasks.deal_id).where(tasks.owner_id == user_id, tasks.done.is_(False))
    return [(str(row.id), str(row.deal_id)) for row in connection.execute(query.order_by(tasks.id).limit(limit))]


def give_task(connection: Connection, task_id: int, owner_id: int) -> bool:
    """Give an open task to a user; say whether it was there, and open."""
    tasks = schema.tasks.c
    given = update(schema.tasks).where(tasks.id == task_id, tasks.done.is_(False)).values(owner_id=owner_id)
    return bool(connection.execute(given).rowcount)
