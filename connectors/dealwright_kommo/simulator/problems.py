"""How Kommo says no: problem+json, whole batches refused with validation errors, and nginx's own pages."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import msgspec

from dealwright_http.server import Answer

HAL: Final = "application/hal+json"
PROBLEM: Final = "application/problem+json"

NOT_CHOICE: Final = ("NotSupportedChoice", "The value you selected is not a valid choice.")
MISSING: Final = ("FieldMissing", "This field is missing.")


class Problem(Exception):
    """A request that is refused as a whole."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Invalid(Exception):
    """A batch with at least one item that cannot be taken: none of them is."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("Request validation failed")
        self.errors = errors


class Complaints:
    """What is wrong with one item of a batch."""

    def __init__(self) -> None:
        self.errors: list[dict[str, str]] = []

    def say(self, path: str, what: tuple[str, str]) -> None:
        """Add one."""
        self.errors.append({"code": what[0], "path": path, "detail": what[1]})

    def wrong_type(self, path: str, type_: str) -> None:
        """Add that a value is of another type."""
        self.say(path, ("InvalidType", f"This value should be of type {type_}."))


def refused(problem: Problem | Invalid) -> Answer:
    """Return the answer to a refused request."""
    if isinstance(problem, Invalid):
        return _problem(400, "Request validation failed", first={"validation-errors": problem.errors})
    return _problem(problem.status, str(problem))


def failing(status: int, retry_after: int | None = None) -> Answer:
    """Return how Kommo says a status that no request of its own caused."""
    match status:
        case 429:
            hint = {} if retry_after is None else {"retry_after": retry_after}
            return _problem(429, "Rate limit exceeded, please wait before retrying", last=hint)
        case 401:
            return _problem(401, "Invalid username or password")
        case 402:
            return _problem(402, "The account's subscription has ended")
        case 403:
            # What a blocked address gets comes from the front, not from the application.
            return _page(403, "403 Forbidden")
        case 500:
            said = {"title": "ErrInternalServer", "status": 500, "detail": "Internal error", "trace_id": "0" * 32}
            return Answer(status=500, body=msgspec.json.encode(said), headers={"Content-Type": PROBLEM})
        case 502 | 503 | 504:
            return _page(status, f"{status} {HTTPStatus(status).phrase.replace('Timeout', 'Time-out')}")
    return _problem(status, "The request was refused")


def _problem(
    status: int, detail: str, *, first: dict[str, Any] | None = None, last: dict[str, Any] | None = None
) -> Answer:
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Error"
    said = {
        **(first or {}),
        "title": title.replace("Unprocessable Content", "Unprocessable Entity"),
        "type": f"https://httpstatus.es/{status}",
        "status": status,
        "detail": detail,
        **(last or {}),
    }
    return Answer(status=status, body=msgspec.json.encode(said), headers={"Content-Type": PROBLEM})


def _page(status: int, text: str) -> Answer:
    page = (
        f"<html>\r\n<head><title>{text}</title></head>\r\n<body>\r\n<center><h1>{text}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return Answer(status=status, body=page.encode(), headers={"Content-Type": "text/html"})
