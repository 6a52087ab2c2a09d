"""One write transaction: changes are made in memory, each whole or refused, and written in bulk at its end.

An item that is refused has changed nothing, so that no savepoint is needed and one item never costs the others. Every
change leaves its event in the outbox in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from dealwright.model.crm import Contact, Deal, Task, User
from dealwright.model.events import Answer, ContactAdded, ContactRemoved, DealCreated, DealUpdated, Event, StageChanged
from dealwright.model.requests import CreateDeal, DealChanges, MoveDeal, SetTask
from dealwright_embedded_crm import reads, schema, values
from dealwright_embedded_crm.catalog import Catalog
from dealwright_embedded_crm.values import Refusal

_encode = msgspec.json.encode

_UPDATE_DEALS: Final = (
    update(schema.deals)
    .where(schema.deals.c.id == bindparam("deal"))
    .values(
        {column.name: bindparam(column.name) for column in schema.deals.c if column.name not in ("id", "created_at")}
    )
)


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes a change, by which effect, and which automations may answer it."""

    actor: str
    cause: str | None = None
    answer: Answer = "on"


class Change:
    """What one transaction does to the CRM."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.now = now
        self.catalog = Catalog(connection)
        self._connection = connection
        self._deals: dict[str, Deal] = {}
        self._contacts: dict[str, Contact] = {}
        self._counters = {row.name: row.last for row in connection.execute(select(schema.counters))}
        self._counted = dict(self._counters)
        self._installation = connection.execute(
            select(schema.meta.c.value).where(schema.meta.c.name == "installation")
        ).scalar_one()
        self._created: list[str] = []
        self._changed: dict[str, None] = {}
        self._relinked: dict[str, None] = {}
        self._rows: dict[str, list[dict[str, Any]]] = {
            "users": [],
            "contacts": [],
            "tasks": [],
            "writes": [],
            "outbox": [],
        }

    # --- what the changes refer to ----------------------------------------------------------------------------------

    def load(self, *, deals: Iterable[str] = (), contacts: Iterable[str] = ()) -> None:
        """Read the deals and contacts that the changes will name, in bulk."""
        self._deals.update(reads.deals_by_id(self._connection, deals))
        self._contacts.update(reads.contacts_by_id(self._connection, contacts))

    def deal(self, deal_id: str) -> Deal:
        """Return a loaded deal as it stands now.

        Raises:
            Refusal: there is no such deal.
        """
        found = self._deals.get(deal_id)
        if found is None:
            raise Refusal("unknown_deal", f"there is no deal {deal_id!r}")
        return found

    def contact(self, contact_id: str) -> Contact:
        """Return a loaded contact.

        Raises:
            Refusal: there is no such contact.
        """
        found = self._contacts.get(contact_id)
        if found is None:
            raise Refusal("unknown_contact", f"there is no contact {contact_id!r}")
        return found

    # --- changes ----------------------------------------------------------------------------------------------------

    def add_user(self, name: str, email: str | None) -> User:
        """Make a user.

        Raises:
            Refusal: no name, or the e-mail is another user's.
        """
        clean = values.line("name", name)
        if clean is None:
            raise Refusal("bad_name", "a user needs a name")
        email = values.line("email", email)
        if email is not None and any(user.email == email for user in self.catalog.users.values()):
            raise Refusal("bad_email", "another user has this e-mail")
        user = User(id=self._next("user"), name=clean, email=email)
        self._rows["users"].append({"id": int(user.id), "name": user.name, "email": user.email})
        self.catalog.add(user)
        return user

    def add_contact(self, contact: Contact) -> Contact:
        """Make a contact; its id is given here, and a missing name is put together from its parts.

        Raises:
            Refusal: nothing is known of it, or a value cannot be kept.
        """
        made = clean_contact(replace(contact, id=self._next("contact")))
        row = {**msgspec.structs.asdict(made), "id": int(made.id), "created_at": self.now, "updated_at": self.now}
        self._rows["contacts"].append(row)
        self._contacts[made.id] = made
        return made

    def create(
        self,
        wanted: CreateDeal,
        origin: Origin,
        *,
        created_at: datetime | None = None,
        stage_since: datetime | None = None,
        lost_reason: str | None = None,
    ) -> Deal:
        """Make a deal; its contacts must be loaded. The times are those of an import; else it is now.

        Raises:
            Refusal: something that it names is not there, or a value cannot be kept.
        """
        self.catalog.stage(wanted.pipeline, wanted.stage)
        if len(set(wanted.contacts)) != len(wanted.contacts) or len(wanted.contacts) > values.MOST_CONTACTS:
            raise Refusal("bad_contacts", f"a deal has at most {values.MOST_CONTACTS} contacts, each once")
        created_at = values.aware("created_at", created_at or self.now)
        fields = _clean_fields(
            {
                "title": wanted.title,
                "amount": wanted.amount,
                "close_date": wanted.close_date,
                "reference": wanted.reference,
                "tags": wanted.tags,
                "company": wanted.company,
            }
        )
        contacts = tuple(self.contact(each) for each in wanted.contacts)
        owner = self.catalog.owner(wanted.owner)
        reason = self._reason(wanted.pipeline, wanted.stage, lost_reason)
        deal = Deal(
            id=self._next("deal"),
            pipeline=wanted.pipeline,
            stage=wanted.stage,
            owner=owner,
            contacts=contacts,
            lost_reason=reason,
            created_at=created_at,
            updated_at=self.now,
            stage_since=values.aware("stage_since", stage_since or created_at),
            version=1,
            **fields,
        )
        self._created.append(deal.id)
        self._deals[deal.id] = deal
        if contacts:
            self._relinked[deal.id] = None
        self._emit(DealCreated, origin, None, deal)
        return deal

    def update(self, deal_id: str, changes: DealChanges, origin: Origin) -> tuple[str, ...]:
        """Set fields of a deal; return the names of those that are different now.

        Raises:
            Refusal: there is no such deal or owner, or a value cannot be kept.
        """
        before = self.deal(deal_id)
        given = changes.given()
        if "owner" in given:
            given["owner"] = self.catalog.owner(given["owner"])
        wanted = _clean_fields(given)
        changed = tuple(name for name, value in wanted.items() if getattr(before, name) != value)
        if changed:
            after = self._next_version(before, **{name: wanted[name] for name in changed})
            self._emit(DealUpdated, origin, before, after, changed=changed)
        return changed

    def move(self, wanted: MoveDeal, origin: Origin) -> tuple[Deal, Deal]:
        """Move a deal; return it as it was and as it is, which is the same when it need not or must not move.

        Raises:
            Refusal: there is no such deal or stage, or the lost reason is none of the stage's.
        """
        before = self.deal(wanted.deal_id)
        shape, stage = self.catalog.stage(wanted.pipeline, wanted.stage)
        reason = self._reason(wanted.pipeline, wanted.stage, wanted.lost_reason)
        same_pipeline = before.pipeline == wanted.pipeline
        if same_pipeline and before.stage == wanted.stage:
            return before, before
        if same_pipeline and wanted.only_forward and shape.position(wanted.stage) < shape.position(before.stage):
            return before, before
        closes = stage.kind in ("won", "lost") and before.close_date is None
        after = self._next_version(
            before,
            pipeline=wanted.pipeline,
            stage=wanted.stage,
            stage_since=self.now,
            lost_reason=reason,
            close_date=self.now.date() if closes else before.close_date,
        )
        self._emit(StageChanged, origin, before, after)
        return before, after

    def link(self, deal_id: str, contact_id: str, origin: Origin) -> bool:
        """Add a contact to a deal, last; return whether it was not there yet.

        Raises:
            Refusal: there is no such deal or contact, or the deal has too many.
        """
        before, contact = self.deal(deal_id), self.contact(contact_id)
        if any(each.id == contact_id for each in before.contacts):
            return False
        if len(before.contacts) >= values.MOST_CONTACTS:
            raise Refusal("bad_contacts", f"a deal has at most {values.MOST_CONTACTS} contacts, each once")
        after = self._next_version(before, contacts=(*before.contacts, contact))
        self._relinked[deal_id] = None
        self._emit(ContactAdded, origin, before, after, contact=contact)
        return True

    def unlink(self, deal_id: str, contact_id: str, origin: Origin) -> bool:
        """Take a contact off a deal; return whether it was there.

        Raises:
            Refusal: there is no such deal.
        """
        before = self.deal(deal_id)
        contact = next((each for each in before.contacts if each.id == contact_id), None)
        if contact is None:
            return False
        after = self._next_version(before, contacts=tuple(each for each in before.contacts if each.id != contact_id))
        self._relinked[deal_id] = None
        self._emit(ContactRemoved, origin, before, after, contact=contact)
        return True

    def set_task(self, wanted: SetTask) -> Task:
        """Give somebody something to do; without an owner, the deal's owner.

        Raises:
            Refusal: there is no such deal or owner, or the text cannot be kept.
        """
        deal = self.deal(wanted.deal_id)
        text = values.paragraph("text", wanted.text)
        due_at = values.aware("due_at", wanted.due_at)
        owner = deal.owner if wanted.owner is None else self.catalog.owner(wanted.owner)
        task = Task(id=self._next("task"), deal_id=deal.id, text=text, due_at=due_at, owner=owner, created_at=self.now)
        self._rows["tasks"].append(
            {
                "id": int(task.id),
                "deal_id": int(task.deal_id),
                "text": task.text,
                "due_at": task.due_at,
                "owner_id": None if owner is None else int(owner.id),
                "done": False,
                "created_at": task.created_at,
            }
        )
        return task

    def keep(self, key: str, kind: str, actor: str, receipt: dict[str, Any]) -> None:
        """Keep the key of an effect with what it wrote, for ever."""
        row = {"key": key, "kind": kind, "actor": actor, "receipt": _encode(receipt), "at": self.now}
        self._rows["writes"].append(row)

    # --- writing ----------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write everything, in an order that foreign keys allow."""
        for name in ("users", "contacts"):
            self._insert(name)
        companies = self._companies({self._deals[each].company for each in (*self._created, *self._changed)})
        created = set(self._created)
        if self._created:
            rows = [_deal_row(self._deals[each], companies) for each in self._created]
            self._connection.execute(insert(schema.deals), rows)
        updated = [each for each in self._changed if each not in created]
        if updated:
            rows = [_deal_row(self._deals[each], companies) for each in updated]
            for row in rows:
                row["deal"] = row.pop("id")
                del row["created_at"]
            self._connection.execute(_UPDATE_DEALS, rows)
        self._write_links([each for each in self._relinked if each not in created])
        for name in ("tasks", "writes", "outbox"):
            self._insert(name)
        moved = [
            {"counter": name, "last": last} for name, last in self._counted.items() if last != self._counters[name]
        ]
        if moved:
            counters = schema.counters
            statement = update(counters).where(counters.c.name == bindparam("counter")).values(last=bindparam("last"))
            self._connection.execute(statement, moved)

    def _insert(self, name: str) -> None:
        if self._rows[name]:
            self._connection.execute(insert(schema.metadata.tables[name]), self._rows[name])

    def _write_links(self, known: list[str]) -> None:
        links = schema.deal_contacts
        if known:
            self._connection.execute(delete(links).where(links.c.deal_id.in_([int(each) for each in known])))
        rows = [
            {"deal_id": int(each), "contact_id": int(contact.id), "position": position}
            for each in self._relinked
            for position, contact in enumerate(self._deals[each].contacts)
        ]
        if rows:
            self._connection.execute(insert(links), rows)

    def _companies(self, names: set[str | None]) -> dict[str | None, int]:
        wanted = sorted(name for name in names if name is not None)
        found: dict[str | None, int] = {}
        if wanted:
            table = schema.companies
            rows = self._connection.execute(select(table).where(table.c.name.in_(wanted)))
            found.update((row.name, row.id) for row in rows)
            missing = {name: int(self._next("company")) for name in wanted if name not in found}
            if missing:
                self._connection.execute(insert(table), [{"id": id_, "name": name} for name, id_ in missing.items()])
                found.update(missing)
        return found

    # --- helpers ----------------------------------------------------------------------------------------------------

    def _next(self, counter: str) -> str:
        self._counted[counter] += 1
        return str(self._counted[counter])

    def _next_version(self, before: Deal, **fields: Any) -> Deal:
        after = replace(before, version=before.version + 1, updated_at=self.now, **fields)
        self._deals[after.id] = after
        self._changed[after.id] = None
        return after

    def _reason(self, pipeline: str, stage: str, reason: str | None) -> str | None:
        reason = values.line("lost_reason", reason)
        if reason is None:
            return None
        shape = self.catalog.stage(pipeline, stage)[1]
        if shape.kind != "lost":
            raise Refusal("bad_lost_reason", f"only a deal that is lost has a lost reason, and {stage} is {shape.kind}")
        if shape.reasons and reason not in shape.reasons:
            raise Refusal("bad_lost_reason", f"stage {stage} knows the reasons {', '.join(shape.reasons)}")
        return reason

    def _emit(self, kind: type[Event], origin: Origin, before: Deal | None, after: Deal, **more: Any) -> None:
        number = self._next("event")
        event = kind(
            source_id=f"{self._installation}:{number}",
            occurred_at=self.now,
            actor=origin.actor,
            cause=origin.cause,
            answer=origin.answer,
            before=before,
            after=after,
            **more,
        )
        row = {"id": int(number), "deal_id": int(after.id), "kind": event.kind, "event": _encode(event)}
        self._rows["outbox"].append(row)


def clean_contact(contact: Contact) -> Contact:
    """Return a contact whose values can be kept, with its name put together.

    Raises:
        Refusal: nothing is known of it, or a value cannot be kept.
    """
    fields = {name: values.line(name, value) for name, value in msgspec.structs.asdict(contact).items()}
    if fields["name"] is None:
        fields["name"] = " ".join(part for part in (fields["first_name"], fields["last_name"]) if part) or None
    if not any(value for name, value in fields.items() if name != "id"):
        raise Refusal("bad_contact", "a contact needs a name, a phone or an e-mail")
    return Contact(**fields)  # type: ignore[arg-type]


def _clean_fields(given: dict[str, Any]) -> dict[str, Any]:
    cleaned = dict(given)
    if "title" in given:
        cleaned["title"] = values.title(given["title"])
    for name in ("reference", "company"):
        if name in given:
            cleaned[name] = values.line(name, given[name])
    if "amount" in given:
        cleaned["amount"] = values.money(given["amount"])
    if "tags" in given:
        cleaned["tags"] = values.tags(given["tags"])
    return cleaned


def _deal_row(deal: Deal, companies: dict[str | None, int]) -> dict[str, Any]:
    return {
        "id": int(deal.id),
        "title": deal.title,
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
    }
