"""Posts bodies to one address over connections that are kept: for simulators, which send hooks by the thousand."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

NO_ANSWER: Final = 0
"""The status of a request that could not be sent, or was not answered."""

TOO_LATE: Final = 499
"""The status of a request whose answer did not come in time."""

_LARGEST: Final = 1_000_000
_MOST_HEADERS: Final = 200


class Poster:
    """Posts to `http://` addresses; every connection carries one request at a time."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int], list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = {}

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, *, patience: float) -> int:
        """Return the status of the answer, NO_ANSWER or TOO_LATE."""
        parts = urlsplit(url)
        where = parts.hostname or "", parts.port or 80
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        head = f"POST {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {len(body)}\r\n"
        data = (head + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n").encode() + body
        try:
            async with asyncio.timeout(patience):
                return await self._exchange(where, data)
        except TimeoutError:
            return TOO_LATE
        except (OSError, EOFError, ValueError):
            return NO_ANSWER

    def close(self) -> None:
        """Close what is open."""
        for connections in self._idle.values():
            for _, writer in connections:
                writer.close()
        self._idle.clear()

    async def _exchange(self, where: tuple[str, int], data: bytes) -> int:
        idle = self._idle.setdefault(where, [])
        while idle:
            reader, writer = idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                break
            writer.close()
        else:
            reader, writer = await asyncio.open_connection(*where)
        keep = False
        try:
            writer.write(data)
            status, keep = await _answer(reader)
        finally:
            if keep:
                idle.append((reader, writer))
            else:
                writer.close()
        return status


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """Read one answer to its end; say whether the connection may be used again."""
    version, _, rest = (await _line(reader)).partition(" ")
    status = int(rest[:3])
    headers: dict[str, str] = {}
    for _ in range(_MOST_HEADERS):
        line = await _line(reader)
        if not line:
            break
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip().lower()
    keep = version == "HTTP/1.1" and headers.get("connection") != "close"
    if status == 204 or status < 200:
        return status, keep
    if "content-length" in headers:
        await reader.readexactly(min(int(headers["content-length"]), _LARGEST))
        return status, keep
    # What has no length is not read: its status is all that counts.
    return status, False


async def _line(reader: asyncio.StreamReader) -> str:
    with contextlib.suppress(asyncio.LimitOverrunError):
        return (await reader.readuntil(b"\n")).decode("latin-1").rstrip("\r\n")
    raise ValueError("a header line without an end")
