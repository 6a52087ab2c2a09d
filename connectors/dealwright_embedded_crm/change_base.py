"""What one write transaction holds in memory until it is written: loaded records, new rows, and events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET
from msgspec.structs import replace
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from dealwright.model.crm import Contact, Deal, Task, User
from dealwright.model.custom import Custom, Customs
from dealwright.model.events import Answer, Event
from dealwright_embedded_crm import company_reads, lookups, meta, own_reads, reads, schema, values
from dealwright_embedded_crm.catalog import Catalog
from dealwright_embedded_crm.own_fields import OwnFields
from dealwright_embedded_crm.values import Refusal

_encode = msgspec.json.encode

_UPDATE_DEALS: Final = (
    update(schema.deals)
    .where(schema.deals.c.id == bindparam("deal"))
    .values(
        {column.name: bindparam(column.name) for column in schema.deals.c if column.name not in ("id", "created_at")}
    )
)
_UPDATE_CONTACTS: Final = (
    update(schema.contacts)
    .where(schema.contacts.c.id == bindparam("contact"))
    .values(
        {column.name: bindparam(column.name) for column in schema.contacts.c if column.name not in ("id", "created_at")}
    )
)
_UPDATE_TASKS: Final = (
    update(schema.tasks)
    .where(schema.tasks.c.id == bindparam("task"))
    .values(done=bindparam("done"), completed_at=bindparam("completed_at"))
)
_UPDATE_COUNTERS: Final = (
    update(schema.counters).where(schema.counters.c.name == bindparam("counter")).values(last=bindparam("last"))
)

_BEFORE_DEALS: Final = ("users", "contacts")
_AFTER_DEALS: Final = ("records", "tasks", "notes", "activities", "messages", "writes", "outbox")
"""New rows, in an order that foreign keys allow."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes a change, by which effect, and which automations may answer it."""

    actor: str
    cause: str | None = None
    answer: Answer = "on"


