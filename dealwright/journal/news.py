"""News: which events came for executions that want to hear of them, and whether one ends what is held."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection

from dealwright.compile import ir
from dealwright.engine.records import News, ToRoute, Watch
from dealwright.engine.route import matches
from dealwright.journal import hot
from dealwright.journal.database import statement
from dealwright.journal.parts import Part
from dealwright.journal.payload import UNREADABLE, unpack, unseal
from dealwright.model.events import Event, EventReceived, deal_of, deal_subject

_SINCE: Final = statement(
    """
    select events.id, events.subject, events.kind, events.routed_at is not null as routed, effects.execution_id
    from events left join effects on effects.key = events.cause
    where events.account = :account and events.subject in :subjects and events.kind in :kinds and events.id > :after
    order by events.id
    """,
    "subjects",
    "kinds",
)
_HELD: Final = statement("select id from executions where id in :ids and state = 'held'", "ids")
_RUNS: Final = statement(
    """
    select executions.id, executions.automation, executions.subject, executions.release, releases.ir
    from executions join releases
        on releases.account = executions.account and releases.digest = executions.release
    where executions.id in :ids
    """,
    "ids",
)
_MADE_BY: Final = statement("select key, execution_id from effects where key in :keys", "keys")


class Newsroom(Part):
    """Tells executions what has happened to their deals."""

    def news(self, account: str, watches: Sequence[Watch]) -> dict[str, Sequence[News]]:
        """Return, by execution, the events it wants to hear of, in order, routed or not."""
        if not watches:
            return {}
        parameters = {
            "account": account,
            "subjects": sorted({subject for watch in watches for subject in watch.subjects}),
            "kinds": sorted({kind for watch in watches for kind in watch.kinds}),
            "after": min(watch.after for watch in watches),
        }
        with self.database.read() as connection:
            rows = connection.execute(_SINCE, parameters).all()
            by_subject: dict[str, list[Watch]] = {}
            for watch in watches:
                for subject in watch.subjects:
                    by_subject.setdefault(subject, []).append(watch)
            wanted = [
                (watch, row)
                for row in rows
                for watch in by_subject.get(row.subject, ())
                if row.id > watch.after and row.kind in watch.kinds
            ]
            ids = sorted({row.id for _, row in wanted})
            bodies = hot.BODIES.run(connection, ids=ids).all() if ids else ()
        events = {row.id: event for row in bodies if (event := _read(row.body)) is not None}
        found: dict[str, list[News]] = {}
        for watch, row in wanted:
            event = events.get(row.id)
            if event is None or not _is_about(event, watch.subjects[0]):
                continue
            own = row.execution_id == watch.execution_id and not isinstance(event, EventReceived)
            told = News(id=row.id, event=event, own=own, routed=bool(row.routed))
            found.setdefault(watch.execution_id, []).append(told)
        return {**found}


def to_wake(connection: Connection, ids: Sequence[str], events: Sequence[ToRoute]) -> Sequence[str]:
    """Return those of the executions that wait for events of these kinds which are to look at these events.

    What is held is let be by any event but one that ends it: it would be decided again, and perhaps dropped, for
    nothing.
    """
    held = frozenset(connection.execute(_HELD, {"ids": list(ids)}).scalars()) if ids else frozenset()
    if not held:
        return ids
    ended = _ended_by(connection, held, events)
    return [id_ for id_ in ids if id_ not in held or id_ in ended]


def _ended_by(connection: Connection, held: Iterable[str], events: Sequence[ToRoute]) -> frozenset[str]:
    causes = sorted({item.event.cause for item in events if item.event.cause})
    made = {row.key: row.execution_id for row in connection.execute(_MADE_BY, {"keys": causes})} if causes else {}
    releases: dict[str, ir.Account] = {}
    found = set()
    for row in connection.execute(_RUNS, {"ids": sorted(held)}).all():
        try:
            account = releases.get(row.release) or ir.decode(unpack(row.ir))
        except UNREADABLE:
            continue  # whoever resumes it parks it, and says why
        releases[row.release] = account
        automation = account.automation(row.automation)
        for event in (item.event for item in events if automation is not None and _is_about(item.event, row.subject)):
            assert automation is not None
            own = made.get(event.cause or "") == row.id and not isinstance(event, EventReceived)
            deal = deal_of(event, row.subject)
            if not own and any(matches(each, event, deal) for each in automation.exit_on):
                found.add(row.id)
    return frozenset(found)


def _is_about(event: Event, subject: str) -> bool:
    return any(deal_subject(deal.id) == subject for deal in event.about)


def _read(body: bytes) -> Event | None:
    """Read an event; one that is damaged ends nothing and is waited for by nobody."""
    try:
        event: Event = unseal(body, Event)  # type: ignore[arg-type]  # a union, which decodes by its tag
    except UNREADABLE:
        return None
    return event
