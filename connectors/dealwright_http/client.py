"""Makes the HTTP client that connectors use: no proxies from the environment, no redirects, no chatter."""

from __future__ import annotations

import logging
from typing import Final

import httpx

from dealwright.clock import Clock
from dealwright_http.addresses import GuardedTransport, Resolver, resolve

KEEPALIVE_SECONDS: Final = 2.0
"""Shorter than any server's own: a connection that the server just closed makes an outcome unknown for nothing."""

# Their INFO lines carry whole URLs, and paths carry secrets.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


def make_client(
    *, timeout: float, connections: int, allow_private: bool, clock: Clock, resolver: Resolver = resolve
) -> httpx.AsyncClient:
    """Return a client whose requests go to checked addresses only; close it when done."""
    limits = httpx.Limits(
        max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=KEEPALIVE_SECONDS
    )

    def pool() -> httpx.AsyncBaseTransport:
        return httpx.AsyncHTTPTransport(limits=limits, trust_env=False, retries=0)

    return httpx.AsyncClient(
        transport=GuardedTransport(pool, allow_private=allow_private, clock=clock, resolver=resolver),
        timeout=httpx.Timeout(timeout, connect=min(timeout, 5.0), pool=timeout),
        follow_redirects=False,
        trust_env=False,
    )
