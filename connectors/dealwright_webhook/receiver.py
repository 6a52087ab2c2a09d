"""A receiver of webhooks as a company would write it: verifies, keeps each key once, and writes down every request.

It keeps its own record, so that a test can compare what it saw with what the journal says. It can be told to fail.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from io import FileIO
from pathlib import Path
from typing import Final

import msgspec

from dealwright.clock import Clock
from dealwright.signature import ID
from dealwright_http.redaction import Secret
from dealwright_http.server import Answer, Received, Server
from dealwright_webhook import sansio

CONTROL: Final = "/_control/"
LONGEST_KEY: Final = 200


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes wrong for the next `times` requests (of one event name, if given).

    `delay` seconds pass first. Then, with `status`, that is answered instead; with `drop`, the connection breaks
    without an answer; with neither, the request is served as usual. `commit` carries the request out before that.
    """

    times: int = 1
    event: str | None = None
    delay: float = 0.0
    status: int | None = None
    retry_after: int | None = None
    drop: bool = False
    commit: bool = False


class Line(msgspec.Struct, kw_only=True):
    """One line of the log: a request, and whether it changed the receiver's state."""

    at: str
    server: str
    method: str
    path: str
    status: int | None
    key: str | None
    committed: bool
    event: str | None = None
    account: str | None = None
    deal_id: str | None = None
    digest: str | None = None


class Receiver:
    """Serves webhooks on loopback, and remembers across its own restarts by its log."""

    def __init__(
        self, log: Path, secret: Secret, clock: Clock, *, name: str = "receiver", dedupes: bool = True
    ) -> None:
        self._secret = secret
        self._clock = clock
        self._name = name
        self._dedupes = dedupes
        self._digests = _remembered(log)
        self._log = _Log(log)
        self._faults: list[Fault] = []
        self._server = Server(self._handle)
        self.requests = 0

    @property
    def keys(self) -> frozenset[str]:
        """The keys that were carried out."""
        return frozenset(self._digests)

    def fail(self, *faults: Fault) -> None:
        """Let the next requests go wrong, one fault after the other."""
        self._faults.extend(faults)

    async def start(self, port: int = 0) -> int:
        """Listen on loopback, and return the port."""
        return await self._server.start(port)

    async def stop(self) -> None:
        """Stop listening."""
        await self._server.stop()
        await self._log.close()

    async def _handle(self, request: Received) -> Answer | None:
        if request.path.startswith(CONTROL):
            return self._control(request)
        self.requests += 1
        line = Line(
            at=self._clock.wall().isoformat(),
            server=self._name,
            method=request.method,
            path=request.path,
            status=None,
            key=request.headers.get(ID.lower(), "")[:LONGEST_KEY] or None,
            committed=False,
        )
        answer = await self._answer(request, line)
        line.status = None if answer is None else answer.status
        await self._log.append(line)
        return answer

    async def _answer(self, request: Received, line: Line) -> Answer | None:
        if request.method != "POST":
            return _says(405, "post an event here")
        try:
            body = sansio.verify(self._secret.reveal(), request.headers, request.body, self._clock.wall())
        except sansio.Forged as why:
            return _says(401, str(why))
        line.event, line.account, line.deal_id = body.event, body.account, body.deal_id
        line.digest = hashlib.sha256(request.body).hexdigest()
        fault = self._next_fault(body.event)
        if fault is None:
            return self._commit(body.id, line)
        if fault.delay:
            await asyncio.sleep(fault.delay)
        failing = fault.drop or fault.status is not None
        if fault.commit or not failing:
            answer = self._commit(body.id, line)
            if not failing:
                return answer
        if fault.drop:
            return None
        hint = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return Answer(status=fault.status or 500, headers=hint)

    def _commit(self, key: str, line: Line) -> Answer:
        known = self._digests.get(key)
        if known is not None and self._dedupes:
            if known != line.digest:
                return _says(409, "this key came with another body before")
            return Answer(status=200, body=b"{}", headers={sansio.REPEATED: "true"})
        self._digests[key] = line.digest or ""
        line.committed = True
        return Answer(status=200, body=b"{}")

    def _next_fault(self, event: str) -> Fault | None:
        for place, fault in enumerate(self._faults):
            if fault.event in (None, event):
                if fault.times > 1:
                    self._faults[place] = msgspec.structs.replace(fault, times=fault.times - 1)
                else:
                    del self._faults[place]
                return fault
        return None

    def _control(self, request: Received) -> Answer:
        if "origin" in request.headers:
            return _says(403, "not for browsers")
        what = request.path.removeprefix(CONTROL)
        if what == "state" and request.method == "GET":
            state = {"requests": self.requests, "keys": len(self._digests), "faults": len(self._faults)}
            return Answer(status=200, body=msgspec.json.encode(state))
        if what == "faults" and request.method == "POST":
            try:
                faults = msgspec.json.decode(request.body, type=list[Fault])
            except msgspec.DecodeError as error:
                return _says(422, str(error))
            self.fail(*faults)
            return Answer(status=204)
        return _says(404, "there is POST faults and GET state")


class _Log:
    """Appends lines, on disk before anybody is answered; lines that come together share one flush."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = FileIO(path, "a")
        self._lines: list[bytes] = []
        self._flush: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def append(self, line: Line) -> None:
        """Return when the line is on disk."""
        self._lines.append(msgspec.json.encode(line) + b"\n")
        if self._next is None:
            self._next = asyncio.create_task(self._write(self._flush))
        await asyncio.shield(self._next)

    async def close(self) -> None:
        """Write what is left and close the file."""
        for task in (self._flush, self._next):
            if task is not None:
                await task
        self._file.close()

    async def _write(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await before
        self._flush, self._next = self._next, None
        lines, self._lines = b"".join(self._lines), []
        await asyncio.to_thread(self._to_disk, lines)

    def _to_disk(self, lines: bytes) -> None:
        self._file.write(lines)
        os.fsync(self._file.fileno())


def _remembered(log: Path) -> dict[str, str]:
    """Return the keys of the log with their bodies' digests; a last line that was cut off by a crash is cut away."""
    if not log.exists():
        return {}
    data = log.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) != len(data):
        log.write_bytes(whole)
    lines = [msgspec.json.decode(line, type=Line) for line in whole.splitlines()]
    return {line.key: line.digest or "" for line in lines if line.committed and line.key}


def _says(status: int, why: str) -> Answer:
    return Answer(status=status, body=msgspec.json.encode({"error": why}), headers={"Content-Type": "application/json"})
