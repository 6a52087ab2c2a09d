"""The tray again: what waits until a rule is live, and events that their CRM can never read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from engine_world import MONDAY, World
from engine_world import account as plain_account
from msgspec.structs import replace
from outside_world import Balky, with_

from dealwright import (
    Automation,
    event_received,
    every_event,
    set_task,
    working_days,
)
from dealwright.engine import observe
from dealwright.engine.loop import Engine
from dealwright.model.crm import Deal
from dealwright.model.events import EventReceived
from dealwright.ports import FeedItem


def test_what_a_stop_kept_from_being_made_is_made_when_it_is_lifted(tmp_path: Path, journal_url: str) -> None:
    with closing(with_(tmp_path, journal_url, if_none="create")) as clinic:
        clinic.journal.stop("acme", "", actor="ana")
        clinic.tell("e1")
        clinic.work()
        clinic.journal.set_mode("acme", "booked", "approve", actor="ana")  # it is looked at, and waits on
        clinic.work()
        assert [reason for reason, _ in clinic.waiting()] == ["not_live"]
        clinic.journal.set_mode("acme", "booked", "", actor="ana")
        clinic.journal.resume("acme", "", "run", actor="ana")
        clinic.work()
        assert (clinic.waiting(), len(clinic.crm.deals())) == ([], 1)


def test_a_release_that_answers_what_nobody_answered_looks_at_it(tmp_path: Path, journal_url: str) -> None:
    with closing(with_(tmp_path, journal_url, if_none="create")) as clinic:
        (rule,) = clinic.company.automations
        clinic.journal.record_release(replace(clinic.company, automations=(replace(rule, mode="shadow"),)))
        clinic.tell("e1")
        clinic.work()
        assert [reason for reason, _ in clinic.waiting()] == ["not_live"]
        clinic.journal.record_release(clinic.company)
        clinic.work()
        assert (clinic.waiting(), len(clinic.crm.deals())) == ([], 1)


def test_an_event_alone_that_its_crm_never_makes_a_deal_of_is_given_up_and_waits(
    tmp_path: Path, journal_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observe, "GIVE_UP", 600.0)
    monkeypatch.setattr(observe, "GIVE_UP_ALONE", 0.0)
    monkeypatch.setattr(observe, "READ_AGAIN", 0.02)
    with closing(with_(tmp_path, journal_url, if_none="create")) as clinic:
        Balky(clinic, "F-1")
        clinic.tell("e1", phone="")
        monkeypatch.setattr(clinic.journal, "to_look_at", lambda *_: [])
        clinic.run(_until(lambda: bool(clinic.waiting()) and not clinic.journal.unrouted("acme", 1)))
        ((reason, detail),) = clinic.waiting()
        assert reason == "unmade"
        assert detail.startswith("its CRM fails with it (OutcomeUnknown)")
        assert clinic.journal.unrouted("acme", 10) == []


def test_an_event_without_a_class_whose_deal_cannot_be_read_waits_in_the_tray_and_is_read_again(
    tmp_path: Path, journal_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observe, "GIVE_UP", 0.0)
    monkeypatch.setattr(observe, "GIVE_UP_ALONE", 0.0)
    monkeypatch.setattr(observe, "READ_AGAIN", 0.02)
    plain = Automation(
        key="plain",
        on=event_received("ping"),
        do=[set_task("call", text="Ping", due=working_days(1))],
        again=every_event(),
    )
    with closing(World(tmp_path, plain_account(plain), journal_url=journal_url)) as world:
        mine = world.new_deal()
        world.work()
        read = world.crm.read_deals
        away = [True]

        async def failing(ids: Sequence[str]) -> Mapping[str, Deal]:
            if away[0]:
                raise RuntimeError("what a row held")
            return await read(ids)

        world.crm.read_deals = failing  # type: ignore[method-assign]
        event = EventReceived(
            source_id="p1", occurred_at=MONDAY, actor="hook:mon", source="mon", name="ping", deal_id=mine.id
        )
        world.journal.append("acme", "mon", [FeedItem(event=event, raw=b"{}")])
        world.run(_until(lambda: bool(world.journal.unmatched("acme")) and not world.journal.busy()))
        (waiting,) = world.journal.unmatched("acme")
        assert "its CRM fails with it (RuntimeError)" in waiting.detail
        away[0] = False
        assert world.journal.retry_unmatched("acme") == 1
        world.work()
        assert [task.text for task in world.crm.tasks()] == ["Ping"]
        assert world.journal.unmatched("acme") == []


def _until(met: Callable[[], bool]) -> Callable[[Engine], Awaitable[None]]:
    async def wait(_: Engine) -> None:
        while not met():
            await asyncio.sleep(0.01)

    return wait
