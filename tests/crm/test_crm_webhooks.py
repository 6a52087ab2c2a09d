"""Webhooks out: the change feed by POST, in order, at least once, signed, and to nobody who must not have it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from crm_world import SALES, START

from dealwright.clock import PlayedClock
from dealwright.errors import NotFound, Rejected, Unauthorized
from dealwright.intake.secrets import FixedSecret
from dealwright.intake.signed import signed_json
from dealwright.model.events import Event
from dealwright.signature import sign
from dealwright_embedded_crm import EmbeddedCrm, feed, subscriptions, webhooks_out
from dealwright_embedded_crm.subscriptions import HELD, KINDS, pause
from dealwright_embedded_crm.webhooks_out import Deliverer
from dealwright_http.server import Answer, Received, Server


class Clock(PlayedClock):
    """Real time that a test moves."""

    def wall(self) -> Any:
        return self.now()


class Target:
    """Somebody's system: keeps what came, and answers as it is told to (200 when nobody said anything)."""

    def __init__(self) -> None:
        self.got: list[Received] = []
        self.answers: list[int | Answer | None] = []
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    @property
    def ids(self) -> list[str]:
        return [json.loads(each.body)["id"] for each in self.got]

    async def handle(self, request: Received) -> Answer | None:
        self.got.append(request)
        assert len(self.got) < 100, "it comes for ever"
        if self.meanwhile is not None:
            await self.meanwhile()
        told = self.answers.pop(0) if self.answers else 200
        return Answer(status=told) if isinstance(told, int) else told


class Here:
    """A CRM with three events, and somebody who wants to know."""

    def __init__(self, url: str) -> None:
        self.clock = Clock(START)
        self.crm = EmbeddedCrm(url, self.clock)
        self.crm.shape([SALES], apply=True)
        self.crm.add_user("Ann")
        self.target = Target()
        self.port = 0

    def deal(self, title: str = "Desk") -> str:
        return self.crm.create_deal(pipeline="sales", stage="prospecting", title=title).id

    def subscribe(self, *kinds: str, path: str = "/in", **more: Any) -> tuple[str, str]:
        made, secret = self.crm.add_webhook(
            f"http://127.0.0.1:{self.port}{path}", kinds, after=0, allow_private=True, **more
        )
        return made.id, secret

    def deliverer(self) -> Deliverer:
        return Deliverer(self.crm, self.clock)

    @property
    def only(self) -> subscriptions.Subscription:
        (one,) = self.crm.webhooks()
        return one


@asynccontextmanager
async def serving(here: Here) -> Any:
    server = Server(here.target.handle)
    here.port = await server.start()
    try:
        yield here.port
    finally:
        await server.stop()


@pytest.fixture
def here(crm_url: str) -> Iterator[Here]:
    """On each database."""
    made = Here(crm_url)
    yield made
    made.crm.close()


@pytest.fixture
def small(sqlite_url: str) -> Iterator[Here]:
    """On SQLite, for what the database has no part in."""
    made = Here(sqlite_url)
    yield made
    made.crm.close()


def test_events_arrive_in_order_once_as_the_feed_has_them(here: Here) -> None:
    async def story() -> None:
        async with serving(here):
            here.deal("Éclair")
            here.crm.move_deal("1", "sales", "won")
            here.deal()
            here.subscribe()
            assert await here.deliverer().once() == 3
            assert await here.deliverer().once() == 0
            here.deal()
            assert await here.deliverer().once() == 1

    asyncio.run(story())
    assert here.target.ids == ["1", "2", "3", "4"]
    assert [json.loads(each.body) for each in here.target.got] == [feed.told(n, raw) for n, raw in here.crm.events()]
    assert [each.headers["dealwright-id"] for each in here.target.got] == ["1", "2", "3", "4"]
    assert (here.only.after, here.only.last_status, here.only.failures) == ("4", "http 200", 0)
    assert len(here.crm.pull(10)) == 4, "the engine takes them all the same"


