"""Reads a request's body within its limits of size and time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, Final

from dealwright.intake.answers import Answer, refusal
from dealwright.intake.limits import Limits

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


WHOLE: Final = "dealwright.whole"
"""The key of a request's scope that is true when its body has come already: nobody need wait for it."""


_NO_TIMER: Final = contextlib.nullcontext()


class Gone(Exception):
    """The sender hung up: nobody hears an answer."""


async def read_body(
    headers: Mapping[str, str], receive: Receive, limits: Limits, *, most: int, whole: bool = False
) -> bytes:
    """Return the whole body, of at most so many bytes; one that is `whole` has come and needs no timer.

    Raises:
        Answer: it is too large, or does not come in time.
        Gone: the sender hung up before its end.
    """
    told = announced(headers)
    too_large = told > most
    drained = max(limits.drained, most)
    parts: list[bytes] = []
    size, more = 0, told <= drained  # of much more than we would read, nothing is read
    try:
        async with _NO_TIMER if whole else asyncio.timeout(limits.body_seconds):
            while more and size <= drained:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                part, more = message.get("body", b""), message.get("more_body", False)
                size += len(part)
                too_large |= size > most
                if too_large:
                    parts.clear()  # only read on so that the sender, who may not listen before its end, hears why
                else:
                    parts.append(part)
    except TimeoutError:
        if not too_large:
            raise refusal(
                HTTPStatus.REQUEST_TIMEOUT,
                "slow",
                f"the body did not come to its end within {limits.body_seconds:g} s",
                close=True,
            ) from None
    if too_large:
        raise larger_than(most)
    return b"".join(parts)


def larger_than(most: int) -> Answer:
    """Return what is answered to a body of more bytes."""
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return refusal(status, "too_large", f"the body is larger than {most} bytes", close=True)


def announced(headers: Mapping[str, str]) -> int:
    """Return the body's length as the sender says, 0 if it says none; a longer number is any large one."""
    said = headers.get("content-length", "")[:18]
    return int(said) if said.isascii() and said.isdigit() else 0
