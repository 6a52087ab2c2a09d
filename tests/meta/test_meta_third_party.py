"""Meta's own Python library against the simulator: the simulator takes Meta's wire form, and knows its events again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from facebook_business.adobjects.serverside.action_source import ActionSource
from facebook_business.adobjects.serverside.custom_data import CustomData
from facebook_business.adobjects.serverside.event import Event
from facebook_business.adobjects.serverside.event_request import EventRequest
from facebook_business.adobjects.serverside.user_data import UserData
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession
from meta_world import DATASET, NOW, TOKEN, PlayedWall, conversion, counted, key, lines

from dealwright.model.requests import SendConversion
from dealwright_http.faults import Fault
from dealwright_meta import sansio
from dealwright_meta.simulator import MetaSimulation


@contextmanager
def serving(log: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MetaSimulation]:
    """Serve in a thread, and let Meta's library talk to it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    simulation = MetaSimulation(log, PlayedWall(NOW), token=TOKEN, datasets=[DATASET])
    try:
        port = asyncio.run_coroutine_threadsafe(simulation.start(), loop).result(10)
        monkeypatch.setattr(FacebookSession, "GRAPH", f"http://127.0.0.1:{port}")
        api = FacebookAdsApi.init(access_token=TOKEN, crash_log=False)
        yield simulation
        api._session.requests.close()
    finally:
        asyncio.run_coroutine_threadsafe(simulation.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def event(number: int, **changes: Any) -> Event:
    """Return a conversion as Meta's library builds it from what is not normalised yet."""
    fields: dict[str, Any] = {
        "event_name": "Purchase",
        "event_time": int(NOW.timestamp()),
        "event_id": key(number),
        "action_source": ActionSource.SYSTEM_GENERATED,
        "user_data": UserData(
            email=f" Maria{number}@Example.com", phone="+1 (212) 555-0142", lead_id="1234567890123456"
        ),
        "custom_data": CustomData(value=10.5, currency="usd"),
    }
    return Event(**fields | changes)


def sent(*events: Event) -> Any:
    return EventRequest(pixel_id=DATASET, events=list(events)).execute()


def test_its_requests_are_taken_and_its_repeats_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    with serving(log, monkeypatch):
        answer = sent(event(1), event(2))
        assert (answer.events_received, answer.messages) == (2, [])
        assert answer.fbtrace_id
        assert sent(event(2), event(3)).events_received == 2
        assert sent(event(1)).events_received == 1
    assert counted(log) == [key(1), key(2), key(3)]
    assert [(line["committed"], line["keys"]) for line in lines(log)] == [
        (True, [key(1), key(2)]),
        (False, [key(2)]),
        (True, [key(3)]),
        (False, [key(1)]),
    ]
    assert TOKEN not in log.read_text()


def test_it_understands_the_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(tmp_path / "log", monkeypatch) as simulation:
        for change, code, subcode in (
            ({"event_time": int(NOW.timestamp()) - 8 * 86_400}, 100, 2804003),
            ({"custom_data": CustomData(currency="usd")}, 100, 2804009),
            ({"user_data": UserData(country_code="us")}, 100, 2804050),
        ):
            with pytest.raises(FacebookRequestError) as refusal:
                sent(event(1), event(2, **change))
            assert refusal.value.http_status() == 400
            assert (refusal.value.api_error_code(), refusal.value.api_error_subcode()) == (code, subcode)
            assert refusal.value.api_transient_error() is False
        simulation.fail(Fault(status=429, retry_after=60))
        with pytest.raises(FacebookRequestError) as throttled:
            sent(event(1))
        assert throttled.value.api_error_code() == 80004
    assert counted(tmp_path / "log") == []


def test_it_makes_of_a_conversion_what_we_make_of_it() -> None:
    theirs = event(1).normalize()
    call = conversion(1, email=" Maria1@Example.com", first_name=None, lead_id="1234567890123456")
    assert isinstance(call.request, SendConversion)
    ours = sansio.event(call, call.request, "Dealwright")
    assert isinstance(ours, dict)
    assert ours["user_data"].pop("lead_id") == int(theirs["user_data"].pop("lead_id"))
    assert ours["user_data"] == theirs["user_data"]
    for part in ("event_name", "event_time", "event_id"):
        assert ours[part] == theirs[part]
    assert ours["action_source"] == theirs["action_source"] == "system_generated"
    assert ours["custom_data"]["value"] == Decimal(str(theirs["custom_data"]["value"]))
    assert ours["custom_data"]["currency"].lower() == theirs["custom_data"]["currency"].lower()