class ChangeBase:
    """What one transaction does to the CRM; its parts (change_*.py) are the changes there are."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.now = now
        self.catalog = Catalog(connection)
        self.connection = connection
        self._own_fields: OwnFields | None = None
        self._deals: dict[str, Deal] = {}
        self._owners: dict[str, User | None] = {}
        self._contacts: dict[str, Contact] = {}
        self._tasks: dict[str, Task] = {}
        self._counters = {row.name: row.last for row in connection.execute(select(schema.counters))}
        self._counted = dict(self._counters)
        self._zone: ZoneInfo | None = None
        self._installation = meta.installation(connection)
        self._created: list[str] = []
        self._changed: dict[str, None] = {}
        self._relinked: dict[str, None] = {}
        self._renewed: set[str] = set()
        self._companies_hold: bool | None = None
        self._held_by_company: dict[str, Customs] = {}
        self._rewritten: dict[str, None] = {}
        self._done: dict[str, None] = {}
        self._open: dict[str, tuple[list[str], int]] = {}
        self._rows: dict[str, list[dict[str, Any]]] = {name: [] for name in (*_BEFORE_DEALS, *_AFTER_DEALS)}

    @property
    def today(self) -> date:
        """What day it is where the account is: a deal that is closed in the evening is closed on that day."""
        if self._zone is None:
            self._zone = meta.zone(self.connection)
        return self.now.astimezone(self._zone).date()

    # --- what the changes refer to ----------------------------------------------------------------------------------

    def load(self, *, deals: Iterable[str] = (), contacts: Iterable[str] = ()) -> None:
        """Read the deals and contacts that the changes will name, in bulk."""
        self._deals.update(reads.deals_by_id(self.connection, set(deals) - self._deals.keys()))
        self._contacts.update(reads.contacts_by_id(self.connection, set(contacts) - self._contacts.keys()))

    def load_owners(self, deals: Iterable[str]) -> None:
        """Read who owns deals, in bulk: all that a task needs to know of its deal."""
        self._owners.update(reads.owners_by_deal(self.connection, set(deals) - self._deals.keys()))

    def owner_of(self, deal_id: str) -> User | None:
        """Return who owns a deal as it stands now.

        Raises:
            Refusal: there is no such deal.
        """
        if deal_id in self._owners and deal_id not in self._deals:
            return self._owners[deal_id]
        return self.deal(deal_id).owner

    def deal(self, deal_id: str) -> Deal:
        """Return a loaded deal as it stands now.

        Raises:
            Refusal: there is no such deal.
        """
        found = self._deals.get(deal_id)
        if found is None:
            kept = reads.merged(self.connection, "deal", [deal_id]).get(deal_id)
            why = (
                f"there is no deal {values.shown(deal_id)}"
                if kept is None
                else f"deal {deal_id} was merged into deal {kept}"
            )
            raise Refusal("unknown_deal", why)
        if self._renewed and any(each.id in self._renewed for each in found.contacts):
            found = replace(found, contacts=tuple(self._contacts.get(each.id, each) for each in found.contacts))
            self._deals[deal_id] = found
        return found

    def contact(self, contact_id: str) -> Contact:
        """Return a loaded contact as it is now; the id of one that was merged away means the kept one.

        Raises:
            Refusal: there is no such contact.
        """
        found = self._contacts.get(contact_id)
        if found is None:
            raise Refusal("unknown_contact", f"there is no contact {values.shown(contact_id)}")
        return self._contacts.setdefault(found.id, found)

    @property
    def own_fields(self) -> OwnFields:
        """The company's own fields; they are read when somebody first asks."""
        if self._own_fields is None:
            self._own_fields = OwnFields.read(self.connection)
        return self._own_fields

    def own(self, holder: str, given: Iterable[Custom], origin: Origin | None = None) -> tuple[Custom, ...]:
        """Return new values of own fields as they are kept.

        Raises:
            Refusal: there is no such field, or it cannot hold what it is given.
        """
        changes = tuple(given)
        if not changes:
            return ()
        by_step = origin is not None and origin.cause is not None
        return self.own_fields.checked(holder, changes, self.catalog.owner, by_step=by_step)

    def company_custom(self, name: str | None) -> Customs:
        """Return the own fields of the company of that name; nothing is asked where no company has any."""
        if name is None:
            return UNSET
        if self._companies_hold is None:
            self._companies_hold = company_reads.any_holds(self.connection)
        if not self._companies_hold:
            return UNSET
        if name not in self._held_by_company:
            found = company_reads.by_name(self.connection, name)
            self._held_by_company[name] = UNSET if found is None else found.custom
        return self._held_by_company[name]

    def forget_companies(self) -> None:
        """Read companies anew, and the deals that are loaded have what they hold now."""
        self._companies_hold = None
        self._held_by_company.clear()
        for deal in list(self._deals.values()):
            self._deals[deal.id] = replace(deal, company_custom=self.company_custom(deal.company))

    def keep(self, key: str, kind: str, actor: str, receipt: dict[str, Any]) -> None:
        """Keep the key of an effect with what it wrote, for ever."""
        row = {"key": key, "kind": kind, "actor": actor, "receipt": _encode(receipt), "at": self.now}
        self._rows["writes"].append(row)

    # --- writing ----------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write everything that was not written yet, in an order that foreign keys allow."""
        new = [self._contacts[str(row["id"])] for row in self._rows["contacts"] if str(row["id"]) in self._contacts]
        for name in _BEFORE_DEALS:
            self._insert(name)
        if self._rewritten:
            rows = [contact_row(self._contacts[each], self.now) for each in self._rewritten]
            for row in rows:
                row["contact"] = row.pop("id")
            self.connection.execute(_UPDATE_CONTACTS, rows)
            lookups.keep_contacts(self.connection, [self._contacts[each] for each in self._rewritten], known=True)
            self._rewritten = {}
        lookups.keep_contacts(self.connection, new, known=False)
        self._write_deals()
        self._write_around()
        for name in _AFTER_DEALS:
            self._insert(name)
        if self._done:
            tasks = [self._tasks[each] for each in self._done]
            self.connection.execute(
                _UPDATE_TASKS,
                [{"task": int(task.id), "done": task.done, "completed_at": task.completed_at} for task in tasks],
            )
            self._done = {}
        moved = [
            {"counter": name, "last": last} for name, last in self._counted.items() if last != self._counters[name]
        ]
        if moved:
            self.connection.execute(_UPDATE_COUNTERS, moved)
            self._counters = dict(self._counted)

    def _write_deals(self) -> None:
        companies = self._companies({self._deals[each].company for each in (*self._created, *self._changed)})
        created = set(self._created)
        if created:
            self.connection.execute(
                insert(schema.deals), [_deal_row(self._deals[each], companies) for each in self._created]
            )
        updated = [each for each in self._changed if each not in created]
        if updated:
            rows = [_deal_row(self._deals[each], companies) for each in updated]
            for row in rows:
                row["deal"] = row.pop("id")
                del row["created_at"]
            self.connection.execute(_UPDATE_DEALS, rows)
        lookups.keep_deals(self.connection, [self._deals[each] for each in self._created], known=False)
        lookups.keep_deals(self.connection, [self._deals[each] for each in updated], known=True)
        self._write_links([each for each in self._relinked if each not in created])
        self._created, self._changed, self._relinked = [], {}, {}

    def _write_around(self) -> None:
        """Write what a part keeps that stands around deals, which are there now."""

    def _insert(self, name: str) -> None:
        if self._rows[name]:
            self.connection.execute(insert(schema.metadata.tables[name]), self._rows[name])
            self._rows[name] = []

    def _write_links(self, known: list[str]) -> None:
        links = schema.deal_contacts
        for some in reads.chunks([int(each) for each in known]):
            self.connection.execute(delete(links).where(links.c.deal_id.in_(some)))
        rows = [
            {
                "deal_id": int(each),
                "contact_id": int(contact.id),
                "position": position,
                "role": self._deals[each].role_of(contact.id),
            }
            for each in self._relinked
            for position, contact in enumerate(self._deals[each].contacts)
        ]
        if rows:
            self.connection.execute(insert(links), rows)

    def _companies(self, names: set[str | None]) -> dict[str | None, int]:
        wanted = sorted(name for name in names if name is not None)
        found: dict[str | None, int] = {}
        if wanted:
            table = schema.companies
            rows = self.connection.execute(select(table).where(table.c.name.in_(wanted)))
            found.update((row.name, row.id) for row in rows)
            missing = {name: int(self._next("company")) for name in wanted if name not in found}
            if missing:
                self.connection.execute(insert(table), [{"id": id_, "name": name} for name, id_ in missing.items()])
                found.update(missing)
        return found

    # --- for the parts ----------------------------------------------------------------------------------------------

    def _next(self, counter: str) -> str:
        self._counted[counter] += 1
        return str(self._counted[counter])

    def _next_version(self, before: Deal, **fields: Any) -> Deal:
        after = replace(before, version=before.version + 1, updated_at=self.now, **fields)
        self._deals[after.id] = after
        self._changed[after.id] = None
        return after

    def _emit(self, kind: type[Event], origin: Origin, deal_id: str | None, **fields: Any) -> None:
        """Lay an event in the outbox; `fields` are those of its kind."""
        number = self._next("event")
        event = kind(
            source_id=f"{self._installation}:{number}",
            occurred_at=self.now,
            actor=origin.actor,
            cause=origin.cause,
            answer=origin.answer,
            **fields,
        )
        row = {
            "id": int(number),
            "deal_id": None if deal_id is None else int(deal_id),
            "kind": event.kind,
            "event": _encode(event),
        }
        self._rows["outbox"].append(row)

    def _tell(self, kind: type[Event], origin: Origin, before: Deal | None, after: Deal, **more: Any) -> None:
        """Lay an event about a deal in the outbox."""
        self._emit(kind, origin, after.id, before=before, after=after, **more)


