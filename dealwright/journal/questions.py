"""Questions to people: open until somebody answers, until their time is over, or until their execution has ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from dealwright.engine.records import Question
from dealwright.errors import JournalError
from dealwright.journal import lanes
from dealwright.journal.database import Row, decided_again, instant, micros, statement
from dealwright.journal.parts import Part
from dealwright.journal.payload import seal, unseal
from dealwright.journal.tables import ENDED
from dealwright.journal.tables_asking import UNANSWERED
from dealwright.model.requests import AskPerson, Call

_OPEN: Final = statement(
    """
    insert into questions (id, account, execution_id, automation, step, subject, state, asked_at, until, actor, body)
    select f.key, f.account, f.execution_id, f.automation, f.step, x.subject, 'open', :now, :until, '', :body
    from effects as f join executions as x on x.id = f.execution_id where f.key = :key
    on conflict (id) do update set until = excluded.until, body = excluded.body
        where questions.state = 'open' and questions.told_wall is null
    """
)
_TELL: Final = "select id from questions where id in :ids and told_wall is null and state = 'open' order by id"
_TOLD: Final = statement("update questions set told_wall = :wall where id in :ids", "ids")
_UNTOLD: Final = statement("update questions set told_wall = null where id in :ids", "ids")
_CLOSE: Final = statement(
    f"update questions set state = 'timed_out' where execution_id in :ids and {UNANSWERED} and until <= :now", "ids"
)
_OF: Final = statement(
    # What another worker has settled is asked, whatever one that lost its lease says of its e-mail after that.
    "select q.execution_id, q.step, q.state, q.until, q.choice, q.answered_by, q.note, "
    "case when q.told_wall is not null or f.state = 'sent' then 1 else 0 end as told "
    "from questions as q left join effects as f on f.key = q.id where q.execution_id in :ids",
    "ids",
)
_ANSWERED: Final = statement("select 1 from questions where execution_id = :id and step = :step and state = 'answered'")
_EXECUTION_OF: Final = statement("select execution_id from questions where id = :id and account = :account")
_SHOWN: Final = """
    select q.id, q.account, q.execution_id, q.automation, q.step, q.subject, q.state, q.asked_at, q.until, q.choice,
        q.answered_at, q.answered_by, q.note, q.actor, q.body, x.state as execution_state, x.reason as execution_reason
    from questions as q join executions as x on x.id = q.execution_id
"""
_ONE: Final = statement(_SHOWN + " where q.id = :id and q.account = :account")
_STATE: Final = "select state from questions where id = :id"
_LIST: Final = _SHOWN + " where q.account = :account {open} order by q.asked_at {order}, q.id limit :limit"
_WHERE_OPEN: Final = f"and q.{UNANSWERED} and q.until > :now and x.state not in :ended"
_COUNT: Final = statement(
    "select count(*) as n, min(q.asked_at) as oldest from questions as q join executions as x on x.id = q.execution_id "
    f"where q.account = :account {_WHERE_OPEN}",
    "ended",
)
_ANSWER: Final = statement(
    "update questions set state = 'answered', choice = :choice, answered_by = :by, note = :note, answered_at = :now, "
    "actor = :actor where id = :id"
)
_STARTING: Final = statement(
    "select id from questions where account = :account and id >= :prefix and id < :beyond order by id limit :limit"
)

MAX_NOTE: Final = 2_000
"""The longest note beside an answer, in characters."""


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """One question as people see it; `state` is also `withdrawn`, when its execution has ended before an answer."""

    id: str
    account: str
    execution: str
    automation: str
    step: str
    subject: str
    state: str
    asked_at: datetime
    asked: AskPerson
    until: datetime
    choice: str
    answered_at: datetime | None
    answered_by: str
    note: str
    actor: str
    why: str


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How many questions nobody has answered, and since when the oldest stands."""

    count: int
    since: datetime | None