def test_an_event_whose_answer_was_lost_comes_again_and_none_overtakes(here: Here) -> None:
    async def story() -> None:
        async with serving(here):
            for _ in range(3):
                here.deal()
            here.subscribe()
            here.target.answers = [200, None]
            deliverer = here.deliverer()
            assert await deliverer.once() == 1
            assert (here.only.after, here.only.failures) == ("1", 1)
            assert await deliverer.once() == 0, "it waits"
            here.clock.move(pause(1))
            assert await deliverer.once() == 2

    asyncio.run(story())
    assert here.target.ids == ["1", "2", "2", "3"]
    assert here.target.got[1].body == here.target.got[2].body


def test_a_process_that_is_killed_before_it_wrote_the_position_down_repeats(here: Here) -> None:
    async def story() -> None:
        async with serving(here):
            here.deal()
            here.deal()
            here.subscribe()
            killed = here.deliverer()

            async def kill() -> None:
                turn.cancel()

            here.target.meanwhile = kill
            turn = asyncio.ensure_future(killed.once())
            with pytest.raises(asyncio.CancelledError):
                await turn
            here.target.meanwhile = None
            assert here.only.after == "0"
            assert await here.deliverer().once() == 0, "the killed one still holds it"
            here.clock.move(HELD)
            assert await here.deliverer().once() == 2

    asyncio.run(story())
    assert here.target.ids == ["1", "1", "2"]


def test_two_processes_take_turns_and_deliver_nothing_twice(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks_out, "PAGE", 2)

    async def story() -> None:
        async with serving(here):
            for _ in range(4):
                here.deal()
            here.subscribe()
            counts = await asyncio.gather(here.deliverer().once(), here.deliverer().once())
            assert sum(counts) == 4 and 0 in counts

    asyncio.run(story())
    assert here.target.ids == ["1", "2", "3", "4"]


def test_who_lost_its_turn_to_another_stops_and_moves_no_position(here: Here) -> None:
    async def story() -> None:
        async with serving(here):
            for _ in range(3):
                here.deal()
            id_, _ = here.subscribe()

            async def take_over() -> None:
                here.target.meanwhile = None
                here.clock.move(HELD)
                assert await here.deliverer().once() == 3

            here.target.meanwhile = take_over
            assert await here.deliverer().once() == 1
            assert here.only.after == "3" and here.only.id == id_

    asyncio.run(story())
    assert here.target.ids == ["1", "1", "2", "3"]


def test_pauses_double_to_five_minutes_and_a_success_forgets_them(small: Here) -> None:
    assert [pause(n).total_seconds() for n in (1, 2, 3, 9, 10, 10_000)] == [1, 2, 4, 256, 300, 300]

    async def story() -> None:
        async with serving(small):
            small.deal()
            small.subscribe()
            deliverer = small.deliverer()
            for failures in (1, 2, 3):
                small.target.answers = [302]
                before = len(small.target.got)
                assert await deliverer.once() == 0
                assert (len(small.target.got), small.only.failures) == (before + 1, failures)
                assert small.only.not_before == small.clock.wall() + pause(failures)
                small.clock.move(pause(failures) - timedelta(milliseconds=1))
                assert await deliverer.once() == 0 and len(small.target.got) == before + 1
                small.clock.move(timedelta(milliseconds=1))
            assert small.only.last_status == "http 302"
            assert await deliverer.once() == 1
            assert (small.only.failures, small.only.not_before) == (0, None)

    asyncio.run(story())


def test_a_receiver_that_names_a_time_is_left_alone_until_then(small: Here) -> None:
    async def story() -> None:
        async with serving(small):
            small.deal()
            small.subscribe()
            small.target.answers = [Answer(status=503, headers={"Retry-After": "120"})]
            await small.deliverer().once()
            assert small.only.not_before == small.clock.wall() + timedelta(seconds=120)

    asyncio.run(story())