def contact_row(contact: Contact, now: datetime) -> dict[str, Any]:
    """Return the row of `contacts` that holds a contact, without when it was made."""
    fields = msgspec.structs.asdict(contact)
    return {
        **fields,
        "id": int(contact.id),
        "name_key": (contact.name or "").casefold(),
        "updated_at": now,
        "custom": own_reads.stored(contact.custom),
    }


def _deal_row(deal: Deal, companies: dict[str | None, int]) -> dict[str, Any]:
    return {
        "id": int(deal.id),
        "title": deal.title,
        "name_key": deal.title.casefold(),
        "pipeline": deal.pipeline,
        "stage": deal.stage,
        "owner_id": None if deal.owner is None else int(deal.owner.id),
        "amount_minor": None if deal.amount is None else values.to_minor(deal.amount),
        "currency": None if deal.amount is None else deal.amount.currency,
        "close_date": deal.close_date,
        "reference": deal.reference,
        "tags": _encode(deal.tags).decode(),
        "company_id": companies.get(deal.company),
        "lost_reason": deal.lost_reason,
        "created_at": deal.created_at,
        "updated_at": deal.updated_at,
        "stage_since": deal.stage_since,
        "version": deal.version,
        "custom": own_reads.stored(deal.custom),
        "records": len(deal.records or ()) + (deal.records_beyond or 0),
    }
