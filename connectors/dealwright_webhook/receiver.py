"""A receiver of webhooks as a company would write it: verifies, keeps each key once, and writes down every request.

It keeps its own record, so that a test can compare what it saw with what the journal says. It can be told to fail. What
it shares with every simulator (the log, faults, latency) is `dealwright_http.simulation`; its lines have four fields
more: `key` (of the event, None without one), `event`, `account` and `deal_id`, the last three once the event is read.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

from dealwright.clock import Clock
from dealwright.signature import ID
from dealwright_http.redaction import Secret
from dealwright_http.server import Answer, Received
from dealwright_http.simulation import Line, Simulation, answer_json
from dealwright_webhook import sansio

LONGEST_KEY: Final = 200


class Receiver(Simulation):
    """Serves webhooks on loopback, and remembers across its own restarts."""

    def __init__(
        self, log: Path, secret: Secret, clock: Clock, *, name: str = "receiver", dedupes: bool = True, **options: Any
    ) -> None:
        self._secret = secret
        self._dedupes = dedupes
        self._digests: dict[str, str] = {}
        super().__init__(name, log, clock, **options)

    @property
    def keys(self) -> frozenset[str]:
        """The keys that were carried out."""
        return frozenset(self._digests)

    def restore(self, change: Any) -> None:
        """Take back a key with its body's digest."""
        self._digests[change[0]] = change[1]

    def note(self, request: Received, line: Line) -> None:
        """Write down the event's key: any text that the sender has chosen."""
        key = request.headers.get(ID.lower(), "")[:LONGEST_KEY] or None
        line.keys = [] if key is None else [key]
        line.more = {"key": key, "event": None, "account": None, "deal_id": None}

    def serve(self, request: Received, line: Line) -> Answer:
        """Take an event."""
        if request.method != "POST":
            return _says(405, "post an event here")
        try:
            body = sansio.verify(self._secret.reveal(), request.headers, request.body, self.clock.wall())
        except sansio.Forged as why:
            return _says(401, str(why))
        line.more |= {"event": body.event, "account": body.account, "deal_id": body.deal_id}
        digest = hashlib.sha256(request.body).hexdigest()
        known = self._digests.get(body.id)
        if known is not None and self._dedupes:
            if known != digest:
                return _says(409, "this key came with another body before")
            return Answer(status=200, body=b"{}", headers={sansio.REPEATED: "true"})
        self.restore((body.id, digest))
        self.keep((body.id, digest))
        line.committed = True
        return Answer(status=200, body=b"{}")

    def state(self) -> dict[str, Any]:
        """Show how many keys it has, too."""
        return super().state() | {"keys": len(self._digests)}


def _says(status: int, why: str) -> Answer:
    return answer_json(status, {"error": why})