def test_gone_is_disabled_with_the_reason_until_somebody_enables_it(
    here: Here, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with serving(here):
            here.deal("Secret Ltd")
            id_, _ = here.subscribe(path="/key-of-theirs")
            here.target.answers = [410]
            assert await here.deliverer().once() == 0
            assert here.only.disabled_at == START and "410" in (here.only.disabled_reason or "")
            here.clock.move(timedelta(days=9))
            assert await here.deliverer().once() == 0 and len(here.target.got) == 1
            assert here.crm.enable_webhook(id_).disabled_reason is None
            assert await here.deliverer().once() == 1

    with caplog.at_level(logging.INFO):
        asyncio.run(story())
    assert "webhook 1 is disabled" in caplog.text
    assert "Secret" not in caplog.text and "key-of-theirs" not in caplog.text


def test_who_fails_for_a_day_is_disabled_but_not_after_an_outage_of_ours(small: Here) -> None:
    async def story() -> None:
        async with serving(small):
            small.deal()
            small.subscribe()
            deliverer = small.deliverer()
            small.target.answers = [500] * 50
            await deliverer.once()
            small.clock.move(timedelta(hours=25))
            for failures in range(2, 10):
                await deliverer.once()
                assert (small.only.failures, small.only.disabled_at) == (failures, None)
                small.clock.move(pause(failures))
            await deliverer.once()
            assert small.only.disabled_reason == "it failed for 24 hours, last with: http 500"

    asyncio.run(story())


def test_a_subscription_hears_only_of_the_kinds_it_wants(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks_out, "FAR", 3)

    async def story() -> None:
        async with serving(here):
            here.deal()
            here.crm.move_deal("1", "sales", "engaging")
            here.deal()
            here.crm.move_deal("1", "sales", "won")
            here.subscribe("stage_changed")
            assert await here.deliverer().once() == 2
            for _ in range(2):
                here.deal()
            await here.deliverer().once()
            assert here.only.after == "4"
            here.deal()
            await here.deliverer().once()
            assert here.only.after == "7", "what nobody wants is not looked through for ever"

    asyncio.run(story())
    assert here.target.ids == ["2", "4"]


def test_one_that_fails_holds_up_no_other(small: Here) -> None:
    async def story() -> None:
        async with serving(small):
            small.deal()
            small.crm.add_webhook("http://127.0.0.1:1/", after=0, allow_private=True)
            small.subscribe()
            assert await small.deliverer().once() == 1
            assert [each.last_status for each in small.crm.webhooks()] == ["ConnectError", "http 200"]

    asyncio.run(story())


def test_another_dealwright_verifies_the_signature(small: Here) -> None:
    async def story() -> str:
        async with serving(small):
            small.deal("Éclair")
            _, secret = small.subscribe()
            await small.deliverer().once()
            return secret

    secret = asyncio.run(story())
    (request,) = small.target.got
    stamp = int(request.headers["dealwright-timestamp"])
    assert request.headers["dealwright-signature"] == sign(secret.encode(), stamp, request.body)
    assert stamp == int(START.timestamp())

    def verified_by(text: str, body: bytes = request.body) -> None:
        source = signed_json("crm", [FixedSecret("test", text)], small.clock)
        source.verify(request.headers, body, "")
        source.receive(request.headers, body)

    with pytest.raises(Rejected):  # verified; that a feed's event is none of a hook is said after that
        verified_by(secret)
    for wrong in (lambda: verified_by(secret + "x"), lambda: verified_by(secret, request.body + b" ")):
        with pytest.raises(Unauthorized):
            wrong()


def test_a_private_address_is_never_connected_to(small: Here) -> None:
    async def private(_host: str, _port: int) -> Any:
        return [ip_address("127.0.0.1")]

    async def story() -> None:
        async with serving(small) as port:
            small.deal()
            small.crm.add_webhook(f"https://looks-public.example.com:{port}/", after=0)
            assert await Deliverer(small.crm, small.clock, resolver=private).once() == 0
            assert (small.only.last_status, small.only.failures) == ("private_address", 1)

    asyncio.run(story())
    assert small.target.got == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://127.0.0.1/x", "private_address"),
        ("https://[::ffff:10.0.0.1]/x", "private_address"),
        ("https://localhost/x", "private_address"),
        ("http://shop.example.com/x", "bad_url"),
        ("https://ann:hunter2@shop.example.com/x", "bad_url"),
        ("ftp://shop.example.com", "bad_url"),
        ("https://", "bad_url"),
        ("https://shop.example.com/\nx", "bad_url"),
        ("https://shop.example.com:0/", "bad_url"),
        ("https://shop.example.com:x/", "bad_url"),
        ("https://[::1/", "bad_url"),
        ("https://" + "x" * 1_000, "bad_url"),
        ("\x00", "bad_url"),
        ("\ud800", "bad_url"),
    ],
)
def test_addresses_that_cannot_be_used_are_refused_at_once(small: Here, url: str, code: str) -> None:
    with pytest.raises(Rejected) as refusal:
        small.crm.add_webhook(url)
    assert refusal.value.code == code and "hunter2" not in str(refusal.value)
    assert small.crm.webhooks() == []


