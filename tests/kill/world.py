"""Everything outside the worker that is killed: its databases, the receivers, and the people who use the CRM."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import psycopg

from dealwright.model.crm import Contact, Money
from dealwright.model.custom import Custom, held
from dealwright.model.requests import CreateDeal
from dealwright_embedded_crm import EmbeddedCrm
from tests.databases import postgresql
from tests.kill.clock import FileClock
from tests.kill.definitions import COMPANY
from tests.kill.hooks import HookFile
from tests.kill.model import QUOTED, SMALL, guests, lines, pays, person, title

Kind = Literal["sqlite", "postgresql"]

START: Final = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
NOTICED: Final = 10.0
"""Seconds in which the database server must notice that a process is dead."""

SECRET: Final = "a secret of the kill test only"


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where a worker finds everything; lies beside the databases as `world.json`."""

    directory: str
    journal: str
    crm: str
    erp: int
    audit: int

    @property
    def clock(self) -> FileClock:
        """Business time, shared by all processes of this world."""
        return FileClock(Path(self.directory) / "business-time", START)

    @property
    def secret(self) -> Path:
        """The file with the secret that signs webhooks."""
        return Path(self.directory) / "secret"

    @staticmethod
    def read(directory: Path) -> Places:
        """Return the places of a world that was made before."""
        return msgspec.json.decode((directory / "world.json").read_bytes(), type=Places)


class World:
    """One world, with a CRM that people write to and two receivers that outlive all workers."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.directory = Path(places.directory)
        self.deals = 0
        self._crm = EmbeddedCrm(places.crm, places.clock)
        self._crm.shape(COMPANY.pipelines, fields=COMPANY.own_fields(), apply=True)
        for name in ("Ana Lima", "Bo Ek", "Cy Rao"):  # a deal that leaves Incoming has an owner
            self._crm.add_user(name)
        self.hooks = HookFile(self.directory, places.clock)

    def people_make(self, count: int) -> None:
        """Let people create `count` deals (an even number: two of each person), move some on, and add guests."""
        assert count % 2 == 0, "deals come in pairs of one person"
        numbers = range(self.deals, self.deals + count)
        contacts = self._crm.create_contacts(
            [Contact(id="", name=f"Contact {i}", email=f"person{person(i)}@example.com") for i in numbers]
        )
        deals = self._crm.create_deals(
            [
                CreateDeal(
                    pipeline="sales",
                    stage="quoted" if i % QUOTED == 0 else "incoming",
                    title=title(i),
                    amount=Money(Decimal(100 if i % SMALL else 5), "USD"),
                    contacts=(contact.id,),
                )
                for i, contact in zip(numbers, contacts, strict=True)
            ]
        )
        for i, deal in zip(numbers, deals, strict=True):
            if i % QUOTED == 0:
                self._crm.move_deal(deal.id, "sales", "agreed")
            for guest in self._crm.create_contacts([Contact(id="", name=name) for name in guests(i)]):
                self._crm.add_contact(deal.id, guest.id)
            for line in lines(i):
                self._crm.add_record(deal.id, "line", (Custom("no", held(line)),))
        self.hooks.tell([deal.id for i, deal in zip(numbers, deals, strict=True) if pays(i)])
        self.deals += count

    def journal_rows(self, query: str) -> list[tuple[Any, ...]]:
        """Read the journal with nothing of ours in between."""
        return read(self.places.journal, query)

    def crm_rows(self, query: str) -> list[tuple[Any, ...]]:
        """Read the CRM's own tables with nothing of ours in between."""
        return read(self.places.crm, query)

    def has_journal(self) -> bool:
        """Say whether any worker has lived long enough to make the journal's tables."""
        if self.places.journal.startswith("sqlite"):
            known = "select name from sqlite_master where name = 'dw_effects'"
            return Path(self.places.journal.removeprefix("sqlite:///")).exists() and bool(self.journal_rows(known))
        return bool(self.journal_rows("select 1 from information_schema.views where table_name = 'dw_effects'"))

    def wait_for_connections(self) -> None:
        """Wait until the server has noticed that a worker is dead: a commit that was under way has ended then."""
        if self.places.journal.startswith("sqlite"):
            return
        others = (
            "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() "
            "and backend_type = 'client backend'"
        )
        deadline = time.monotonic() + NOTICED
        while self.journal_rows(others):
            assert time.monotonic() < deadline, f"PostgreSQL still serves a worker that died {NOTICED:g} s ago"
            time.sleep(0.005)

    def received(self, server: str) -> list[dict[str, Any]]:
        """Return what a receiver wrote down."""
        log = self.directory / f"{server}.jsonl"
        return [msgspec.json.decode(line) for line in log.read_bytes().splitlines()] if log.exists() else []

    def close(self) -> None:
        """Close the people's CRM."""
        self._crm.close()


def read(url: str, query: str) -> list[tuple[Any, ...]]:
    """Run one query through the plain driver."""
    if url.startswith("sqlite:///"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return connection.execute(query).fetchall()
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return connection.execute(query.encode()).fetchall()


@contextmanager
def world(directory: Path, kind: Kind) -> Iterator[World]:
    """Make a world in a directory, and take it down."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "secret").write_text(SECRET, encoding="ascii")
    with (
        _databases(directory, kind) as (journal, crm),
        _receiver(directory, "erp") as erp,
        _receiver(directory, "audit", "--no-dedupe") as audit,
    ):
        places = Places(directory=str(directory), journal=journal, crm=crm, erp=erp, audit=audit)
        (directory / "world.json").write_bytes(msgspec.json.encode(places))
        with closing(World(places)) as made:
            yield made


@contextmanager
def _receiver(directory: Path, name: str, *more: str) -> Iterator[int]:
    arguments = ["--name", name, "--log", str(directory / f"{name}.jsonl"), "--secret-file", str(directory / "secret")]
    command = [sys.executable, "-m", "dealwright_webhook.simulator", *arguments, *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def _databases(directory: Path, kind: Kind) -> Iterator[tuple[str, str]]:
    if kind == "sqlite":
        yield f"sqlite:///{directory / 'journal.db'}", f"sqlite:///{directory / 'crm.db'}"
        return
    with postgresql("kill_journal") as journal, postgresql("kill_crm") as crm:
        yield journal, crm
