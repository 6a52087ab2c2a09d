"""Matching: an event from outside that names no deal finds it by the values it tells (language/outside.py).

A pair that leads to a number of the deal's own (its reference, its own fields) finds it open or closed, the open ones
first: an invoice may be paid after the deal was won. A pair that leads to a person finds open deals only: whoever comes
again after their deal was lost has a new matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, TypeAlias

import msgspec

from dealwright.compile import ir
from dealwright.engine.records import ToRoute, Unmatched
from dealwright.engine.told import Value, read
from dealwright.model.crm import Deal, User
from dealwright.model.custom import value_of
from dealwright.model.events import EventReceived
from dealwright.model.normal import normal_email, normal_phone
from dealwright.ports import MOST_FOUND, Crm, DealKey, FindsDeals

BY_PERSON: Final = frozenset({"contacts.phone", "contacts.email"})
"""Fields that say who it is about, and not what."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The deals that an event is about: one, or each of several."""

    deals: tuple[Deal, ...]


class Dropped(msgspec.Struct, frozen=True, kw_only=True):
    """It is recorded, and nobody is asked."""


class ToMake(msgspec.Struct, frozen=True, kw_only=True):
    """No deal fits it, and one is to be made with these values."""

    pipeline: str
    keys: tuple[DealKey, ...]


Verdict: TypeAlias = Found | Dropped | ToMake | Unmatched
"""What becomes of an event from outside."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its class, and the keys of its pairs that have a value, in order."""

    item: ToRoute
    event: EventReceived
    known: ir.OutsideEvent
    keys: tuple[DealKey, ...]
    wrong: tuple[str, ...] = ()

    @property
    def marks(self) -> tuple[str, ...]:
        """The values by which a deal may be found later."""
        return tuple(f"{key.field}={key.value}" for key in self.keys)

    def unmatched(self, reason: str, detail: str = "", deals: Iterable[Deal] = ()) -> Unmatched:
        """Return that it waits, and why."""
        return msgspec.convert(
            {
                "event_id": self.item.id,
                "name": self.event.name,
                "reason": reason,
                "detail": detail,
                "deals": tuple(deal.id for deal in deals),
                "marks": self.marks,
            },
            Unmatched,
        )


def asked(account: ir.Account, item: ToRoute) -> Asked | None:
    """Return what is to be found for an event; None if its name has no class."""
    if not isinstance(item.event, EventReceived):
        return None
    known = account.outside_event(item.event.name)
    if known is None:
        return None
    values, wrong = read(account, known, item.event.data)
    pairs = known.match.by if known.match is not None else ()
    keys = []
    for pair in pairs:
        value = values.get(pair.field)
        if value is not None and (key := key_of(pair.path, value, account.country)) is not None:
            # What was written down before a field was renamed is held under its old name still.
            keys += [key, *(DealKey(old, key.value) for old in _old_names(account, key.field))]
    if item.event.reference is not None:
        keys.insert(0, DealKey("reference", item.event.reference))
    return Asked(item=item, event=item.event, known=known, keys=tuple(dict.fromkeys(keys)), wrong=tuple(wrong))


def key_of(path: str, value: Value, country: str) -> DealKey | None:
    """Return the key that a value is looked up by; None if it can be nobody's."""
    field = path.removeprefix("deal.")
    text = f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
    if field == "contacts.phone":
        phone = normal_phone(text, country)
        return None if phone is None else DealKey(field, phone)
    if field == "contacts.email":
        email = normal_email(text)
        return None if email is None else DealKey(field, email)
    return DealKey(field, text)


def keys_of_deal(account: ir.Account, deal: Deal) -> set[str]:
    """Return the marks of a deal: the values by which an event that waits may find it."""
    found = set()
    matches = [event.match for event in account.outside if event.match is not None]
    fields = {pair.path.removeprefix("deal.") for match in matches for pair in match.by}
    for field in fields.union(*(_old_names(account, field) for field in fields)):
        for value in _values(deal, field):
            key = key_of(f"deal.{field}", value, account.country)
            if key is not None:
                found.add(f"{key.field}={key.value}")
    if deal.reference:
        found.add(f"reference={deal.reference}")
    return found


