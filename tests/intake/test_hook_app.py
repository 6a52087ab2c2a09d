"""The application: what each request is answered, what is counted, what stands in the log."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hook_world import BODY, NOW, HandClock, Hooks, MemoryJournal, signed
from sqlalchemy.exc import OperationalError

from dealwright.intake.limits import Limits
from dealwright.journal.store import Journal
from dealwright.ports import HookQuota

OTHER = b"another secret altogether"


def run(play: Any, journal: Any = None, clock: HandClock | None = None, **how: Any) -> Any:
    """Play against the application."""

    async def playing() -> Any:
        async with Hooks(journal or MemoryJournal(), clock or HandClock(), **how) as hooks:
            return await play(hooks)

    return asyncio.run(playing())


def test_a_hook_is_appended_once_on_each_database(journal_url: str) -> None:
    journal = Journal(journal_url, HandClock())

    async def play(hooks: Hooks) -> None:
        first = await hooks.post()
        assert (first.status_code, first.json()) == (200, {"accepted": 1, "duplicates": 0})
        again = await hooks.post(at=NOW + timedelta(seconds=60))
        assert (again.status_code, again.json()) == (200, {"accepted": 0, "duplicates": 1})
        assert (first.headers.get("dealwright-repeated"), again.headers["dealwright-repeated"]) == (None, "true")
        ready = await hooks.http.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"ready": True, "engines": 0})
        assert hooks.app.counts.by_outcome == {("acme/billing", "accepted"): 1, ("acme/billing", "duplicate"): 1}

    run(play, journal)
    (kept,) = journal.unrouted("acme", 10)
    assert kept.event.source_id == "evt-1"
    assert kept.event.subject == "source:billing"
    journal.close()


def test_two_web_processes_and_one_batch_know_an_event_once(journal_url: str) -> None:
    journals = [Journal(journal_url, HandClock()) for _ in range(2)]

    async def play() -> list[dict[str, int]]:
        async with Hooks(journals[0], HandClock()) as one, Hooks(journals[1], HandClock()) as other:
            bodies = [{**BODY, "id": f"evt-{number % 20}"} for number in range(120)]
            posts = [(one, other)[number % 2].post(body) for number, body in enumerate(bodies + bodies)]
            posts += [each.post({**BODY, "id": "evt-0"}) for each in (one, one, other, other)]
            return [answer.json() for answer in await asyncio.gather(*posts)]

    answers = asyncio.run(play())
    assert sum(answer["accepted"] for answer in answers) == 20
    assert sum(answer["duplicates"] for answer in answers) == len(answers) - 20
    assert len(journals[0].unrouted("acme", 1_000)) == 20
    for journal in journals:
        journal.close()


def test_many_at_once_share_commits_and_each_hears_of_its_own(journal_url: str) -> None:
    journal = Journal(journal_url, HandClock())

    async def play(hooks: Hooks) -> list[dict[str, int]]:
        bodies = [{**BODY, "id": f"evt-{number // 2}"} for number in range(100)]
        return [answer.json() for answer in await asyncio.gather(*map(hooks.post, bodies))]

    answers = run(play, journal)
    assert sum(answer["accepted"] for answer in answers) == 50
    assert sum(answer["duplicates"] for answer in answers) == 50
    assert len(journal.unrouted("acme", 200)) == 50
    journal.close()


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"secret": OTHER}, 401, "unauthorized"),
        ({"at": NOW - timedelta(minutes=6)}, 401, "unauthorized"),
        ({"to": "/hooks/acme/nothing"}, 401, "unauthorized"),
        ({"to": "/hooks/nobody/billing"}, 401, "unauthorized"),
        ({"to": "/hooks/acme"}, 404, "no_such_address"),
        ({"to": "/hooks/acme/"}, 404, "no_such_address"),
        ({"to": "/hooks/acme/billing/secret/more"}, 404, "no_such_address"),
        ({"to": "/hooks/acme%2Fbilling/secret/more"}, 404, "no_such_address"),
        ({"to": "/"}, 404, "no_such_address"),
        ({"body": b"x" * 65_537}, 413, "too_large"),
        ({"body": b"x" * 3_000_000}, 413, "too_large"),
        ({"body": b"[" * 99}, 413, "too_deep"),
        ({"body": {**BODY, "data": {str(number): 1 for number in range(51)}}}, 413, "too_many"),
        ({"body": b"nonsense", "secret": OTHER}, 401, "unauthorized"),
        ({"content_type": "text/plain", "secret": OTHER}, 401, "unauthorized"),
    ],
)
def test_what_is_not_taken_is_answered_with_the_reason_and_not_kept(
    request_: dict[str, Any], status: int, code: str
) -> None:
    journal = MemoryJournal()

    async def play(hooks: Hooks) -> Any:
        return await hooks.post(**request_)

    answer = run(play, journal)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert not journal.commits and not journal.unread
    assert "INV-12" not in answer.text
    assert "nonsense" not in answer.text


def test_a_body_of_exactly_the_limit_is_read() -> None:
    async def play(hooks: Hooks) -> Any:
        body = b'{"id":"1","event":"e","data":{}' + b" " * 65_536
        return await hooks.post(body[: 65_536 - 1] + b"}")

    assert run(play).status_code == 200


def test_who_our_customers_are_cannot_be_tried_out() -> None:
    async def play(hooks: Hooks) -> list[Any]:
        tried = [await hooks.post(to=to, secret=OTHER) for to in ("/hooks/acme/billing", "/hooks/nobody/nothing")]
        tried.append(await hooks.post(to="/hooks/nobody/nothing"))
        return tried

    known, unknown, signed_as_ours = run(play)
    assert known.status_code == unknown.status_code == signed_as_ours.status_code == 401
    assert known.content == unknown.content == signed_as_ours.content
    assert sorted(known.headers.items()) == sorted(unknown.headers.items())


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_refused(method: str) -> None:
    async def play(hooks: Hooks) -> Any:
        return await hooks.http.request(method, "/hooks/acme/billing")

    answer = run(play)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert bool(answer.content) == (method != "HEAD")


def test_a_header_that_comes_twice_is_no_signature() -> None:
    async def play(hooks: Hooks) -> Any:
        headers, raw = signed(BODY)
        pairs = [*headers.items(), ("dealwright-signature", headers["dealwright-signature"])]
        return await hooks.http.post("/hooks/acme/billing", content=raw, headers=pairs)

    assert run(play).status_code == 401


# --- limits ---------------------------------------------------------------------------------------------------------


def test_a_source_has_its_rate_and_forged_requests_do_not_use_it_up() -> None:
    clock = HandClock()

    async def play(hooks: Hooks) -> None:
        for _ in range(20):
            assert (await hooks.post(secret=OTHER)).status_code == 401
        statuses = [(await hooks.post({**BODY, "id": str(number)})).status_code for number in range(5)]
        assert statuses == [200, 200, 200, 429, 429]
        answer = await hooks.post()
        assert (answer.json()["error"], answer.headers["retry-after"]) == ("rate", "2")
        clock.seconds += 2.0
        assert (await hooks.post()).status_code == 200
        assert (await hooks.post()).status_code == 429

    run(play, clock=clock, quota=HookQuota(rate=0.5, burst=3))


def test_a_body_that_does_not_come_is_given_up() -> None:
    async def play(hooks: Hooks) -> Any:
        async def trickle() -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.sleep(30)

        headers, _ = signed(BODY)
        return await hooks.http.post("/hooks/acme/billing", content=trickle(), headers=headers)

    answer = run(play, limits=Limits(body_seconds=0.05))
    assert (answer.status_code, answer.headers["connection"]) == (408, "close")


class SlowJournal(MemoryJournal):
    """A journal whose commits wait until they may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on = threading.Event()

    def append_all(self, arrivals: Any) -> list[int]:
        self.may_go_on.wait(10)
        return super().append_all(arrivals)


