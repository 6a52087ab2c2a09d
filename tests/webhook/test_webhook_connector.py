"""The connector against a real receiver over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from datetime import timedelta
from pathlib import Path

import pytest
from webhook_world import SECRET, event, lines, play, world

from dealwright.clock import SystemClock
from dealwright.errors import Rejected
from dealwright.model.delivery import AtMostOnce, Keyed
from dealwright.model.requests import Call, Outcome, Refused, Sent, SetTask, TryAgain, Unknown
from dealwright.ports import Connector
from dealwright_http import Secret
from dealwright_http.faults import Fault
from dealwright_http.targets import LateSecret
from dealwright_webhook import FOREVER, Target, WebhookConnector, WebhookSettings
from dealwright_webhook.receiver import Receiver

OK = Sent(receipt={"status": 200})


def sent(*calls: Call, faults: tuple[Fault, ...] = ()):  # type: ignore[no-untyped-def]
    async def act(connector: WebhookConnector, receiver: Receiver) -> list[Outcome]:
        receiver.fail(*faults)
        return list(await connector.perform(calls))

    return act


def targets(**options: object) -> WebhookConnector:
    target = Target(**{"url": "https://erp.example.com/x", "secret": SECRET, **options})  # type: ignore[arg-type]
    return WebhookConnector(WebhookSettings(targets={"erp": target}), SystemClock())


def test_it_is_a_connector_for_send_event() -> None:
    connector = targets()
    assert isinstance(connector, Connector)
    assert connector.actions() == {"send_event"}
    assert connector.destinations() == {"erp"}


@pytest.mark.parametrize(
    ("dedupes_for", "delivery"),
    [(None, AtMostOnce()), (timedelta(days=2), Keyed(dedupes_for=timedelta(days=2))), (FOREVER, Keyed())],
)
def test_the_delivery_class_is_what_the_target_says(dedupes_for: object, delivery: object) -> None:
    connector = targets(dedupes_for=dedupes_for)
    assert connector.delivery(event("k").request) == delivery
    assert connector.delivery(event("k", to="other").request) == AtMostOnce()


def test_many_events_are_sent_at_once_each_with_its_outcome_in_order(tmp_path: Path) -> None:
    log = tmp_path / "r.jsonl"
    calls = [event(f"k{n}") for n in range(100)]
    assert play(log, sent(*calls)) == [OK] * 100
    record = lines(log)
    assert {line["key"] for line in record} == {call.key for call in calls}
    assert {line["committed"] for line in record} == {True}
    first = record[0]
    assert {"at", "server", "method", "path", "status", "key", "committed"} <= set(first)
    assert (first["server"], first["method"], first["path"], first["status"]) == ("receiver", "POST", "/hooks", 200)
    assert "Désk" not in log.read_text(encoding="utf-8")


def test_a_repeated_key_changes_nothing_and_says_so(tmp_path: Path) -> None:
    log = tmp_path / "r.jsonl"
    (first,) = play(log, sent(event("k")))
    # A new receiver on the same log: it remembers.
    (again,) = play(log, sent(event("k")))
    assert (first, again) == (OK, Sent(receipt={"status": 200}, repeated=True))
    assert [line["committed"] for line in lines(log)] == [True, False]


def test_a_key_that_comes_with_another_body_is_refused(tmp_path: Path) -> None:
    outcomes = play(tmp_path / "r.jsonl", sent(event("k"), event("k", title="Other")))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Refused", "Sent"]


def test_a_receiver_that_knows_no_repeats_carries_them_out_again(tmp_path: Path) -> None:
    log = tmp_path / "r.jsonl"
    play(log, sent(event("k"), event("k")), dedupes=False)
    assert [line["committed"] for line in lines(log)] == [True, True]


@pytest.mark.parametrize(
    ("fault", "outcome", "committed"),
    [
        (Fault(status=503, retry_after=3), TryAgain(reason="erp answered 503", after=3.0), False),
        (Fault(status=503), Unknown(reason="erp answered 503"), False),
        (Fault(status=422), Refused(code="http_422", message="erp answered 422"), False),
        (Fault(status=504, commit=True), Unknown(reason="erp answered 504"), True),
        (Fault(drop=True, commit=True), Unknown(reason="erp: ReadError"), True),
        (Fault(drop=True), Unknown(reason="erp: ReadError"), False),
        (Fault(delay=0.01), OK, True),
    ],
)
def test_every_fault_has_its_outcome_and_the_repeat_does_what_is_left(
    tmp_path: Path, fault: Fault, outcome: Outcome, committed: bool
) -> None:
    log = tmp_path / "r.jsonl"
    (first,) = play(log, sent(event("k"), faults=(fault,)))
    (then,) = play(log, sent(event("k")))
    if isinstance(outcome, Unknown) and outcome.reason.startswith("erp: "):
        assert isinstance(first, Unknown)  # reset or closed: the socket decides which
    else:
        assert first == outcome
    assert then == Sent(receipt={"status": 200}, repeated=committed)
    assert [line["committed"] for line in lines(log)] == [committed, not committed]


def test_faults_count_down_and_can_be_for_one_event(tmp_path: Path) -> None:
    async def act(connector: WebhookConnector, receiver: Receiver) -> list[Outcome]:
        receiver.fail(Fault(times=2, status=422, holds='"event":"lost"'))
        calls = [event("1"), event("2", name="lost"), event("3", name="lost"), event("4", name="lost")]
        return [(await connector.perform([call]))[0] for call in calls]

    outcomes = play(tmp_path / "r.jsonl", act)
    assert [isinstance(outcome, Refused) for outcome in outcomes] == [False, True, True, False]


def test_no_answer_in_time_is_unknown(tmp_path: Path) -> None:
    (outcome,) = play(tmp_path / "r.jsonl", sent(event("k"), faults=(Fault(delay=30),)), timeout=0.1)
    assert outcome in (Unknown(reason="erp did not answer within 0.1 s"), Unknown(reason="erp: ReadTimeout"))


class Hurried(SystemClock):
    """A clock by which every look takes three seconds."""

    seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 3.0
        return self.seconds


def test_what_cannot_start_in_time_was_surely_not_sent(tmp_path: Path) -> None:
    log = tmp_path / "r.jsonl"
    calls = [event(f"k{n}") for n in range(6)]
    outcomes = play(log, sent(*calls), clock=Hurried(), concurrency=1)
    late = TryAgain(reason="erp is slow: no time was left to send this one")
    assert outcomes == [OK] + [late] * 5
    assert len(lines(log)) == 1


def test_nobody_there_is_surely_not_sent(tmp_path: Path) -> None:
    async def go() -> list[Outcome]:
        async with world(tmp_path / "r.jsonl") as (connector, receiver):
            await receiver.stop()
            return list(await connector.perform([event("k")]))

    assert asyncio.run(go()) == [TryAgain(reason="erp: ConnectError")]


def test_a_receiver_that_never_lets_itself_be_connected_to_was_surely_sent_nothing() -> None:
    async def go(url: str) -> list[Outcome]:
        connector = targets(url=url, allow_private=True, timeout=0.1)
        outcomes = list(await connector.perform([event("k")]))
        await connector.aclose()
        return outcomes

    with contextlib.ExitStack() as stack:
        deaf = stack.enter_context(socket.socket())
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for _ in range(4):  # its queue is full: whoever comes now hears nothing, as from a black hole
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(deaf.getsockname())
        (outcome,) = asyncio.run(go(f"http://127.0.0.1:{deaf.getsockname()[1]}/"))
    assert isinstance(outcome, TryAgain)


def test_what_a_wrong_secret_signed_is_committed_nowhere_and_comes_back_later(tmp_path: Path) -> None:
    log = tmp_path / "r.jsonl"
    (outcome,) = play(log, sent(event("k")), secret=Secret("another secret!!"))
    assert outcome == TryAgain(
        reason="erp answered 401: is its secret the same on both sides, and are the clocks right?", after=60.0
    )
    assert [(line["status"], line["committed"]) for line in lines(log)] == [(401, False)]


def test_a_private_address_is_refused_unless_it_is_allowed() -> None:
    async def go() -> list[Outcome]:
        connector = targets(url="https://127.0.0.1:9/hook/token")
        outcomes = await connector.perform([event("k")])
        await connector.aclose()
        return list(outcomes)

    (outcome,) = asyncio.run(go())
    assert isinstance(outcome, Refused) and outcome.code == "private_address"
    assert "token" not in outcome.message


def test_without_its_secret_nothing_is_sent_and_it_is_tried_later(tmp_path: Path) -> None:
    (outcome,) = asyncio.run(targets(secret=LateSecret("webhook.erp", tmp_path / "none")).perform([event("k")]))
    assert isinstance(outcome, TryAgain) and outcome.after > 1
    assert "[webhook.erp] secret_file" in outcome.reason


def test_an_unknown_target_and_another_kind_are_refused_with_advice() -> None:
    task = SetTask(deal_id="1", text="x", due_at=event("k").request.occurred_at)  # type: ignore[union-attr]
    calls = [event("1", to="shop"), Call(key="2", actor="a", request=task)]
    one, two = asyncio.run(targets().perform(calls))
    assert one == Refused(code="unknown_target", message="no webhook target is called 'shop'; known: erp")
    assert isinstance(two, Refused) and two.code == "unknown_action"


def test_a_receiver_cannot_be_asked_for_a_key() -> None:
    with pytest.raises(Rejected, match="cannot be asked"):
        asyncio.run(targets().look([event("k")]))


def test_a_connector_can_be_used_from_one_event_loop_after_another(tmp_path: Path) -> None:
    async def serve() -> tuple[int, list[Outcome]]:
        async with world(tmp_path / "r.jsonl") as (connector, _):
            return 0, [*await connector.perform([event("a")]), *await connector.perform([event("b")])]

    assert asyncio.run(serve())[1] == [OK, OK]
    connector = targets(url="http://127.0.0.1:9/", allow_private=True)
    for _ in range(2):
        (outcome,) = asyncio.run(connector.perform([event("k")]))
        assert isinstance(outcome, TryAgain)
