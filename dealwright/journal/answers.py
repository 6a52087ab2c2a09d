"""What other systems have answered to lookups: kept for as long as definitions say, and never more than so many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from dealwright.journal.database import micros, statement
from dealwright.journal.parts import Part
from dealwright.journal.payload import UNREADABLE, seal, unseal
from dealwright.journal.tables_asking import lookup_answers
from dealwright.model.requests import Sent

MOST_ANSWERS: Final = 50_000
"""Answers that are kept of one account; beyond, those go that would go first anyhow."""

_ROOM: Final = 1_000
"""Answers after which it is looked whether they are too many: to find the 50,000th one is to pass all before it."""

_TABLE: Final = lookup_answers.name
_KNOWN: Final = statement(
    f"select question, body from {_TABLE} where account = :account and question in :questions and until > :now",
    "questions",
)
_KEEP: Final = statement(
    f"insert into {_TABLE} (account, question, until, body) values (:account, :question, :until, :body) "
    "on conflict (account, question) do update set until = excluded.until, body = excluded.body"
)
_OVER: Final = statement(f"delete from {_TABLE} where account = :account and until <= :now")
_BEYOND: Final = statement(
    f"delete from {_TABLE} where account = :account and until <= "
    f"(select until from {_TABLE} where account = :account order by until desc limit 1 offset :most)"
)


class Answers(Part):
    """The memory of lookups; it may be emptied at any time, and systems are asked again then."""

    def known_answers(self, account: str, questions: Sequence[str]) -> Mapping[str, Sent]:
        """Return what other systems have answered to these questions, as far as that may still be used."""
        found: dict[str, Sent] = {}
        rows = self.database.rows(_KNOWN, account=account, questions=list(questions), now=self._now())
        for row in rows:
            try:
                found[row["question"]] = unseal(row["body"], Sent)
            except UNREADABLE:
                continue  # it is asked again
        return found

    def keep_answers(self, account: str, answers: Sequence[tuple[str, Sent, datetime]]) -> None:
        """Keep what other systems have answered, each until a moment of business time; what is over goes."""
        if not answers:
            return
        rows = [
            {"account": account, "question": question, "until": micros(until), "body": seal(answer)}
            for question, answer, until in sorted(answers, key=lambda each: each[0])
        ]
        with self.database.write() as connection:
            connection.execute(_KEEP, rows)
            connection.execute(_OVER, {"account": account, "now": self._now()})
            room = self._answers_left.get(account, 0) - len(rows)
            if room < 0:
                # As many are left out as may come until it is looked again, so that there are never more.
                room = min(_ROOM, MOST_ANSWERS // 50)
                connection.execute(_BEYOND, {"account": account, "most": MOST_ANSWERS - room})
        self._answers_left[account] = room