def test_a_slow_journal_pushes_back_and_nothing_grows() -> None:
    journal = SlowJournal()

    async def play(hooks: Hooks) -> None:
        first = asyncio.create_task(hooks.post({**BODY, "id": "first"}))
        await asyncio.sleep(0.05)  # the writer has it, and the queue is empty
        late = [asyncio.create_task(hooks.post({**BODY, "id": str(number)})) for number in range(4)]
        await asyncio.sleep(0.05)
        refused = [task.result() for task in late if task.done()]
        assert [(each.status_code, each.headers["retry-after"]) for each in refused] == [(503, "5")] * 2
        assert (await hooks.http.get("/readyz")).status_code == 503
        journal.may_go_on.set()
        answers = await asyncio.gather(first, *late)
        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 503, 503]
        assert (await hooks.http.get("/readyz")).status_code == 200

    run(play, journal, limits=Limits(waiting=2))
    assert len(journal.seen) == 3
    assert journal.commits == [1, 2]  # those that waited shared one


@pytest.mark.slow
def test_thousands_at_once_are_told_to_come_again_and_the_memory_stays(caplog: pytest.LogCaptureFixture) -> None:
    """The journal hangs: what waits is bounded in number, all others hear 503 at once, and afterwards all is well."""
    journal = SlowJournal()

    async def play(hooks: Hooks) -> None:
        began = [asyncio.create_task(hooks.post({**BODY, "id": str(number)})) for number in range(40)]
        await asyncio.sleep(0.05)
        refused = await asyncio.gather(*(hooks.post({**BODY, "id": f"late-{number}"}) for number in range(2_000)))
        assert {(each.status_code, each.headers["retry-after"]) for each in refused} <= {(503, "1"), (503, "5")}
        assert hooks.app.waiting <= 10
        assert len(hooks.app._writer._line) <= 40
        assert hooks.app._in_flight <= 40
        journal.may_go_on.set()
        taken = [answer.status_code for answer in await asyncio.gather(*began)]
        # What the writer had begun with, and the ten that waited.
        assert 10 <= taken.count(200) <= 21 and taken.count(503) == 40 - taken.count(200)
        again = await asyncio.gather(*(hooks.post({**BODY, "id": f"late-{number}"}) for number in range(5)))
        assert [each.status_code for each in again] == [200] * 5
        assert (hooks.app.waiting, hooks.app._in_flight, hooks.app._held) == (0, 0, 0)
        assert not hooks.app._writer._line

    with caplog.at_level(logging.WARNING, logger="dealwright"):
        run(play, journal, limits=Limits(waiting=10, at_once=40))
    assert len(caplog.records) <= 3


