"""The tray: events from outside that have found no deal wait here until a deal or a person comes.

An event in the tray is routed: it holds nobody up. Whoever gives it a deal appends it once more, under an id that only
that deal gives it, as if it had named it; so it happens to a deal once, however many people and engines try.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from dealwright import faults
from dealwright.compile import ir
from dealwright.engine.matching import keys_of_deal
from dealwright.engine.records import NOT_LIVE, Looked, ToLookAt, ToRoute, Unmatched
from dealwright.errors import JournalError
from dealwright.journal import hot
from dealwright.journal.database import Row, decided_again, instant, micros, statement
from dealwright.journal.parts import Part
from dealwright.journal.payload import UNREADABLE, pack, seal, unseal
from dealwright.journal.tables_outside import UNMATCHED
from dealwright.model.events import Event, EventReceived

BY_ENGINE: Final = "engine"
"""Who has decided where a deal that came later was found."""

_KEEP: Final = statement(
    """
    insert into unmatched (account, event_id, automation, name, reason, detail, deals, state, since, asked)
    values (:account, :event_id, :automation, :name, :reason, :detail, :deals, 'waiting', :since, :asked)
    on conflict (event_id, automation) do nothing returning id
    """
)
_MARK: Final = statement(
    "insert into unmatched_marks (account, mark, unmatched_id) values (:account, :mark, :id) on conflict do nothing"
)
_UNMARK: Final = statement("delete from unmatched_marks where unmatched_id = :id")
_ANY: Final = statement("select 1 from unmatched where account = :account and state = 'waiting' limit 1")
_FOR_A_PERSON: Final = ("several", "refused")
"""Why an event waits for a person alone: several deals fitted it, and the one that is left may be the wrong one."""

_IS_NO_CHOICE: Final = f"reason not in {_FOR_A_PERSON}"
_ASK: Final = statement(
    f"update unmatched set asked = asked + 1 where state = 'waiting' and {_IS_NO_CHOICE} and id in "
    "(select unmatched_id from unmatched_marks where account = :account and mark in :marks)",
    "marks",
)
_ASK_ALL: Final = (
    "update unmatched set asked = asked + 1 where account = :account and state = 'waiting' and automation = ''"
)
_ASK_NOT_LIVE: Final = statement(
    "update unmatched set asked = asked + 1 where account = :account and state = 'waiting' and reason = :reason"
)
_TO_LOOK_AT: Final = statement(
    """
    select unmatched.id, unmatched.asked, unmatched.automation, events.id as event_id, events.body, events.chain,
        events.depth
    from unmatched join events on events.id = unmatched.event_id
    where unmatched.account = :account and unmatched.state = 'waiting' and unmatched.asked > unmatched.looked
    order by unmatched.id limit :limit
    """
)
_LOOKED: Final = statement(
    "update unmatched set looked = :asked, reason = :reason, detail = :detail, deals = :deals "
    "where id = :id and state = 'waiting'"
)
_PASS: Final = statement("update unmatched set looked = :asked where id = :id and state = 'waiting'")
_DECIDE: Final = statement(
    "update unmatched set state = :state, decided_wall = :wall, actor = :actor, deals = :deals "
    "where account = :account and id = :id and state = 'waiting'"
)
_LIST: Final = (
    "select unmatched.id, unmatched.event_id, unmatched.automation, events.source, unmatched.name, unmatched.state, "
    "unmatched.reason, unmatched.detail, unmatched.deals, unmatched.since, unmatched.decided_wall, unmatched.actor "
    "from unmatched join events on events.id = unmatched.event_id where unmatched.account = :account"
)
_EVENT: Final = statement("select source, cause, chain, depth, body from events where id = :id")
_COUNTS: Final = statement("select account, count(*) as n from unmatched where state = 'waiting' group by account")


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One event of the tray as it is listed: without what it tells.

    `deals` are those that it may be about, or that it was given to. `automation` is whose segment is too large.
    """

    id: int
    event_id: int
    source: str
    name: str
    state: str
    reason: str
    detail: str
    deals: tuple[str, ...]
    automation: str
    since: datetime
    decided_at: datetime | None
    actor: str


def keep(connection: Connection, account: str, unmatched: Iterable[Unmatched], *, now: int, secret: bytes) -> None:
    """Put events into the tray. Each is looked at once more: its deal may have come while it was looked for."""
    for each in unmatched:
        row = {
            "account": account,
            "event_id": each.event_id,
            "automation": each.automation,
            "name": each.name,
            "reason": each.reason,
            "detail": each.detail,
            "deals": " ".join(each.deals),
            "since": now,
            # A segment that is too large is for a person, and so is a choice.
            "asked": 0 if each.automation or each.reason in _FOR_A_PERSON else 1,
        }
        id_ = connection.execute(_KEEP, row).scalar_one_or_none()
        if id_ is not None and each.marks:
            hashed = [{"account": account, "mark": _hash(mark, secret), "id": id_} for mark in each.marks]
            connection.execute(_MARK, hashed)


