"""What connectors implement and the engine calls.

A connector talks to one outside system for one account. Its calls are bulk calls first: one outcome for each call, in
the same order. A connector raises `ConnectorError` only for what concerns the whole request (away, unauthorised, rate
limited, outcome unknown); one refused item never costs the others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import msgspec

from dealwright.model.crm import Deal, PipelineShape
from dealwright.model.delivery import Delivery
from dealwright.model.events import Event
from dealwright.model.requests import Call, Outcome, Request


@runtime_checkable
class Connector(Protocol):
    """Carries out requests at one outside system."""

    @property
    def name(self) -> str:
        """The connector's short name, such as `embedded_crm`; shown to people."""
        ...

    @property
    def call_timeout(self) -> float:
        """The longest one request may take, in seconds: nobody takes over a sending effect sooner."""
        ...

    @property
    def at_once(self) -> int:
        """How many calls one request, or what leaves at the same time, carries: more are never sending."""
        ...

    def actions(self) -> frozenset[str]:
        """Return the request kinds it carries out, such as `create_deal`."""
        ...

    def destinations(self) -> frozenset[str]:
        """Return the names of outside systems that a definition may send to through it."""
        ...

    async def aclose(self) -> None:
        """Close its connections."""
        ...

    def delivery(self, request: Request) -> Delivery:
        """Return the delivery class of this request (it may depend on the target it is sent to)."""
        ...

    async def perform(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        """Carry out the calls; return one outcome for each, in order.

        Raises:
            ConnectorError: for what concerns the whole request.
        """
        ...

    async def look(self, calls: Sequence[Call]) -> Sequence[bool]:
        """Say for each call whether its key is found at the other side (CHECKABLE kinds only)."""
        ...


@runtime_checkable
class SelfTested(Protocol):
    """A connector that can say by itself whether it would work, without doing anything that can be noticed."""

    async def self_test(self) -> Sequence[str]:
        """Return what is wrong, one sentence each that says what to do; nothing if all is well."""
        ...


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """What an outside system takes of one account: `rate` requests per second, `burst` of them at once."""

    rate: float
    burst: int = 1


class Limiter(Protocol):
    """Hands out the requests that an outside system takes; all engines on one journal share them."""

    async def acquire(self) -> None:
        """Wait until one request may leave."""
        ...

    async def pause(self, seconds: float) -> None:
        """Let nothing leave for so long: the system has asked for it."""
        ...


@runtime_checkable
class Paced(Protocol):
    """A connector whose system takes so many requests and no more.

    The engine takes one token before the gate, so that a stop bites on what waits for one: it is the first request of
    `perform`. Whatever else the connector sends (reads, looks, further requests of one `perform`) it takes tokens for.
    """

    @property
    def pace(self) -> Pace:
        """What the system takes."""
        ...

    def pace_with(self, limiter: Limiter) -> None:
        """Take the tokens from this limiter from now on."""
        ...


class FeedItem(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a source's change feed: the event as normalised, and the raw bytes it came from."""

    event: Event
    raw: bytes


@runtime_checkable
class Feed(Protocol):
    """A source of events that is pulled."""

    @property
    def source(self) -> str:
        """The source's name in the journal, such as `embedded_crm`."""
        ...

    def pull(self, limit: int) -> Sequence[FeedItem]:
        """Return up to `limit` entries that were not taken yet, in the order they happened per deal."""
        ...

    def taken(self, source_ids: Sequence[str]) -> None:
        """Remember that these entries are safe in the journal; if that is lost they come again, and are known."""
        ...


@runtime_checkable
class HookSource(Protocol):
    """A source of events that are pushed to `POST /hooks/{account}/{name}`."""

    @property
    def name(self) -> str:
        """The source's name in the address and in the journal, such as `billing`."""
        ...

    def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[FeedItem]:
        """Verify one request and return the events it tells; `headers` have lower-case names.

        Raises:
            Unauthorized: its signature or its age says that it is not from the source; nothing of it is stored.
            Rejected: it is from the source and cannot be understood; `code` and text say why, without its content.
        """
        ...


Asgi: TypeAlias = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]
"""An ASGI application that a connector brings along, such as the embedded CRM's JSON API."""


@runtime_checkable
class Installed(Protocol):
    """A CRM that tells itself apart from any other one of its kind."""

    @property
    def installation(self) -> str:
        """What no other CRM has, such as a random text of its database."""
        ...


class ShapeChange(msgspec.Struct, frozen=True, kw_only=True):
    """One difference between the pipelines a release names and the CRM's."""

    what: str
    refused: str | None = None


@runtime_checkable
class Crm(Connector, Protocol):
    """A CRM: a connector that can also be read and shaped."""

    async def read_deals(self, ids: Sequence[str]) -> Mapping[str, Deal]:
        """Read the deals in bulk; deals that are gone are missing from the result."""
        ...

    async def find_deals(self, references: Sequence[str]) -> Mapping[str, Deal]:
        """Find the one deal of each reference; a reference of no deal or of several is missing from the result."""
        ...

    def shape(self, pipelines: Sequence[PipelineShape], *, apply: bool) -> Sequence[ShapeChange]:
        """Compare the CRM's pipelines with the wanted ones and, with `apply`, make what is missing.

        A stage that holds deals is never removed: such a change comes back with `refused` saying how many deals it
        holds, and then nothing at all is applied.
        """
        ...


@runtime_checkable
class Merges(Protocol):
    """A CRM in which two deals can be made one, and which remembers what became of the other."""

    async def merged_deals(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Return the deal that each of these is now; what was never merged away is missing from the result."""
        ...
