"""The embedded CRM as the engine sees it: carries out calls in bulk by key, is read, shaped and pulled."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from sqlalchemy import Connection

from dealwright.errors import OutcomeUnknown, Rejected, Unavailable
from dealwright.model.crm import CompanyDeals, Deal, PipelineShape, User
from dealwright.model.custom import FieldShapes
from dealwright.model.delivery import Delivery, Keyed
from dealwright.model.events import Answer
from dealwright.model.requests import (
    AddNote,
    Call,
    ChangeTags,
    CompleteTasks,
    CreateContact,
    CreateDeal,
    CreateRecord,
    MoveBack,
    MoveDeal,
    Outcome,
    Refused,
    RemoveRecord,
    Request,
    SendMessage,
    Sent,
    SetTask,
    TryAgain,
    Unknown,
    UpdateCompany,
    UpdateContact,
    UpdateDeal,
    UpdateRecord,
)
from dealwright.ports import DealKey, FeedItem, InHands, Place, ShapeChange
from dealwright_embedded_crm import company_reads, feed, lookups, meta, reads, shape, shape_fields, values, workload
from dealwright_embedded_crm.change import Change, Origin
from dealwright_embedded_crm.change_companies import set_company_of_deal
from dealwright_embedded_crm.csv_file import CsvFile
from dealwright_embedded_crm.importer import Importer
from dealwright_embedded_crm.keys import Receipt, kept
from dealwright_embedded_crm.own_texts import Reading
from dealwright_embedded_crm.people import People
from dealwright_embedded_crm.pipelines import claim
from dealwright_embedded_crm.record_importer import RecordColumns, RecordImporter
from dealwright_embedded_crm.rows import RowReader
from dealwright_embedded_crm.values import Refusal

WORK_SECONDS: Final = 5.0

ACTIONS: Final = frozenset(
    {
        "create_deal",
        "create_deal(unless_open=)",
        "least_loaded()",
        "update_deal",
        "move_deal",
        "move_back",
        "set_task",
        "change_tags",
        "complete_tasks",
        "add_note",
        "create_contact",
        "create_contact(role=)",
        "update_contact",
        "update_company",
        "create_record",
        "update_record",
        "remove_record",
        "send_message",
        "deal.company.open_deals",
    }
)

_OF_ONE_DEAL: Final = (
    UpdateDeal,
    MoveDeal,
    MoveBack,
    ChangeTags,
    CompleteTasks,
    AddNote,
    CreateContact,
    UpdateCompany,
    CreateRecord,
    UpdateRecord,
    RemoveRecord,
)


class EmbeddedCrm(People):
    """A CRM in a database of its own (`sqlite:///data/crm.db` or `postgresql://...`), migrated when it is opened."""

    name = "embedded_crm"
    source = "embedded_crm"
    at_once = 500

    @property
    def call_timeout(self) -> float:
        """The longest one bulk call takes: waiting for another writer, and then writing."""
        return self._patience + WORK_SECONDS

    @property
    def installation(self) -> str:
        """The random text of this database, with which its events' ids begin."""
        with self._database.read() as connection:
            return meta.installation(connection)

    def actions(self) -> frozenset[str]:
        """Return the kinds it carries out."""
        return ACTIONS

    def destinations(self) -> frozenset[str]:
        """Return nothing: it sends nowhere else."""
        return frozenset()

    async def aclose(self) -> None:
        """Close the database."""
        await asyncio.to_thread(self.close)

    def delivery(self, request: Request) -> Delivery:
        """Say that keys are kept with their writes for ever."""
        return Keyed(dedupes_for=None)

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        """Carry out the calls in one transaction; a key that is known gives its receipt again and changes nothing.

        If the database refuses the whole, each call gets a transaction of its own: only the bad one is refused.

        Raises:
            Unavailable: nothing was changed.
            OutcomeUnknown: the connection broke while it committed.
        """
        return await asyncio.to_thread(self._perform, calls)

    async def look(self, calls: Sequence[Call]) -> Sequence[bool]:
        """Say for each call whether its key is kept."""
        return await asyncio.to_thread(self._look, calls)

    async def read_deals(self, ids: Sequence[str]) -> Mapping[str, Deal]:
        """Read deals in bulk; those that are not there are missing."""
        return await asyncio.to_thread(self._read_deals, ids)

    async def find_deals(self, references: Sequence[str]) -> Mapping[str, Deal]:
        """Find the one deal of each reference; a reference of no deal or of several is missing from the result."""
        return await asyncio.to_thread(self._find_deals, references)

    async def deals_by_key(self, keys: Sequence[DealKey], *, country: str) -> Mapping[DealKey, Sequence[Deal]]:
        """Return the deals of each key, the newest first; what finds none is missing."""
        return await asyncio.to_thread(self._by_key, keys, country)

    async def contacts_by_key(self, keys: Sequence[DealKey], *, country: str) -> Mapping[DealKey, Sequence[str]]:
        """Return the ids of contacts with that phone or address, the oldest first; what finds none is missing."""
        return await asyncio.to_thread(self._contacts_by_key, keys, country)

    async def company_deals(self, ids: Sequence[str]) -> Mapping[str, CompanyDeals]:
        """Return what the companies of these deals have beside each of them."""
        return await asyncio.to_thread(self._company_deals, ids)

    async def deals_in(self, pipelines: Sequence[str], *, after: str | None, limit: int) -> Sequence[Deal]:
        """Return the next deals of these pipelines behind that id, in the order of their ids."""
        return await asyncio.to_thread(self._deals_in, pipelines, after, limit)

    async def merged_deals(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Return the deal that each of these is now; what was never merged away is missing from the result."""
        return await asyncio.to_thread(self._merged_deals, ids)

    async def count_deals(self, places: Sequence[Place]) -> Mapping[str, int]:
        """Count the deals in these stages by the id of their owner; whoever has none is missing from the result."""
        return await asyncio.to_thread(self._count_deals, places)

    async def in_hands(self, user_id: str, limit: int) -> InHands:
        """Return the open deals and tasks of a user, so many of each at most."""
        return await asyncio.to_thread(self._in_hands, user_id, limit)

    async def give_tasks(self, tasks: Mapping[str, str]) -> int:
        """Give open tasks to users, by their ids; return how many were still open."""
        return await asyncio.to_thread(self._give_tasks, tasks)

    async def read_users(self) -> Sequence[User]:
        """Return everybody who works in it."""
        return await asyncio.to_thread(self.users)

    def shape(
        self,
        pipelines: Sequence[PipelineShape],
        *,
        apply: bool,
        fields: FieldShapes | None = None,
        zone: str | None = None,
    ) -> Sequence[ShapeChange]:
        """Compare pipelines and fields with the wanted ones and, with `apply`, make them: all, or none.

        Without `fields` and `zone` those that there are stay as they are.
        """
        if not apply:
            with self._database.read() as connection:
                return _differences(connection, pipelines, fields)
        with self._database.write() as connection:
            changes = _differences(connection, pipelines, fields)
            if not any(change.refused for change in changes):
                shape.apply(connection, pipelines)
                if fields is not None:
                    shape_fields.apply(connection, fields)
                if zone is not None:
                    meta.set_zone(connection, zone)
                claim(connection, [pipeline.key for pipeline in pipelines])
            return changes

    def pull(self, limit: int) -> Sequence[FeedItem]:
        """Return the oldest events that were not taken yet."""
        with self._database.read() as connection:
            return feed.untaken(connection, limit)

    def taken(self, source_ids: Sequence[str]) -> None:
        """Remember that these events are safe elsewhere."""
        if source_ids:
            with self._database.write() as connection:
                feed.take(connection, source_ids, self._clock.wall())

    def importer(
        self, file: CsvFile, reader: RowReader, *, answer: Answer = "on", country: str | None = None
    ) -> Importer:
        """Return what imports a file into this CRM; phones without a prefix are of the country."""
        return Importer(self._database, self._clock, file, reader, answer=answer, country=country)

    def record_importer(
        self, file: CsvFile, columns: RecordColumns, reading: Reading, *, answer: Answer = "on"
    ) -> RecordImporter:
        """Return what imports a file of records under deals that are there."""
        own = self.field_reader()
        return RecordImporter(self._database, self._clock, file, columns, own, reading, answer=answer)

    def _perform(self, calls: Sequence[Call]) -> list[Outcome]:
        if not calls:
            return []
        try:
            return self._perform_together(calls)
        except Rejected:
            if len(calls) == 1:
                raise
        deadline = self._clock.monotonic() + WORK_SECONDS
        return [self._perform_alone(call, deadline) for call in calls]

    def _perform_alone(self, call: Call, deadline: float) -> Outcome:
        """Carry out one of many; what fails here says nothing of those that are committed already."""
        if self._clock.monotonic() > deadline:
            return TryAgain(reason="no time was left for this one")
        try:
            return self._perform_together([call])[0]
        except Rejected as refusal:
            return Refused(code=refusal.code, message=str(refusal))
        except Unavailable as error:
            return TryAgain(reason=str(error))
        except OutcomeUnknown as error:
            return Unknown(reason=str(error))

    def _perform_together(self, calls: Sequence[Call]) -> list[Outcome]:
        with self._database.write() as connection:
            known = kept(connection, [call.key for call in calls])
            change = Change(connection, self._clock.now())
            _load(change, [call.request for call in calls if call.key not in known])
            outcomes = [_perform_one(change, call, known) for call in calls]
            change.flush()
            return outcomes

    def _look(self, calls: Sequence[Call]) -> list[bool]:
        with self._database.read() as connection:
            known = kept(connection, [call.key for call in calls])
        return [call.key in known for call in calls]

    def _read_deals(self, ids: Sequence[str]) -> dict[str, Deal]:
        with self._database.read() as connection:
            return reads.deals_by_id(connection, ids)

    def _by_key(self, keys: Sequence[DealKey], country: str) -> dict[DealKey, list[Deal]]:
        with self._database.read() as connection:
            return lookups.deals(connection, keys, country)

    def _deals_in(self, pipelines: Sequence[str], after: str | None, limit: int) -> list[Deal]:
        with self._database.read() as connection:
            return lookups.deals_in(connection, pipelines, after, limit)

    def _contacts_by_key(self, keys: Sequence[DealKey], country: str) -> dict[DealKey, list[str]]:
        with self._database.read() as connection:
            return lookups.contacts(connection, keys, country)

    def _in_hands(self, user_id: str, limit: int) -> InHands:
        user = reads.number(user_id)
        if user is None:
            return InHands(deals=(), tasks=())
        with self._database.read() as connection:
            deals = workload.open_deals(connection, user, limit)
            tasks = workload.open_tasks(connection, user, limit)
        return InHands(deals=tuple(deals), tasks=tuple(tasks))

    def _give_tasks(self, tasks: Mapping[str, str]) -> int:
        with self._database.write() as connection:
            given = [
                workload.give_task(connection, int(task), int(owner))
                for task, owner in tasks.items()
                if reads.number(task) is not None and reads.number(owner) is not None
            ]
        return sum(given)

    def _count_deals(self, places: Sequence[Place]) -> dict[str, int]:
        with self._database.read() as connection:
            return workload.deals_by_owner(connection, places)

    def _merged_deals(self, ids: Sequence[str]) -> dict[str, str]:
        with self._database.read() as connection:
            return reads.merged(connection, "deal", ids)

    def _company_deals(self, ids: Sequence[str]) -> dict[str, CompanyDeals]:
        with self._database.read() as connection:
            return company_reads.company_deals(connection, ids)

    def _find_deals(self, references: Sequence[str]) -> dict[str, Deal]:
        kept: dict[str, str] = {}
        for reference in references:
            with suppress(Refusal):  # what cannot be kept is nobody's reference
                kept[reference] = values.line("reference", reference) or ""
        with self._database.read() as connection:
            found = reads.deals_by_reference(connection, filter(None, kept.values()))
        return {reference: found[clean] for reference, clean in kept.items() if clean in found}


def _differences(
    connection: Connection, pipelines: Sequence[PipelineShape], fields: FieldShapes | None
) -> list[ShapeChange]:
    changes = shape.compare(connection, pipelines)
    return changes if fields is None else [*changes, *shape_fields.compare(connection, fields)]


def _load(change: Change, requests: Sequence[Request]) -> None:
    change.load(
        deals=[each.deal_id for each in requests if isinstance(each, _OF_ONE_DEAL)],
        contacts=[id_ for each in requests if isinstance(each, CreateDeal) for id_ in each.contacts]
        + [each.contact_id for each in requests if isinstance(each, UpdateContact | SendMessage)],
    )
    change.load_owners([each.deal_id for each in requests if isinstance(each, SetTask)])
    change.load_tasks(
        tasks=[each.task_id for each in requests if isinstance(each, CompleteTasks) and each.task_id is not None],
        deals=[each.deal_id for each in requests if isinstance(each, CompleteTasks) and each.task_id is None],
    )
    change.load_records([each.record_id for each in requests if isinstance(each, UpdateRecord | RemoveRecord)])
    change.load_open_deals([each.contact_id for each in requests if isinstance(each, UpdateContact)])


def _perform_one(change: Change, call: Call, known: dict[str, Receipt]) -> Outcome:
    given = known.get(call.key)
    if given is not None:
        return Sent(receipt=given, repeated=True)
    try:
        receipt = _carry_out(change, call.request, Origin(actor=call.actor, cause=call.key))
    except Refusal as refusal:
        return Refused(code=refusal.code, message=refusal.message)
    change.keep(call.key, call.request.kind, call.actor, receipt)
    known[call.key] = receipt  # the same key twice in one batch is a repeat too
    return Sent(receipt=receipt)


def _carry_out(change: Change, request: Request, origin: Origin) -> Receipt:
    if isinstance(request, SetTask):
        return {"task_id": change.set_task(request).id}
    if isinstance(request, UpdateDeal):
        return {"changed": bool(change.update(request.deal_id, request.changes, origin))}
    if isinstance(request, MoveBack):
        before, after = change.move_back(request, origin)
        return {"moved": after is not before, "from_stage": before.stage, "to_stage": after.stage}
    if isinstance(request, MoveDeal):
        before, after = change.move(request, origin)
        return {"moved": after is not before, "from_stage": before.stage, "to_stage": after.stage}
    if isinstance(request, CreateDeal):
        open_deal = change.open_deal_like(request)
        if open_deal is not None:
            return {"deal_id": None, "open_deal": open_deal}
        return {"deal_id": change.create(request, origin).id}
    if isinstance(request, ChangeTags):
        return {"changed": change.change_tags(request, origin)}
    if isinstance(request, CompleteTasks):
        return {"completed": change.complete_tasks(request, origin)}
    if isinstance(request, AddNote):
        return {"note_id": change.add_note(request, origin).id}
    if isinstance(request, CreateContact):
        return {"contact_id": change.create_contact(request, origin).id}
    if isinstance(request, SendMessage):
        written = change.write(request, origin)
        return {"message_id": written.id, "contact_id": written.contact_id}
    if isinstance(request, UpdateCompany):
        return {"changed": set_company_of_deal(change, request.deal_id, request.custom, origin)}
    if isinstance(request, UpdateContact):
        return {"changed": bool(change.update_contact(request.contact_id, request.changes, origin))}
    if isinstance(request, CreateRecord):
        return {"record_id": change.add_record(request, origin).id}
    if isinstance(request, UpdateRecord):
        return {"changed": bool(change.update_record(request.deal_id, request.record_id, request.custom, origin))}
    if isinstance(request, RemoveRecord):
        return {"removed": change.remove_record(request.deal_id, request.record_id, origin)}
    raise Refusal("unknown_action", f"the embedded CRM does not carry out {request.kind}")
