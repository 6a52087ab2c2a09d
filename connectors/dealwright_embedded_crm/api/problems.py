"""Everything that can be wrong, in one shape: `{"error": {"code", "message", "field"?}}`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.responses import Response

from dealwright.errors import ConnectorError, NotFound, OutcomeUnknown, Rejected, Unavailable
from dealwright_embedded_crm.api.fields import Shown

RETRY_SECONDS: Final = 1

OF_ONE_FIELD: Final = "own_field"
"""What pydantic is told an error is that is about one of several own fields."""

CONFLICTS: Final = frozenset(
    {
        "database",
        "duplicate",
        "fixed_stage",
        "in_use",
        "name_taken",
        "no_lost_stage",
        "no_open_stage",
        "not_empty",
        "not_incoming",
        "released_pipeline",
        "same_company",
        "same_contact",
        "same_deal",
        "too_many_pipelines",
        "too_many_stages",
        "too_many_webhooks",
    }
)
"""The domain's refusals that are about the state of things, not about what was sent: they are 409."""


class ErrorDetail(Shown):
    """What is wrong: a stable code for programs, a sentence for people, and the field if it is about one."""

    code: Annotated[str, Field(examples=["bad_amount"])]
    message: Annotated[str, Field(examples=["the amount has more decimals than USD has (2)"])]
    field: Annotated[str | None, Field(examples=["amount.amount"])] = None


class ErrorOut(Shown):
    """The answer to every request that was not carried out."""

    error: ErrorDetail


class Problem(Exception):
    """A request that is not carried out, with what to answer."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """Return the answer; texts are ASCII, so that nothing in them steers a terminal."""
        detail = {"code": self.code, "message": self.message}
        if self.field is not None:
            detail["field"] = self.field
        body = json.dumps({"error": detail}).encode()
        return Response(body, self.status, {"Cache-Control": "no-store", **self.headers}, "application/json")


def of_domain(error: ConnectorError) -> Problem:
    """Return what the CRM's refusal means to a client."""
    if isinstance(error, NotFound):
        return Problem(404, "not_found", str(error))
    if isinstance(error, Rejected):
        status = 409 if error.code in CONFLICTS else 422
        return Problem(status, error.code, str(error))
    if isinstance(error, OutcomeUnknown):
        message = "the database broke off while it committed: read what is there before you repeat the request, or "
        message += "repeat it with the same Idempotency-Key"
        return Problem(503, "outcome_unknown", message, headers={"Retry-After": str(RETRY_SECONDS)})
    if isinstance(error, Unavailable):
        return busy()
    return failed()


def failed() -> Problem:
    """Return the answer of a server with a fault of its own; every write is one transaction, which is rolled back."""
    return Problem(500, "internal", "the request failed; nothing was changed")


def busy() -> Problem:
    """Return the answer of a server that has no turn to give."""
    message = "the CRM is busy, or its database cannot be reached: nothing was changed, try again"
    return Problem(503, "unavailable", message, headers={"Retry-After": str(RETRY_SECONDS)})


def of_validation(error: RequestValidationError) -> Problem:
    """Return the first thing that does not fit the schema, without the value that does not fit."""
    found = error.errors()
    first: dict[str, Any] = found[0]
    where, *path = first["loc"]
    if first["type"] == OF_ONE_FIELD:
        path.append(first["ctx"]["key"])
    field = ".".join(str(part) for part in path) or None
    message = _plain(str(first["msg"]))
    if where == "path":
        return Problem(404, "not_found", f"there is nothing with such {field}")
    if where == "body" and not path:
        message = "the body must be a JSON object" if first["type"] != "missing" else "a body is needed"
    if len(found) > 1:
        message += f" (and {len(found) - 1} more)"
    return Problem(422, "invalid", message, field=field)


def _plain(message: str) -> str:
    """Return pydantic's sentence as ours are written."""
    return message.removeprefix("Value error, ")


_WHY: Final = {
    400: ("The request could not be read: malformed JSON, or a parameter that was given twice.", "malformed"),
    401: ("No token, or one that is unknown or was revoked.", "unauthorized"),
    403: ("The token's role may not do this.", "forbidden"),
    404: ("What the address names is not there.", "not_found"),
    409: ("The state of things does not allow it, or the Idempotency-Key was used for another request.", "conflict"),
    412: ("The deal is at another version than If-Match says.", "version_changed"),
    413: ("The body is too large.", "too_large"),
    415: ("The body is no application/json.", "unsupported_media_type"),
    422: ("The request was understood, and a value of it cannot be used.", "invalid"),
    500: ("The server failed; nothing was changed.", "internal"),
    503: ("The CRM is busy or not reachable; try again after the seconds in Retry-After.", "unavailable"),
}

_EVERYWHERE: Final = (400, 401, 403, 404, 413, 415, 422, 500, 503)


def documented(*more: int) -> dict[int | str, dict[str, Any]]:
    """Return how errors stand in the OpenAPI document: those that every route has, and `more`."""
    found: dict[int | str, dict[str, Any]] = {}
    for status in sorted({*_EVERYWHERE, *more}):
        why, code = _WHY[status]
        example = {"error": {"code": code, "message": why}}
        found[status] = {"model": ErrorOut, "description": why, "content": {"application/json": {"example": example}}}
        if status == 503:
            found[status]["headers"] = {
                "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string", "pattern": "^[0-9]+$"}}
            }
        if status == 401:
            found[status]["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return found
