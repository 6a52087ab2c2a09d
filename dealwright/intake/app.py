"""The ASGI application of intake: `POST /hooks/{account}/{source}`, `GET /healthz`, `GET /readyz`.

The road of a hook: read the body within its limits, let the source verify it, append it to the journal with the others
that wait, answer after the commit. No Prefect and no CRM is on it. What is not taken is answered with the reason; what
was taken before is acknowledged again.
"""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Mapping, MutableMapping, Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol

from dealwright.clock import Clock
from dealwright.errors import InputError, Rejected, Unauthorized, Unavailable
from dealwright.intake.answers import Answer, Send, come_again, refusal
from dealwright.intake.bodies import Gone, Receive, read_body
from dealwright.intake.counts import Counts
from dealwright.intake.limits import Bucket, Limits
from dealwright.intake.readiness import Readiness, Workers
from dealwright.intake.secrets import FixedSecret
from dealwright.intake.signed import UNSUPPORTED, SignedJson
from dealwright.intake.writer import Appends, Writer
from dealwright.journal.events import Arrival
from dealwright.ports import FeedItem, HookSource

_log = logging.getLogger(__name__)

_PREFIX: Final = "/hooks/"
_NOBODY: Final = "-"
_AWAY_SECONDS: Final = 5
"""After how long a sender may come again when the journal is away."""


class HookJournal(Appends, Workers, Protocol):
    """The journal, as far as intake knows it."""