def ask_again(connection: Connection, account: ir.Account, events: Sequence[ToRoute], *, secret: bytes) -> None:
    """Let those events be looked at again that one of these deals may be the deal of."""
    if connection.execute(_ANY, {"account": account.key}).first() is None:
        return
    deals = {deal.id: deal for item in events if not isinstance(item.event, EventReceived) for deal in item.event.about}
    marks = sorted({_hash(mark, secret) for deal in deals.values() for mark in keys_of_deal(account, deal)})
    if marks:
        connection.execute(_ASK, {"account": account.key, "marks": marks})


def ask_those_that_nobody_answered(connection: Connection, account: str) -> None:
    """Let those events be looked at again that wait until an automation is live: one may be, from now on."""
    connection.execute(_ASK_NOT_LIVE, {"account": account, "reason": NOT_LIVE})


def _hash(mark: str, secret: bytes) -> str:
    return hmac.new(secret, f"match:{mark}".encode(), hashlib.sha256).hexdigest()[:32]


class Tray(Part):
    """What waits for a deal, and what persons decide about it."""

    # --- for the engine ---------------------------------------------------------------------------------------------

    def to_look_at(self, account: str, limit: int) -> Sequence[ToLookAt]:
        """Return what is to be looked at again, oldest first."""
        with self.database.read() as connection:
            rows = connection.execute(_TO_LOOK_AT, {"account": account, "limit": limit}).all()
        found = []
        unreadable = []
        for row in rows:
            try:
                event: Event = unseal(row.body, Event)  # type: ignore[arg-type]  # a union, which decodes by its tag
            except UNREADABLE:
                unreadable.append({"id": row.id, "asked": row.asked})  # whoever looks at it by hand is told
                continue
            item = ToRoute(id=row.event_id, event=event, chain=row.chain, depth=row.depth)
            found.append(ToLookAt(id=row.id, asked=row.asked, automation=row.automation, item=item))
        if unreadable:  # else they would be found here for ever, before all others
            with self.database.write() as connection:
                connection.execute(_PASS, unreadable)
        return found

    def looked_at(self, account: str, looked: Sequence[Looked]) -> None:
        """Write down what came of it: events with a deal happen to it, the others wait on."""
        with self.database.write() as connection:
            self.database.lock_account(connection, account, "append")
            for each in looked:
                if each.deals:
                    self._give_event(connection, account, each.id, each.event_id, each.deals, "matched", BY_ENGINE)
                elif each.dropped:
                    self._decide_event(connection, account, each.id, "dropped", (), BY_ENGINE)
                else:
                    row = {"id": each.id, "asked": each.asked, "reason": each.reason, "detail": each.detail}
                    connection.execute(_LOOKED, {**row, "deals": " ".join(each.candidates)})
            faults.hit("operate.before-commit")

    # --- for people -------------------------------------------------------------------------------------------------

    def unmatched(
        self, account: str, *, name: str | None = None, states: Sequence[str] = ("waiting",), limit: int = 50
    ) -> Sequence[Waiting]:
        """List them, the newest first."""
        sql = f"{_LIST} and unmatched.state in :states" + (" and unmatched.name = :name" if name is not None else "")
        more = {} if name is None else {"name": name}
        rows = self.database.rows(
            statement(f"{sql} order by unmatched.id desc limit :limit", "states"),
            account=account,
            states=tuple(states) or UNMATCHED,
            limit=limit,
            **more,
        )
        return [_listed(row) for row in rows]

    def unmatched_one(self, account: str, id_: int) -> tuple[Waiting, EventReceived | None] | None:
        """Return one with its event (None: it cannot be read); None if there is none of that id."""
        rows = self.database.rows(statement(f"{_LIST} and unmatched.id = :id"), account=account, id=id_)
        if not rows:
            return None
        waiting = _listed(rows[0])
        with self.database.read() as connection:
            body = connection.execute(_EVENT, {"id": waiting.event_id}).one().body
        try:
            event: Event = unseal(body, Event)  # type: ignore[arg-type]  # a union, which decodes by its tag
        except UNREADABLE:
            return waiting, None
        return waiting, event if isinstance(event, EventReceived) else None

    def unmatched_counts(self) -> Mapping[str, int]:
        """Count what waits, by account."""
        return {row["account"]: row["n"] for row in self.database.rows(_COUNTS)}

    @decided_again
    def assign_unmatched(self, account: str, id_: int, deals: Sequence[str], *, actor: str) -> None:
        """Let an event happen to these deals, as if it had named each of them.

        Raises:
            JournalError: there is no such event in the tray, somebody has decided about it, or it fits no deal.
        """
        waiting = self._still_waiting(account, id_)
        if waiting.reason == "unfit":
            raise JournalError(
                f"event {id_} of the tray can happen to no deal: {waiting.detail}. Mend its sender, which tells it "
                f"again under another id, or its class, and then: dealwright unmatched retry {id_}"
            )
        with self.database.write() as connection:
            self.database.lock_account(connection, account, "append")
            given = self._give_event(connection, account, id_, waiting.event_id, deals, "assigned", actor)
            faults.hit("operate.before-commit")
        if not given:
            self._still_waiting(account, id_)  # says who was faster

    @decided_again
    def assign_every(self, account: str, id_: int, *, actor: str) -> None:
        """Let an event happen to every deal of the segment that is too large to go by itself.

        Raises:
            JournalError: there is no such event in the tray, it waits for something else, or it is decided.
        """
        waiting = self._still_waiting(account, id_)
        if not waiting.automation:
            raise JournalError(
                f"event {id_} of the tray is for no segment; say which deal: unmatched assign {id_} DEAL"
            )
        with self.database.write() as connection:
            self.database.lock_account(connection, account, "append")
            done = self._decide_event(connection, account, id_, "assigned", (), actor)
            if done:
                row = connection.execute(_EVENT, {"id": waiting.event_id}).one()
                event: Event = unseal(row.body, Event)  # type: ignore[arg-type]  # a union
                assert isinstance(event, EventReceived)
                hot.APPEND.run(connection, [_to_every(account, row, event, waiting.automation, self._now())])
            faults.hit("operate.before-commit")
        if not done:
            self._still_waiting(account, id_)

    @decided_again
    def drop_unmatched(self, account: str, id_: int, *, actor: str) -> None:
        """Let an event be: it is recorded, and nothing answers it.

        Raises:
            JournalError: there is no such event in the tray, or somebody has decided about it.
        """
        self._still_waiting(account, id_)
        with self.database.write() as connection:
            done = self._decide_event(connection, account, id_, "dropped", (), actor)
            faults.hit("operate.before-commit")
        if not done:
            self._still_waiting(account, id_)

    def retry_unmatched(self, account: str, ids: Sequence[int] = ()) -> int:
        """Let these be looked at again by whoever is at work; return how many. None: all but those a person decides."""
        sql = _ASK_ALL + (" and id in :ids" if ids else f" and {_IS_NO_CHOICE}")
        more: dict[str, Any] = {"ids": list(ids)} if ids else {}
        with self.database.write() as connection:
            return connection.execute(statement(sql, *more), {"account": account, **more}).rowcount

    # --- inside -----------------------------------------------------------------------------------------------------

    def _still_waiting(self, account: str, id_: int) -> Waiting:
        found = self.unmatched_one(account, id_)
        if found is None:
            raise JournalError(f"account {account} has no event {id_} in its tray; list them: dealwright unmatched ls")
        waiting = found[0]
        if waiting.state != "waiting":
            to = f" to deal {', '.join(waiting.deals)}" if waiting.deals else ""
            raise JournalError(f"event {id_} of the tray was {waiting.state}{to} already, by {waiting.actor}")
        return waiting

    def _decide_event(
        self, connection: Connection, account: str, id_: int, state: str, deals: Sequence[str], actor: str
    ) -> bool:
        row = {"account": account, "id": id_, "state": state, "wall": self._wall(), "actor": actor}
        if not connection.execute(_DECIDE, {**row, "deals": " ".join(deals)}).rowcount:
            return False
        connection.execute(_UNMARK, {"id": id_})
        return True

    def _give_event(
        self,
        connection: Connection,
        account: str,
        id_: int,
        event_id: int,
        deals: Sequence[str],
        state: str,
        actor: str,
    ) -> bool:
        """Append the event once for each deal; whoever decides first, does."""
        if not self._decide_event(connection, account, id_, state, deals, actor):
            return False
        row = connection.execute(_EVENT, {"id": event_id}).one()
        event: Event = unseal(row.body, Event)  # type: ignore[arg-type]  # a union, which decodes by its tag
        assert isinstance(event, EventReceived)
        now = self._now()
        hot.APPEND.run(connection, [_named(account, row, event, deal, now) for deal in deals])
        return True