class Questions(Part):
    """What people were asked, and what they answered: the first answer counts."""

    def ask_people(self, questions: Sequence[Call]) -> frozenset[str]:
        """Open the questions of effects, by their keys; return those of which nobody was told yet, told from now on.

        One that is there already stays; while nobody was told of it, it takes what it is asked now, and its new time.
        """
        if not questions:
            return frozenset()
        now, ids = self._now(), sorted(call.key for call in questions)
        with self.database.write() as connection:
            for call in sorted(questions, key=lambda call: call.key):
                assert isinstance(call.request, AskPerson)
                row = {"key": call.key, "now": now, "until": micros(call.request.until), "body": seal(call.request)}
                connection.execute(_OPEN, row)
            found = connection.execute(statement(_TELL + self.database.for_update, "ids"), {"ids": ids})
            untold = list(found.scalars())
            if untold:
                connection.execute(_TOLD, {"ids": untold, "wall": self._wall()})
        return frozenset(untold)

    def untell(self, keys: Sequence[str]) -> None:
        """Remember that nobody was told of these questions after all."""
        with self.database.write() as connection:
            connection.execute(_UNTOLD, {"ids": sorted(keys)})

    def questions(self, execution_ids: Sequence[str]) -> dict[str, dict[str, Question]]:
        """Return the questions of executions, by step; one whose time is over is closed by that for good.

        It is closed in the database, not by a look at the clock: whoever was told that the answer is taken down must
        see it done.
        """
        found: dict[str, dict[str, Question]] = {}
        ids = sorted(execution_ids)
        with self.database.write() as connection:
            connection.execute(_CLOSE, {"ids": ids, "now": self._now()})
            rows = connection.execute(_OF, {"ids": ids}).mappings().all()
        for row in rows:
            found.setdefault(row["execution_id"], {})[row["step"]] = Question(
                state=row["state"],
                until=instant(row["until"]),
                told=bool(row["told"]),
                choice=row["choice"],
                by=row["answered_by"],
                note="" if row["note"] is None else unseal(row["note"], str),
            )
        return found

    @decided_again
    def answer(self, account: str, question: str, choice: str, *, by: str, note: str, actor: str) -> Asking:
        """Answer a question for somebody who may, and let its execution go on; return it as it is then.

        Raises:
            JournalError: there is no such question or answer, it is answered already, or it is too late.
        """
        if len(note) > MAX_NOTE:
            raise JournalError(f"the note is longer than {MAX_NOTE} characters; nothing was changed")
        with self.database.write() as connection:
            execution = connection.execute(_EXECUTION_OF, {"id": question, "account": account}).scalar_one_or_none()
            if execution is None:
                raise JournalError(f"account {account} has no question {question}; list them: dealwright asks ls --all")
            # The lane first, as everybody does who may let an execution go on.
            lanes.lock(self.database, connection, lanes.of(connection, [execution]))
            connection.execute(statement(_STATE + self.database.for_update), {"id": question})
            asked = self._one(connection, account, question)
            self._refuse(asked, choice)
            now = self._now()
            row = {"id": question, "choice": choice, "by": by, "now": now, "actor": actor}
            connection.execute(_ANSWER, row | {"note": seal(note) if note else None})
            lanes.wake(
                self.database, connection, [execution], now=now, reason="answered", actor=actor, states=("waiting",)
            )
            return self._one(connection, account, question)

    def question(self, account: str, question: str) -> Asking:
        """Return one question.

        Raises:
            JournalError: there is none.
        """
        with self.database.read() as connection:
            return self._one(connection, account, question)

    def list_questions(self, account: str, limit: int, *, only_open: bool = True) -> Sequence[Asking]:
        """Return the open questions, the oldest first; or all, the newest first."""
        sql = _LIST.format(open=_WHERE_OPEN if only_open else "", order="" if only_open else "desc")
        given: dict[str, Any] = {"account": account, "limit": limit}
        if only_open:
            given |= {"now": self._now(), "ended": sorted(ENDED)}
        with self.database.read() as connection:
            rows = connection.execute(statement(sql, *(["ended"] if only_open else [])), given).mappings().all()
        return [self._asking(row) for row in rows]

    def unanswered(self, account: str) -> Waiting:
        """Count the questions that wait for somebody."""
        row = self.database.rows(_COUNT, account=account, now=self._now(), ended=sorted(ENDED))[0]
        return Waiting(count=row["n"], since=None if row["oldest"] is None else instant(row["oldest"]))

    def questions_starting(self, account: str, prefix: str, limit: int) -> Sequence[str]:
        """Return the ids of questions that start like this."""
        beyond = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        rows = self.database.rows(_STARTING, account=account, prefix=prefix, beyond=beyond, limit=limit)
        return [row["id"] for row in rows]

    def _one(self, connection: Connection, account: str, question: str) -> Asking:
        row = connection.execute(_ONE, {"id": question, "account": account}).mappings().first()
        if row is None:
            raise JournalError(f"account {account} has no question {question}; list them: dealwright asks ls --all")
        return self._asking(row)

    def _asking(self, row: Row) -> Asking:
        state, why = row["state"], ""
        if state == "open" and row["execution_state"] in ENDED:
            state, why = "withdrawn", row["execution_reason"]
        elif state == "open" and row["until"] <= self._now():
            state = "timed_out"
        return Asking(
            id=row["id"],
            account=row["account"],
            execution=row["execution_id"],
            automation=row["automation"],
            step=row["step"],
            subject=row["subject"],
            state=state,
            asked_at=instant(row["asked_at"]),
            asked=unseal(row["body"], AskPerson),
            until=instant(row["until"]),
            choice=row["choice"],
            answered_at=None if row["answered_at"] is None else instant(row["answered_at"]),
            answered_by=row["answered_by"],
            note="" if row["note"] is None else unseal(row["note"], str),
            actor=row["actor"],
            why=why,
        )

    def _refuse(self, asked: Asking, choice: str) -> None:
        """Raise if the question takes no answer any more, or not this one."""
        match asked.state:
            case "answered":
                raise JournalError(
                    f"question {asked.id} was answered {asked.choice!r} by {asked.answered_by} already: the first "
                    "answer counts, and nothing was changed"
                )
            case "timed_out":
                raise JournalError(
                    f"question {asked.id} takes no answer any more: its time was over at {asked.until:%Y-%m-%d %H:%M} "
                    "UTC, and the execution went on without one; nothing was changed"
                )
            case "withdrawn":
                because = f" ({asked.why})" if asked.why else ""
                raise JournalError(
                    f"question {asked.id} takes no answer any more: its execution has ended{because}; nothing "
                    "was changed"
                )
        if choice not in asked.asked.answers:
            offered = ", ".join(map(repr, asked.asked.answers))
            raise JournalError(f"question {asked.id} takes {offered}, and not {choice!r}; nothing was changed")


def is_answered(connection: Connection, execution_id: str, step: str) -> bool:
    """Say whether somebody has answered; whoever asks has locked the execution's lane."""
    return connection.execute(_ANSWERED, {"id": execution_id, "step": step}).first() is not None