class HooksApp:
    """Takes hooks in for the accounts of a project. Start it before the first request, and stop it at the end."""

    def __init__(
        self,
        hooks: Mapping[str, Sequence[HookSource]],
        journal: HookJournal,
        clock: Clock,
        limits: Limits | None = None,
    ) -> None:
        self._sources = {(key, source.name): source for key, sources in hooks.items() for source in sources}
        self._journal = journal
        self._clock = clock
        self._limits = limits or Limits()
        self._writer = Writer(journal, waiting=self._limits.waiting, patience=self._limits.commit_seconds)
        self._readiness = Readiness(journal, clock, patience=self._limits.commit_seconds)
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._in_flight = 0
        # Whoever asks for an account that is not there hears what a wrong signature hears: who our customers are
        # cannot be tried out.
        self._decoy = SignedJson(_NOBODY, [FixedSecret(_NOBODY, secrets.token_bytes(32))] * 2, clock)
        self.counts = Counts(clock)

    def start(self) -> None:
        """Begin to write."""
        self._writer.start()

    async def stop(self) -> None:
        """Write what waits, and end."""
        await self._writer.stop()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        head = scope["method"] == "HEAD"
        try:
            answer = await self._answer(scope, receive)
        except Gone:
            return
        except Answer as decided:
            answer = decided
        except Exception as error:
            places = "".join(traceback.format_tb(error.__traceback__))
            _log.error("a hook failed with %s\n%s", type(error).__name__, places)  # its text may hold what came in
            answer = refusal(
                HTTPStatus.INTERNAL_SERVER_ERROR, "failed", "something is wrong here; it is in our log", close=True
            )
        await answer.send(send, head=head)

    async def _answer(self, scope: MutableMapping[str, Any], receive: Receive) -> Answer:
        path, method = scope["path"], scope["method"]
        if path.startswith(_PREFIX):
            key, _, name = path.removeprefix(_PREFIX).partition("/")
            if key and name and "/" not in name:
                if method != "POST":
                    raise _only("POST")
                return await self._hook((key, name), scope, receive)
        if path in ("/healthz", "/readyz"):
            if method not in ("GET", "HEAD"):
                raise _only("GET, HEAD")
            return Answer(HTTPStatus.OK, {"healthy": True}) if path == "/healthz" else await self._ready()
        raise refusal(HTTPStatus.NOT_FOUND, "no_such_address", "hooks are at /hooks/<account>/<source>", close=True)

    async def _hook(self, address: tuple[str, str], scope: MutableMapping[str, Any], receive: Receive) -> Answer:
        if self._in_flight >= self._limits.at_once:
            answer = come_again(HTTPStatus.SERVICE_UNAVAILABLE, "busy", "too many requests at once", 1)
            answer.headers["connection"] = "close"
            raise answer
        self._in_flight += 1
        try:
            headers = _headers(scope)
            body = await read_body(headers, receive, self._limits)
            source = self._sources.get(address)
            shown = "/".join(address) if source is not None else _NOBODY
            items = self._verified(source or self._decoy, shown, headers, body)
            self._within_rate(address, shown)
            return await self._append(address, shown, items)
        finally:
            self._in_flight -= 1

    def _verified(self, source: HookSource, shown: str, headers: Mapping[str, str], body: bytes) -> Sequence[FeedItem]:
        try:
            return source.receive(headers, body)
        except Unauthorized as error:
            self.counts.refused(shown, "unauthorized", str(error))
            raise refusal(
                HTTPStatus.UNAUTHORIZED,
                "unauthorized",
                str(error),
                headers={"www-authenticate": "Dealwright-Signature"},
            ) from None
        except Rejected as error:
            self.counts.refused(shown, error.code, str(error))
            raise _unintelligible(error) from None
        except InputError as error:
            self.counts.refused(shown, "no_secret", str(error))
            message = "this address is not ready: its secret is missing here"
            raise come_again(HTTPStatus.SERVICE_UNAVAILABLE, "not_ready", message, _AWAY_SECONDS) from None

    def _within_rate(self, address: tuple[str, str], shown: str) -> None:
        """Count only what was verified: strangers who flood an address do not use up its sender's share."""
        bucket = self._buckets.get(address)
        if bucket is None:
            bucket = self._buckets[address] = Bucket(self._limits.rate, self._limits.burst, self._clock)
        if seconds := bucket.take():
            message = f"more than {self._limits.rate:g} requests a second come from this source"
            self.counts.refused(shown, "rate", message)
            raise come_again(HTTPStatus.TOO_MANY_REQUESTS, "rate", message, seconds)

    async def _append(self, address: tuple[str, str], shown: str, items: Sequence[FeedItem]) -> Answer:
        key, name = address
        try:
            new = await self._writer.append(Arrival(account=key, source=name, items=items))
        except Unavailable as error:
            self.counts.refused(shown, "journal", str(error))
            raise come_again(HTTPStatus.SERVICE_UNAVAILABLE, "journal", str(error), _AWAY_SECONDS) from None
        self.counts.add(shown, "accepted", new)
        self.counts.add(shown, "duplicate", len(items) - new)
        repeated = {"dealwright-repeated": "true"} if items and not new else None
        return Answer(HTTPStatus.OK, {"accepted": new, "duplicates": len(items) - new}, headers=repeated)

    async def _ready(self) -> Answer:
        if self._writer.full:
            raise come_again(HTTPStatus.SERVICE_UNAVAILABLE, "journal", "too many requests wait for the journal", 1)
        try:
            engines = await self._readiness.engines()
        except Exception as error:
            self.counts.refused(_NOBODY, "not_ready", f"the journal does not answer ({type(error).__name__})")
            raise come_again(
                HTTPStatus.SERVICE_UNAVAILABLE, "journal", "the journal does not answer", _AWAY_SECONDS
            ) from None
        return Answer(HTTPStatus.OK, {"ready": True, "engines": engines})


def _headers(scope: MutableMapping[str, Any]) -> dict[str, str]:
    """Return the headers by lower-case name; one that comes twice is joined, and so fits nothing that is signed."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _unintelligible(error: Rejected) -> Answer:
    """Authentic, and not understood. (The seam of quarantine: such a body is refused, not kept.)"""
    if error.code == UNSUPPORTED:
        return refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, error.code, str(error))
    return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, error.code, str(error))


def _only(methods: str) -> Answer:
    return refusal(
        HTTPStatus.METHOD_NOT_ALLOWED, "method", f"this address takes {methods}", headers={"allow": methods}, close=True
    )
