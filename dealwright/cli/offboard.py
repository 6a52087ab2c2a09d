"""Handing over what somebody leaves behind: their open deals and tasks, by the CRM's own calls, as often as need be."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from dealwright.cli.site import Site, actor
from dealwright.compile import ir
from dealwright.engine.picked import Picked, PickRequest
from dealwright.errors import InputError
from dealwright.model.crm import Deal, User
from dealwright.model.requests import Call, DealChanges, Sent, UpdateDeal
from dealwright.ports import Crm, HandsOver, InHands

AT_ONCE: Final = 200
"""Deals or tasks that are handed over at a time."""

MOST: Final = 100_000
"""Deals or tasks that are counted at most."""


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """How many deals and tasks were handed over, and how many the CRM refused to."""

    deals: int = 0
    tasks: int = 0
    refused: int = 0


class HandOver:
    """Hands the work of one user over to another, or to those of a role in turn.

    A deal that was handed over is no longer theirs, so whoever starts again goes on where it broke off. Calls carry a
    key made of the deal and its version: one that arrived and was not answered is not done twice.
    """

    def __init__(self, site: Site, crm: Crm, reader: HandsOver, leaver: User, to: User | str) -> None:
        self._site = site
        self._crm = crm
        self._reader = reader
        self._leaver = leaver
        self._to = to

    async def all(self) -> Left:
        """Hand everything over."""
        deals = tasks = 0
        tried: set[str] = set()
        while found := [id_ for id_ in (await self._in_hands(len(tried) - deals)).deals if id_ not in tried]:
            deals += len(await self._deals(found[:AT_ONCE]))
            tried.update(found[:AT_ONCE])
        while given := await self._tasks((await self._in_hands(0)).tasks):
            tasks += given
        return Left(deals=deals, tasks=tasks, refused=len(tried) - deals)

    async def _in_hands(self, more: int) -> InHands:
        return await self._reader.in_hands(self._leaver.id, AT_ONCE + more)

    async def _deals(self, ids: Sequence[str]) -> set[str]:
        """Give deals to others; return which of them have gone."""
        deals = await self._crm.read_deals(ids)
        owners = self._owners({id_: deal.version for id_, deal in deals.items()})
        calls = {id_: self._call(deal, owners[id_]) for id_, deal in deals.items()}
        outcomes = await self._crm.perform(list(calls.values()))
        return {id_ for id_, outcome in zip(calls, outcomes, strict=True) if isinstance(outcome, Sent)}

    async def _tasks(self, tasks: Sequence[tuple[str, str]]) -> int:
        """Give tasks to whoever has their deal, or to whom all of it goes."""
        if not tasks:
            return 0
        deals = await self._crm.read_deals(sorted({deal for _, deal in tasks}))
        owners = {id_: deal.owner.id for id_, deal in deals.items() if deal.owner is not None}
        orphans = {task: 0 for task, deal in tasks if owners.get(deal, self._leaver.id) == self._leaver.id}
        picked = self._owners(orphans)
        return await self._reader.give_tasks({task: picked.get(task) or owners[deal] for task, deal in tasks})

    def _owners(self, of: Mapping[str, int]) -> dict[str, str]:
        """Return who gets what, by its id; what was picked for the same thing in the same version stays picked."""
        if isinstance(self._to, User):
            return dict.fromkeys(of, self._to.id)
        release = self._site.release
        requests = {f"offboard:{self._leaver.id}:{id_}:{version}": id_ for id_, version in of.items()}
        picked = self._site.journal.pick(
            self._site.account,
            [
                PickRequest(execution_id=key, step="offboard", role=ir.RoleValue(role=self._to), space="live")
                for key in requests
            ],
            now=self._site.journal.clock.now(),
            zone=release.calendar.zone if release is not None else "UTC",
        )
        found = {requests[key]: each.people[0].id for key, each in picked.items() if isinstance(each, Picked)}
        if len(found) < len(requests):
            raise InputError(f"nobody of role {self._to} is there any more: type it again when somebody is")
        return found

    def _call(self, deal: Deal, owner: str) -> Call:
        text = "|".join((self._site.journal.installation, "offboard", self._leaver.id, deal.id, str(deal.version)))
        key = f"dw-{hashlib.blake2b(text.encode(), digest_size=15).hexdigest()}"
        request = UpdateDeal(deal_id=deal.id, changes=DealChanges(owner=owner), version=deal.version)
        return Call(key=key, actor=actor(), request=request)
