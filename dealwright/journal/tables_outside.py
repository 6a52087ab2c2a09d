"""The journal's tables for what comes from outside and found nobody: requests not understood, events without a deal."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from dealwright.mirror.tables import metadata

UNMATCHED: Final = ("waiting", "matched", "assigned", "dropped")
"""What may have become of an event that had found no deal."""

_Id = BigInteger().with_variant(Integer, "sqlite")

unmatched = Table(
    "unmatched",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("account", Text, nullable=False),
    Column("event_id", _Id, ForeignKey("events.id"), nullable=False),
    Column("automation", Text, nullable=False, server_default=""),
    Column("name", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Column("deals", Text, nullable=False, server_default=""),
    Column("state", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("asked", Integer, nullable=False, server_default="1"),
    Column("looked", Integer, nullable=False, server_default="0"),
    Column("decided_wall", BigInteger),
    Column("actor", Text, nullable=False, server_default=""),
    UniqueConstraint("event_id", "automation", name="unmatched_once_per_event"),
    CheckConstraint(
        "state = 'waiting' or state = 'matched' or state = 'assigned' or state = 'dropped'",
        name="unmatched_state_known",
    ),
    CheckConstraint("(state = 'waiting') = (decided_wall is null)", name="unmatched_decided_when"),
    Index(
        "unmatched_waiting",
        "account",
        "id",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index(
        "unmatched_to_look_at",
        "account",
        "id",
        sqlite_where=text("state = 'waiting' and asked > looked"),
        postgresql_where=text("state = 'waiting' and asked > looked"),
    ),
    sqlite_autoincrement=True,
)
"""The tray: events from outside that have found no deal. `asked` is how often they were to be looked at again, `looked`
how much of that was done; `deals` are ids, those it may be about or was given to."""

unmatched_marks = Table(
    "unmatched_marks",
    metadata,
    Column("account", Text, primary_key=True),
    Column("mark", Text, primary_key=True),
    Column("unmatched_id", _Id, ForeignKey("unmatched.id"), primary_key=True, autoincrement=False),
    Index("unmatched_marks_of", "unmatched_id"),
)
"""The values by which a deal that comes later is the one of an event that waits, keyed-hashed."""

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("account", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("received_wall", BigInteger, nullable=False),
    Column("request", LargeBinary),
    Column("decided_wall", BigInteger),
    Column("actor", Text, nullable=False, server_default=""),
    Column("events", Integer),
    CheckConstraint("state in ('kept', 'replayed', 'dropped')", name="quarantine_state_known"),
    CheckConstraint("(state = 'kept') = (request is not null)", name="quarantine_keeps_what_is_undecided"),
    Index(
        "quarantine_kept",
        "account",
        "source",
        "digest",
        unique=True,
        sqlite_where=text("state = 'kept'"),
        postgresql_where=text("state = 'kept'"),
    ),
    sqlite_autoincrement=True,
)
"""Requests that are authentic and were not understood; what was decided about them keeps its row without the body."""
