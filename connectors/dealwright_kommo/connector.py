"""Kommo as the engine sees it: carries out calls in bulk, is read, compared, and asked for no more than it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

from dealwright.clock import Clock
from dealwright.errors import ConnectorError, InputError
from dealwright.model.crm import Deal, PipelineShape, User
from dealwright.model.custom import FieldShapes
from dealwright.model.delivery import Checkable, Delivery, Idempotent
from dealwright.model.requests import Call, Outcome, Request
from dealwright.ports import ContactRead, Limiter, Pace, Place, ShapeChange
from dealwright_kommo import shapes
from dealwright_kommo.batches import Batches
from dealwright_kommo.client import Client
from dealwright_kommo.reads import Reader
from dealwright_kommo.settings import KommoSettings
from dealwright_kommo.writes import WORK_SECONDS, Writer

_MADE: Final = frozenset({"create_deal", "set_task", "add_note"})
_CHANGED: Final = frozenset({"update_deal", "move_deal", "move_back", "change_tags", "complete_tasks"})
_COUNTED: Final = frozenset({"least_loaded()"})
_UNTOLD: Final = frozenset(
    {
        "task_completed",
        "activity_logged",
        "message_received",
        "replied",
        "record_added",
        "record_updated",
        "record_removed",
    }
)


class Kommo:
    """One account of Kommo."""

    name = "kommo"

    def __init__(self, settings: KommoSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._client = Client(settings, clock)
        self._reader = Reader(self._client, settings, clock)
        self._batches = Batches(self._client, settings.batch)
        self._writer = Writer(self._client, self._reader, self._batches, settings)

    @property
    def settings(self) -> KommoSettings:
        """What the target file says of it."""
        return self._settings

    @property
    def installation(self) -> str:
        """The address: no other account has it."""
        return self._settings.url

    @property
    def call_timeout(self) -> float:
        """The longest one bulk call takes: no request of it leaves later, and then it is waited for."""
        return WORK_SECONDS + self._settings.timeout

    @property
    def at_once(self) -> int:
        """As many as one request carries, of the size that Kommo has lately taken: each passes the gate by itself."""
        return self._batches.size

    @property
    def pace(self) -> Pace:
        """What Kommo takes of one account."""
        return Pace(rate=self._settings.per_second)

    def pace_with(self, limiter: Limiter) -> None:
        """Take tokens from this limiter."""
        self._client.limiter = limiter

    def actions(self) -> frozenset[str]:
        """Return what it carries out; deals are created only where a field keeps our key, so that they are found."""
        return (_MADE | _CHANGED | _COUNTED) - (
            frozenset() if self._settings.key_field is not None else {"create_deal"}
        )

    def untold(self) -> frozenset[str]:
        """Return what is not told us: completed tasks, logged calls, what contacts write; and it knows no records."""
        return _UNTOLD

    def destinations(self) -> frozenset[str]:
        """Return nothing: it sends nowhere else."""
        return frozenset()

    def delivery(self, request: Request) -> Delivery:
        """Say that what is made can be looked up, and that what is changed is written only where it still fits."""
        if request.kind in _MADE:
            return Checkable(look_after=timedelta(seconds=self._settings.timeout + self._settings.look_after))
        return Idempotent()

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        """Carry out the calls; one outcome for each."""
        return await self._writer.perform(calls)

    async def look(self, calls: Sequence[Call]) -> Sequence[bool]:
        """Say for each call whether what it was to make is there."""
        return await self._writer.look(calls)

    async def read_deals(self, ids: Sequence[str]) -> Mapping[str, Deal]:
        """Read deals in bulk; those that are gone are missing."""
        return await self._reader.deals(ids, self._client.budget())

    async def find_deals(self, references: Sequence[str]) -> Mapping[str, Deal]:
        """Find the one deal of each reference."""
        return await self._reader.deals_by_reference(references, self._client.budget())

    async def read_contacts(self, ids: Sequence[str]) -> Mapping[str, ContactRead]:
        """Read contacts in bulk, with the open deals they are on; those that are gone are missing."""
        return await self._reader.contacts(ids, self._client.budget())

    async def count_deals(self, places: Sequence[Place]) -> Mapping[str, int]:
        """Count the deals in these stages by the id of their owner: 250 of them take one request."""
        return await self._reader.counts(places, self._client.budget())

    async def read_users(self) -> Sequence[User]:
        """Return the account's users; only an admin's token may list them."""
        return list((await self._reader.users(self._client.budget())).values())

    def shape(
        self,
        pipelines: Sequence[PipelineShape],
        *,
        apply: bool,
        fields: FieldShapes | None = None,
        zone: str | None = None,
    ) -> Sequence[ShapeChange]:
        """Compare the account's pipelines with the wanted ones. Nothing is ever made: a person does that in Kommo.

        `fields` are not looked at: this connector does not write custom fields yet. Kommo knows its zone itself.

        Raises:
            ConnectorError: the account cannot be read.
            InputError: there is no token.
        """

        async def read() -> Sequence[ShapeChange]:
            client = Client(self._settings, self._clock)
            try:
                found = await Reader(client, self._settings, self._clock).pipelines(client.budget())
            finally:
                await client.aclose()
            return shapes.compare(pipelines, found, self._settings)

        # It is asked where a loop runs already, and where none does.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: asyncio.run(read())).result()

    async def self_test(self) -> Sequence[str]:
        """Return what is wrong with the token and the settings, without changing anything."""
        try:
            user = await self._reader.account_user(self._client.budget())
        except (ConnectorError, InputError) as error:
            return [str(error)]
        if self._settings.user is None:
            return [f"the target file names no user: write user = {user}, or our own changes are taken for a person's"]
        if self._settings.user != user:
            return [f"the token is that of user {user}, and the target file says {self._settings.user}"]
        return []

    async def aclose(self) -> None:
        """Close its connections."""
        await self._client.aclose()
