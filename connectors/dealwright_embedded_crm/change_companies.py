"""Changes of companies: what they hold in own fields. No event tells them: deals see them when they are next read."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace
from sqlalchemy import update

from dealwright.model.custom import Custom, held_in, merged
from dealwright_embedded_crm import company_reads, lookups, own_reads, schema, values
from dealwright_embedded_crm.change import Change, Origin
from dealwright_embedded_crm.company_reads import Company
from dealwright_embedded_crm.values import Refusal


def set_company(change: Change, which: str, given: Iterable[Custom], origin: Origin) -> tuple[Company, tuple[str, ...]]:
    """Set own fields of a company, by its id or exact name; return it, and the names of those that are different now.

    Raises:
        Refusal: there is no such company or field, or a field cannot hold what it is given.
    """
    change.flush()  # a deal of this transaction may have made the company
    before = company_reads.company(change.connection, which)
    if before is None:
        raise Refusal("not_found", f"there is no company {values.shown(which)}")
    own = change.own("company", given, origin)
    different = tuple(each for each in own if held_in(before.custom, each.key) != each.value)
    if not different:
        return before, ()
    after = replace(before, custom=merged(before.custom, different))
    table = schema.companies
    row = {"custom": own_reads.stored(after.custom)}
    change.connection.execute(update(table).where(table.c.id == int(after.id)).values(row))
    lookups.keep_company(change.connection, after.id, after.custom)
    change.forget_companies()
    return after, tuple(each.key for each in different)


def set_company_of_deal(change: Change, deal_id: str, given: Iterable[Custom], origin: Origin) -> bool:
    """Set own fields of the company that a loaded deal is with; return whether any is different now.

    Raises:
        Refusal: there is no such deal, it has no company, or as for a company.
    """
    name = change.deal(deal_id).company
    if name is None:
        raise Refusal("no_company", f"deal {deal_id} has no company")
    change.flush()
    found = company_reads.by_name(change.connection, name)
    if found is None:
        raise Refusal("not_found", f"there is no company {values.shown(name)}")
    return bool(set_company(change, found.id, given, origin)[1])
