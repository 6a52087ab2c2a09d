"""The first schema: journal, mirror, the three public views.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything."""
    op.create_table(
        "deployments",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("automation", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "automation"),
    )
    op.create_table(
        "epochs",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("late", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("chain", sa.BigInteger(), nullable=True),
        sa.Column("depth", sa.Integer(), server_default="0", nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("routed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "source", "source_id", name="events_once_per_source_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "events_by_chain",
        "events",
        ["chain"],
        unique=False,
        sqlite_where=sa.text("chain is not null"),
        postgresql_where=sa.text("chain is not null"),
    )
    op.create_index("events_by_subject", "events", ["account", "subject", "id"], unique=False)
    op.create_index(
        "events_to_route",
        "events",
        ["account", "id"],
        unique=False,
        sqlite_where=sa.text("routed_at is null"),
        postgresql_where=sa.text("routed_at is null"),
    )
    op.create_table(
        "lanes",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("next_pos", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "mirror_deals",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account", "id"),
    )
    op.create_table(
        "person_contacts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "contact"),
    )
    op.create_index("person_contacts_by_person", "person_contacts", ["account", "person"], unique=False)
    op.create_table(
        "person_keys",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "key"),
    )
    op.create_index("person_keys_by_person", "person_keys", ["account", "person"], unique=False)
    op.create_table(
        "releases",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("behaviour", sa.Text(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("ir", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_wall", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("account", "digest"),
    )
    op.create_index(
        "releases_one_active",
        "releases",
        ["account"],
        unique=True,
        sqlite_where=sa.text("active"),
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "reservations",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "mode", "rule", "scope"),
    )
    op.create_index("reservations_by_holder", "reservations", ["holder"], unique=False)
    op.create_table(
        "run_requests",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("automation", sa.Text(), nullable=False),
        sa.Column("asked_wall", sa.BigInteger(), nullable=False),
        sa.Column("window_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("run_id"),
    )
    op.create_table(
        "switch_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("automation", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("set_wall", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "switches",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("automation", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("set_wall", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("account", "automation", "name"),
    )
    op.create_table(
        "windows",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("automation", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("opened_wall", sa.BigInteger(), nullable=False),
        sa.Column("closed_wall", sa.BigInteger(), nullable=True),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("cancel_asked", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("crashed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("summary", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("phase in ('new', 'opened', 'recorded', 'dropped')", name="windows_phase_known"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("windows_by_automation", "windows", ["account", "automation", "opened_wall"], unique=False)
    op.create_index(
        "windows_of_worker",
        "windows",
        ["worker"],
        unique=False,
        sqlite_where=sa.text("closed_wall is null"),
        postgresql_where=sa.text("closed_wall is null"),
    )
    op.create_index(
        "windows_to_record",
        "windows",
        ["opened_wall"],
        unique=False,
        sqlite_where=sa.text("phase in ('new', 'opened')"),
        postgresql_where=sa.text("phase in ('new', 'opened')"),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("machine", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("pid_started", sa.Text(), nullable=False),
        sa.Column("lease_boot", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "executions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("automation", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("pos", sa.BigInteger(), nullable=True),
        sa.Column("head", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("late", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_boot", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Float(), nullable=True),
        sa.Column("window_id", sa.Text(), nullable=True),
        sa.Column("turn", sa.Integer(), server_default="0", nullable=False),
        sa.Column("seen_event", sa.BigInteger(), nullable=False),
        sa.Column("progress", sa.LargeBinary(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(pos is not null) = (state in ('ready', 'running', 'retrying'))", name="executions_hold_a_place"
        ),
        sa.CheckConstraint("(state = 'running') = (worker is not null)", name="executions_running_is_leased"),
        sa.CheckConstraint("state <> 'running' or head", name="executions_only_heads_run"),
        sa.CheckConstraint(
            "state in ('ready', 'running', 'retrying') or state in ('waiting', 'held', 'parked') or state in ('done', 'skipped', 'failed', 'cancelled')",
            name="executions_state_known",
        ),
        sa.CheckConstraint("not head or pos is not null", name="executions_head_holds"),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["events.id"],
        ),
        sa.ForeignKeyConstraint(
            ["lane"],
            ["lanes.key"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("event_id", "automation", "subject", name="executions_once_per_event"),
    )
    op.create_index("executions_by_subject", "executions", ["account", "subject"], unique=False)
    op.create_index(
        "executions_by_window",
        "executions",
        ["window_id"],
        unique=False,
        sqlite_where=sa.text("window_id is not null"),
        postgresql_where=sa.text("window_id is not null"),
    )
    op.create_index(
        "executions_due",
        "executions",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at is not null"),
        postgresql_where=sa.text("due_at is not null"),
    )
    op.create_index(
        "executions_heads",
        "executions",
        ["account", "automation", "event_id"],
        unique=False,
        sqlite_where=sa.text("head"),
        postgresql_where=sa.text("head"),
    )
    op.create_index(
        "executions_one_head",
        "executions",
        ["lane"],
        unique=True,
        sqlite_where=sa.text("head"),
        postgresql_where=sa.text("head"),
    )
    op.create_index(
        "executions_queue",
        "executions",
        ["lane", "pos"],
        unique=False,
        sqlite_where=sa.text("pos is not null"),
        postgresql_where=sa.text("pos is not null"),
    )
    op.create_index(
        "executions_resting",
        "executions",
        ["account", "automation", "state"],
        unique=False,
        sqlite_where=sa.text("state in ('held', 'parked', 'waiting')"),
        postgresql_where=sa.text("state in ('held', 'parked', 'waiting')"),
    )
    op.create_table(
        "awaits",
        sa.Column("execution_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["execution_id"],
            ["executions.id"],
        ),
        sa.PrimaryKeyConstraint("execution_id", "kind"),
    )
    op.create_index("awaits_by_subject", "awaits", ["account", "subject", "kind"], unique=False)
    op.create_table(
        "effects",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("execution_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("automation", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("looks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.Column("first_sent_wall", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state <> 'sent' or sent_at is not null", name="effects_sent_when"),
        sa.CheckConstraint(
            "state in ('planned', 'sending', 'sent', 'rejected', 'unknown', 'held', 'dropped')",
            name="effects_state_known",
        ),
        sa.CheckConstraint(
            "state not in ('sending', 'sent', 'unknown') or attempts > 0", name="effects_sent_is_attempted"
        ),
        sa.ForeignKeyConstraint(
            ["execution_id"],
            ["executions.id"],
        ),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("execution_id", "step", "visit", "target", name="effects_once_per_step_visit_target"),
    )
    op.create_index(
        "effects_open",
        "effects",
        ["execution_id"],
        unique=False,
        sqlite_where=sa.text("state in ('planned', 'sending', 'unknown', 'held')"),
        postgresql_where=sa.text("state in ('planned', 'sending', 'unknown', 'held')"),
    )
    op.create_table(
        "transitions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("execution_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["execution_id"],
            ["executions.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("transitions_by_execution", "transitions", ["execution_id", "id"], unique=False)
    op.create_table(
        "turns",
        sa.Column("execution_id", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=True),
        sa.Column("trace", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["execution_id"],
            ["executions.id"],
        ),
        sa.PrimaryKeyConstraint("execution_id", "n"),
    )
    op.create_table(
        "attempts",
        sa.Column("effect_key", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("started_wall", sa.BigInteger(), nullable=False),
        sa.Column("ended_wall", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["effect_key"],
            ["effects.key"],
        ),
        sa.PrimaryKeyConstraint("effect_key", "n"),
    )
    op.create_table(
        "receipts",
        sa.Column("effect_key", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["effect_key"],
            ["effects.key"],
        ),
        sa.PrimaryKeyConstraint("effect_key"),
    )
    _refuse_changes("transitions")
    _refuse_changes("switch_log")
    _create_views()


def downgrade() -> None:
    """There is nothing before the first schema."""
    raise RuntimeError("the journal's first schema cannot be taken back; drop the database instead")


def _refuse_changes(table: str) -> None:
    """Make a table append-only in the database itself."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(
                f"create trigger {table}_no_{verb} before {verb} on {table} "
                f"begin select raise(abort, '{table} is append-only'); end"
            )
        return
    op.execute(
        f"create function {table}_append_only() returns trigger language plpgsql as "
        f"$$ begin raise exception '{table} is append-only'; end $$"
    )
    op.execute(
        f"create trigger {table}_append_only before update or delete on {table} "
        f"for each row execute function {table}_append_only()"
    )


def _create_views() -> None:
    """Create the public views (docs/views.md): the same values on both databases, instants as ISO 8601 text in UTC."""

    def iso(column: str) -> str:
        fraction = f"(({column} % 1000000 + 1000000) % 1000000)"  # of the second before, also in the years before 1970
        if op.get_bind().dialect.name == "sqlite":
            second = f"strftime('%Y-%m-%dT%H:%M:%S', ({column} - {fraction}) / 1000000, 'unixepoch')"
            return f"{second} || '.' || substr('00000' || {fraction}, -6) || 'Z'"
        second = (
            f"to_char(to_timestamp(({column} - {fraction}) / 1000000) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS')"
        )
        return f"{second} || '.' || lpad({fraction}::text, 6, '0') || 'Z'"

    views = {
        "dw_events": f"""
            select id, account, source, kind, subject, {iso("occurred_at")} as occurred_at,
                {iso("received_at")} as received_at, case when late then 1 else 0 end as late
            from events
        """,
        "dw_executions": f"""
            select id, account, automation, subject, event_id, release, state, reason,
                {iso("started_at")} as started_at, {iso("ended_at")} as ended_at
            from executions
        """,
        "dw_effects": f"""
            select key as id, account, execution_id, automation, step, target, kind, delivery, state, key, attempts,
                {iso("sent_at")} as sent_at
            from effects
        """,
    }
    for name, query in views.items():
        op.execute(f"create view {name} as {query}")
