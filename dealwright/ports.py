"""What connectors implement and the engine calls.

A connector talks to one outside system for one account. Its calls are bulk calls first: one outcome for each call, in
the same order. A connector raises `ConnectorError` only for what concerns the whole request (away, unauthorised, rate
limited, outcome unknown); one refused item never costs the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

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

    def shape(self, pipelines: Sequence[PipelineShape], *, apply: bool) -> Sequence[ShapeChange]:
        """Compare the CRM's pipelines with the wanted ones and, with `apply`, make what is missing.

        A stage that holds deals is never removed: such a change comes back with `refused` saying how many deals it
        holds, and then nothing at all is applied.
        """
        ...
