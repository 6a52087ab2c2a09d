"""Under load and under fire: quarantine, shared limits, windows asked of Prefect, indexes of the hot path.

Revision ID: 0003
"""

from __future__ import annotations

import contextlib

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add tables, columns and indexes; nothing that is there changes."""
    _intake()
    _limits()
    _windows()
    _hot_path()
    _observation()


def _intake() -> None:
    """What intake keeps: authentic bodies that could not be understood."""
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("received_wall", sa.BigInteger(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=True),
        sa.Column("decided_wall", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("events", sa.Integer(), nullable=True),
        sa.CheckConstraint("state in ('kept', 'replayed', 'dropped')", name="quarantine_state_known"),
        sa.CheckConstraint("(state = 'kept') = (request is not null)", name="quarantine_keeps_what_is_undecided"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "quarantine_kept",
        "quarantine",
        ["account", "source", "digest"],
        unique=True,
        sqlite_where=sa.text("state = 'kept'"),
        postgresql_where=sa.text("state = 'kept'"),
    )


def _limits() -> None:
    """What all engines of a journal share of an outside system's limits."""
    op.create_table(
        "rates",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("connector", sa.Text, primary_key=True),
        sa.Column("boot", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("taken", sa.Text, nullable=False),
        sa.Column("paused_until", sa.Float, nullable=False),
    )


def _windows() -> None:
    """Windows that were asked of Prefect, and those that a flow run carries and records by itself."""
    op.create_table(
        "asked_windows",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("automation", sa.Text(), nullable=False),
        sa.Column("asked_wall", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column("windows", sa.Column("carried", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "windows_open",
        "windows",
        ["account", "automation"],
        unique=False,
        sqlite_where=sa.text("closed_wall is null"),
        postgresql_where=sa.text("closed_wall is null"),
    )


def _hot_path() -> None:
    """What finding due work needs: heads by state, and those that wait to be tried again by their time."""
    op.drop_index("executions_heads", table_name="executions")
    op.create_index(
        "executions_heads",
        "executions",
        ["account", "automation", "state", "event_id"],
        unique=False,
        sqlite_where=sa.text("head"),
        postgresql_where=sa.text("head"),
    )
    op.create_index(
        "executions_retrying",
        "executions",
        ["account", "automation", "lease_boot", "lease_until"],
        unique=False,
        sqlite_where=sa.text("head and state = 'retrying'"),
        postgresql_where=sa.text("head and state = 'retrying'"),
    )
    # Whoever looks for open effects knows their execution, and the unique constraint begins with it.
    op.drop_index("effects_open", table_name="effects")
    if op.get_bind().dialect.name == "sqlite":
        _spell_out()


def _state_of(*states: str) -> str:
    return "(" + " or ".join(f"state = '{state}'" for state in states) + ")"


_HOLDING = ("ready", "running", "retrying")
_RESTING = ("waiting", "held", "parked")
_ENDED = ("done", "skipped", "failed", "cancelled")
_SPELLED_OUT = (
    ("(state in ('ready', 'running', 'retrying'))", _state_of(*_HOLDING)),
    ("state in ('ready', 'running', 'retrying')", _state_of(*_HOLDING)),
    ("state in ('waiting', 'held', 'parked')", _state_of(*_RESTING)),
    ("state in ('done', 'skipped', 'failed', 'cancelled')", _state_of(*_ENDED)),
    (
        "state in ('planned', 'sending', 'sent', 'rejected', 'unknown', 'held', 'dropped')",
        _state_of("planned", "sending", "sent", "rejected", "unknown", "held", "dropped"),
    ),
    ("state not in ('sending', 'sent', 'unknown')", "not " + _state_of("sending", "sent", "unknown")),
)


def _spell_out() -> None:
    """Spell lists of states out where SQLite checks each row: it makes a table of three or more each time.

    The constraints mean the same before and after, so no row is looked at: only the schema's text changes, in the way
    that SQLite's page on ALTER TABLE names for constraints. Where a build of SQLite forbids that, they stay as they
    are, and are as strict and slower.
    """
    op.drop_index("executions_resting", table_name="executions")
    op.create_index(
        "executions_resting",
        "executions",
        ["account", "automation", "state"],
        unique=False,
        sqlite_where=sa.text(_state_of("held", "parked", "waiting")),
    )
    connection = op.get_bind()
    version = connection.exec_driver_sql("pragma schema_version").scalar_one()
    connection.exec_driver_sql("pragma writable_schema = on")
    try:
        for table in ("executions", "effects"):
            found = connection.exec_driver_sql(
                "select sql from sqlite_master where type = 'table' and name = ?", (table,)
            ).scalar_one()
            for before, after in _SPELLED_OUT:
                found = found.replace(before, after)
            with contextlib.suppress(sa.exc.OperationalError):
                connection.exec_driver_sql(
                    "update sqlite_master set sql = ? where type = 'table' and name = ?", (found, table)
                )
        connection.exec_driver_sql(f"pragma schema_version = {version + 1}")
    finally:
        connection.exec_driver_sql("pragma writable_schema = reset")


def _observation() -> None:
    """What rules were told of deals and contacts of a CRM that says only that they changed."""
    op.add_column("mirror_deals", sa.Column("noticed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "mirror_contacts",
        sa.Column("account", sa.Text(), primary_key=True),
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    """The journal's schema goes forward only."""
    raise RuntimeError("the journal's schema goes forward only; restore a backup from before the upgrade instead")
