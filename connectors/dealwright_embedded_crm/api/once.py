"""Writes over HTTP: one transaction each, at most once per Idempotency-Key, and only at the version that was seen."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
from fastapi import Depends, Header, Request
from pydantic import BaseModel
from starlette.responses import Response

from dealwright.model.crm import Deal
from dealwright_embedded_crm.api.caller import Asking, Caller
from dealwright_embedded_crm.api.eyes import Eyes
from dealwright_embedded_crm.api.problems import Problem

KEY_PATTERN: Final = r"^[\x21-\x7e]{1,200}$"

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=KEY_PATTERN,
        description="A text of your own: the same request with the same key is carried out once, for ever.",
        examples=["order-4711"],
    ),
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        description='The ETag of the deal that you decided on, such as "3"; at another version nothing is done (412).',
        examples=['"3"'],
    ),
]

REPLAYED: Final = "Idempotency-Replayed"
_TAG: Final = re.compile(r'(W/)?"([^"]*)"')


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a write answers: the record as it is now, and its version if it has one."""

    status: int = 200
    body: BaseModel | None = None
    version: int | None = None
    location: str | None = None


class Writer:
    """Carries out the one write of a request."""

    def __init__(self, caller: Caller, key: str | None, digest: str) -> None:
        self.crm = caller.crm
        self.eyes = Eyes(caller)
        self.actor = caller.actor
        self._key = None if key is None else f"api:{caller.token.id}:{key}"
        self._digest = digest

    def do(self, kind: str, act: Callable[[], Answer]) -> Response:
        """Carry out `act` in one transaction, and keep what it answered beside it; a repeat gets the same answer.

        Raises:
            Problem: 409, the key was used for another request.
        """
        with self.crm.together():
            kept = None if self._key is None else self.crm.kept(self._key)
            if kept is not None:
                if kept["digest"] != self._digest:
                    message = "the Idempotency-Key was used for another request; give each request a key of its own"
                    raise Problem(409, "key_reused", message)
                return _response(kept, replayed=True)
            answer = act()
            receipt: dict[str, str | bool | int | None] = {
                "digest": self._digest,
                "status": answer.status,
                "body": None if answer.body is None else answer.body.model_dump_json(),
                "version": answer.version,
                "location": answer.location,
            }
            if self._key is not None:
                self.crm.keep(self._key, f"api.{kind}", self.actor, receipt)
            return _response(receipt, replayed=False)


async def _digest(request: Request) -> str:
    """Return what tells one request from another; how its JSON is spaced and ordered makes no difference."""
    body = await request.body()
    plain = json.dumps(json.loads(body), sort_keys=True) if body else ""
    parts = [request.method, request.scope["route"].path, json.dumps(request.path_params, sort_keys=True)]
    parts += [request.url.query, request.headers.get("if-match", ""), plain]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _keyed(caller: Asking, digest: Annotated[str, Depends(_digest)], key: IdempotencyKey = None) -> Writer:
    return Writer(caller, key, digest)


Writing = Annotated[Writer, Depends(_keyed)]
"""What carries out the request's write, once per Idempotency-Key."""


def check_version(deal: Deal | int, if_match: str | None) -> None:
    """Refuse to change a deal, or what is under it, that is at another version than the client saw.

    Raises:
        Problem: 412.
    """
    if if_match is None or if_match.strip() == "*":
        return
    version = deal if isinstance(deal, int) else deal.version
    tags = [tag for weak, tag in _TAG.findall(if_match) if not weak]
    if str(version) not in tags:
        message = f"the deal is at version {version}; read it again and decide again"
        raise Problem(412, "version_changed", message)


def shown(answer: Answer) -> Response:
    """Return the answer to a read, or to a write that no key can repeat."""
    body = None if answer.body is None else answer.body.model_dump_json()
    told = {"status": answer.status, "body": body, "version": answer.version, "location": answer.location}
    return _response(told, replayed=False)


def _response(kept: dict[str, Any], *, replayed: bool) -> Response:
    headers = {"Cache-Control": "no-store"}
    if kept.get("version") is not None:
        headers["ETag"] = f'"{kept["version"]}"'
    if kept.get("location") is not None:
        headers["Location"] = kept["location"]
    if replayed:
        headers[REPLAYED] = "true"
    body = kept["body"]
    if body is None:
        return Response(status_code=kept["status"], headers=headers)
    return Response(body, kept["status"], headers, "application/json")