def _to_every(account: str, row: Any, event: EventReceived, automation: str, now: int) -> tuple[object, ...]:
    """Return the row of the event as it is when a person has let it go to a whole segment."""
    every = replace(
        event,
        source_id=f"{event.source_id} all:{automation}",
        deal_id=None,
        reference=None,
        deal=None,
        observed=False,
        only=(automation,),
        every=True,
    )
    return _row(account, row, every, now)


def _named(account: str, row: Any, event: EventReceived, deal: str, now: int) -> tuple[object, ...]:
    """Return the row of the event as it is when it names a deal; the hook's own bytes lie with the first one."""
    named = replace(
        event,
        source_id=f"{event.source_id} deal:{deal}",
        deal_id=deal,
        reference=None,
        deal=None,
        observed=False,
    )
    return _row(account, row, named, now)


def _row(account: str, row: Any, event: EventReceived, now: int) -> tuple[object, ...]:
    made = (account, row.source, event.source_id, event.kind, event.subject, micros(event.occurred_at), now)
    return (*made, row.cause, row.chain, row.depth, pack(b""), seal(event))


def _listed(row: Row) -> Waiting:
    return Waiting(
        id=row["id"],
        event_id=row["event_id"],
        source=row["source"],
        name=row["name"],
        state=row["state"],
        reason=row["reason"],
        detail=row["detail"],
        deals=tuple(row["deals"].split()),
        automation=row["automation"],
        since=instant(row["since"]),
        decided_at=None if row["decided_wall"] is None else instant(row["decided_wall"]),
        actor=row["actor"],
    )
