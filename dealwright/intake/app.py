"""The ASGI application of intake: `POST /hooks/{account}/{source}[/{secret}]`, `GET /healthz`, `GET /readyz`.

The road of a hook: read the body within its limits, let the source verify and read it, append it to the journal with
the others that wait, answer after the commit. No Prefect and no CRM is on it. What is not taken is answered with the
reason; what was taken before is acknowledged again.
"""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Mapping, MutableMapping, Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol

from dealwright.clock import Clock
from dealwright.engine.meters import Meters
from dealwright.errors import InputError, Rejected, TooMuch, Unauthorized, Unavailable
from dealwright.intake.answers import Answer, Send, come_again, only, refusal
from dealwright.intake.bodies import WHOLE, Gone, Receive, announced, larger_than, read_body
from dealwright.intake.counts import Counts
from dealwright.intake.limits import Bucket, Limits
from dealwright.intake.readiness import Readiness, Workers
from dealwright.intake.secrets import FixedSecret
from dealwright.intake.signed import Stale, signed_json
from dealwright.intake.verified import SECRET_HEADER
from dealwright.intake.writer import Appends, Writer
from dealwright.journal.events import Arrival
from dealwright.journal.quarantine import Unread
from dealwright.language.characters import one_line
from dealwright.ports import HOOK_HEADERS, FeedItem, HookQuota, HookSource
from dealwright.signature import SIGNATURE

_log = logging.getLogger(__name__)

_PREFIX: Final = "/hooks/"
_NOBODY: Final = "-"
_SIGNATURE: Final = SIGNATURE.lower()
_SECRET: Final = SECRET_HEADER.lower()
_AWAY_SECONDS: Final = 5
"""After how long a sender may come again when the journal is away."""

