"""The lookup connector against a real server that answers, lies, hangs, drips, floods and breaks off."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from lookup_world import error, play, question, told, world

from dealwright.clock import SystemClock
from dealwright.errors import InputError
from dealwright.model.requests import Lookup, Outcome
from dealwright_http import Secret
from dealwright_http.faults import Fault
from dealwright_http.server import Answer as Reply
from dealwright_lookup import LookupConnector, from_table, sansio
from dealwright_lookup.answerer import Answerer
from dealwright_lookup.client import FAILURES

SECRET = Secret("0123456789abcdef")


def ask(tmp_path: Path, *faults: Fault, call: Any = None, **options: Any) -> Outcome:
    async def act(connector: LookupConnector, answerer: Answerer) -> Outcome:
        answerer.fail(*faults)
        (outcome,) = await connector.perform([call or question()])
        return outcome

    return play(tmp_path / "log.jsonl", act, **options)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_given_has_its_types(tmp_path: Path, method: str) -> None:
    call = question(valid="flag", name="text", people="whole", worth="number", since="day")
    outcome = ask(tmp_path, call=call, system={"method": method})
    assert told(outcome) == {
        "valid": True, "name": "NordKabel", "people": 12, "worth": "10.5", "since": "2001-02-03",
    }  # fmt: skip
    (line,) = (tmp_path / "log.jsonl").read_text().splitlines()
    assert msgspec.json.decode(line)["asked"] == ["vat"]
    assert "DE1" not in line


def test_what_is_optional_may_be_missing_or_null_and_nothing_else(tmp_path: Path) -> None:
    answers = [b"{}", b'{"name": null}', b'{"name": "Eva"}', b'{"name": 7}', b'{"name": "Eva", "name": null}']

    def read(data: bytes, optional: tuple[str, ...]) -> Any:
        call = question(name="text").request
        assert isinstance(call, Lookup)
        try:
            return sansio.read(msgspec.structs.replace(call, optional=optional), data)
        except sansio.Wrong as wrong:
            return str(wrong)

    assert [read(data, ("name",)) for data in answers] == [
        {}, {}, {"name": "Eva"}, "'name' of the answer is no text", "the answer has 'name' twice",
    ]  # fmt: skip
    assert [read(data, ()) for data in answers[:2]] == ["the answer has no 'name'", "'name' of the answer is no text"]


@pytest.mark.parametrize("written", ['"1_0"', '" 5 "', '"\u0665"', '"NaN"', '"0x10"'])
def test_a_number_is_written_as_everybody_writes_it(written: str) -> None:
    """Decimal reads underlines, spaces and the digits of every script."""
    call = question(worth="number").request
    assert isinstance(call, Lookup)
    assert sansio.read(call, b'{"worth": "-1.50"}') == {"worth": "-1.50"}
    with pytest.raises(sansio.Wrong, match="'worth' of the answer is no number"):
        sansio.read(call, f'{{"worth": {written}}}'.encode())


@pytest.mark.parametrize(
    ("gives", "said"),
    [
        ({"valid": "text"}, "'valid' of the answer is no text"),
        ({"name": "flag"}, "'name' of the answer is no flag"),
        ({"name": "number"}, "'name' of the answer is no number"),
        ({"worth": "whole"}, "'worth' of the answer is no whole"),
        ({"name": "day"}, "'name' of the answer is no day"),
        ({"missing": "flag"}, "the answer has no 'missing'"),
    ],
)
def test_a_lie_is_an_error_that_does_not_repeat_it(tmp_path: Path, gives: Any, said: str) -> None:
    found = error(ask(tmp_path, call=question(**gives)))
    assert found == f"vies: {said}"
    assert "NordKabel" not in found


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "nonsense",
        '{"valid": ' + "[" * 100_000,
        '{"valid": null}',
        '{"valid": "\\ud800"}',
        '{"valid": 1e999999}',
        '{"valid": NaN}',
        '{"valid": true',
        '{"valid": "a\\u0000b"}',
        '{"valid": true, "valid": false}',
        '{"valid": "1", "valid": "1"}',
        "",
    ],
)
@pytest.mark.parametrize("kind", ["flag", "number", "text"])
def test_what_is_no_answer_is_an_error(tmp_path: Path, body: str, kind: Any) -> None:
    async def act(connector: LookupConnector, answerer: Answerer) -> Outcome:
        answerer.serve = lambda _request, _line: Reply(  # type: ignore[method-assign]
            status=200, body=body.encode()
        )
        (outcome,) = await connector.perform([question(valid=kind)])
        return outcome

    assert error(play(tmp_path / "log.jsonl", act, system={"largest": 500_000})).startswith("vies: ")


def test_numbers_are_exact_and_bounded(tmp_path: Path) -> None:
    async def act(connector: LookupConnector, answerer: Answerer) -> list[Any]:
        found = []
        for number in ("0.1", '"12.30"', "9007199254740993", "1" * 40):
            body = b'{"n": %s}' % number.encode()
            answerer.serve = lambda _request, _line, body=body: Reply(  # type: ignore[method-assign,misc]
                status=200, body=body
            )
            (outcome,) = await connector.perform([question(n="number")])
            found.append(told(outcome))
        return found

    *given, last = play(tmp_path / "log.jsonl", act)
    assert given == [{"n": "0.1"}, {"n": "12.30"}, {"n": "9007199254740993"}]
    assert last == {"error": "vies: 'n' of the answer is no number"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [Fault(times=9, delay=30.0), Fault(times=9, trickle=30.0)],
    ids=["hangs", "drips"],
)
def test_a_system_that_hangs_or_drips_is_cut_off(tmp_path: Path, fault: Fault) -> None:
    began = time.monotonic()
    said = error(ask(tmp_path, fault, call=question(timeout=1)))
    assert said == "vies did not answer within 1 s"
    assert time.monotonic() - began < 5


def test_a_flood_is_cut_off(tmp_path: Path) -> None:
    async def act(connector: LookupConnector, answerer: Answerer) -> Outcome:
        body = b'{"valid": true, "x": "' + b"x" * 3_000_000 + b'"}'
        answerer.serve = lambda _request, _line: Reply(  # type: ignore[method-assign]
            status=200, body=body
        )
        (outcome,) = await connector.perform([question()])
        return outcome

    assert error(play(tmp_path / "log.jsonl", act)) == "vies answered with more than 65536 bytes"


@pytest.mark.parametrize(
    ("status", "said"), [(404, "vies answered 404"), (302, "vies answered 302"), (204, "vies answered 204")]
)
def test_what_is_no_200_is_an_error(tmp_path: Path, status: int, said: str) -> None:
    assert error(ask(tmp_path, Fault(times=9, status=status))) == said


@pytest.mark.parametrize("fault", [Fault(status=503), Fault(drop=True), Fault(cut=True)], ids=["503", "drop", "cut"])
def test_one_slip_is_asked_again(tmp_path: Path, fault: Fault) -> None:
    assert told(ask(tmp_path, fault)) == {"valid": True}


def test_the_secret_is_sent_and_never_shown(tmp_path: Path) -> None:
    assert told(ask(tmp_path, secret=SECRET, system={"secret": SECRET})) == {"valid": True}
    refused = error(ask(tmp_path, secret=SECRET, system={"secret": Secret("another-secret-here")}))
    assert refused == "vies answered 401"


def test_a_private_address_is_not_asked_unless_that_is_meant(tmp_path: Path) -> None:
    said = error(ask(tmp_path, system={"allow_private": False}))
    assert "private address" in said


def test_a_system_that_answers_nobody_is_left_alone(tmp_path: Path) -> None:
    async def act(connector: LookupConnector, answerer: Answerer) -> tuple[list[str], int]:
        answerer.fail(Fault(times=100, drop=True))
        said = []
        for _ in range(FAILURES + 3):
            (outcome,) = await connector.perform([question()])
            said.append(error(outcome))
        return said, answerer.requests

    said, requests = play(tmp_path / "log.jsonl", act)
    assert said[FAILURES:] == ["vies has not answered lately, and was not asked"] * 3
    assert requests == 2 * FAILURES


def test_who_waits_for_a_place_of_ours_says_nothing_of_the_system(tmp_path: Path) -> None:
    """A burst against a system that answered every question it was asked made it be left alone."""

    async def act(connector: LookupConnector, answerer: Answerer) -> tuple[list[str], Any]:
        answerer.fail(Fault(times=100, delay=0.3))
        burst = await asyncio.gather(*(connector.perform([question()]) for _ in range(FAILURES + 3)))
        (later,) = await connector.perform([question()])
        return [str(told(outcome).get("error", "")) for (outcome,) in burst], told(later)

    said, later = play(tmp_path / "log.jsonl", act, concurrency=1, system={"timeout": 0.5})
    assert said.count("vies did not answer within 0.5 s") > FAILURES
    assert later == {"valid": True}


def test_one_bad_question_costs_the_others_nothing(tmp_path: Path) -> None:
    async def act(connector: LookupConnector, _answerer: Answerer) -> list[Any]:
        return [told(each) for each in await connector.perform([question(path="/else"), question(), question("XX")])]

    assert play(tmp_path / "log.jsonl", act) == [{"error": "vies answered 404"}, {"valid": True}, {"valid": False}]


# --- the target file ----------------------------------------------------------------------------------------


def test_a_table_is_read() -> None:
    table = {
        "vies": {
            "url": "https://vies.example.com/api/",
            "method": "POST",
            "secret_env": "KEY",
            "secret_header": "X-Key",
        }
    }
    system = from_table(table, environ={"KEY": "0123456789abcdef"}).systems["vies"]
    assert (system.url, system.method, system.secret_header) == ("https://vies.example.com/api", "POST", "X-Key")
    assert system.secret == SECRET


def test_a_secret_that_is_not_there_is_told_before_anybody_is_asked(tmp_path: Path) -> None:
    secret = str(tmp_path / "later.secret")
    table = {"vies": {"url": "http://127.0.0.1:9", "allow_private": True, "secret_file": secret}}
    connector = LookupConnector(from_table(table, environ={}), SystemClock())
    said, away = asyncio.run(connector.self_test())
    assert "later.secret cannot be read" in said
    (tmp_path / "later.secret").write_text("0123456789abcdef")
    assert asyncio.run(connector.self_test()) == [away]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": "http://vies.example.com"}, "is not https"),
        ({"url": "https://u:p@vies.example.com"}, "carries a user or password"),
        ({"url": "https://vies.example.com/?key=1"}, "has a query"),
        ({"url": 5}, "needs url"),
        ({"method": "DELETE"}, 'method is "GET"'),
        ({"timeout": 60}, "at most 20"),
        ({"timeout": True}, "number of seconds"),
        ({"largest": 10**9}, "at most 1048576"),
        ({"secret_env": "NONE"}, "is not set in the environment"),
        ({"secret_header": "X Key: y"}, "secret_header is the name of a header"),
        ({"secret_prefix": "a\r\nb"}, "secret_prefix"),
        ({"allow_private": "yes"}, "allow_private is true or false"),
        ({"uri": "x"}, "has no setting 'uri'"),
    ],
)
def test_a_slip_in_the_target_file_is_told(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as refused:
        from_table({"vies": {"url": "https://vies.example.com", **change}}, environ={})
    assert said in str(refused.value)


def test_the_self_test_says_which_systems_are_not_there_and_asks_nobody(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path / "log") as (connector, _):
            assert await connector.self_test() == []
            assert not (tmp_path / "log").exists() or not (tmp_path / "log").read_text()
        (gone,) = await connector.self_test()
        assert gone.startswith("nobody answers at 127.0.0.1:")
        assert "where vies is asked: set its url, or start it" in gone
        async with world(tmp_path / "log", system={"allow_private": False}) as (connector, _):
            (private,) = await connector.self_test()
            assert private.startswith("vies: 127.0.0.1 is at a private address")
        async with world(tmp_path / "log", system={"url": "https://no-such-system.invalid/api"}) as (connector, _):
            (unknown,) = await connector.self_test()
            assert unknown.startswith("nobody answers at no-such-system.invalid:443, where vies is asked")

    asyncio.run(main())
