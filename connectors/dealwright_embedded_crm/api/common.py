"""What routes share: parameters of addresses and lists, and refusals of what a body names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final, TypeVar

from fastapi import Path
from pydantic import BaseModel, Field
from starlette.convertors import StringConvertor, register_url_convertor

from dealwright.errors import NotFound
from dealwright_embedded_crm.api.fields import ID_PATTERN, KEPT, KEY_PATTERN, WHOLE, Given
from dealwright_embedded_crm.api.once import REPLAYED, Answer
from dealwright_embedded_crm.api.problems import Problem
from dealwright_embedded_crm.api.views import Page

M = TypeVar("M", bound=BaseModel)


class _IdConvertor(StringConvertor):
    """Lets an id stand in an address and nothing else, so that `/deals/merge` is never the deal "merge"."""

    regex = "[1-9][0-9]{0,17}"


register_url_convertor("id", _IdConvertor())

DealId = Annotated[str, Path(pattern=ID_PATTERN, examples=["12"])]
ContactId = Annotated[str, Path(pattern=ID_PATTERN, examples=["7"])]
RecordId = Annotated[str, Path(pattern=ID_PATTERN, examples=["5"])]
CompanyId = Annotated[str, Path(pattern=ID_PATTERN, examples=["4"])]
TaskId = Annotated[str, Path(pattern=ID_PATTERN, examples=["3"])]
UserId = Annotated[str, Path(pattern=ID_PATTERN, examples=["1"])]
TokenId = Annotated[str, Path(pattern=ID_PATTERN, examples=["1"])]
WebhookId = Annotated[str, Path(pattern=ID_PATTERN, examples=["1"])]
PipelineKey = Annotated[str, Path(pattern=KEY_PATTERN, examples=["new-business"])]
StageKey = Annotated[str, Path(pattern=KEY_PATTERN, examples=["qualified"])]

Cursor = Annotated[
    str,
    Field(
        strict=True,
        min_length=1,
        max_length=2_000,
        description="`next` of the page before; the other parameters stay the same.",
    ),
    KEPT,
]


class Paged(Given):
    """The parameters of every list."""

    limit: Annotated[int, Field(ge=1, le=200), WHOLE] = 50
    cursor: Cursor | None = None


REPLAY_HEADER: Final[dict[str, Any]] = {
    REPLAYED: {
        "description": "`true` when this is the answer that the same Idempotency-Key got before.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}
ETAG: Final[dict[str, Any]] = {
    "ETag": {"description": "The deal's version, for If-Match.", "schema": {"type": "string", "pattern": '^"[0-9]+"$'}}
}


def succeeds(status: int, description: str, *, etag: bool = False, write: bool = False) -> dict[int | str, Any]:
    """Return how a success stands in the OpenAPI document."""
    headers = {**(ETAG if etag else {}), **(REPLAY_HEADER if write else {})}
    return {status: {"description": description, **({"headers": headers} if headers else {})}}


@contextmanager
def named_in_body(field: str | None = None) -> Iterator[None]:
    """Answer 422, and not 404, when it is the body that names something that is not there."""
    try:
        yield
    except NotFound as missing:
        raise Problem(422, "unknown_reference", str(missing), field=field) from None


def found(record: Any, kind: str, id_: str) -> Any:
    """Return a record that an address names.

    Raises:
        Problem: 404.
    """
    if record is None:
        raise Problem(404, "not_found", f"there is no {kind} {id_}")
    return record


def paged(model: type[Page[M]], show: Callable[[Any], M], page: Any) -> Page[M]:
    """Return a page of the domain as it is shown."""
    return model(items=[show(each) for each in page.items], next=page.next)


def answer(show: Callable[[Any], BaseModel], record: Any, status: int = 200) -> Answer:
    """Return a record as a write answers it, with its version if it has one."""
    return Answer(status=status, body=show(record), version=getattr(record, "version", None))
