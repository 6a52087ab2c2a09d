"""Who may answer a question: whoever was asked and has not left, and who has come into the role since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec
from sqlalchemy import Connection

from dealwright.engine.render_ask import respondent
from dealwright.journal.database import decided_again, statement
from dealwright.journal.parts import Part
from dealwright.journal.payload import seal, unseal
from dealwright.journal.people import behind
from dealwright.journal.questions import Asking
from dealwright.journal.tables import ENDED
from dealwright.journal.tables_asking import UNANSWERED
from dealwright.model.requests import AskPerson, Respondent

_GONE: Final = statement(
    # Whoever was put into a role after they had left is back.
    "select user_id from people_log where account = :account and what in ('offboarded', 'added') group by user_id "
    "having max(case when what = 'offboarded' then id else 0 end) > max(case when what = 'added' then id else 0 end)"
)
_OPEN: Final = statement(
    "select q.id, q.body from questions as q join executions as x on x.id = q.execution_id "
    f"where q.account = :account and q.{UNANSWERED} and q.until > :now and x.state not in :ended "
    "order by q.asked_at, q.id",
    "ended",
)
_HAND_OVER: Final = statement(
    # Nobody is written to: whoever hands it over tells them.
    f"update questions set body = :body, told_wall = coalesce(told_wall, :wall) where id = :id and {UNANSWERED} "
    "and body = :before"
)
_LOG: Final = statement(
    "insert into people_log (account, what, role, user_id, detail, at_wall, actor) "
    "values (:account, 'asked', :role, :user_id, :detail, :wall, :actor)"
)


class Deciding(msgspec.Struct, frozen=True, kw_only=True):
    """Who may answer a question, and who was asked and has left."""

    may: tuple[Respondent, ...]
    left: tuple[Respondent, ...]


class InTheirHands(msgspec.Struct, frozen=True, kw_only=True):
    """Open questions that somebody was asked: those that nobody else may answer, and how many others may."""

    alone: tuple[str, ...]
    shared: int


class Deciders(Part):
    """Who may answer the questions of automations, and how questions go to others."""

    def deciding(self, account: str, asked: Asking) -> Deciding:
        """Return who may answer a question now."""
        with self.database.read() as connection:
            return _Now(connection, account).deciding(asked.asked)

    def asked_of(self, account: str, user_id: str) -> InTheirHands:
        """Return what a user was asked and has not been answered."""
        with self.database.read() as connection:
            alone, shared = self._asked_of(connection, account, user_id)
        return InTheirHands(alone=tuple(id_ for id_, _, _ in alone), shared=shared)

    @decided_again
    def hand_questions_over(
        self, account: str, user_id: str, to: Sequence[Respondent], *, role: str | None, actor: str
    ) -> Sequence[str]:
        """Ask others what nobody but a user may answer; return which questions these were.

        With a `role`, `to` are those of it who are there, and whoever comes into it may answer too.
        """
        handed: list[str] = []
        with self.database.write() as connection:
            self.database.lock_account(connection, account, "people")
            alone, _ = self._asked_of(connection, account, user_id)
            for id_, before, asked in alone:
                new = msgspec.structs.replace(asked, who=tuple(to), role=role or msgspec.UNSET)
                row = {"id": id_, "body": seal(new), "before": before, "wall": self._wall()}
                if connection.execute(_HAND_OVER, row).rowcount:
                    handed.append(id_)
                    for each in to:
                        told = {"account": account, "role": role or "", "user_id": each.id, "detail": id_}
                        connection.execute(_LOG, told | {"wall": self._wall(), "actor": actor})
        return handed

    def _asked_of(
        self, connection: Connection, account: str, user_id: str
    ) -> tuple[list[tuple[str, bytes, AskPerson]], int]:
        """Return the open questions that nobody but the user may answer, and how many others may answer too."""
        now, alone, shared = _Now(connection, account), [], 0
        given = {"account": account, "now": self._now(), "ended": sorted(ENDED)}
        for row in connection.execute(_OPEN, given).mappings().all():
            asked = unseal(row["body"], AskPerson)
            if not any(each.id == user_id for each in asked.who):
                continue
            if any(each.id != user_id for each in now.deciding(asked).may):
                shared += 1
            else:
                alone.append((row["id"], row["body"], asked))
        return alone, shared


class _Now:
    """Who stands behind roles now, and who has left."""

    def __init__(self, connection: Connection, account: str) -> None:
        self._behind = behind(connection, account, date.min)
        self._gone = frozenset(connection.execute(_GONE, {"account": account}).scalars())

    def deciding(self, asked: AskPerson) -> Deciding:
        there = [] if asked.role is msgspec.UNSET else [respondent(each) for each in self._behind.all_of(asked.role)]
        may = {each.id: each for each in (*there, *asked.who) if each.id not in self._gone}
        in_order = [*(each.id for each in asked.who if each.id in may), *may]
        left = tuple(each for each in asked.who if each.id in self._gone)
        return Deciding(may=tuple(may[id_] for id_ in dict.fromkeys(in_order)), left=left)
