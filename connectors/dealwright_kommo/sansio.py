"""Bytes and models: paths that are asked for, answers that are read, and what a status means. No I/O."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec

from dealwright.errors import ConnectorError, OutcomeUnknown, RateLimited, Rejected, Unauthorized
from dealwright_http.classify import LONGEST_WAIT, Verdict, of_status, retry_after
from dealwright_kommo.settings import MOST
from dealwright_kommo.wire import Invalid, Links, Problem, Written

API: Final = "/api/v4"
BLOCKED_SECONDS: Final = 60.0
"""How long to leave Kommo alone when it refuses everything: the length of its block is not documented."""

_CONTROL: Final = "%0A%0D"
T = TypeVar("T")


class TooLarge(OutcomeUnknown):
    """Kommo gave up on a batch (504), and nobody can say how far it came: the next ones shall be smaller."""


class Forbidden(Unauthorized):
    """The token is good, and its user has no right to this."""


class Invalidated(ConnectorError):
    """Kommo refused a whole batch because of some of its items; nothing of it was carried out."""

    def __init__(self, invalid: Sequence[Invalid]) -> None:
        super().__init__("items of the batch are not valid")
        self.invalid = invalid


def many(ids: Iterable[object], size: int = MOST) -> Iterator[list[str]]:
    """Return ids in lists that one request can name."""
    listed = [str(each) for each in ids]
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def query(path: str, *pairs: tuple[str, object]) -> str:
    """Return a path with its query; brackets stand as they are, for the address of 250 ids is long."""
    if not pairs:
        return f"{API}{path}"
    parts = (f"{name}={quote(str(value), safe='')}" for name, value in pairs)
    return f"{API}{path}?{'&'.join(parts)}"


def by_id(path: str, ids: Iterable[str], *more: tuple[str, object]) -> str:
    """Return the path that asks for these entities."""
    return query(path, *more, ("limit", MOST), *(("filter[id][]", id_) for id_ in ids))


def items(body: bytes, name: str, type_: type[T]) -> tuple[list[T], str | None]:
    """Return the entities of a page and the path of the next one; none for an empty answer (204).

    Raises:
        OutcomeUnknown: the answer is cut off, or not what it should be.
    """
    if not body:
        return [], None
    try:
        page = msgspec.json.decode(body, type=_Page)
        found = page.embedded.get(name)
        listed = [] if found is None else msgspec.json.decode(found, type=list[type_])  # type: ignore[valid-type]
    except msgspec.MsgspecError:
        raise OutcomeUnknown(f"Kommo's list of {name} cannot be read") from None
    following = None if page.links.next is None else page.links.next.href
    return listed, None if not following else following[following.find(API) :] if API in following else None


def written(body: bytes, name: str) -> list[Written]:
    """Return the items of the answer to a write, as far as they can be read."""
    with contextlib.suppress(OutcomeUnknown):
        return items(body, name, Written)[0]
    return []


def check(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Return if the request was carried out.

    Raises:
        ConnectorError: it was not, or nobody can say; the text repeats nothing of the answer.
    """
    verdict = of_status(status)
    if verdict is Verdict.DONE:
        return
    problem = _problem(body)
    if status == 429:
        hint = None if problem is None else problem.retry_after
        wait = hint if hint is not None and hint >= 0 else retry_after(headers.get("retry-after"), now)
        raise RateLimited("Kommo asks to wait", retry_after=1.0 if wait is None else min(wait, LONGEST_WAIT))
    if status == 401:
        raise Unauthorized("Kommo does not know the token (401): make a new one, and write it into token_file")
    if status == 402:
        raise Unauthorized("the account's subscription at Kommo has ended (402)")
    if status == 403 and problem is None:
        raise RateLimited("Kommo blocks this address or account (403)", retry_after=BLOCKED_SECONDS)
    if status == 403:
        raise Forbidden("the user of the token may not do this in Kommo (403): give them the right")
    if status == 400 and problem is not None and problem.invalid:
        raise Invalidated(problem.invalid)
    if status == 504:
        raise TooLarge("Kommo gave up (504)")
    if verdict is Verdict.REFUSED:
        raise Rejected(f"Kommo answered {status}", code=f"http_{status}")
    raise OutcomeUnknown(f"Kommo answered {status}")


class _Page(msgspec.Struct, frozen=True):
    embedded: dict[str, msgspec.Raw] = msgspec.field(name="_embedded", default_factory=dict)
    links: Links = msgspec.field(name="_links", default_factory=Links)


def _problem(body: bytes) -> Problem | None:
    try:
        return msgspec.json.decode(body, type=Problem, strict=False)  # a wait may be a text of digits
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def reason_of(invalid: Invalid) -> tuple[str, str]:
    """Return the code and the sentence for an item that Kommo refused: names of fields, never their values."""
    if not invalid.errors:
        return "invalid", "Kommo refused it"
    first = invalid.errors[0]
    code = "".join(sign for sign in first.code if sign.isalnum())[:40] or "invalid"
    path = "".join(sign for sign in first.path if sign.isalnum() or sign in "._")[:80]
    return code, f"Kommo refused {path or 'it'} ({code})"


def receipt(**values: Any) -> dict[str, str | bool | int | None]:
    """Return a receipt."""
    return values
