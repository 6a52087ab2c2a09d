"""What companies have: how many deals, and which of them is the newest that is open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, func, select

from dealwright.model.crm import CompanyDeals, User
from dealwright.model.custom import Customs, CustomValue
from dealwright.model.events import MOST_DEALS
from dealwright_embedded_crm import own_reads, paging, reads, schema, values
from dealwright_embedded_crm.paging import Page

_OPEN: Final = ("incoming", "open")


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """A company that deals are with, and what it holds in the company's own fields of companies."""

    id: str
    name: str
    custom: Customs = msgspec.UNSET


class CompanyQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which companies to list: `name` is part of the name, in that case; `own` are own fields with their values."""

    name: str | None = None
    own: tuple[tuple[str, CustomValue], ...] = ()


EVERY_COMPANY: Final = CompanyQuery()


def page_of_companies(connection: Connection, query: CompanyQuery, after: str | None, limit: int) -> Page[Company]:
    """Return one page of companies, oldest first.

    Raises:
        Refusal: the name or the cursor cannot be used.
    """
    table = schema.companies.c
    statement = select(schema.companies)
    if query.name is not None:
        place = func.strpos if connection.dialect.name == "postgresql" else func.instr
        statement = statement.where(place(table.name, values.storable("name", query.name)) > 0)
    for key, value in query.own:
        statement = statement.where(own_reads.has(connection, table.custom, key, value))
    rows, further = paging.one_page(connection, statement, [paging.Order(table.id, int)], "companies", after, limit)
    return Page(items=tuple(_companies(connection, rows)), next=further)


def company(connection: Connection, which: str) -> Company | None:
    """Return the company of that id or, if it is no company's id, of exactly that name; None if there is none."""
    return by_id(connection, which) or by_name(connection, which)


def by_id(connection: Connection, company_id: str) -> Company | None:
    """Return the company of that id, or None; the id of one that was merged away means the kept one."""
    number = reads.number(reads.merged(connection, "company", [company_id]).get(company_id, company_id))
    if number is None:
        return None
    found = _companies(connection, connection.execute(_where(schema.companies.c.id == number)).all())
    return found[0] if found else None


def by_name(connection: Connection, name: str) -> Company | None:
    """Return the company of exactly that name, which may look like an id."""
    found = _companies(connection, connection.execute(_where(schema.companies.c.name == name)).all())
    return found[0] if found else None


def newest_open(connection: Connection, company_id: str) -> list[str]:
    """Return the newest open deals of a company, at most 50."""
    deals, stages = schema.deals.c, schema.stages.c
    query = (
        select(deals.id)
        .join(schema.stages, (stages.pipeline == deals.pipeline) & (stages.key == deals.stage))
        .where(deals.company_id == int(company_id), stages.kind.in_(_OPEN))
        .order_by(deals.id.desc())
        .limit(MOST_DEALS)
    )
    return [str(id_) for id_ in connection.execute(query).scalars()]


def _where(where: Any) -> Any:
    return select(schema.companies).where(where)


def _companies(connection: Connection, rows: Sequence[Row[Any]]) -> list[Company]:
    users = reads.users_named(connection, (row.custom for row in rows))
    return [Company(id=str(row.id), name=row.name, custom=own_reads.read(row.custom, users)) for row in rows]


def any_holds(connection: Connection) -> bool:
    """Say whether any company holds anything in an own field."""
    query = select(schema.companies.c.id).where(schema.companies.c.custom.is_not(None)).limit(1)
    return connection.execute(query).first() is not None


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
