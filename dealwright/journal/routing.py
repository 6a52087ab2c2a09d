"""Route: events become executions in their lanes, the mirror learns, and who waited for an event is woken."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import Connection

from dealwright import faults
from dealwright.compile import ir
from dealwright.engine.records import Routed, ToRoute
from dealwright.journal import enrolments, hot, lanes, reservations, tray
from dealwright.journal.database import statement
from dealwright.journal.news import to_wake
from dealwright.journal.parts import Part
from dealwright.journal.payload import seal
from dealwright.mirror.identity import Merge, identify, same_people
from dealwright.mirror.identity import persons as read_persons
from dealwright.mirror.observe import observe
from dealwright.model.crm import Contact
from dealwright.model.events import ContactUpdated, Event, MessageReceived, deal_subject

_LATE: Final = statement("update events set late = true where id in :ids", "ids")


_MOST_OTHERS: Final = 5_000
"""Further records of people that are told at once: a switchboard's number may stand at every contact of a company."""


def execution_id(account: str, event_id: int, automation: str, subject: str) -> str:
    """Return the id of the one execution of an automation on a subject for an event."""
    text = f"{account}|{event_id}|{automation}|{subject}"
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def lane_key(account: str, automation: str, subject: str) -> str:
    """Return the key of a lane."""
    return f"{account}|{automation}|{subject}"


def _contacts(event: Event) -> Iterator[Contact]:
    """Return every contact that an event tells of, as it was and as it is."""
    for deal in event.about:
        yield from deal.contacts
    if isinstance(event, ContactUpdated):
        yield from (event.contact, *event.absorbed)
    if isinstance(event, MessageReceived):
        yield event.contact


def _same(event: Event) -> Iterator[tuple[str, str]]:
    """Return which contacts were merged, and so stand for one person."""
    if isinstance(event, ContactUpdated):
        for absorbed in event.absorbed:
            yield event.contact.id, absorbed.id


class Routing(Part):
    """Executions made of events, in one transaction with the mirror."""

    def route(self, account: ir.Account, release: str, events: Sequence[ToRoute], routed: Sequence[Routed]) -> bool:
        """Create executions and mark the events routed; False, and nothing done, if somebody else routed any of them.

        `events` are the account's oldest unrouted ones in order: that and the all-or-nothing mark keep every lane in
        event order with any number of engines.
        """
        if not events:
            return True
        now = self._now()
        with self.database.write() as connection:
            self.database.lock_account(connection, account.key, "route")
            marked = hot.MARK.run(connection, now=now, ids=[item.id for item in events]).rowcount
            if marked != len(events):
                connection.rollback()
                return False
            late, merges = self._observe(connection, account, events, now)
            if account.outside:
                tray.ask_again(connection, account, events, secret=self._meta["secret"].encode())
            routed = enrolments.once_each(connection, account, events, routed)
            woken = self._awaiting(connection, account.key, events)
            keys = [lane_key(account.key, item.automation, item.subject) for item in routed]
            lanes.create(connection, keys)
            # All lanes that are touched here, in one order: those that get work, and those whose waiting ones wake.
            lanes.lock(self.database, connection, [*keys, *lanes.of(connection, woken)])
            self._insert(connection, account.key, release, routed, late, now)
            lanes.wake(self.database, connection, woken, now=now, reason="an awaited event came", actor="route")
            reservations.join(self.database, connection, account.key, merges)
            faults.hit("route.before-commit")
        faults.hit("route.after-commit")
        return True

    def _observe(
        self, connection: Connection, account: ir.Account, events: Sequence[ToRoute], now: int
    ) -> tuple[frozenset[int], Sequence[Merge]]:
        """Let the mirror and the persons learn; return the events whose executions come late, and who is one now."""
        late = observe(connection, account.key, events, as_of=now, seal=seal)
        if late:
            connection.execute(_LATE, {"ids": sorted(late)})
        # What a person had happen again tells the deal as it was then: its executions read it as it is now.
        replayed = hot.REPLAYED.run(connection, ids=[item.id for item in events]).scalars().all()
        merges = identify(
            connection,
            account.key,
            dict.fromkeys(contact for item in events for contact in _contacts(item.event)),
            country=account.country,
            secret=self._meta["secret"].encode(),
            same=[link for item in events for link in _same(item.event)],
        )
        return late.union(replayed), merges

    def _insert(
        self,
        connection: Connection,
        account: str,
        release: str,
        routed: Sequence[Routed],
        late: frozenset[int],
        now: int,
    ) -> None:
        if not routed:
            return
        keys = [lane_key(account, item.automation, item.subject) for item in routed]
        places = lanes.lock(self.database, connection, keys)
        rows, transitions = [], []
        for item, key in zip(routed, keys, strict=True):
            id_ = execution_id(account, item.event_id, item.automation, item.subject)
            state = "skipped" if item.skipped else "ready"
            rows.append(
                (
                    id_,
                    account,
                    item.automation,
                    item.subject,
                    item.event_id,
                    release,
                    key,
                    state,
                    item.skipped,
                    None if item.skipped else places[key],
                    item.event_id in late,
                    item.event_id,
                    now if item.skipped else None,
                    now if item.skipped else None,
                )
            )
            if not item.skipped:
                places[key] += 1
            transitions.append((id_, now, None, state, item.skipped, f"event:{item.event_id}"))
        hot.EXECUTION.run(connection, rows)
        lanes.keep_places(connection, places)
        hot.TRANSITION.run(connection, transitions)
        lanes.promote(connection, places)

    def _awaiting(self, connection: Connection, account: str, events: Sequence[ToRoute]) -> Sequence[str]:
        """Find who waits for one of these events. Who begins to wait meanwhile looks for them itself (settle)."""
        kinds: dict[str, set[str]] = {}
        for item in events:
            for deal in item.event.about:
                kinds.setdefault(deal_subject(deal.id), set()).add(item.event.kind)
        if not kinds:
            return ()
        rows = hot.AWAITED.run(connection, account=account, subjects=sorted(kinds))
        found = sorted({row.execution_id for row in rows if row.kind in kinds[row.subject]})
        return to_wake(connection, found, events)

    def same_people(self, account: str, contacts: Sequence[str]) -> dict[str, list[str]]:
        """Return the other contacts behind which the same person stands as behind these."""
        with self.database.read() as connection:
            return same_people(connection, account, contacts, _MOST_OTHERS)

    def persons(self, account: str, contacts: Sequence[str]) -> dict[str, str]:
        """Return who stands behind contacts."""
        with self.database.read() as connection:
            return read_persons(connection, account, contacts)
