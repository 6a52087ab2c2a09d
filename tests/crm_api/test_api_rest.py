"""When the database is busy or fails, and what stands in the log."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from api_shapes import START, opened
from api_world import Client, World

from dealwright.clock import PlayedClock
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_embedded_crm.api import create_app, front

NEW = {"title": "Chairs", "pipeline": "sales", "stage": "prospecting"}


def test_a_write_that_does_not_get_its_turn_is_told_to_come_again(tmp_path: Path) -> None:
    file = tmp_path / "crm.db"
    opened(f"sqlite:///{file}")[0].close()
    crm = EmbeddedCrm(f"sqlite:///{file}", PlayedClock(START), patience=0.05)
    crm.add_user("Ann")
    owner = Client(create_app({"acme": crm}, clock=PlayedClock(START)), crm.add_token("t", "account_owner")[1])
    writer = sqlite3.connect(file, isolation_level=None)
    writer.execute("begin immediate")
    reply = owner("POST", "/deals", NEW)
    assert (reply.status, reply.code, reply.headers["retry-after"]) == (503, "unavailable", "1")
    assert owner("GET", "/deals").status == 200
    writer.execute("rollback")
    writer.close()
    assert owner("POST", "/deals", NEW).status == 201
    crm.close()


def test_a_crowd_waits_for_its_turn_and_is_then_told_to_come_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "TURN_SECONDS", 0.01)
    app = create_app({"acme": world.crm}, clock=world.clock)
    assert isinstance(app, front.Front)
    app._turns = asyncio.Semaphore(0)
    reply = Client(app, world.secrets["account_owner"])("GET", "/me")
    assert (reply.status, reply.code) == (503, "unavailable")


def test_a_failure_tells_nobody_what_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("Maria +1 212 555 0142")

    monkeypatch.setattr(world.crm, "page_deals", broken)
    with caplog.at_level(logging.INFO):
        reply = world.owner("GET", "/deals")
    assert (reply.status, reply.code) == (500, "internal")
    assert b"Maria" not in reply.body and "Maria" not in caplog.text
    assert "ValueError" in caplog.text and "broken:" in caplog.text


def test_the_log_holds_no_token_and_nothing_of_a_customer(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        world.owner("GET", "/deals?name=Maria", headers={"idempotency-key": "maria@example.com"})
        world.owner("POST", "/contacts", {"name": "Maria", "phone": "+1 212 555 0142"})
        world.owner("GET", "/deals/Maria")
        world.owner("GET", "/Maria")
        world.owner("POST", "/deals", {**NEW, "owner": "Maria"})
        world.client(None)("GET", "/deals?name=Maria", headers={"authorization": "Bearer Maria"})
    lines = [record.getMessage() for record in caplog.records if record.name == "dealwright.crm.api"]
    assert len(lines) == 6
    for line in [record.getMessage() for record in caplog.records]:
        assert "Maria" not in line and "555" not in line and "maria" not in line
        assert not any(secret in line for secret in world.secrets.values())
    assert lines[0].startswith("GET /deals 200") and "acme token 3" in lines[0]
