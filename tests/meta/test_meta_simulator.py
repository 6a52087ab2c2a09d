"""The simulator: every way to write a request, what it refuses, and that it forgets nothing when it is killed."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest
from meta_world import DATASET, NOW, TOKEN, PlayedWall, counted, key, lines

from dealwright_http.server import Answer, Received
from dealwright_http.simulation import Line
from dealwright_meta import simulator
from dealwright_meta.simulator import MetaSimulation

PATH = f"/v25.0/{DATASET}/events"
SHA = "a" * 64


def event(number: int = 1, **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "event_name": "Qualified",
        "event_time": int(NOW.timestamp()),
        "event_id": key(number),
        "action_source": "system_generated",
        "user_data": {"em": [SHA]},
    }
    return fields | changes


def asked(
    log: Path, body: bytes, kind: str = "application/json", path: str = PATH, *, bearer: str = "", **options: Any
) -> tuple[Answer, Line]:
    """Ask a simulation, without a socket, and return also what it would log."""
    simulation = MetaSimulation(log, PlayedWall(NOW), token=TOKEN, datasets=[DATASET], **options)
    headers = {"content-type": kind} | ({"authorization": f"Bearer {bearer}"} if bearer else {})
    request = Received(method="POST", path=path, headers=headers, body=body)
    line = Line(n=1, came="", at="", server="meta", method="POST", path=path)
    answer = simulation.serve(request, line)
    simulation.close()
    return answer, line


def posted(log: Path, *events: Any, **options: Any) -> tuple[int, Any]:
    answer, _ = asked(log, msgspec.json.encode({"data": events, "access_token": TOKEN}), **options)
    return answer.status, msgspec.json.decode(answer.body)


OBJECTS = json.dumps([event(1), event(2)])
TEXTS = json.dumps([json.dumps(event(1)), json.dumps(event(2))])
FORM = "application/x-www-form-urlencoded"


MULTIPART = "".join(
    f'--xYz\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
    for name, value in (("data", OBJECTS), ("access_token", TOKEN))
)


@pytest.mark.parametrize(
    ("body", "kind", "path", "bearer"),
    [
        (f'{{"data": {OBJECTS}, "access_token": "{TOKEN}"}}', "application/json; charset=utf-8", PATH, ""),
        (f'{{"data": {json.dumps(OBJECTS)}}}', "application/json", f"{PATH}?access_token={TOKEN}", ""),
        (f'{{"data": {OBJECTS}}}', "application/json", PATH, TOKEN),
        (f"data={quote(OBJECTS)}&access_token={TOKEN}", FORM, PATH, ""),
        (f"data={quote(TEXTS)}", FORM, f"{PATH}?access_token={TOKEN}", ""),
        (f"{MULTIPART}--xYz--\r\n", "multipart/form-data; boundary=xYz", PATH, ""),
        ("", FORM, f"{PATH}?access_token={TOKEN}&data={quote(OBJECTS)}", ""),
    ],
)
def test_every_way_to_write_a_request_is_understood(
    tmp_path: Path, body: str, kind: str, path: str, bearer: str
) -> None:
    answer, line = asked(tmp_path / "log", body.encode(), kind, path, bearer=bearer)
    assert (answer.status, msgspec.json.decode(answer.body)["events_received"]) == (200, 2)
    assert (line.committed, line.keys) == (True, [key(1), key(2)])


@pytest.mark.parametrize(
    ("changes", "subcode"),
    [
        ({"event_time": int(NOW.timestamp()) - 8 * 86_400}, 2804003),
        ({"event_time": int(NOW.timestamp()) * 1000}, None),
        ({"event_time": "now"}, None),
        ({"event_name": ""}, None),
        ({"action_source": "crm"}, None),
        ({"action_source": "website"}, None),
        ({"event_id": 5}, None),
        ({"user_data": {}}, 2804050),
        ({"user_data": {"ct": SHA, "country": SHA}}, 2804050),
        ({"user_data": {"em": ["maria@example.com"]}}, None),
        ({"user_data": {"ph": "A" * 64}}, None),
        ({"event_name": "Purchase"}, 2804009),
        ({"event_name": "Purchase", "custom_data": {"value": 5}}, 2804009),
        ({"custom_data": {"value": "much", "currency": "USD"}}, 2804019),
        ({"custom_data": {"value": 5, "currency": "dollars"}}, 2804019),
    ],
)
def test_one_wrong_event_and_the_whole_request_is_refused(
    tmp_path: Path, changes: dict[str, Any], subcode: int | None
) -> None:
    status, answer = posted(tmp_path / "log", event(1), event(2, **changes), event(3))
    assert status == 400
    assert (answer["error"]["code"], answer["error"].get("error_subcode")) == (100, subcode)
    assert answer["error"]["is_transient"] is False


def test_the_limits_of_a_request(tmp_path: Path) -> None:
    many = [event(number) for number in range(1001)]
    assert posted(tmp_path / "a", *many[:1000])[0] == 200
    assert posted(tmp_path / "b", *many)[0] == 400
    assert posted(tmp_path / "c")[0] == 400


@pytest.mark.parametrize(
    ("path", "token", "code"),
    [
        (PATH, "", 104),
        (PATH, "another", 190),
        ("/v25.0/99999/events", TOKEN, 100),
        (f"/v25.0/{DATASET}/leads", TOKEN, 2500),
        (f"/{DATASET}/events", TOKEN, 2500),
    ],
)
def test_who_may_write_where(tmp_path: Path, path: str, token: str, code: int) -> None:
    answer, line = asked(tmp_path / "log", msgspec.json.encode({"data": [event()]}), path=path, bearer=token)
    assert (answer.status, msgspec.json.decode(answer.body)["error"]["code"]) == (400, code)
    assert not line.committed


def test_what_is_not_hashed_and_what_is_old_is_taken_if_it_is_told_so(tmp_path: Path) -> None:
    plain = event(user_data={"em": "maria@example.com"})
    assert posted(tmp_path / "a", plain, strict=False)[0] == 200
    assert posted(tmp_path / "b", event(event_time=1), any_age=True)[0] == 200


def test_a_shops_event_may_be_two_months_old_and_a_time_may_be_a_text(tmp_path: Path) -> None:
    then = int(NOW.timestamp()) - 60 * 86_400
    assert posted(tmp_path / "a", event(event_time=str(then), action_source="physical_store"))[0] == 200
    assert posted(tmp_path / "b", event(event_time=then - 3 * 86_400, action_source="physical_store"))[0] == 400


def test_an_event_without_an_id_counts_each_time_and_one_with_it_once_for_its_name(tmp_path: Path) -> None:
    simulation = MetaSimulation(tmp_path / "log", PlayedWall(NOW), token=TOKEN)

    async def act() -> dict[str, Any]:
        port = await simulation.start()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            for each in ([event(1), event(1)], [event(1, event_name="Won")], [event(event_id=None)] * 2):
                answer = await http.post(PATH, json={"data": each, "access_token": TOKEN})
                assert answer.json()["events_received"] == len(each)
            state: dict[str, Any] = (await http.get("/_control/state")).json()
            return state

    async def both() -> dict[str, Any]:
        try:
            return await act()
        finally:
            await simulation.stop()

    assert asyncio.run(both())["events"] == {"Qualified": 3, "Won": 1}
    assert counted(tmp_path / "log") == [key(1), key(1)]


@pytest.mark.slow
def test_killed_it_knows_every_event_that_it_counted(tmp_path: Path) -> None:
    log, token = tmp_path / "meta.jsonl", tmp_path / "token"
    token.write_text(TOKEN)
    command = [sys.executable, "-m", "dealwright_meta.simulator", "--log", str(log), "--token-file", str(token)]
    command += ["--any-age", "--faults", '[{"times": 1, "status": 504, "commit": true, "holds": "%s"}]' % key(2)]  # noqa: UP031
    for round_ in range(3):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
                events = [event(number) for number in range(1, round_ + 3)]
                http.post(PATH, json={"data": events, "access_token": TOKEN})
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
            process.stdout.close()
    assert sorted(counted(log)) == [key(1), key(2), key(3), key(4)]
    assert [(line["status"], line["committed"]) for line in lines(log)] == [
        (504, True), (504, False), (504, True), (504, False), (504, True),
    ]  # fmt: skip
    assert simulator.counted(log) == 4
