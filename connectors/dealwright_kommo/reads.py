"""Reads leads, contacts, companies and users in bulk; what seldom changes is remembered for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from dealwright.clock import Clock
from dealwright.model.crm import Contact, Deal, User
from dealwright.model.events import MOST_DEALS
from dealwright.ports import ContactRead, Place
from dealwright_kommo import mapping, sansio
from dealwright_kommo.client import Budget, Client
from dealwright_kommo.settings import LOST, WON, KommoSettings
from dealwright_kommo.wire import Lead, Ref, WireContact, WirePipeline, WireUser

USERS_SECONDS: Final = 600.0
COMPANIES_SECONDS: Final = 600.0
OWNERS_SECONDS: Final = 60.0
MOST_REMEMBERED: Final = 20_000
REFERENCES_AT_ONCE: Final = 50


class Reader:
    """Reads one account."""

    def __init__(self, client: Client, settings: KommoSettings, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._users: tuple[float, dict[int, User]] | None = None
        self._companies: dict[int, tuple[float, str]] = {}
        self._owners: dict[str, tuple[float, int | None]] = {}
        self._reasons: dict[str, int] | None = None

    async def leads(self, ids: Iterable[str], budget: Budget) -> dict[str, Lead]:
        """Read leads as Kommo has them; those that are gone are missing. What is no id of Kommo's is gone too."""
        found: dict[str, Lead] = {}
        wanted = sorted({id_ for id_ in ids if id_.isascii() and id_.isdigit()})
        paths = [sansio.by_id("/leads", some, ("with", "contacts,loss_reason")) for some in sansio.many(wanted)]
        for lead in await self._client.lists(paths, "leads", Lead, budget):
            if not lead.is_deleted:
                found[str(lead.id)] = lead
        self._remember_owners(found.values())
        return found

    async def deals(self, ids: Iterable[str], budget: Budget) -> dict[str, Deal]:
        """Read deals whole, with their contacts, companies and owners."""
        leads = await self.leads(ids, budget)
        return await self._whole(list(leads.values()), budget)

    async def deals_by_reference(self, references: Sequence[str], budget: Budget) -> dict[str, Deal]:
        """Find the one deal of each reference; one of no deal or of several is missing."""
        field = self._settings.reference_field
        if field is None:
            return {}
        name = f"filter[custom_fields_values][{field}][]"
        leads: dict[int, Lead] = {}
        for some in sansio.many(references, REFERENCES_AT_ONCE):
            path = sansio.query("/leads", ("with", "contacts,loss_reason"), ("limit", 250), *((name, r) for r in some))
            for lead in await self._client.list(path, "leads", Lead, budget):
                if not lead.is_deleted:
                    leads[lead.id] = lead
        wanted = set(references)
        by_reference: dict[str, list[Deal]] = {}
        for deal in (await self._whole(list(leads.values()), budget)).values():
            if deal.reference in wanted:  # Kommo's filter may be laxer than ours
                by_reference.setdefault(deal.reference or "", []).append(deal)
        return {reference: found[0] for reference, found in by_reference.items() if len(found) == 1}

    async def contacts(self, ids: Iterable[str], budget: Budget) -> dict[str, ContactRead]:
        """Read contacts with the open deals they are on."""
        found: list[WireContact] = []
        for some in sansio.many(sorted({id_ for id_ in ids if id_.isascii() and id_.isdigit()})):
            path = sansio.by_id("/contacts", some, ("with", "leads"))
            found += await self._client.list(path, "contacts", WireContact, budget)
        found = [each for each in found if not each.is_deleted]
        leads = await self.leads({str(lead.id) for each in found for lead in each.parts.leads or ()}, budget)
        still_open = {id_: lead for id_, lead in leads.items() if lead.status_id not in (WON, LOST)}
        newest = {each.id: _newest(each.parts.leads or (), still_open) for each in found}
        shown = {str(lead.id): lead for own in newest.values() for lead in own[:MOST_DEALS]}
        deals = await self._whole(list(shown.values()), budget)
        return {
            str(each.id): ContactRead(
                contact=mapping.contact(each),
                version=each.updated_at,
                deals=tuple(deals[str(lead.id)] for lead in newest[each.id][:MOST_DEALS]),
                more=max(0, len(newest[each.id]) - MOST_DEALS),
            )
            for each in found
        }

    async def users(self, budget: Budget) -> dict[int, User]:
        """Return the account's users; remembered for a while."""
        now = self._clock.monotonic()
        if self._users is None or now - self._users[0] > USERS_SECONDS:
            try:
                listed: Sequence[WireUser] = await self._client.list(
                    sansio.query("/users", ("limit", 250)), "users", WireUser, budget
                )
            except sansio.Forbidden:
                listed = []  # only admins may list users; whoever is not listed is called by the id
            self._users = (now, {each.id: mapping.user_of(each) for each in listed})
        return self._users[1]

    async def counts(self, places: Sequence[Place], budget: Budget) -> dict[str, int]:
        """Count the leads in these stages by the id of their owner; Kommo counts nothing, so all of them are listed."""
        found: dict[str, int] = {}
        pairs: list[tuple[str, object]] = []
        for number, place in enumerate(places):
            ids = self._settings.ids(place.pipeline, place.stage)
            if ids is not None:
                names = (f"filter[statuses][{number}][{part}]" for part in ("pipeline_id", "status_id"))
                pairs += zip(names, ids, strict=True)
        if not pairs:
            return found
        path = sansio.query("/leads", ("limit", 250), ("order[id]", "asc"), *pairs)
        for lead in await self._client.list(path, "leads", Lead, budget):
            if lead.responsible_user_id is not None and not lead.is_deleted:
                owner = str(lead.responsible_user_id)
                found[owner] = found.get(owner, 0) + 1
        return found

    async def owners(self, deal_ids: Iterable[str], budget: Budget) -> dict[str, int | None]:
        """Return who owns these deals, from what was read of them just now where that is so; gone ones are missing."""
        now = self._clock.monotonic()
        wanted = set(deal_ids)
        known = {id_: own[1] for id_ in wanted if (own := self._owners.get(id_)) and now - own[0] <= OWNERS_SECONDS}
        if missing := wanted - set(known):
            known |= {id_: lead.responsible_user_id for id_, lead in (await self.leads(missing, budget)).items()}
        return known

    async def pipelines(self, budget: Budget) -> list[WirePipeline]:
        """Return the account's pipelines with their stages."""
        return list(await self._client.list(sansio.query("/leads/pipelines"), "pipelines", WirePipeline, budget))

    async def loss_reason(self, name: str, budget: Budget) -> int | None:
        """Return the id of a reason why deals are lost, or None if the account has none of that name."""
        if self._reasons is None or name.casefold() not in self._reasons:
            listed = await self._client.list(sansio.query("/leads/loss_reasons"), "loss_reasons", Ref, budget)
            self._reasons = {(each.name or "").casefold(): each.id for each in listed}
        return self._reasons.get(name.casefold())

    async def account_user(self, budget: Budget) -> str:
        """Return the id of the user whose token it is."""
        found = await self._client.get(sansio.query("/account"), _Account, budget)
        return str(found.current_user_id)

    async def _whole(self, leads: Sequence[Lead], budget: Budget) -> dict[str, Deal]:
        if not leads:
            return {}
        contacts: dict[int, Contact] = {}
        wanted = sorted({each.id for lead in leads for each in mapping.contacts_of(lead)})
        paths = [sansio.by_id("/contacts", some) for some in sansio.many(wanted)]
        listing = asyncio.ensure_future(self.users(budget))  # beside the contacts: most often they are known
        try:
            listed = await self._client.lists(paths, "contacts", WireContact, budget)
            contacts |= {each.id: mapping.contact(each) for each in listed if not each.is_deleted}
            companies = await self._company_names(
                {each.id for lead in leads for each in lead.parts.companies or ()}, budget
            )
            users = await listing
        finally:
            listing.cancel()
            await asyncio.gather(listing, return_exceptions=True)
        return {
            str(lead.id): mapping.deal(lead, self._settings, contacts=contacts, companies=companies, users=users)
            for lead in leads
        }

    async def _company_names(self, ids: set[int], budget: Budget) -> Mapping[int, str]:
        now = self._clock.monotonic()
        names = {id_: known[1] for id_ in ids if (known := self._companies.get(id_)) and known[0] > now}
        for some in sansio.many(sorted(ids - set(names))):
            for each in await self._client.list(sansio.by_id("/companies", some), "companies", Ref, budget):
                names[each.id] = each.name or ""
        if len(self._companies) > MOST_REMEMBERED:
            self._companies.clear()
        self._companies |= {id_: (now + COMPANIES_SECONDS, name) for id_, name in names.items() if name}
        return {id_: name for id_, name in names.items() if name}

    def _remember_owners(self, leads: Iterable[Lead]) -> None:
        if len(self._owners) > MOST_REMEMBERED:
            self._owners.clear()
        now = self._clock.monotonic()
        self._owners |= {str(lead.id): (now, lead.responsible_user_id) for lead in leads}


def _newest(refs: Sequence[Ref], leads: Mapping[str, Lead]) -> list[Lead]:
    found = [leads[str(ref.id)] for ref in refs if str(ref.id) in leads]
    return sorted(found, key=lambda lead: (-lead.updated_at, lead.id))


class _Account(msgspec.Struct, frozen=True):
    current_user_id: int
