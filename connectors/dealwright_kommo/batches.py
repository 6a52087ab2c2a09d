"""Writes items in bulk: a batch that Kommo gives up on is halved, and one bad item never costs the others.

Kommo refuses a batch whole because of one item. It names the item by our `request_id`, or by its place; then the rest
is sent again without it. If it names none, the batch is cut in two until the bad one is alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from dealwright.errors import (
    ConnectorError,
    InputError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
)
from dealwright.model.requests import Outcome, Refused, Sent, TryAgain, Unknown
from dealwright_kommo import sansio
from dealwright_kommo.client import Budget, Client
from dealwright_kommo.wire import Invalid, Written

UNAUTHORIZED_SECONDS: Final = 60.0


_FOR_ITS_ITEMS: Final = ("http_400", "http_413")
"""Refusals of a batch that may be one item's fault, or of all together: long texts are too large in a crowd only."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One entity to write, for the call of that key; `named` is the receipt's field for its id."""

    key: str
    body: dict[str, Any]
    receipt: dict[str, str | bool | int | None] = {}
    named: str | None = None


class _Work:
    """Batches that wait to be sent, each item with its place, and what came of those that were."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.waiting = [list(enumerate(items))] if items else []
        self.outcomes: dict[int, Outcome] = {}


class Batches:
    """Sends items, as many in one request as Kommo has lately taken."""

    def __init__(self, client: Client, most: int) -> None:
        self._client = client
        self._most = most
        self.size = most

    async def write(self, method: str, path: str, name: str, items: Sequence[Item], budget: Budget) -> list[Outcome]:
        """Send the items and return what came of each, in order."""
        work = _Work(items)
        await self._until_sent(work, method, path, name, budget)
        return [work.outcomes[n] for n in range(len(items))]

    async def _until_sent(self, work: _Work, method: str, path: str, name: str, budget: Budget) -> None:
        """Send one batch after the other until none waits."""
        waiting, outcomes = work.waiting, work.outcomes
        while waiting:
            batch = waiting.pop()
            if len(batch) > self.size:
                waiting += [batch[self.size :], batch[: self.size]]
                continue
            try:
                ids = await self._send(method, path, name, [item for _, item in batch], budget)
            except sansio.Invalidated as refused:
                waiting += self._without(batch, refused.invalid, outcomes)
            except Rejected as refused:
                if len(batch) > 1 and refused.code in _FOR_ITS_ITEMS:
                    waiting += [batch[len(batch) // 2 :], batch[: len(batch) // 2]]
                else:
                    outcomes |= {n: Refused(code=refused.code, message=str(refused)) for n, _ in batch}
            except sansio.TooLarge as error:
                self.size = max(1, min(self.size, len(batch)) // 2)
                outcomes |= {n: Unknown(reason=str(error)) for n, _ in batch}
            except OutcomeUnknown as error:
                outcomes |= {n: Unknown(reason=str(error)) for n, _ in batch}
            except (ConnectorError, InputError) as error:
                # Nothing was carried out, and whatever follows would hear the same.
                later = _later(error)
                outcomes |= {n: later for n, _ in batch}
                outcomes |= {n: later for rest in waiting for n, _ in rest}
                waiting.clear()
            else:
                self._grow(len(batch))
                outcomes |= {n: _sent(item, id_) for (n, item), id_ in zip(batch, ids, strict=True)}

    async def _send(self, method: str, path: str, name: str, items: Sequence[Item], budget: Budget) -> list[int | None]:
        body = await self._client.send(method, path, [item.body for item in items], budget)
        return _ids(items, sansio.written(body, name))

    def _without(
        self, batch: list[tuple[int, Item]], invalid: Sequence[Invalid], outcomes: dict[int, Outcome]
    ) -> list[list[tuple[int, Item]]]:
        """Refuse the items that Kommo names, and return what is to be sent again."""
        named = {str(each.request_id): each for each in invalid}
        keys = [item.body.get("request_id", "") for _, item in batch]
        if not set(named) & set(keys):  # by their places, then
            named = {keys[int(place)]: each for place, each in named.items() if _is_place(place, len(keys))}
        bad = [(n, named[key]) for (n, _), key in zip(batch, keys, strict=True) if key in named]
        if not bad:
            if len(batch) > 1:
                return [batch[len(batch) // 2 :], batch[: len(batch) // 2]]
            bad = [(batch[0][0], invalid[0])]
        for n, why in bad:
            code, message = sansio.reason_of(why)
            outcomes[n] = Refused(code=code, message=message)
        rest = [(n, item) for n, item in batch if n not in outcomes]
        return [rest] if rest else []

    def _grow(self, sent: int) -> None:
        if sent >= self.size and self.size < self._most:
            self.size = min(self._most, self.size + max(1, self.size // 10))


def _is_place(text: str, count: int) -> bool:
    return text.isascii() and text.isdigit() and int(text[:6]) < count


def _ids(items: Sequence[Item], answered: Sequence[Written]) -> list[int | None]:
    """Return the id of each item that was written, by our `request_id`; the order of an answer says nothing."""
    by_request = {each.request_id: each.id for each in answered if isinstance(each.request_id, str)}
    return [by_request.get(item.body.get("request_id", "")) for item in items]


def _sent(item: Item, id_: int | None) -> Outcome:
    receipt = dict(item.receipt)
    if item.named is not None:
        receipt[item.named] = None if id_ is None else str(id_)
    return Sent(receipt=receipt)


def _later(error: ConnectorError | InputError) -> Outcome:
    match error:
        case RateLimited(retry_after=after):
            return TryAgain(reason="Kommo asks to wait", after=after if after is not None else 1.0)
        case Unavailable():
            return TryAgain(reason="Kommo was not reached")
        case Unauthorized() | InputError():
            return TryAgain(reason=str(error), after=UNAUTHORIZED_SECONDS)
    return Unknown(reason=type(error).__name__)
