"""What answers and failures mean, what a server may ask for, and what is never shown."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

import httpx
import pytest

from dealwright.clock import SystemClock
from dealwright_http import Guard, Secret, Verdict, make_client, of_failure, of_status, retry_after, shown_url
from dealwright_http.server import Answer, Received, Server

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        ((200, 201, 202, 204, 299), Verdict.DONE),
        ((408, 425, 429), Verdict.LATER),
        ((301, 302, 400, 401, 403, 404, 409, 410, 413, 422), Verdict.REFUSED),
        ((500, 502, 503, 504, 599, 100), Verdict.UNKNOWN),
    ],
)
def test_each_status_says_whether_the_request_was_carried_out(statuses: tuple[int, ...], verdict: Verdict) -> None:
    assert {of_status(status) for status in statuses} == {verdict}


def test_a_503_that_names_a_time_did_nothing_but_a_502_that_does_may_have() -> None:
    assert of_status(503, hint=True) is Verdict.LATER
    assert of_status(502, hint=True) is Verdict.UNKNOWN


def test_only_what_failed_before_a_byte_left_may_be_tried_again() -> None:
    before = [httpx.ConnectError(""), httpx.ConnectTimeout(""), httpx.PoolTimeout("")]
    after = [httpx.ReadTimeout(""), httpx.WriteError(""), httpx.WriteTimeout(""), httpx.ReadError("")]
    assert {of_failure(error) for error in before} == {Verdict.LATER}
    assert {of_failure(error) for error in [*after, httpx.RemoteProtocolError("")]} == {Verdict.UNKNOWN}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None), ("", None), ("soon", None), ("-1", None), ("1.5", None), ("٣", None),
        ("0", 0.0), (" 30 ", 30.0), ("99999999999999", 3600.0),
        ("Thu, 01 Jan 2026 00:02:00 GMT", 120.0), ("Wed, 31 Dec 2025 23:00:00 GMT", 0.0),
        ("Thu, 01 Jan 2026 00:02:00", 120.0), ("Thu, 01 Jan 2099 00:00:00 GMT", 3600.0), ("Thu, 99 Foo", None),
    ],
)  # fmt: skip
def test_a_wait_is_read_as_seconds_or_date_and_never_longer_than_an_hour(
    value: str | None, seconds: float | None
) -> None:
    assert retry_after(value, NOW) == seconds


def test_a_secret_is_never_shown() -> None:
    secret = Secret("hunter2hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == b"hunter2hunter2"
    assert secret == Secret(b"hunter2hunter2") and secret != Secret("other") and len({secret, Secret("other")}) == 2


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pass@erp.example.com:8443/hook/token?key=1", "https://erp.example.com:8443"),
        ("http://[::1]:80/x", "http://[::1]:80"),
        ("https://erp.example.com", "https://erp.example.com"),
        ("https://erp.example.com:99999/x", "(no URL)"),
        ("nonsense", "://(no host)"),
    ],
)
def test_of_a_url_only_scheme_host_and_port_are_shown(url: str, shown: str) -> None:
    assert shown_url(url) == shown


def test_the_client_follows_no_redirect_takes_no_proxy_and_says_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    seen: list[Received] = []

    async def redirect(request: Received) -> Answer:
        seen.append(request)
        return Answer(status=302, headers={"Location": "/elsewhere"})

    async def go() -> int:
        server = Server(redirect)
        port = await server.start()
        async with make_client(Guard(SystemClock(), allow_private=True), timeout=5) as client:
            response = await client.post(f"http://localhost:{port}/token", content=b"body")
        await server.stop()
        return response.status_code

    with caplog.at_level(logging.INFO):
        assert asyncio.run(go()) == 302
    assert [(request.method, request.path, request.body) for request in seen] == [("POST", "/token", b"body")]
    assert "token" not in caplog.text
