"""The journal's tables of what was asked: of people, and of other systems."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, LargeBinary, Table, Text, text

from dealwright.mirror.tables import metadata

UNANSWERED: Final = "state = 'open'"
"""How a statement says that nobody has answered a question and that its time was not found over."""

questions = Table(
    "questions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("execution_id", Text, nullable=False),
    Column("automation", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("told_wall", BigInteger),
    Column("choice", Text, nullable=False, server_default=""),
    Column("answered_at", BigInteger),
    Column("answered_by", Text, nullable=False, server_default=""),
    Column("note", LargeBinary),
    Column("actor", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    CheckConstraint("state in ('open', 'answered', 'timed_out')", name="questions_state_known"),
    CheckConstraint("(state = 'answered') = (answered_at is not null)", name="questions_answered_once"),
    Index("questions_by_account", "account", "asked_at"),
    Index("questions_open", "account", "until", sqlite_where=text(UNANSWERED), postgresql_where=text(UNANSWERED)),
    Index("questions_of_execution", "execution_id", "step", unique=True),
)

lookup_answers = Table(
    "lookup_answers",
    metadata,
    Column("account", Text, primary_key=True),
    Column("question", Text, primary_key=True),
    Column("until", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("lookup_answers_by_age", "account", "until"),
)
"""What other systems have answered, by a digest of the question: neither is readable from the other's."""