_FULL_SECONDS: Final = 300
"""After how long it may when its quarantine is full: a person has to make room."""


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
        self.meters = Meters()
        self._writer = Writer(
            journal, clock, self.meters, waiting=self._limits.waiting, patience=self._limits.commit_seconds
        )
        self._readiness = Readiness(journal, clock, patience=self._limits.commit_seconds)
        self._buckets: dict[tuple[str, str], Bucket] = {}
        # Read before it is known who asks, so the same for all: how much is read tells nobody which sources there are.
        self._most = max((source.quota.body for source in self._sources.values()), default=HookQuota().body)
        self._in_flight = 0
        self._held = 0
        # Whoever asks for an account that is not there hears what a wrong signature hears: who our customers are
        # cannot be tried out.
        self._decoy = signed_json(_NOBODY, [FixedSecret(_NOBODY, secrets.token_bytes(32))], clock)
        self.counts = Counts(clock)

    @property
    def shown(self) -> Sequence[str]:
        """The sources, as counts name them: `account/source`."""
        return ["/".join(address) for address in self._sources]

    @property
    def waiting(self) -> int:
        """How many hooks wait to be written."""
        return self._writer.waiting

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
            parts = path.removeprefix(_PREFIX).split("/")
            if 2 <= len(parts) <= 3 and all(parts):
                if method != "POST":
                    raise only("POST")
                return await self._counted((parts[0], parts[1]), "".join(parts[2:]), scope, receive)
        if path in ("/healthz", "/readyz"):
            if method not in ("GET", "HEAD"):
                raise only("GET, HEAD")
            return Answer(HTTPStatus.OK, {"healthy": True}) if path == "/healthz" else await self._ready()
        raise refusal(HTTPStatus.NOT_FOUND, "no_such_address", "hooks are at /hooks/<account>/<source>", close=True)

    async def _counted(
        self, address: tuple[str, str], secret: str, scope: MutableMapping[str, Any], receive: Receive
    ) -> Answer:
        """Take a hook, and count its answer by source and class of status."""
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        try:
            answer = await self._hook(address, secret, scope, receive)
            status = answer.status
            return answer
        except Answer as decided:
            status = decided.status
            raise
        except Gone:
            status = HTTPStatus.REQUEST_TIMEOUT
            raise
        finally:
            shown = "/".join(address) if address in self._sources else _NOBODY
            self.meters.count("hook_answers", shown, f"{status // 100}xx")

    async def _hook(
        self, address: tuple[str, str], secret: str, scope: MutableMapping[str, Any], receive: Receive
    ) -> Answer:
        headers = _headers(scope)
        size = min(self._most, announced(headers) if "content-length" in headers else self._most)
        if self._in_flight >= self._limits.at_once or self._held + size > max(self._limits.held, self._most):
            answer = come_again(HTTPStatus.SERVICE_UNAVAILABLE, "busy", "too many requests at once", 1)
            answer.headers["connection"] = "close"
            self.counts.refused(_NOBODY, "busy", "too many requests at once")
            raise answer
        self._in_flight += 1
        self._held += size
        try:
            body = await read_body(headers, receive, self._limits, most=self._most, whole=WHOLE in scope)
            source = self._sources.get(address)
            shown = "/".join(address) if source is not None else _NOBODY
            self._verify(source, shown, headers, body, secret or headers.get(_SECRET, ""))
            assert source is not None  # the decoy verifies nobody
            self._within_quota(address, shown, source.quota, body)
            seen: dict[str, str] = {name: headers[name] for name in HOOK_HEADERS if name in headers}
            try:
                items = self._read(source, shown, seen, body)
            except Rejected as error:
                return await self._quarantine(address, shown, seen, body, error)
            return await self._append(address, shown, items)
        finally:
            self._in_flight -= 1
            self._held -= size

    def _verify(
        self, source: HookSource | None, shown: str, headers: Mapping[str, str], body: bytes, secret: str
    ) -> None:
        """Let the source verify the request.

        Raises:
            Answer: it is not from the source, and nobody hears whether there is one: what is said depends on the
                request alone. Or nobody can say, because the secret is missing here.
        """
        try:
            (source or self._decoy).verify(headers, body, secret)
        except Stale as error:
            self.counts.refused(shown, "unauthorized", str(error))
            raise _unauthorized(str(error)) from None
        except Unauthorized as error:
            self.counts.refused(shown, "unauthorized", str(error))
            if _SIGNATURE in headers:
                said = "the signature fits no secret of this address: another secret, address, timestamp or body"
            elif secret:
                said = "the secret fits none of this address: another secret or address"
            else:
                said = "there is neither a signature nor a secret; docs/hooks.md says how to send one"
            raise _unauthorized(said) from None
        except InputError as error:
            self.counts.refused(shown, "no_secret", str(error))
            message = "this address is not ready: its secret is missing here"
            raise come_again(HTTPStatus.SERVICE_UNAVAILABLE, "not_ready", message, _AWAY_SECONDS) from None

    def _read(self, source: HookSource, shown: str, headers: Mapping[str, str], body: bytes) -> Sequence[FeedItem]:
        """Return what a verified request tells.

        Raises:
            Answer: it is more than is read.
            Rejected: it is not understood.
        """
        try:
            return source.receive(headers, body)
        except TooMuch as error:
            self.counts.refused(shown, error.code, str(error))
            raise refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, error.code, str(error)) from None

    async def _quarantine(
        self, address: tuple[str, str], shown: str, headers: Mapping[str, str], body: bytes, error: Rejected
    ) -> Answer:
        """Keep what is authentic and was not understood, and acknowledge it: a sender that is refused gives up."""
        key, name = address
        why = one_line(str(error))
        unread = Unread(account=key, source=name, code=error.code, reason=why, headers=headers, body=body)
        try:
            became = await self._writer.quarantine(unread)
        except Unavailable as unavailable:
            raise self._away(shown, unavailable) from None
        if became == "full":
            message = "what this source sends is not understood, and its quarantine is full"
            self.counts.refused(shown, "quarantine_full", f"{message}: dealwright quarantine ls --source {name}")
            raise come_again(HTTPStatus.SERVICE_UNAVAILABLE, "quarantine_full", message, _FULL_SECONDS)
        self.counts.told(shown, "quarantined" if became == "kept" else "duplicate", f"quarantined: {why}")
        kept = int(became == "kept")
        said = {"accepted": 0, "duplicates": 1 - kept, "quarantined": kept, "error": error.code, "message": str(error)}
        return Answer(HTTPStatus.ACCEPTED, said)

    def _within_quota(self, address: tuple[str, str], shown: str, quota: HookQuota, body: bytes) -> None:
        """Count only what was verified: strangers who flood an address do not use up its sender's share."""
        if len(body) > quota.body:
            self.counts.refused(shown, "too_large", f"a body is larger than {quota.body} bytes")
            raise larger_than(quota.body)
        bucket = self._buckets.get(address)
        if bucket is None:
            bucket = self._buckets[address] = Bucket(quota.rate, quota.burst, self._clock)
        if seconds := bucket.take():
            message = f"more than {quota.rate:g} requests a second come from this source"
            self.counts.refused(shown, "rate", message)
            raise come_again(HTTPStatus.TOO_MANY_REQUESTS, "rate", message, seconds)

    async def _append(self, address: tuple[str, str], shown: str, items: Sequence[FeedItem]) -> Answer:
        key, name = address
        try:
            new = await self._writer.append(Arrival(account=key, source=name, items=items))
        except Unavailable as error:
            raise self._away(shown, error) from None
        if new:
            self.counts.add(shown, "accepted", new)
        if len(items) > new:
            self.counts.add(shown, "duplicate", len(items) - new)
        if not items:
            self.counts.add(shown, "nothing")
        repeated = {"dealwright-repeated": "true"} if items and not new else None
        return Answer(HTTPStatus.OK, {"accepted": new, "duplicates": len(items) - new}, headers=repeated)

    def _away(self, shown: str, error: Unavailable) -> Answer:
        self.counts.refused(shown, "journal", str(error))
        return come_again(HTTPStatus.SERVICE_UNAVAILABLE, "journal", str(error), _AWAY_SECONDS)

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


def _unauthorized(why: str) -> Answer:
    told = {"www-authenticate": "Dealwright-Signature"}
    return refusal(HTTPStatus.UNAUTHORIZED, "unauthorized", why, headers=told)
