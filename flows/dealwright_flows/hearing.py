"""Owns what hears the hooks of a CRM in the demo, which has no web process: business time is this process's alone."""

from __future__ import annotations

from dealwright.errors import DealwrightError, Unauthorized
from dealwright.journal.store import Journal
from dealwright.ports import HookSource
from dealwright_http.server import Answer, Received, Server


class Hearing:
    """Takes one source's hooks at `/SECRET`. They are verified, read and appended as the web process does it."""

    def __init__(self, account: str, source: HookSource, journal: Journal) -> None:
        self._account = account
        self._source = source
        self._journal = journal
        self._server = Server(self._hear)

    async def start(self) -> int:
        """Listen on loopback; return the port."""
        return await self._server.start()

    async def stop(self) -> None:
        """Stop listening."""
        await self._server.stop()

    async def _hear(self, request: Received) -> Answer:
        secret = request.path.partition("?")[0].rpartition("/")[2]
        try:
            self._source.verify(request.headers, request.body, secret)
            items = self._source.receive(request.headers, request.body)
        except Unauthorized:
            return Answer(status=401)
        except DealwrightError:
            return Answer(status=422)
        if items:
            self._journal.append(self._account, self._source.name, items)
        return Answer(status=200)
