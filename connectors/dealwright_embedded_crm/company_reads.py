"""What companies have: how many deals, and which of them is the newest that is open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select

from dealwright.model.crm import CompanyDeals, User
from dealwright_embedded_crm import reads, schema

_OPEN: Final = ("incoming", "open")


def company_deals(connection: Connection, ids: Iterable[str]) -> dict[str, CompanyDeals]:
    """Return what the companies of these deals have beside each of them; deals without a company are missing."""
    deals, stages = schema.deals.c, schema.stages.c
    placed = schema.deals.join(schema.stages, (stages.pipeline == deals.pipeline) & (stages.key == deals.stage))
    asked: dict[int, tuple[int, str]] = {}
    for some in reads.chunks(reads.numbers(ids)):
        query = select(deals.id, deals.company_id, stages.kind).select_from(placed)
        rows = connection.execute(query.where(deals.id.in_(some), deals.company_id.is_not(None)))
        asked.update((row.id, (row.company_id, row.kind)) for row in rows)
    companies = sorted({company for company, _ in asked.values()})
    counted: dict[tuple[int, str], int] = {}
    newest: dict[int, list[Row[Any]]] = {}
    for some in reads.chunks(companies):
        query = select(deals.company_id, stages.kind, func.count().label("many")).select_from(placed)
        query = query.where(deals.company_id.in_(some)).group_by(deals.company_id, stages.kind)
        counted.update(((row.company_id, row.kind), row.many) for row in connection.execute(query))
        for row in connection.execute(_newest(some)):
            newest.setdefault(row.company_id, []).append(row)
    return {
        str(deal): _beside(deal, kind, company, counted, newest.get(company, []))
        for deal, (company, kind) in asked.items()
    }


def _newest(companies: list[int]) -> Any:
    """The two newest open deals of each company: one of them may be the deal that is asked about."""
    deals, stages, users = schema.deals.c, schema.stages.c, schema.users.c
    ranked = (
        select(
            deals.id,
            deals.company_id,
            deals.title,
            deals.owner_id,
            func.row_number().over(partition_by=deals.company_id, order_by=deals.id.desc()).label("place"),
        )
        .join(schema.stages, (stages.pipeline == deals.pipeline) & (stages.key == deals.stage))
        .where(deals.company_id.in_(companies), stages.kind.in_(_OPEN))
        .subquery()
    )
    return (
        select(ranked, users.name.label("owner_name"), users.email.label("owner_email"))
        .outerjoin(schema.users, users.id == ranked.c.owner_id)
        .where(ranked.c.place <= 2)
        .order_by(ranked.c.company_id, ranked.c.place)
    )


def _beside(
    deal: int, kind: str, company: int, counted: dict[tuple[int, str], int], newest: list[Row[Any]]
) -> CompanyDeals:
    row = next((each for each in newest if each.id != deal), None)
    owner: User | None = None if row is None else reads.user_of(row)
    return CompanyDeals(
        open=sum(counted.get((company, each), 0) for each in _OPEN) - (kind in _OPEN),
        won=counted.get((company, "won"), 0) - (kind == "won"),
        newest_id=None if row is None else str(row.id),
        newest_title=None if row is None else row.title,
        newest_owner=owner,
    )
