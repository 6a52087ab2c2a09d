"""Changes of companies: what they hold in own fields, what they are called, and two that are one.

What a company holds is told by no event: deals show it when they are next read. Another name is told by its open deals.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace
from sqlalchemy import delete, update

from dealwright.model.custom import Custom, held_in, merged
from dealwright_embedded_crm import company_reads, lookups, own_reads, schema, values
from dealwright_embedded_crm.change import Change, Origin
from dealwright_embedded_crm.company_reads import Company
from dealwright_embedded_crm.merging import remember
from dealwright_embedded_crm.values import Refusal


def set_company(change: Change, which: str, given: Iterable[Custom], origin: Origin) -> tuple[Company, tuple[str, ...]]:
    """Set own fields of a company, by its id or exact name; return it, and the names of those that are different now.

    Raises:
        Refusal: there is no such company or field, or a field cannot hold what it is given.
    """
    before = _company(change, which)
    own = change.own("company", given, origin)
    different = tuple(each for each in own if held_in(before.custom, each.key) != each.value)
    if not different:
        return before, ()
    after = replace(before, custom=merged(before.custom, different))
    _write(change, after)
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


def rename_company(change: Change, which: str, name: str, origin: Origin) -> Company:
    """Let a company be called otherwise, and so its deals; its newest open ones tell it.

    Raises:
        Refusal: there is no such company, the name cannot be kept, or another company has it.
    """
    before = _company(change, which)
    clean = values.line("company", name)
    if clean is None:
        raise Refusal("bad_company", "a company needs a name")
    if clean == before.name:
        return before
    other = company_reads.by_name(change.connection, clean)
    if other is not None:
        raise Refusal("name_taken", f"company {other.id} is called so; merge the two if they are one")
    deals = company_reads.newest_open(change.connection, before.id)
    change.load(deals=deals)
    after = replace(before, name=clean)
    _write(change, after)
    change.call_company(deals, clean, origin)
    return after


def merge_companies(change: Change, kept: str, absorbed: str, origin: Origin) -> Company:
    """Make two companies one: the deals of the absorbed one are the kept one's, whose blanks it fills.

    Its newest open deals tell that they are with a company of another name. The absorbed id means the kept one.

    Raises:
        Refusal: one of them is not there, or they are one already.
    """
    before, other = _company(change, kept), _company(change, absorbed)
    if before.id == other.id:
        raise Refusal("same_company", f"company {before.id} cannot be merged with itself")
    moved = company_reads.newest_open(change.connection, other.id)
    change.load(deals=moved)
    deals, table = schema.deals, schema.companies
    theirs = update(deals).where(deals.c.company_id == int(other.id))
    change.connection.execute(theirs.values(company_id=int(before.id)))
    lookups.keep_company(change.connection, other.id, ())
    change.connection.execute(delete(table).where(table.c.id == int(other.id)))
    remember(change, "company", int(before.id), int(other.id))
    blank = tuple(each for each in other.custom or () if held_in(before.custom, each.key) is None)
    after = replace(before, custom=merged(before.custom, blank))
    if blank:
        _write(change, after)
    change.call_company(moved, after.name, origin)
    return after


def _company(change: Change, which: str) -> Company:
    change.flush()  # a deal of this transaction may have made the company
    found = company_reads.company(change.connection, which)
    if found is None:
        raise Refusal("not_found", f"there is no company {values.shown(which)}")
    return found


def _write(change: Change, company: Company) -> None:
    table = schema.companies
    row = {"name": company.name, "custom": own_reads.stored(company.custom)}
    change.connection.execute(update(table).where(table.c.id == int(company.id)).values(row))
    lookups.keep_company(change.connection, company.id, company.custom)
