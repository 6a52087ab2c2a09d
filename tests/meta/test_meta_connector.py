"""The real connector against the simulator: bulk, bisecting, throttles, lost answers, and nothing twice."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from meta_world import NOW, TOKEN, PlayedWall, bad, conversion, counted, key, lines, old, play

from dealwright.model.delivery import Keyed
from dealwright.model.requests import AddNote, Call, Refused, Sent, TryAgain, Unknown
from dealwright.ports import Connector, Pace, Paced, SelfTested
from dealwright_http.faults import Fault
from dealwright_meta import MetaConnector, PacedMetaConnector
from dealwright_meta.simulator import MetaSimulation


def kinds(outcomes: Any) -> list[type]:
    return [type(outcome) for outcome in outcomes]


def test_conversions_leave_in_one_request_and_each_has_a_receipt(tmp_path: Path) -> None:
    async def act(connector: MetaConnector, simulation: MetaSimulation) -> Any:
        assert isinstance(connector, Connector)
        assert not isinstance(connector, Paced)
        return await connector.perform([conversion(number) for number in range(300)])

    outcomes = play(tmp_path / "log", act)
    assert outcomes == [Sent(receipt={"event_id": key(number)}) for number in range(300)]
    (line,) = lines(tmp_path / "log")
    assert (line["status"], line["committed"], len(line["keys"])) == (200, True, 300)
    assert line["path"] == "/v25.0/1234567890123456/events"


def test_what_is_more_than_one_request_takes_goes_in_several(tmp_path: Path) -> None:
    async def act(connector: MetaConnector, simulation: MetaSimulation) -> Any:
        assert connector.at_once == 40
        return await connector.perform([conversion(number) for number in range(100)])

    assert kinds(play(tmp_path / "log", act, batch=40)) == [Sent] * 100
    assert [len(line["keys"]) for line in lines(tmp_path / "log")] == [40, 40, 20]


@pytest.mark.parametrize("places", [{0}, {63}, {17, 18}, {5, 40, 60}])
def test_one_bad_event_costs_only_itself_and_its_neighbours_leave_in_the_same_call(
    tmp_path: Path, places: set[int]
) -> None:
    calls = [bad(number) if number in places else conversion(number) for number in range(64)]

    async def act(connector: MetaConnector, simulation: MetaSimulation) -> Any:
        return await connector.perform(calls)

    outcomes = play(tmp_path / "log", act)
    assert [place for place, outcome in enumerate(outcomes) if isinstance(outcome, Refused)] == sorted(places)
    assert kinds(outcomes).count(Sent) == 64 - len(places)
    assert {outcome.code for outcome in outcomes if isinstance(outcome, Refused)} == {"meta_100_2804019"}
    assert sorted(counted(tmp_path / "log")) == sorted(key(n) for n in range(64) if n not in places)
    assert len(lines(tmp_path / "log")) <= 2 * 6 * len(places) + 1


def test_what_can_be_known_to_be_refused_is_not_sent_at_all(tmp_path: Path) -> None:
    stranger = Call(key=key(9), actor="a", request=AddNote(deal_id="1", text="t"))
    calls = [old(1), conversion(2), conversion(3, email=None, phone="ask"), conversion(4, value=None), stranger]

    async def act(connector: MetaConnector, simulation: MetaSimulation) -> Any:
        return await connector.perform(calls)

    outcomes = play(tmp_path / "log", act)
    assert [getattr(outcome, "code", "sent") for outcome in outcomes] == [
        "too_old", "sent", "no_user_data", "no_value", "unknown_action",
    ]  # fmt: skip
    assert [line["keys"] for line in lines(tmp_path / "log")] == [[key(2)]]


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault(status=504, commit=True), Unknown),
        (Fault(status=500), Unknown),
        (Fault(drop=True, commit=True), Unknown),
        (Fault(drop=True), Unknown),
        (Fault(cut=True), Unknown),
        (Fault(status=500, body={"error": {"code": 2, "is_transient": True}}), Unknown),
        (Fault(status=400, body={"error": {"code": 1}}), Unknown),
        (Fault(status=429, retry_after=180), TryAgain),
        (Fault(status=400, body={"error": {"code": 17}}), TryAgain),
        (Fault(status=400, body={"error": {"code": 190, "error_subcode": 463}}), TryAgain),
        (Fault(status=400, body={"error": {"code": 200}}), TryAgain),
    ],
)
def test_whatever_happens_the_next_attempt_ends_it_and_meta_counts_once(
    tmp_path: Path, fault: Fault, outcome: type
) -> None:
    calls = [conversion(1), conversion(2)]

    async def act(connector: MetaConnector, simulation: MetaSimulation) -> Any:
        simulation.fail(fault)
        return [await connector.perform(calls) for _ in range(2)]

    first, second = play(tmp_path / "log", act)
    assert kinds(first) == [outcome] * 2
    assert kinds(second) == [Sent] * 2
    assert counted(tmp_path / "log") == [key(1), key(2)]
    assert connector_class() == Keyed(dedupes_for=timedelta(hours=48))


def connector_class() -> Any:
    return MetaConnector.delivery(None, conversion(1).request)  # type: ignore[arg-type]


def test_a_throttle_says_when_and_what_waits_behind_it_waits_too(tmp_path: Path) -> None:
    async def act(connector: MetaConnector, simulation: MetaSimulation) -> Any:
        simulation.fail(Fault(status=429, retry_after=180))
        return await connector.perform([conversion(number) for number in range(4)])

    outcomes = play(tmp_path / "log", act, batch=2)
    assert kinds(outcomes) == [TryAgain] * 4
    assert [outcome.after for outcome in outcomes] == [180.0] * 4
    assert len(lines(tmp_path / "log")) == 1


def test_an_unanswered_half_is_unknown_and_what_was_not_sent_is_not(tmp_path: Path) -> None:
    async def act(connector: MetaConnector, simulation: MetaSimulation) -> Any:
        simulation.fail(Fault(status=502))
        return await connector.perform([conversion(number) for number in range(4)])

    assert kinds(play(tmp_path / "log", act, batch=2)) == [Unknown, Unknown, TryAgain, TryAgain]


@pytest.mark.parametrize(
    ("options", "says"),
    [({"token": "another"}, "access token"), ({"dataset": "99999"}, "no such dataset")],
)
def test_what_a_person_must_mend_is_tried_again_every_minute_and_says_what(
    tmp_path: Path, options: dict[str, Any], says: str
) -> None:
    async def act(connector: MetaConnector, simulation: MetaSimulation) -> Any:
        return await connector.perform([conversion(1)])

    (outcome,) = play(tmp_path / "log", act, **options)
    assert isinstance(outcome, TryAgain)
    assert (outcome.after, says in outcome.reason) == (60.0, True)


@pytest.mark.parametrize(
    ("options", "says"),
    [({}, []), ({"token": "another"}, ["access token"]), ({"dataset": "99999"}, ["no such dataset"])],
)
def test_it_says_by_itself_whether_it_would_work_and_sends_nothing(
    tmp_path: Path, options: dict[str, Any], says: list[str]
) -> None:
    async def act(connector: MetaConnector, simulation: MetaSimulation) -> Any:
        assert isinstance(connector, SelfTested)
        return await connector.self_test()

    wrong = play(tmp_path / "log", act, **options)
    assert len(wrong) == len(says)
    assert all(part in sentence for part, sentence in zip(says, wrong, strict=True))
    assert counted(tmp_path / "log") == []
    assert TOKEN not in (tmp_path / "log").read_text()


def test_nobody_there_is_surely_not_sent(tmp_path: Path) -> None:
    async def act(connector: MetaConnector, simulation: MetaSimulation) -> Any:
        await simulation._server.stop()
        return await connector.perform([conversion(1)])

    assert kinds(play(tmp_path / "log", act)) == [TryAgain]


def test_a_server_that_takes_too_long_leaves_the_outcome_unknown(tmp_path: Path) -> None:
    async def act(connector: MetaConnector, simulation: MetaSimulation) -> Any:
        simulation.fail(Fault(delay=5.0))
        return await connector.perform([conversion(1)])

    (outcome,) = play(tmp_path / "log", act, timeout=0.2)
    assert isinstance(outcome, Unknown)


class Tokens:
    """A limiter that counts."""

    def __init__(self) -> None:
        self.taken = 0
        self.pauses: list[float] = []

    async def acquire(self) -> None:
        self.taken += 1

    def written(self) -> float:
        return 0.0

    def answered(self, moment: float) -> None:
        pass

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


def test_many_bad_events_take_no_longer_than_a_call_may_and_what_is_left_is_tried_again(tmp_path: Path) -> None:
    async def act(connector: MetaConnector, _: MetaSimulation) -> None:
        started = time.monotonic()
        outcomes = await connector.perform([bad(number) for number in range(64)])
        assert time.monotonic() - started < connector.call_timeout
        assert any(isinstance(outcome, TryAgain) for outcome in outcomes)

    play(tmp_path / "meta.jsonl", act, timeout=0.4, latency=(0.05, 0.05))


def test_a_pace_takes_a_token_for_each_further_request_and_passes_a_throttle_on(tmp_path: Path) -> None:
    tokens = Tokens()

    async def act(connector: MetaConnector, simulation: MetaSimulation) -> None:
        assert isinstance(connector, PacedMetaConnector)
        assert isinstance(connector, Paced)
        assert connector.pace == Pace(rate=5)
        connector.pace_with(tokens)
        await connector.perform([conversion(1)])
        assert tokens.taken == 0
        await connector.perform([conversion(2), bad(3)])
        assert tokens.taken == 2
        simulation.fail(Fault(status=429, retry_after=120))
        await connector.perform([conversion(4)])

    play(tmp_path / "log", act, pace=Pace(rate=5))
    assert (tokens.taken, tokens.pauses) == (2, [120.0])


def test_meta_forgets_after_two_days_and_so_nothing_is_repeated_after_one(tmp_path: Path) -> None:
    clock = PlayedWall(NOW)

    async def act(connector: MetaConnector, simulation: MetaSimulation) -> None:
        await connector.perform([conversion(1)])
        clock.move(timedelta(hours=47))
        await connector.perform([conversion(1)])
        assert counted(tmp_path / "log") == [key(1)]
        clock.move(timedelta(hours=2))
        await connector.perform([conversion(1)])

    play(tmp_path / "log", act, clock=clock)
    assert counted(tmp_path / "log") == [key(1)] * 2


def test_no_token_and_nobodys_data_is_in_the_log(tmp_path: Path) -> None:
    async def act(connector: MetaConnector, simulation: MetaSimulation) -> None:
        await connector.perform([conversion(1)])

    play(tmp_path / "log", act)
    text = (tmp_path / "log").read_text() + (tmp_path / "log.state").read_text()
    for secret in (TOKEN, "maria1", "5550142"):
        assert secret not in text
