"""Makes the HTTP client that connectors use: no proxies from the environment, no redirects, no chatter."""

from __future__ import annotations

import functools
import logging
import ssl
from typing import Final

import httpx

from dealwright_http.addresses import Guard, GuardedTransport

KEEPALIVE_SECONDS: Final = 2.0
"""Shorter than any server's own: a connection that the server just closed makes an outcome unknown for nothing."""

# Their INFO lines carry whole URLs, and paths carry secrets.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


def make_client(guard: Guard, *, timeout: float, connections: int = 1) -> httpx.AsyncClient:
    """Return a client whose requests go to checked addresses only; close it when done."""
    limits = httpx.Limits(
        max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=KEEPALIVE_SECONDS
    )

    def pool() -> httpx.AsyncBaseTransport:
        return httpx.AsyncHTTPTransport(verify=_trust(), limits=limits, trust_env=False, retries=0)

    return httpx.AsyncClient(
        transport=GuardedTransport(pool, guard),
        timeout=httpx.Timeout(timeout, connect=min(timeout, 5.0)),
        follow_redirects=False,
        trust_env=False,
    )


@functools.cache
def _trust() -> ssl.SSLContext:
    # Reading the certificates takes 20 ms, and every pool would do it.
    return httpx.create_ssl_context(trust_env=False)