def test_who_waits_too_long_is_told_to_repeat_and_what_was_not_begun_is_not_written() -> None:
    journal = SlowJournal()

    async def play(hooks: Hooks) -> None:
        begun = asyncio.create_task(hooks.post({**BODY, "id": "begun"}))
        await asyncio.sleep(0.02)
        answers = await asyncio.gather(begun, hooks.post({**BODY, "id": "waiting"}))
        assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [(503, "journal")] * 2
        journal.may_go_on.set()
        again = await hooks.post({**BODY, "id": "begun"})
        assert again.json() == {"accepted": 0, "duplicates": 1}

    run(play, journal, limits=Limits(commit_seconds=0.1))
    assert {source_id for _, _, source_id in journal.seen} == {"begun"}


def test_too_many_at_once_are_asked_to_come_again() -> None:
    journal = SlowJournal()

    async def play(hooks: Hooks) -> list[int]:
        tasks = [asyncio.create_task(hooks.post({**BODY, "id": str(number)})) for number in range(5)]
        await asyncio.sleep(0.05)
        journal.may_go_on.set()
        return sorted(answer.status_code for answer in await asyncio.gather(*tasks))

    assert run(play, journal, limits=Limits(at_once=3)) == [200, 200, 200, 503, 503]


def test_a_journal_that_is_away_costs_a_503_and_comes_back() -> None:
    journal = MemoryJournal()

    async def play(hooks: Hooks) -> None:
        journal.broken = OperationalError("insert into events", {"body": "INV-12"}, Exception("gone"))
        answer = await hooks.post()
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert (await hooks.http.get("/readyz")).status_code == 503
        assert (await hooks.http.get("/healthz")).status_code == 200
        journal.broken = None
        assert (await hooks.post()).status_code == 200

    run(play, journal)


class PickyJournal(MemoryJournal):
    """A journal that one event cannot be written to."""

    def append_all(self, arrivals: Any) -> list[int]:
        if any(item.event.source_id == "poison" for arrival in arrivals for item in arrival.items):
            raise ValueError("poison")
        return super().append_all(arrivals)


def test_one_event_that_cannot_be_written_costs_only_itself() -> None:
    async def play(hooks: Hooks) -> list[int]:
        ids = ["first", "poison", "second", "third"]
        return [each.status_code for each in await asyncio.gather(*(hooks.post({**BODY, "id": id_}) for id_ in ids))]

    assert run(play, PickyJournal()) == [200, 503, 200, 200]


def test_a_source_that_fails_costs_a_500_and_no_word_of_it() -> None:
    class Broken:
        name = "billing"
        quota = HookQuota()

        def verify(self, headers: Any, body: bytes, secret: str) -> None:
            return

        def receive(self, headers: Any, body: bytes) -> Any:
            raise KeyError("INV-12")

    async def play(hooks: Hooks) -> Any:
        hooks.app._sources["acme", "billing"] = Broken()
        return await hooks.post()

    answer = run(play)
    assert (answer.status_code, answer.json()["error"]) == (500, "failed")
    assert "INV-12" not in answer.text


# --- logs -----------------------------------------------------------------------------------------------------------


def test_a_flood_of_refused_requests_is_one_line_a_minute_without_their_content(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = HandClock()

    async def play(hooks: Hooks) -> None:
        for _ in range(50):
            await hooks.post(secret=OTHER)
            await hooks.post(to="/hooks/Zaphod/Beeblebrox")
        clock.seconds += 61
        await hooks.post(secret=OTHER)
        assert hooks.app.counts.by_outcome == {("acme/billing", "unauthorized"): 51, ("-", "unauthorized"): 50}

    with caplog.at_level(logging.DEBUG, logger="dealwright"):
        run(play, clock=clock)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 3
    assert "(50 times since it was last told)" in lines[-1]
    assert not any(word in line for line in lines for word in ("Zaphod", "INV-12", "secret of some", "v1="))