def _old_names(account: ir.Account, field: str) -> tuple[str, ...]:
    return next((shape.renamed_from for shape in account.deal_fields if shape.key == field), ())


def _values(deal: Deal, field: str) -> Iterable[Value]:
    if field in BY_PERSON:
        part = field.rpartition(".")[2]
        return [value for contact in deal.contacts if (value := getattr(contact, part))]
    if field in ("reference", "title", "company", "lost_reason"):
        value = getattr(deal, field)
        return [] if value is None else [value]
    if field == "company.name":
        return [] if deal.company is None else [deal.company]
    held, key = (
        (deal.company_custom, field.removeprefix("company.")) if field.startswith("company.") else (deal.custom, field)
    )
    own = value_of(held, key)
    return [] if own is None or isinstance(own, tuple | User) else [own]


async def look_up(crm: Crm, some: Sequence[Asked], *, country: str) -> Mapping[DealKey, Sequence[Deal]]:
    """Look deals up for many events at once; a CRM that finds them only by reference is asked for that."""
    keys = sorted({key for each in some for key in each.keys})
    if not keys:
        return {}
    if isinstance(crm, FindsDeals):
        return await crm.deals_by_key(keys, country=country)
    references = [key.value for key in keys if key.field == "reference"]
    found = await crm.find_deals(references) if references else {}
    return {DealKey("reference", reference): (deal,) for reference, deal in found.items()}


def cannot_look(crm: Crm, event: ir.OutsideEvent) -> tuple[str, ...]:
    """Return the paths by which the CRM cannot look deals up; without those the event waits for a person."""
    if isinstance(crm, FindsDeals) or event.match is None:
        return ()
    return tuple(pair.path for pair in event.match.by if pair.path != "deal.reference")


def verdict(account: ir.Account, each: Asked, found: Mapping[DealKey, Sequence[Deal]], *, blind: bool) -> Verdict:
    """Say what becomes of an event, given the deals of its keys; `blind`: its CRM cannot look up some of them."""
    match = each.known.match
    if each.event.deal_id is not None:
        return each.unmatched("gone", "the deal that it names is not there")
    for key in each.keys:
        deals = [deal for deal in found.get(key, ()) if match is None or _in(deal, match) or _named(each, key)]
        is_open = [deal for deal in deals if _open(account, deal)]
        deals = is_open or ([] if key.field in BY_PERSON else deals)
        if not deals:
            continue
        deals.sort(key=lambda deal: (deal.created_at, len(deal.id), deal.id), reverse=True)
        if len(deals) == 1:
            return Found(deals=(deals[0],))
        return _of_several(each, deals)
    if blind:
        return each.unmatched("no_lookup", "its CRM does not find deals by the other fields of its Match")
    if match is None or match.if_none == "hold":
        return each.unmatched("nobody", _nobody(each))
    if match.if_none == "drop":
        return Dropped()
    makes = tuple(key for key in each.keys if key.field != "lost_reason")
    if not makes:
        return each.unmatched("nobody", _nobody(each))
    return ToMake(pipeline=match.pipelines[0], keys=makes)


def _of_several(each: Asked, deals: Sequence[Deal]) -> Verdict:
    how = each.known.match.if_many if each.known.match is not None else "ask"
    if how == "newest_open":
        return Found(deals=(deals[0],))
    if len(deals) > MOST_FOUND:
        return each.unmatched("several", f"more than {MOST_FOUND} deals fit it")
    if how == "each":
        return Found(deals=tuple(deals))
    return each.unmatched("several" if how == "ask" else "refused", f"{len(deals)} deals fit it", deals)


def _nobody(each: Asked) -> str:
    if each.keys:
        return "no deal fits it"
    return "it tells nothing that a deal is found by" if each.known.match is not None else "it names no deal"


def _named(each: Asked, key: DealKey) -> bool:
    """A reference that the sender names is looked for everywhere, as it is without a class."""
    return each.event.reference is not None and key == DealKey("reference", each.event.reference)


def _in(deal: Deal, match: ir.Match) -> bool:
    return deal.pipeline in match.pipelines


def _open(account: ir.Account, deal: Deal) -> bool:
    pipeline = account.pipeline(deal.pipeline)
    stage = None if pipeline is None else pipeline.stage(deal.stage)
    return stage is None or stage.kind in ("incoming", "open")
