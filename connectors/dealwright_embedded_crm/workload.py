"""How much of the CRM's work is in whose hands."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from sqlalchemy import Connection, func, select

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
