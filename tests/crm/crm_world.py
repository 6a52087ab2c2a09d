"""What the CRM's tests talk about: one pipeline, a moment, and calls."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql
from sqlalchemy import create_engine, text

from dealwright.clock import PlayedClock
from dealwright.model.crm import PipelineShape, StageShape
from dealwright.model.requests import Call, Outcome, Request
from dealwright_embedded_crm import EmbeddedCrm, migrations

SERVER = os.environ.get("DEALWRIGHT_TEST_POSTGRESQL", "postgresql://root@127.0.0.1:5432/test")

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DUE = START + timedelta(days=1)

SALES = PipelineShape(
    key="sales",
    name="Sales",
    stages=(
        StageShape(key="incoming", name="Incoming", kind="incoming"),
        StageShape(key="prospecting", name="Prospecting", kind="open", probability=20),
        StageShape(key="engaging", name="Engaging", kind="open", probability=50),
        StageShape(key="won", name="Closed won", kind="won"),
        StageShape(key="lost", name="Closed lost", kind="lost", reasons=("Price", "Timing")),
    ),
)
AFTERCARE = PipelineShape(
    key="aftercare",
    name="Aftercare",
    stages=(
        StageShape(key="incoming", name="Incoming", kind="incoming"),
        StageShape(key="won", name="Done", kind="won"),
    ),
)


def opened(url: str, patience: float = 10.0) -> EmbeddedCrm:
    """Open a CRM whose clock stands still, with both pipelines."""
    crm = EmbeddedCrm(url, PlayedClock(START), patience=patience)
    crm.shape([SALES, AFTERCARE], apply=True)
    return crm


def made_by(revision: str, url: str, statements: Sequence[str], **values: object) -> None:
    """Make an empty database as that version of the CRM left it, with rows."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.set_main_option("path_separator", "os")
        config.attributes.update({"connection": connection, "installation": "abc"})
        command.upgrade(config, revision)
        for statement in statements:
            bound = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(text(statement), bound)
    engine.dispose()


@contextmanager
def new_postgresql() -> Iterator[str]:
    """Make an empty PostgreSQL database, and drop it afterwards."""
    name = f"crm_{uuid.uuid4().hex[:12]}"
    _admin("create database {}", name)
    try:
        yield f"{SERVER.rpartition('/')[0]}/{name}"
    finally:
        _admin("drop database {} with (force)", name)


def _admin(statement: LiteralString, name: str) -> None:
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


def call(key: str, request: Request) -> Call:
    """Return a call of one automation."""
    return Call(key=key, actor="automation:acme.greet", request=request)


def perform(crm: EmbeddedCrm, *calls: Call) -> list[Outcome]:
    """Carry out calls in one batch."""
    return list(asyncio.run(crm.perform(calls)))


def drain(crm: EmbeddedCrm, limit: int = 500) -> list[Any]:
    """Take everything that is in the feed."""
    events: dict[str, Any] = {}
    while items := crm.pull(limit):
        crm.taken([item.event.source_id for item in items])
        for item in items:
            assert item.event.source_id not in events, "an event that was taken came again"
            events[item.event.source_id] = item.event
    return list(events.values())
