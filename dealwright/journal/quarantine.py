"""Quarantine: requests that are surely from their source and could not be understood, kept until a person decides.

A body is never cut, or it could not be read again: it is as large as its source may send. What is bounded is how many
are kept for a source, so that a broken sender fills no disk; beyond that nothing is acknowledged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec
from sqlalchemy import Connection

from dealwright.errors import JournalError
from dealwright.journal.database import Row, decided_again, instant, statement
from dealwright.journal.events import Arrival, Events
from dealwright.journal.payload import seal, unseal
from dealwright.ports import FeedItem

MOST_KEPT: Final = 1_000
"""Requests of one source that are kept at a time."""

MOST_BYTES: Final = 16 * 1024 * 1024
"""Bytes of their bodies, all together."""

STATES: Final = ("kept", "replayed", "dropped")

Kept = Literal["kept", "known", "full"]

_KEPT_OF: Final = statement(
    "select count(*) as n, coalesce(sum(size), 0) as bytes from quarantine "
    "where account = :account and source = :source and state = 'kept'"
)
_IS_KEPT: Final = statement(
    "select 1 from quarantine where account = :account and source = :source and digest = :digest and state = 'kept'"
)
_KEEP: Final = statement(
    """
    insert into quarantine (account, source, digest, state, code, reason, size, received_wall, request)
    values (:account, :source, :digest, 'kept', :code, :reason, :size, :wall, :request)
    on conflict (account, source, digest) where state = 'kept' do nothing
    """
)
_LIST: Final = (
    "select id, source, state, code, reason, size, received_wall, decided_wall, actor, events from quarantine "
    "where account = :account and state in :states"
)
_ONE: Final = statement(
    "select id, source, state, code, reason, size, received_wall, decided_wall, actor, events, request "
    "from quarantine where account = :account and id = :id"
)
_DECIDE: Final = statement(
    "update quarantine set state = :state, request = null, decided_wall = :wall, actor = :actor, events = :events "
    "where account = :account and id = :id and state = 'kept'"
)
_COUNTS: Final = statement(
    "select account, source, count(*) as n from quarantine where state = 'kept' group by account, source"
)


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was verified and not understood: why, its body, and the headers that its reader saw."""

    account: str
    source: str
    code: str
    reason: str
    headers: Mapping[str, str]
    body: bytes


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """One such request as it is listed: without its content."""

    id: int
    source: str
    state: str
    code: str
    reason: str
    bytes: int
    received_at: datetime
    decided_at: datetime | None
    actor: str
    events: int | None


class _Request(msgspec.Struct, frozen=True):
    headers: dict[str, str]
    body: bytes


class Quarantine(Events):
    """What was not understood, and what persons decide about it."""

    def quarantine(self, requests: Sequence[Unread]) -> list[Kept]:
        """Keep requests with one commit; say of each whether it is kept, is kept already, or finds no room."""
        with self.database.write() as connection:
            for account in sorted({request.account for request in requests}):
                self.database.lock_account(connection, account, "quarantine")
            room = {
                (account, source): self._room(connection, account, source)
                for account, source in sorted({(request.account, request.source) for request in requests})
            }
            return [self._keep(connection, request, room) for request in requests]

    def _room(self, connection: Connection, account: str, source: str) -> tuple[int, int]:
        row = connection.execute(_KEPT_OF, {"account": account, "source": source}).one()
        return MOST_KEPT - row.n, MOST_BYTES - row.bytes

    def _keep(self, connection: Connection, request: Unread, room: dict[tuple[str, str], tuple[int, int]]) -> Kept:
        key, size = (request.account, request.source), len(request.body)
        number, space = room[key]
        digest = hashlib.sha256(request.body).hexdigest()
        if number < 1 or space < size:
            place = {"account": request.account, "source": request.source, "digest": digest}
            return "known" if connection.execute(_IS_KEPT, place).first() else "full"
        row = {
            "account": request.account,
            "source": request.source,
            "digest": digest,
            "code": request.code,
            "reason": request.reason,
            "size": size,
            "wall": self._wall(),
            "request": seal(_Request(dict(request.headers), request.body)),
        }
        if not connection.execute(_KEEP, row).rowcount:
            return "known"
        room[key] = (number - 1, space - size)
        return "kept"

    def quarantined(
        self, account: str, *, source: str | None = None, states: Sequence[str] = ("kept",), limit: int = 50
    ) -> Sequence[Quarantined]:
        """List them, the newest first."""
        sql = _LIST + (" and source = :source" if source is not None else "") + " order by id desc limit :limit"
        more = {} if source is None else {"source": source}
        states = tuple(states) or STATES
        rows = self.database.rows(statement(sql, "states"), account=account, states=states, limit=limit, **more)
        return [_listed(row) for row in rows]

    def quarantined_one(self, account: str, id_: int) -> tuple[Quarantined, Mapping[str, str], bytes | None] | None:
        """Return one with the headers and the body that are kept of it; None if there is none of that id."""
        rows = self.database.rows(_ONE, account=account, id=id_)
        if not rows:
            return None
        request = None if rows[0]["request"] is None else unseal(rows[0]["request"], _Request)
        return _listed(rows[0]), request.headers if request else {}, request.body if request else None

    def quarantine_counts(self) -> Mapping[tuple[str, str], int]:
        """Count what is kept, by account and source."""
        return {(row["account"], row["source"]): row["n"] for row in self.database.rows(_COUNTS)}

    def replay_quarantined(self, account: str, id_: int, items: Sequence[FeedItem], *, actor: str) -> int:
        """Append what a request tells now that it is understood, and let go of its body; return how many were new.

        The source's ids keep it from happening twice: whoever dies in between, or replays at the same time, appends
        what is known already.

        Raises:
            JournalError: there is no such request, or somebody has decided about it.
        """
        found = self._undecided(account, id_)
        new = self.append_all([Arrival(account=account, source=found.source, items=items)])[0] if items else 0
        self._decide(account, id_, "replayed", actor=actor, events=new)
        return new

    def drop_quarantined(self, account: str, id_: int, *, actor: str) -> None:
        """Let go of a request's body for good.

        Raises:
            JournalError: there is no such request, or somebody has decided about it.
        """
        self._undecided(account, id_)
        self._decide(account, id_, "dropped", actor=actor, events=None)

    def _undecided(self, account: str, id_: int) -> Quarantined:
        found = self.quarantined_one(account, id_)
        if found is None:
            raise JournalError(
                f"account {account} has no request {id_} in quarantine; list them: dealwright quarantine ls"
            )
        if found[0].state != "kept":
            raise JournalError(f"request {id_} was {found[0].state} already, by {found[0].actor}; its body is gone")
        return found[0]

    @decided_again
    def _decide(self, account: str, id_: int, state: str, *, actor: str, events: int | None) -> None:
        row = {"account": account, "id": id_, "state": state, "wall": self._wall(), "actor": actor, "events": events}
        with self.database.write() as connection:
            if connection.execute(_DECIDE, row).rowcount:
                return
        self._undecided(account, id_)  # says who was faster


def _listed(row: Row) -> Quarantined:
    return Quarantined(
        id=row["id"],
        source=row["source"],
        state=row["state"],
        code=row["code"],
        reason=row["reason"],
        bytes=row["size"],
        received_at=instant(row["received_wall"]),
        decided_at=None if row["decided_wall"] is None else instant(row["decided_wall"]),
        actor=row["actor"],
        events=row["events"],
    )