def test_the_secret_is_shown_once_and_limits_hold(here: Here) -> None:
    here.deal()
    made, secret = here.crm.add_webhook("https://shop.example.com/x", ["deal_created"])
    assert secret.startswith("dwhook_") and len(secret) > 40
    assert secret not in repr(here.crm.webhooks()) and made == here.only
    assert made.after == "1", "from now on"
    with pytest.raises(Rejected, match="no kind of event"):
        here.crm.add_webhook("https://shop.example.com/x", ["deal_craeted"])
    with pytest.raises(Rejected, match="the newest has the id 1"):
        here.crm.add_webhook("https://shop.example.com/x", after=2)
    for _ in range(subscriptions.MOST - 1):
        assert here.crm.add_webhook("https://shop.example.com/x")[1] != secret
    with pytest.raises(Rejected, match="delete one first"):
        here.crm.add_webhook("https://shop.example.com/x")
    assert here.crm.remove_webhook(made.id) == made
    for act in (here.crm.remove_webhook, here.crm.enable_webhook):
        for id_ in (made.id, "x", ""):
            with pytest.raises(NotFound):
                act(id_)


def test_the_kinds_are_those_of_the_feed() -> None:
    tags = {kind.__struct_config__.tag for kind in Event.__args__}
    # What other systems tell, what CRMs tell that say only that something changed, and what a release begins, is no
    # news of ours.
    assert tags - {"event_received", "deal_noticed", "contact_noticed", "deal_enrolled"} == set(KINDS)


def test_a_deleted_subscription_gets_nothing_more(small: Here) -> None:
    async def story() -> None:
        async with serving(small):
            small.deal()
            small.deal()
            id_, _ = small.subscribe()

            async def delete() -> None:
                small.crm.remove_webhook(id_)

            small.target.meanwhile = delete
            assert await small.deliverer().once() == 1

    asyncio.run(story())
    assert small.target.ids == ["1"]


def test_it_runs_until_it_is_told_to_stop_and_waits_for_what_is_on_its_way(small: Here) -> None:
    async def story() -> None:
        stop = asyncio.Event()
        async with serving(small):
            small.deal()
            small.deal()
            small.subscribe()

            async def end() -> None:
                stop.set()
                await asyncio.sleep(0)

            small.target.meanwhile = end
            await asyncio.wait_for(small.deliverer().run(stop), 10)
            assert small.only.after == "1", "the answer was waited for, and nothing was begun after it"
            small.target.meanwhile = None
            assert await small.deliverer().once() == 1, "it let go of its turn"

    asyncio.run(story())
    assert small.target.ids == ["1", "2"]
