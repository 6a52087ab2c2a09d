"""What all parts of `People` share: the database, the clock, and how a call becomes one transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from sqlalchemy import Connection

from dealwright.clock import Clock
from dealwright.errors import NotFound, Rejected
from dealwright_embedded_crm import values
from dealwright_embedded_crm.change import Change
from dealwright_embedded_crm.database import PATIENCE, Database
from dealwright_embedded_crm.keys import Receipt, kept
from dealwright_embedded_crm.own_fields import OwnFields
from dealwright_embedded_crm.values import Refusal

SOMEBODY: Final = "user:local"
"""Who acts when nobody is named."""

MOST_AT_ONCE: Final = 1_000
"""How many deals one bulk change or deletion takes."""

_GONE: Final = frozenset(
    {
        "unknown_deal",
        "unknown_contact",
        "unknown_message",
        "unknown_record",
        "unknown_task",
        "unknown_token",
        "unknown_webhook",
        "not_found",
    }
)

T = TypeVar("T")


class Base:
    """One CRM in one database; its parts (people_*.py) are what people do there."""

    def __init__(self, url: str, clock: Clock, *, patience: float = PATIENCE) -> None:
        self._clock = clock
        self._patience = patience
        self._database = Database(url, patience=patience)
        self._open = threading.local()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make all calls of this thread inside the block one transaction: all of them, or none if one raises."""
        if self._shared is not None:
            yield
            return
        with self._database.write() as connection:
            self._open.connection = connection
            try:
                yield
            finally:
                self._open.connection = None

    def own_fields(self) -> OwnFields:
        """Return the company's own fields."""
        with self._read() as connection:
            return OwnFields.read(connection)

    def kept(self, key: str) -> Receipt | None:
        """Return what was kept under a key, or None."""
        with self._read() as connection:
            return kept(connection, [key]).get(key)

    def keep(self, key: str, kind: str, actor: str, receipt: Receipt) -> None:
        """Keep an idempotency key with what it gave, for ever; inside `together`, with the change itself.

        Raises:
            Rejected: the key is there already, or no text that can be kept.
        """

        def act(change: Change) -> None:
            if values.line("key", key) != key:
                raise Refusal("bad_key", "an idempotency key is one line of text, without spaces around it")
            change.keep(key, kind, actor, receipt)

        self._do(act)

    @property
    def _shared(self) -> Connection | None:
        return getattr(self._open, "connection", None)

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        shared = self._shared
        if shared is not None:
            yield shared
            return
        with self._database.read() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        shared = self._shared
        if shared is not None:
            yield shared
            return
        with self._database.write() as connection:
            yield connection

    def _do(self, act: Callable[[Change], T], *, deals: Iterable[str] = (), contacts: Iterable[str] = ()) -> T:
        with self._write() as connection, refusals():
            change = Change(connection, self._clock.now())
            change.load(deals=deals, contacts=contacts)
            done = act(change)
            change.flush()
            return done


@contextmanager
def refusals() -> Iterator[None]:
    """Tell a refusal as the error that callers know: `NotFound` for what is not there, else `Rejected`."""
    try:
        yield
    except Refusal as refusal:
        if refusal.code in _GONE:
            raise NotFound(refusal.message) from None
        raise Rejected(refusal.message, code=refusal.code) from None
