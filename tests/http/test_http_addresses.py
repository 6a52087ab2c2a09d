"""Requests go to addresses that were checked, and to no others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address

import httpx
import pytest

from dealwright.clock import PlayedClock
from dealwright.errors import Rejected
from dealwright_http import Guard, GuardedTransport, is_public
from dealwright_http.addresses import PINNED_SECONDS, Address


class Hand(PlayedClock):
    """A clock whose monotonic time is moved by hand."""

    def __init__(self) -> None:
        super().__init__(datetime(2026, 1, 1, tzinfo=UTC))
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


class Names:
    """A resolver that answers differently every time, as a rebinding attacker's does."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not answer:
            raise OSError("no such host")
        return [ip_address(each) for each in answer]


class Wire(httpx.AsyncBaseTransport):
    """Keeps what would be sent; refuses connections to some addresses."""

    def __init__(self, *dead: str) -> None:
        self.dead = dead
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host in self.dead:
            raise httpx.ConnectError("refused")
        self.requests.append(request)
        return httpx.Response(200)


def send(wire: Wire, names: Names, *urls: str, allow_private: bool = False, clock: Hand | None = None) -> None:
    async def go() -> None:
        guard = Guard(clock or Hand(), allow_private=allow_private, resolver=names)
        transport = GuardedTransport(lambda: wire, guard)
        async with httpx.AsyncClient(transport=transport) as client:
            for url in urls:
                await client.post(url, content=b"x")

    asyncio.run(go())


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "::", "::1", "fe80::1", "fc00::1", "ff02::1",
        "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)  # fmt: skip
def test_a_private_address_is_known_however_it_is_written(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(Rejected, match="private address") as error:
        send(wire := Wire(), Names([address]), "https://erp.example.com/hook/secret")
    assert error.value.code == "private_address"
    assert "secret" not in str(error.value)
    assert wire.requests == []


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
)
def test_a_public_address_is_connected_to_under_the_hosts_own_name(address: str) -> None:
    wire = Wire()
    send(wire, Names([address]), "https://erp.example.com:8443/hook?x=1")
    (request,) = wire.requests
    assert ip_address(request.url.host) == ip_address(address)
    assert (request.url.port, request.url.raw_path) == (8443, b"/hook?x=1")
    assert request.headers["host"] == "erp.example.com:8443"
    assert request.extensions["sni_hostname"] == "erp.example.com"


def test_a_name_with_one_private_address_among_public_ones_is_refused() -> None:
    with pytest.raises(Rejected):
        send(Wire(), Names(["93.184.216.34", "127.0.0.1"]), "https://erp.example.com/")


def test_an_address_that_was_checked_is_the_one_that_is_used_when_the_name_is_rebound() -> None:
    wire, names = Wire(), Names(["93.184.216.34"], ["127.0.0.1"])
    send(wire, names, "https://erp.example.com/", "https://erp.example.com/")
    assert [request.url.host for request in wire.requests] == ["93.184.216.34"] * 2
    assert names.asked == 1


def test_a_name_is_resolved_and_checked_again_after_a_while() -> None:
    clock, wire, names = Hand(), Wire(), Names(["93.184.216.34"], ["127.0.0.1"])

    async def go() -> None:
        transport = GuardedTransport(lambda: wire, Guard(clock, allow_private=False, resolver=names))
        async with httpx.AsyncClient(transport=transport) as client:
            await client.get("https://erp.example.com/")
            clock.seconds = PINNED_SECONDS
            await client.get("https://erp.example.com/")

    with pytest.raises(Rejected):
        asyncio.run(go())


def test_private_addresses_are_used_where_they_are_allowed() -> None:
    wire = Wire()
    send(wire, Names(["127.0.0.1"]), "http://localhost:1234/", allow_private=True)
    assert wire.requests[0].url.host == "127.0.0.1"


def test_the_next_address_is_tried_when_one_cannot_be_connected_to() -> None:
    wire = Wire("::1")
    send(wire, Names(["::1", "127.0.0.1"]), "http://localhost/", allow_private=True)
    assert [request.url.host for request in wire.requests] == ["127.0.0.1"]
    with pytest.raises(httpx.ConnectError):
        send(Wire("::1"), Names(["::1"]), "http://localhost/", allow_private=True)


def test_a_name_that_cannot_be_resolved_is_no_connection() -> None:
    with pytest.raises(httpx.ConnectError, match="cannot be resolved"):
        send(Wire(), Names([]), "https://erp.example.com/")
