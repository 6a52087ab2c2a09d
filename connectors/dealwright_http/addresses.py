"""Keeps outbound requests off private addresses: a name is resolved once, checked, and connected to by that address.

Checking a name and letting the client resolve it again would be open to DNS rebinding, so the address that was checked
is the address that is used; the Host header and the TLS name stay the host's own.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

import httpx

from dealwright.clock import Clock
from dealwright.errors import Rejected

Address: TypeAlias = IPv4Address | IPv6Address
Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[Address]]]

PINNED_SECONDS: Final = 30.0
"""How long a checked address is used before the name is resolved and checked again."""

_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Say whether an address is out on the internet, looking through every way of writing IPv4 in IPv6."""
    inner = _embedded(address)
    if inner is not None:
        return is_public(inner)
    special = (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
    )
    return address.is_global and not special


async def resolve(host: str, port: int) -> Sequence[Address]:
    """Return the addresses of a name, as the system resolves it."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(each[4][0]).partition("%")[0]) for each in found))


class Guard:
    """Resolves names, checks their addresses, and remembers them for a while."""

    def __init__(self, clock: Clock, *, allow_private: bool, resolver: Resolver = resolve) -> None:
        self._clock = clock
        self._allow_private = allow_private
        self._resolve = resolver
        self._pinned: dict[tuple[str, int], tuple[float, Sequence[Address]]] = {}

    async def addresses(self, host: str, port: int) -> Sequence[Address]:
        """Return the addresses that may be connected to.

        Raises:
            Rejected: one of them is private, and that is not allowed (code `private_address`).
            httpx.ConnectError: the name cannot be resolved.
        """
        now = self._clock.monotonic()
        known = self._pinned.get((host, port))
        if known is not None and now - known[0] < PINNED_SECONDS:
            return known[1]
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError, ValueError):
            raise httpx.ConnectError(f"{host} cannot be resolved") from None
        if not self._allow_private and not all(is_public(each) for each in addresses):
            raise Rejected(
                f"{host} is at a private address; set allow_private = true in the target if that is meant",
                code="private_address",
            )
        self._pinned[host, port] = (now, addresses)
        return addresses


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends requests to the addresses that a guard lets through, and raises what it raises; then nothing was sent."""

    def __init__(self, inner: Callable[[], httpx.AsyncBaseTransport], guard: Guard) -> None:
        self._make = inner
        self._guard = guard
        # One pool per host: pools are keyed by address, and two hosts of one address must not share a TLS connection.
        self._pools: dict[str, httpx.AsyncBaseTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request to the first address that lets itself be connected to."""
        host = request.url.host
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        addresses = await self._guard.addresses(host, port)
        pool = self._pools.get(host)
        if pool is None:
            pool = self._pools[host] = self._make()
        failure: httpx.TransportError | None = None
        for address in addresses:
            pinned = httpx.Request(
                method=request.method,
                url=request.url.copy_with(host=str(address)),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
            try:
                return await pool.handle_async_request(pinned)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure or httpx.ConnectError(f"{host} has no address")

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            await pool.aclose()
        self._pools.clear()


def _embedded(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
