"""A system that is asked, as a company would have one: it has a table of answers, and writes questions down."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from dealwright.clock import Clock
from dealwright_http.redaction import Secret
from dealwright_http.server import Answer, Received
from dealwright_http.simulation import Line, Simulation, answer_json

ANY: Final = "*"
"""The answer to whatever has none of its own."""


class Answerer(Simulation):
    """Serves answers on loopback: `{"/check": {"DE123": {"valid": true}, "*": {"valid": false}}}`.

    The value that was asked first picks the answer, whether it comes in a query or in a JSON body. With a `secret` it
    answers whoever sends it as `Authorization: Bearer ...`, and nobody else.
    """

    def __init__(
        self,
        log: Path,
        clock: Clock,
        *,
        answers: Mapping[str, Mapping[str, Any]],
        secret: Secret | None = None,
        name: str = "answerer",
        **options: Any,
    ) -> None:
        self._answers = answers
        self._secret = secret
        super().__init__(name, log, clock, **options)

    def note(self, request: Received, line: Line) -> None:
        """Write down what was asked, by name only: values may be personal."""
        line.keys = []
        line.more = {"asked": sorted(_asked(request))}

    def serve(self, request: Received, line: Line) -> Answer:
        """Answer a question."""
        if self._secret is not None:
            wanted = b"Bearer " + self._secret.reveal()
            if request.headers.get("authorization", "").encode() != wanted:
                return answer_json(401, {"error": "who are you?"})
        table = self._answers.get(urlsplit(request.path).path)
        if table is None:
            return answer_json(404, {"error": "there is nothing to ask here"})
        asked = _asked(request)
        first = str(next(iter(asked.values()), ""))
        return answer_json(200, table.get(first, table.get(ANY, {})))


def _asked(request: Received) -> dict[str, Any]:
    if request.method == "GET":
        return dict(parse_qsl(urlsplit(request.path).query))
    try:
        return msgspec.json.decode(request.body, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}
