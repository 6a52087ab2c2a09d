"""Observe: what was read about events that told too little, and the events that rules see instead, in one transaction.

A noticed event becomes the first of what it tells; the others are appended behind. The last known state is written with
them, so that whoever observes next, in whatever process, tells only what is new since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

from msgspec.structs import replace
from sqlalchemy import Connection

from dealwright.engine.observe import with_stage_since
from dealwright.engine.records import Asked, Reading
from dealwright.journal import hot, tray
from dealwright.journal.database import micros, statement
from dealwright.journal.payload import pack, seal, unseal
from dealwright.mirror.echo import OwnWrite
from dealwright.mirror.notice import Told, tell
from dealwright.model.crm import Contact, Deal
from dealwright.model.events import (
    ContactNoticed,
    DealNoticed,
    Event,
    EventReceived,
    created_id,
    deal_subject,
)
from dealwright.ports import ContactRead

ECHO: Final = timedelta(minutes=10)
"""So long after it was sent a write of ours is expected to come back as a hook; later, somebody else did the same."""

_CREATED: Final = statement(
    "select source_id from events where account = :account and subject in :subjects and source_id in :ids",
    "subjects",
    "ids",
)
_WRITES: Final = statement(
    """
    select effects.key, effects.automation, effects.request, executions.subject,
        coalesce(events.chain, events.id) as chain, events.depth + 1 as depth,
        exists (
            select 1 from events as made where made.account = executions.account
                and made.subject = executions.subject and made.cause = effects.key
        ) as told
    from executions join effects on effects.execution_id = executions.id join events on events.id = executions.event_id
    where executions.account = :account and executions.subject in :subjects
        and effects.kind in ('move_deal', 'move_back', 'update_deal', 'change_tags', 'create_contact', 'update_contact')
        and (effects.state in ('sending', 'unknown') or (effects.state = 'sent' and effects.sent_at >= :since))
    order by effects.planned_at, effects.key
    """,
    "subjects",
)
_BY_KEY: Final = statement(
    """
    select effects.key, effects.automation, coalesce(events.chain, events.id) as chain, events.depth + 1 as depth
    from effects join executions on executions.id = effects.execution_id join events on events.id = executions.event_id
    where effects.account = :account and effects.key in :keys
    """,
    "keys",
)


def keep(connection: Connection, account: str, reading: Reading, *, now: int, secret: bytes) -> None:
    """Write down what was read about those events that nobody has observed so far."""
    read = {item.id: item.event for item in reading.events}
    rows: dict[int, Any] = {}
    received: list[tuple[int, Event]] = []
    noticed: list[tuple[int, DealNoticed | ContactNoticed]] = []
    for row in hot.UNOBSERVED.run(connection, account=account, ids=sorted(read)):
        event: Event = unseal(row.body, Event)  # type: ignore[arg-type]  # a union, which decodes by its tag
        if not _unobserved(event):
            continue
        rows[row.id] = row
        if isinstance(event, EventReceived):
            received.append((row.id, read[row.id]))
        elif isinstance(event, DealNoticed | ContactNoticed):
            noticed.append((row.id, event))
    given_up = {id_: replace(event, found="unread") for id_, event in noticed if id_ in reading.unread}
    noticed = [(id_, event) for id_, event in noticed if id_ not in given_up]
    received = _with_stage_since(connection, account, received)
    told = Told()
    causes: dict[str, _Cause] = {}
    if noticed:
        since = now - int(ECHO.total_seconds() * 1_000_000)
        writes, causes = _writes(connection, account, noticed, reading, since=since)
        told = _tell(connection, account, noticed, reading, writes)
    changed = [(id_, *_columns(event, rows[id_], {})) for id_, event in received]
    changed += [(id_, *_columns(event, rows[id_], causes)) for id_, event in sorted((told.rows | given_up).items())]
    hot.OBSERVED.run(connection, changed)
    copies = [(id_, event) for id_, _ in received for event in reading.copies.get(id_, ())]
    appended = [*told.appended, *_with_stage_since(connection, account, copies)]
    hot.APPEND.run(connection, [_appended(account, event, rows[id_], causes) for id_, event in appended])
    tray.keep(
        connection, account, [each for each in reading.unmatched if each.event_id in rows], now=now, secret=secret
    )
    _keep_known(connection, account, told, now)


def _unobserved(event: Event) -> bool:
    if isinstance(event, EventReceived):
        return not event.observed
    return isinstance(event, DealNoticed | ContactNoticed) and event.must_be_observed


def _with_stage_since(
    connection: Connection, account: str, received: Sequence[tuple[int, EventReceived | Event]]
) -> list[tuple[int, Event]]:
    """Return events from outside whose deals stand where they stand since when rules were told so."""
    ids = sorted({deal.id for _, event in received for deal in event.about})
    known = known_deals(connection, account, ids)
    return [
        (id_, replace(event, deal=with_stage_since(event.deal, known.get(event.deal.id))))
        if isinstance(event, EventReceived) and event.deal is not None and event.deal.id in known
        else (id_, event)
        for id_, event in received
    ]


def known_deals(connection: Connection, account: str, ids: Sequence[str]) -> dict[str, Deal]:
    """Return deals as rules were told of them so far; only those that hooks notice."""
    if not ids:
        return {}
    bodies = hot.TOLD_DEALS.run(connection, account=account, ids=list(ids)).scalars()
    return {deal.id: deal for deal in (unseal(body, Deal) for body in bodies)}


def _tell(
    connection: Connection,
    account: str,
    noticed: Sequence[tuple[int, Event]],
    reading: Reading,
    writes: Mapping[str, Sequence[OwnWrite]],
) -> Told:
    deals = sorted({event.deal_id for _, event in noticed if isinstance(event, DealNoticed)})
    contacts = sorted({event.contact_id for _, event in noticed if isinstance(event, ContactNoticed)})
    known = known_deals(connection, account, deals)
    subjects = {deal_subject(id_): id_ for id_ in deals}
    first = noticed[0][0]
    behind = hot.TOLD_BEHIND.run(connection, account=account, subjects=list(subjects), first=first).all()
    new = [id_ for id_ in deals if id_ not in known]
    created: set[str] = set()
    if new:
        asked = {
            "account": account,
            "subjects": [deal_subject(id_) for id_ in new],
            "ids": [created_id(i) for i in new],
        }
        told_elsewhere = set(connection.execute(_CREATED, asked).scalars())
        created = {id_ for id_ in new if created_id(id_) in told_elsewhere}
    known_contacts: dict[str, ContactRead] = {}
    if contacts:
        for row in hot.TOLD_CONTACTS.run(connection, account=account, ids=contacts):
            known_contacts[row.id] = ContactRead(contact=unseal(row.body, Contact), version=row.version)
    return tell(
        noticed,
        deals=reading.deals,
        contacts=reading.contacts,
        known_deals=known,
        known_contacts=known_contacts,
        created=created,
        newest={subjects[row.subject]: row.newest for row in behind},
        writes=writes,
    )


class _Cause(NamedTuple):
    """A write of ours that made an event, and the chain that both belong to."""

    actor: str
    chain: int
    depth: int


def _cause(account: str, row: Any) -> _Cause:
    return _Cause(f"automation:{account}.{row.automation}", row.chain, row.depth)


def _writes(
    connection: Connection,
    account: str,
    noticed: Sequence[tuple[int, DealNoticed | ContactNoticed]],
    reading: Reading,
    *,
    since: int,
) -> tuple[dict[str, list[OwnWrite]], dict[str, _Cause]]:
    """Return the writes of ours that what hooks tell may come from, by deal, and by their keys what they join.

    Of a deal that we created the CRM keeps our key.
    """
    deals = {event.deal_id for _, event in noticed if isinstance(event, DealNoticed)}
    contacts = {event.contact_id for _, event in noticed if isinstance(event, ContactNoticed)}
    deals |= {deal.id for id_, read in reading.contacts.items() if id_ in contacts for deal in read.deals}
    subjects = {deal_subject(id_): id_ for id_ in deals}
    writes: dict[str, list[OwnWrite]] = {}
    causes: dict[str, _Cause] = {}
    asked = {"account": account, "subjects": sorted(subjects), "since": since}
    for row in connection.execute(_WRITES, asked) if subjects else ():
        causes[row.key] = cause = _cause(account, row)
        request = unseal(row.request, Asked).request
        write = OwnWrite(key=row.key, actor=cause.actor, request=request, told=bool(row.told))
        writes.setdefault(subjects[row.subject], []).append(write)
    keys = sorted({event.cause for _, event in noticed if event.cause})
    for row in connection.execute(_BY_KEY, {"account": account, "keys": keys}) if keys else ():
        causes[row.key] = _cause(account, row)
    return writes, causes


def _columns(event: Event, row: Any, causes: Mapping[str, _Cause]) -> tuple[object, ...]:
    """Return what an event that was observed has in its row, as `hot.OBSERVED` names it behind the id.

    It joins the chain of the write of ours that made it.
    """
    cause, chain, depth = row.cause, row.chain, row.depth
    made_by = causes.get(event.cause) if event.cause else None
    if made_by is not None:
        event = replace(event, actor=made_by.actor)
        cause, (_, chain, depth) = event.cause, made_by
    at = micros(event.occurred_at)
    return event.kind, event.source_id, event.subject, at, cause, chain, depth, seal(event)


def _appended(account: str, event: Event, row: Any, causes: Mapping[str, _Cause]) -> tuple[object, ...]:
    """Return the row of a further event, as `hot.APPEND` names it; the hook's own bytes lie with the first one."""
    kind, source_id, subject, at, cause, chain, depth, body = _columns(event, row, causes)
    return account, row.source, source_id, kind, subject, at, row.received_at, cause, chain, depth, pack(b""), body


def _keep_known(connection: Connection, account: str, told: Told, now: int) -> None:
    deals = [told.deals[id_] for id_ in sorted(told.deals)]
    hot.TELL_DEAL.run(connection, [(account, deal.id, deal.version, now, seal(deal)) for deal in deals])
    met = {contact.id: contact for deal in deals for contact in deal.contacts if contact.id not in told.contacts}
    hot.MEET_CONTACT.run(connection, [(account, id_, 0, now, seal(met[id_])) for id_ in sorted(met)])
    known = [(id_, told.contacts[id_]) for id_ in sorted(told.contacts)]
    hot.TELL_CONTACT.run(connection, [(account, id_, each.version, now, seal(each.contact)) for id_, each in known])
