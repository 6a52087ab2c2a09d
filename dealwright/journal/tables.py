"""The journal's tables. Invariants are constraints here, not habits elsewhere.

All instants are integers, microseconds since 1970 UTC; `*_wall` columns are real wall time, the others business time
(engine-contract §3). Leases are (boot, seconds): monotonic seconds of one boot on SQLite, the database's clock on
PostgreSQL. Byte columns are written and read through journal/payload.py only.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from dealwright.mirror.tables import metadata

HOLDING: Final = ("ready", "running", "retrying")
"""States in which an execution holds its place in its lane."""

RESTING: Final = ("waiting", "held", "parked")
"""States in which an execution is alive and blocks nobody."""

ENDED: Final = ("done", "skipped", "failed", "cancelled")
"""States in which an execution is over; only a failed one may be given another chance, by a person."""


def _state_of(*states: str) -> str:
    """Spell `state in (...)` out: SQLite makes a table of a list of three or more for every single row it checks.

    That took two thirds of the time of writing an effect. What the first two migrations spelled as lists is changed
    by the third, on SQLite; PostgreSQL has the lists still, which mean the same and cost it nothing.
    """
    return "(" + " or ".join(f"state = '{state}'" for state in states) + ")"


_Id = BigInteger().with_variant(Integer, "sqlite")

meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))
"""`installation`: a random id of this journal, part of every effect key; `secret`: the key of keyed hashes."""

epochs = Table(
    "epochs",
    metadata,
    Column("account", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
)

releases = Table(
    "releases",
    metadata,
    Column("account", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("behaviour", Text, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("ir", LargeBinary, nullable=False),
    Column("recorded_wall", BigInteger, nullable=False),
    Column("active", Boolean, nullable=False, server_default=false()),
    Index("releases_one_active", "account", unique=True, sqlite_where=text("active"), postgresql_where=text("active")),
)

deployments = Table(
    "deployments",
    metadata,
    Column("account", Text, primary_key=True),
    Column("automation", Text, primary_key=True),
    Column("version", Text, nullable=False),
    Column("deployment_id", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("account", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("occurred_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("late", Boolean, nullable=False, server_default=false()),
    Column("cause", Text),
    Column("chain", BigInteger),
    Column("depth", Integer, nullable=False, server_default="0"),
    Column("raw", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("routed_at", BigInteger),
    UniqueConstraint("account", "source", "source_id", name="events_once_per_source_id"),
    Index(
        "events_to_route",
        "account",
        "id",
        sqlite_where=text("routed_at is null"),
        postgresql_where=text("routed_at is null"),
    ),
    Index("events_by_subject", "account", "subject", "id"),
    Index(
        "events_by_chain", "chain", sqlite_where=text("chain is not null"), postgresql_where=text("chain is not null")
    ),
    sqlite_autoincrement=True,
)

lanes = Table(
    "lanes",
    metadata,
    Column("key", Text, primary_key=True),
    Column("next_pos", BigInteger, nullable=False),
)
"""One automation on one subject: the row that route and settle lock before they touch its queue."""

executions = Table(
    "executions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("automation", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("event_id", _Id, ForeignKey("events.id"), nullable=False),
    Column("release", Text, nullable=False),
    Column("lane", Text, ForeignKey("lanes.key"), nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("pos", BigInteger),
    Column("head", Boolean, nullable=False, server_default=false()),
    Column("late", Boolean, nullable=False, server_default=false()),
    Column("due_at", BigInteger),
    Column("worker", Text),
    Column("lease_boot", Text),
    Column("lease_until", Float),
    Column("window_id", Text),
    Column("turn", Integer, nullable=False, server_default="0"),
    Column("seen_event", BigInteger, nullable=False),
    Column("progress", LargeBinary),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    UniqueConstraint("event_id", "automation", "subject", name="executions_once_per_event"),
    CheckConstraint(
        f"{_state_of(*HOLDING)} or {_state_of(*RESTING)} or {_state_of(*ENDED)}", name="executions_state_known"
    ),
    CheckConstraint(f"(pos is not null) = {_state_of(*HOLDING)}", name="executions_hold_a_place"),
    CheckConstraint("not head or pos is not null", name="executions_head_holds"),
    CheckConstraint("(state = 'running') = (worker is not null)", name="executions_running_is_leased"),
    CheckConstraint("state <> 'running' or head", name="executions_only_heads_run"),
    Index("executions_one_head", "lane", unique=True, sqlite_where=text("head"), postgresql_where=text("head")),
    Index(
        "executions_heads",
        "account",
        "automation",
        "state",
        "event_id",
        sqlite_where=text("head"),
        postgresql_where=text("head"),
    ),
    Index(
        "executions_retrying",
        "account",
        "automation",
        "lease_boot",
        "lease_until",
        sqlite_where=text("head and state = 'retrying'"),
        postgresql_where=text("head and state = 'retrying'"),
    ),
    Index(
        "executions_queue",
        "lane",
        "pos",
        sqlite_where=text("pos is not null"),
        postgresql_where=text("pos is not null"),
    ),
    Index(
        "executions_due",
        "due_at",
        sqlite_where=text("due_at is not null"),
        postgresql_where=text("due_at is not null"),
    ),
    Index("executions_by_subject", "account", "subject"),
    Index(
        "executions_by_window",
        "window_id",
        sqlite_where=text("window_id is not null"),
        postgresql_where=text("window_id is not null"),
    ),
    Index(
        "executions_resting",
        "account",
        "automation",
        "state",
        sqlite_where=text(_state_of("held", "parked", "waiting")),
        postgresql_where=text("state in ('held', 'parked', 'waiting')"),
    ),
)

transitions = Table(
    "transitions",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("execution_id", Text, ForeignKey("executions.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("actor", Text, nullable=False),
    Index("transitions_by_execution", "execution_id", "id"),
    sqlite_autoincrement=True,
)
"""Append-only: a trigger refuses to change or delete a row."""

turns = Table(
    "turns",
    metadata,
    Column("execution_id", Text, ForeignKey("executions.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("facts", LargeBinary),
    Column("trace", LargeBinary, nullable=False),
)
"""Each decision with the facts it was made on (null: the event's own `after`) and the trace of every condition."""

effects = Table(
    "effects",
    metadata,
    Column("key", Text, primary_key=True),
    Column("execution_id", Text, ForeignKey("executions.id"), nullable=False),
    Column("account", Text, nullable=False),
    Column("automation", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("visit", Integer, nullable=False),
    Column("target", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("delivery", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("request", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("looks", Integer, nullable=False, server_default="0"),
    Column("planned_at", BigInteger, nullable=False),
    Column("first_sent_wall", BigInteger),
    Column("sent_at", BigInteger),
    Column("allowed_attempt", Integer),
    UniqueConstraint("execution_id", "step", "visit", "target", name="effects_once_per_step_visit_target"),
    CheckConstraint(
        _state_of("planned", "sending", "sent", "rejected", "unknown", "held", "dropped"), name="effects_state_known"
    ),
    CheckConstraint("state <> 'sent' or sent_at is not null", name="effects_sent_when"),
    CheckConstraint(f"not {_state_of('sending', 'sent', 'unknown')} or attempts > 0", name="effects_sent_is_attempted"),
)

approvals = Table(
    "approvals",
    metadata,
    Column("effect_key", Text, ForeignKey("effects.key"), primary_key=True),
    Column("digest", Text, nullable=False),
    Column("approved_wall", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
)
"""The request of an effect that a person let go, as a digest: another request under the same key is not approved."""

replays = Table(
    "replays",
    metadata,
    Column("event_id", _Id, ForeignKey("events.id"), primary_key=True, autoincrement=False),
    Column("of_event", BigInteger, nullable=False),
    Column("replayed_wall", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Index("replays_by_event", "of_event"),
)
"""Events that a person had happen again, and who did."""

attempts = Table(
    "attempts",
    metadata,
    Column("effect_key", Text, ForeignKey("effects.key"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("worker", Text, nullable=False),
    Column("started_wall", BigInteger, nullable=False),
    Column("ended_wall", BigInteger),
    Column("outcome", Text),
)

receipts = Table(
    "receipts",
    metadata,
    Column("effect_key", Text, ForeignKey("effects.key"), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

reservations = Table(
    "reservations",
    metadata,
    Column("account", Text, primary_key=True),
    Column("mode", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("taken_at", BigInteger, nullable=False),
    Column("until", BigInteger),
    Index("reservations_by_holder", "holder"),
)
"""A taken share of something limited; `until` null is for ever."""

rates = Table(
    "rates",
    metadata,
    Column("account", Text, primary_key=True),
    Column("connector", Text, primary_key=True),
    Column("boot", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("taken", Text, nullable=False),
    Column("paused_until", Float, nullable=False),
)
"""What an outside system takes of an account: when requests left, and when the next ones may, by the leases' clock."""

awaits = Table(
    "awaits",
    metadata,
    Column("execution_id", Text, ForeignKey("executions.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Index("awaits_by_subject", "account", "subject", "kind"),
)
"""Which event kinds on its subject wake a waiting execution."""

switches = Table(
    "switches",
    metadata,
    Column("account", Text, primary_key=True),
    Column("automation", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("set_wall", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
)
"""`stop`, `mode` and `pause` of an automation, or of the account (automation ''); `messages` of the account."""

switch_log = Table(
    "switch_log",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("account", Text, nullable=False),
    Column("automation", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("set_wall", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)

settings = Table(
    "settings",
    metadata,
    Column("account", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("set_wall", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
)
"""What people have set a setting to; what it may hold stands in the release."""

setting_log = Table(
    "setting_log",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("account", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("set_wall", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Index("setting_log_by_key", "account", "key", "id"),
    sqlite_autoincrement=True,
)

workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("machine", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("pid_started", Text, nullable=False),
    Column("lease_boot", Text, nullable=False),
    Column("lease_until", Float, nullable=False),
)

windows = Table(
    "windows",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("automation", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("worker", Text, nullable=False),
    Column("opened_wall", BigInteger, nullable=False),
    Column("closed_wall", BigInteger),
    Column("phase", Text, nullable=False),
    Column("run_id", Text),
    Column("cancel_asked", Boolean, nullable=False, server_default=false()),
    Column("crashed", Boolean, nullable=False, server_default=false()),
    Column("summary", LargeBinary),
    Column("suspended", Boolean, nullable=False, server_default=false()),
    Column("carried", Boolean, nullable=False, server_default=false()),
    CheckConstraint("phase in ('new', 'opened', 'recorded', 'dropped')", name="windows_phase_known"),
    Index(
        "windows_to_record",
        "opened_wall",
        sqlite_where=text("phase in ('new', 'opened')"),
        postgresql_where=text("phase in ('new', 'opened')"),
    ),
    Index("windows_by_automation", "account", "automation", "opened_wall"),
    Index(
        "windows_by_run", "run_id", sqlite_where=text("run_id is not null"), postgresql_where=text("run_id is not null")
    ),
    Index(
        "windows_of_worker",
        "worker",
        sqlite_where=text("closed_wall is null"),
        postgresql_where=text("closed_wall is null"),
    ),
    Index(
        "windows_open",
        "account",
        "automation",
        sqlite_where=text("closed_wall is null"),
        postgresql_where=text("closed_wall is null"),
    ),
)

asked_windows = Table(
    "asked_windows",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("automation", Text, nullable=False),
    Column("asked_wall", BigInteger, nullable=False),
    Column("run_id", Text),
)

run_requests = Table(
    "run_requests",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("automation", Text, nullable=False),
    Column("asked_wall", BigInteger, nullable=False),
    Column("window_id", Text),
)
