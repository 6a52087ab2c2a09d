"""Everyday use of the CRM by people, the player, the command line and tests: each call one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import replace
from sqlalchemy import select, update

from dealwright.clock import Clock
from dealwright.errors import NotFound, Rejected
from dealwright.model.crm import Contact, Deal, Money, PipelineShape, Task, User
from dealwright.model.requests import CreateDeal, DealChanges, MoveDeal, SetTask
from dealwright_embedded_crm import reads, schema
from dealwright_embedded_crm.catalog import read_pipelines, read_users
from dealwright_embedded_crm.change import Change, Origin, clean_contact
from dealwright_embedded_crm.database import PATIENCE, Database
from dealwright_embedded_crm.values import Refusal

SOMEBODY: Final = "user:local"
"""Who acts when nobody is named."""

T = TypeVar("T")


class StageCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many deals stand in a stage, and what they are worth by currency."""

    pipeline: str
    stage: str
    name: str
    kind: str
    deals: int
    amounts: tuple[Money, ...] = ()


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """One effect that the CRM carried out: its key, and the receipt that it gave."""

    key: str
    kind: str
    actor: str
    receipt: dict[str, Any]
    at: datetime


class People:
    """What people do in the CRM; refusals are `Rejected`, and what is not there is `NotFound`."""

    def __init__(self, url: str, clock: Clock, *, patience: float = PATIENCE) -> None:
        self._clock = clock
        self._patience = patience
        self._database = Database(url, patience=patience)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    # --- writing ----------------------------------------------------------------------------------------------------

    def add_user(self, name: str, email: str | None = None) -> User:
        """Make somebody who works in the CRM."""
        return self._do(lambda change: change.add_user(name, email))

    def create_contact(
        self,
        *,
        first_name: str | None = None,
        last_name: str | None = None,
        name: str | None = None,
        phone: str | None = None,
        email: str | None = None,
        actor: str = SOMEBODY,
    ) -> Contact:
        """Make a contact; without `name`, first and last name are put together."""
        wanted = Contact(id="", first_name=first_name, last_name=last_name, name=name, phone=phone, email=email)
        return self.create_contacts([wanted], actor=actor)[0]

    def create_contacts(self, contacts: Sequence[Contact], *, actor: str = SOMEBODY) -> list[Contact]:
        """Make contacts, all or none; the ids they come with are replaced."""
        return self._do(lambda change: [change.add_contact(contact) for contact in contacts])

    def update_contact(self, contact_id: str, *, actor: str = SOMEBODY, **fields: str | None) -> Contact:
        """Change a contact's own fields; its deals show it from now on, no event is told."""
        with self._database.write() as connection:
            found = reads.contacts_by_id(connection, [contact_id]).get(contact_id)
            if found is None:
                raise NotFound(f"there is no contact {contact_id!r}")
            try:
                contact = clean_contact(replace(found, **fields))
            except Refusal as refusal:
                raise _error(refusal) from None
            row = {**msgspec.structs.asdict(contact), "id": int(contact.id), "updated_at": self._clock.now()}
            table = schema.contacts
            connection.execute(update(table).where(table.c.id == row["id"]).values(row))
            return contact

    def create_deal(
        self,
        *,
        pipeline: str,
        stage: str,
        title: str,
        contacts: Sequence[str] = (),
        owner: str | None = None,
        amount: Money | None = None,
        close_date: date | None = None,
        reference: str | None = None,
        tags: Sequence[str] = (),
        company: str | None = None,
        actor: str = SOMEBODY,
    ) -> Deal:
        """Create a deal; `contacts` are ids, the main one first; `owner` is an id, an e-mail or an exact name."""
        wanted = CreateDeal(
            pipeline=pipeline,
            stage=stage,
            title=title,
            contacts=tuple(contacts),
            owner=owner,
            amount=amount,
            close_date=close_date,
            reference=reference,
            tags=tuple(tags),
            company=company,
        )
        return self.create_deals([wanted], actor=actor)[0]

    def create_deals(self, wanted: Sequence[CreateDeal], *, actor: str = SOMEBODY) -> list[Deal]:
        """Create deals, all or none."""
        origin = Origin(actor=actor)
        contacts = [contact for each in wanted for contact in each.contacts]
        return self._do(lambda change: [change.create(each, origin) for each in wanted], contacts=contacts)

    def update_deal(self, deal_id: str, changes: DealChanges, *, actor: str = SOMEBODY) -> Deal:
        """Change fields of a deal."""

        def act(change: Change) -> Deal:
            change.update(deal_id, changes, Origin(actor=actor))
            return change.deal(deal_id)

        return self._do(act, deals=[deal_id])

    def move_deal(
        self, deal_id: str, pipeline: str, stage: str, *, lost_reason: str | None = None, actor: str = SOMEBODY
    ) -> Deal:
        """Move a deal to a stage, forwards or backwards."""
        wanted = MoveDeal(deal_id=deal_id, pipeline=pipeline, stage=stage, only_forward=False, lost_reason=lost_reason)
        return self._do(lambda change: change.move(wanted, Origin(actor=actor))[1], deals=[deal_id])

    def add_contact(self, deal_id: str, contact_id: str, *, actor: str = SOMEBODY) -> Deal:
        """Link a contact to a deal, after those it has."""

        def act(change: Change) -> Deal:
            change.link(deal_id, contact_id, Origin(actor=actor))
            return change.deal(deal_id)

        return self._do(act, deals=[deal_id], contacts=[contact_id])

    def remove_contact(self, deal_id: str, contact_id: str, *, actor: str = SOMEBODY) -> Deal:
        """Unlink a contact from a deal; the next one becomes the main contact."""

        def act(change: Change) -> Deal:
            change.unlink(deal_id, contact_id, Origin(actor=actor))
            return change.deal(deal_id)

        return self._do(act, deals=[deal_id], contacts=[contact_id])

    def set_task(
        self, deal_id: str, text: str, due_at: datetime, *, owner: str | None = None, actor: str = SOMEBODY
    ) -> Task:
        """Give somebody something to do for a deal."""
        wanted = SetTask(deal_id=deal_id, text=text, due_at=due_at, owner=owner)
        return self._do(lambda change: change.set_task(wanted), deals=[deal_id])

    # --- reading ----------------------------------------------------------------------------------------------------

    def users(self) -> list[User]:
        """Return all users, by id."""
        with self._database.read() as connection:
            return read_users(connection)

    def pipelines(self) -> list[PipelineShape]:
        """Return all pipelines with their stages, in order."""
        with self._database.read() as connection:
            return read_pipelines(connection)

    def deal(self, deal_id: str) -> Deal | None:
        """Return a deal, or None."""
        with self._database.read() as connection:
            return reads.deals_by_id(connection, [deal_id]).get(deal_id)

    def deals(self, pipeline: str | None = None, stage: str | None = None, limit: int | None = None) -> list[Deal]:
        """Return deals, oldest first."""
        with self._database.read() as connection:
            return reads.deals_where(connection, reads.DealQuery(pipeline=pipeline, stage=stage, limit=limit))

    def contacts(self, limit: int | None = None) -> list[Contact]:
        """Return contacts, oldest first."""
        with self._database.read() as connection:
            query = select(schema.contacts).order_by(schema.contacts.c.id).limit(limit)
            return [reads.contact_of(row) for row in connection.execute(query)]

    def tasks(self, deal_id: str | None = None, limit: int | None = None) -> list[Task]:
        """Return the tasks of one deal or of all, oldest first."""
        with self._database.read() as connection:
            return reads.tasks_of(connection, deal_id, limit)

    def count_by_stage(self) -> list[StageCount]:
        """Return for every stage, in order, how many deals it holds and what they are worth."""
        with self._database.read() as connection:
            counted = reads.counts(connection)
            return [
                StageCount(
                    pipeline=pipeline.key,
                    stage=stage.key,
                    name=stage.name,
                    kind=stage.kind,
                    deals=counted.get((pipeline.key, stage.key), (0, ()))[0],
                    amounts=counted.get((pipeline.key, stage.key), (0, ()))[1],
                )
                for pipeline in read_pipelines(connection)
                for stage in pipeline.stages
            ]

    def writes(self, kind: str | None = None) -> list[Write]:
        """Return what effects wrote, by key: the CRM's own record, for audits and kill tests."""
        query = select(schema.writes).order_by(schema.writes.c.key)
        if kind is not None:
            query = query.where(schema.writes.c.kind == kind)
        with self._database.read() as connection:
            return [
                Write(key=row.key, kind=row.kind, actor=row.actor, receipt=msgspec.json.decode(row.receipt), at=row.at)
                for row in connection.execute(query)
            ]

    # --- helpers ----------------------------------------------------------------------------------------------------

    def _do(self, act: Callable[[Change], T], *, deals: Iterable[str] = (), contacts: Iterable[str] = ()) -> T:
        with self._database.write() as connection:
            change = Change(connection, self._clock.now())
            change.load(deals=deals, contacts=contacts)
            try:
                done = act(change)
            except Refusal as refusal:
                raise _error(refusal) from None
            change.flush()
            return done


def _error(refusal: Refusal) -> Rejected:
    if refusal.code in ("unknown_deal", "unknown_contact"):
        return NotFound(refusal.message)
    return Rejected(refusal.message, code=refusal.code)
