"""Owns our deployments in Prefect: made when a digest changed, found again, made anew when they were lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from dealwright.compile.digest import behaviour_digest
from dealwright_flows import names, wire
from dealwright_flows.api import PrefectNotFound
from dealwright_flows.ports import Api, RecorderJournal

Key: TypeAlias = tuple[str, str]
"""Account and automation."""

_PAGE = 200
_log = logging.getLogger(__name__)


class Deployments:
    """The deployments of the active releases, by account and automation."""

    def __init__(
        self, journal: RecorderJournal, api: Api, accounts: Sequence[str], *, pool: wire.WorkPool | None = None
    ) -> None:
        """`pool` is the work pool that carries them; in the `local` driver there is none."""
        self._pool = pool
        self._journal = journal
        self._api = api
        self._accounts = tuple(accounts)
        self._ids: dict[Key, str] = {}
        self._synced: Mapping[str, str] | None = None
        self._busy = asyncio.Lock()

    def ids(self) -> Mapping[Key, str]:
        """Return what is known to be deployed: deployment ids by account and automation."""
        return dict(self._ids)

    async def check(self) -> None:
        """Make Prefect hold what the active releases name; notice when its database was replaced.

        A replaced database says nothing by itself: it answers polls with empty lists and swallows events. So the
        count of our deployments is asked for.
        """
        async with self._busy:
            if self._synced is not None and await self._count() < len(self._ids):
                _log.warning("Prefect lost deployments of ours (its database was replaced?): making them again")
                self._synced = None
                self._ids.clear()
                self._journal.forget_runs()
            if self._synced != (wanted := self._digests()):
                await self._sync()
                self._synced = wanted

    async def lost(self) -> bool:
        """Say whether Prefect lost what we made there, and if so make it again."""
        before = self._synced
        await self.check()
        return self._synced is not before

    async def id_of(self, account: str, automation: str, version: str) -> str:
        """Return the deployment's id; one that no release names any more is made for the windows it still has."""
        if self._synced is None:
            await self.check()
        async with self._busy:
            key = (account, automation)
            if key not in self._ids:
                self._ids[key] = await self._upsert(key, version, why="", lost=False)
            return self._ids[key]

    @property
    def _pool_name(self) -> str | None:
        return None if self._pool is None else self._pool.name

    async def _make_pool(self, pool: wire.WorkPool) -> None:
        try:
            await self._api.get(f"/work_pools/{pool.name}")
        except PrefectNotFound:
            await self._api.post("/work_pools/", {"name": pool.name, "type": pool.type})

    async def _sync(self) -> None:
        if self._pool is not None:
            await self._make_pool(self._pool)
        existing = await self._existing()
        for account in self._accounts:
            release = self._journal.active_release(account)
            for automation in release.account.automations if release else ():
                key, version = (account, automation.key), behaviour_digest(automation)
                there = existing.get(names.flow_name(*key))
                before = self._journal.deployed(*key)
                if there is None or there["version"] != version or there.get("work_pool_name") != self._pool_name:
                    lost = there is None and before is not None
                    self._ids[key] = await self._upsert(key, version, why=automation.why, lost=lost)
                    if self._pool is None and there is not None and there.get("work_pool_name") is not None:
                        await self._api.patch(f"/deployments/{self._ids[key]}", {"work_pool_name": None})
                else:
                    self._ids[key] = str(there["id"])
                if there is None or before is None or before.version != version:
                    self._journal.note_deployed(*key, version, self._ids[key])

    async def _upsert(self, key: Key, version: str, *, why: str, lost: bool) -> str:
        # The operator's pause lives in Prefect; only when Prefect forgot it do we say what it last was.
        account, automation = key
        paused = automation in self._journal.paused(account) if lost else None
        flow = await self._api.post("/flows/", {"name": names.flow_name(*key), "tags": names.tags(account)})
        body = wire.deployment(
            flow["id"], account, automation, version=version, why=why, paused=paused, pool=self._pool
        )
        return str((await self._api.post("/deployments/", body))["id"])

    async def _existing(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        while True:
            page = await self._api.post(
                "/deployments/filter", {**wire.ours(), "limit": _PAGE, "offset": len(found), "sort": "NAME_ASC"}
            )
            found.update({each["name"]: each for each in page})
            if len(page) < _PAGE:
                return found

    async def _count(self) -> int:
        ids = list(self._ids.values())
        return int(await self._api.post("/deployments/count", wire.ours(id={"any_": ids})))

    def _digests(self) -> dict[str, str]:
        releases = {account: self._journal.active_release(account) for account in self._accounts}
        return {account: release.digest for account, release in releases.items() if release}
