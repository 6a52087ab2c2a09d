"""What connectors implement and the engine calls.

A connector talks to one outside system for one account. Its calls are bulk calls first: one outcome for each call, in
the same order. A connector raises `ConnectorError` only for what concerns the whole request (away, unauthorised, rate
limited, outcome unknown); one refused item never costs the others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, Final, NamedTuple, Protocol, TypeAlias, runtime_checkable

import msgspec

from dealwright.model.crm import CompanyDeals, Contact, Deal, PipelineShape, User
from dealwright.model.custom import FieldShapes
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
    """What an outside system takes of one account: `rate` requests in any second, and with a `burst` some more."""

    rate: float
    burst: int = 1

    @property
    def most(self) -> int:
        """How many requests may leave within `span`: whole ones, 7 in one second, 1 in two seconds."""
        return max(1, int(self.rate)) + self.burst - 1

    @property
    def span(self) -> float:
        """The seconds in which `most` requests may leave."""
        return self.most / self.rate


class Limiter(Protocol):
    """Hands out the requests that an outside system takes; all engines on one journal share them."""

    async def acquire(self) -> None:
        """Wait until one request may leave."""
        ...

    def written(self) -> float:
        """Hear that a request is on the wire, if a connector knows: it counts from now on, not from when it left us."""
        ...

    def answered(self, moment: float) -> None:
        """Hear that the request that was on the wire at this moment is answered, or given up."""
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


class FeedItem(msgspec.Struct, frozen=True, gc=False, kw_only=True):
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


class HookQuota(msgspec.Struct, frozen=True, kw_only=True):
    """What one source may send: bytes of a body, and verified requests a second, so many of them at once."""

    body: int = 64 * 1024
    rate: float = 2_000.0
    burst: int = 4_000


@runtime_checkable
class HookReader(Protocol):
    """Reads what an outside system pushes; who may push is decided before (by a secret, where a system signs nothing).

    What a connector brings along for its system. It is called with what was verified, and again with the same bytes
    when a person replays what was not understood: its answer depends on nothing else.
    """

    def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[FeedItem]:
        """Return the events that one verified request tells; none if it tells nothing of interest.

        `headers` have lower-case names and are those of `HOOK_HEADERS`, as far as the request has them.

        Raises:
            TooMuch: it is deeper, or has more parts, than is read; it is refused and not kept.
            Rejected: it cannot be understood; it is kept in quarantine. `code` and text say why, without its content.
        """
        ...


@runtime_checkable
class HookSource(HookReader, Protocol):
    """A source of events that are pushed to `POST /hooks/{account}/{name}`, or `.../{name}/{secret}`.

    Intake puts one together from a verifier and a reader; a system with signatures of its own brings its own whole.
    """

    @property
    def name(self) -> str:
        """The source's name in the address and in the journal, such as `billing`."""
        ...

    @property
    def quota(self) -> HookQuota:
        """What it may send."""
        ...

    def verify(self, headers: Mapping[str, str], body: bytes, secret: str) -> None:
        """Return if the request is from the source; `secret` is what its path or its header holds, or empty.

        Raises:
            Unauthorized: it is not from the source; nothing of it is stored.
            InputError: no secret is there at this time, so that nobody can say.
        """
        ...


HOOK_HEADERS: Final = ("content-type", "content-encoding", "dealwright-id")
"""The headers that a reader sees, and that are kept with what it does not understand."""

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
    """One difference between the pipelines and fields that a release names and the CRM's."""

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

    def shape(
        self,
        pipelines: Sequence[PipelineShape],
        *,
        apply: bool,
        fields: FieldShapes | None = None,
        zone: str | None = None,
    ) -> Sequence[ShapeChange]:
        """Compare the CRM's pipelines with the wanted ones and, with `apply`, make what is missing.

        `fields` are the company's own ones; None leaves those that there are alone. A CRM whose fields Dealwright does
        not make compares pipelines only. `zone` is the account's: in it a CRM that dates what is closed says on which
        day that was.

        A stage that holds deals is never removed: such a change comes back with `refused` saying how many deals it
        holds, and then nothing at all is applied.
        """
        ...


class DealKey(msgspec.Struct, frozen=True, order=True):
    """By what deals are looked up: a field of theirs (`reference`, `contacts.phone`, a key of their own) and its value.

    Phones and e-mail addresses are as `model/normal.py` makes them, numbers without needless zeros.
    """

    field: str
    value: str


MOST_FOUND: Final = 50
"""The most deals that one key may find; a key of more finds nobody in particular."""


@runtime_checkable
class FindsDeals(Protocol):
    """A CRM in which deals are found by the values of their fields, and contacts by phone and e-mail."""

    async def deals_by_key(self, keys: Sequence[DealKey], *, country: str) -> Mapping[DealKey, Sequence[Deal]]:
        """Return the deals of each key, open ones first; what finds none is missing.

        There is one more than `MOST_FOUND` at most.
        Phones without a prefix are read as they are dialled in the country.
        """
        ...

    async def contacts_by_key(self, keys: Sequence[DealKey], *, country: str) -> Mapping[DealKey, Sequence[str]]:
        """Return the ids of contacts with that phone (`contacts.phone`) or address (`contacts.email`), oldest first."""
        ...


@runtime_checkable
class ListsDeals(Protocol):
    """A CRM whose deals can be gone through, pipeline by pipeline."""

    async def deals_in(self, pipelines: Sequence[str], *, after: str | None, limit: int) -> Sequence[Deal]:
        """Return the next deals of these pipelines behind that id, open and closed, in the order of their ids."""
        ...


@runtime_checkable
class Merges(Protocol):
    """A CRM in which two deals can be made one, and which remembers what became of the other."""

    async def merged_deals(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Return the deal that each of these is now; what was never merged away is missing from the result."""
        ...


class ContactRead(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as it is now, and the open deals it is on: `MOST_DEALS` at most, `more` counts those beyond."""

    contact: Contact
    version: int
    deals: tuple[Deal, ...] = ()
    more: int = 0


@runtime_checkable
class ReadsContacts(Protocol):
    """A CRM that tells that a contact changed and not what: its contacts are read again, as its deals are."""

    async def read_contacts(self, ids: Sequence[str]) -> Mapping[str, ContactRead]:
        """Read the contacts in bulk; contacts that are gone are missing from the result."""
        ...


class Place(NamedTuple):
    """A stage of a pipeline, by keys."""

    pipeline: str
    stage: str


@runtime_checkable
class CountsDeals(Protocol):
    """A CRM that says how many deals people have without handing them over one by one."""

    async def count_deals(self, places: Sequence[Place]) -> Mapping[str, int]:
        """Count the deals in these stages by the id of their owner; whoever has none is missing from the result."""
        ...


@runtime_checkable
class ReadsUsers(Protocol):
    """A CRM that says who works in it."""

    async def read_users(self) -> Sequence[User]:
        """Return everybody who works in it."""
        ...


class InHands(msgspec.Struct, frozen=True, kw_only=True):
    """What is open in somebody's hands: ids of deals, and of tasks with their deals, oldest first."""

    deals: tuple[str, ...]
    tasks: tuple[tuple[str, str], ...]


@runtime_checkable
class HandsOver(Protocol):
    """A CRM that says what somebody still has to do, and in which tasks can be given to others."""

    async def in_hands(self, user_id: str, limit: int) -> InHands:
        """Return what is open in a user's hands, so many of each at most."""
        ...

    async def give_tasks(self, tasks: Mapping[str, str]) -> int:
        """Give open tasks to users, by their ids; return how many were still open."""
        ...


@runtime_checkable
class TellsCompanies(Protocol):
    """A CRM that can tell what else the company of a deal has: it is asked for rules that ask for it, in bulk."""

    async def company_deals(self, ids: Sequence[str]) -> Mapping[str, CompanyDeals]:
        """Return what the companies of these deals have beside each of them, by the deal's id.

        A deal that has no company, or is gone, is missing from the result.
        """
        ...


@runtime_checkable
class TellsLess(Protocol):
    """A CRM of which rules hear less than of others."""

    def untold(self) -> frozenset[str]:
        """Return the triggers that never happen in it, such as `activity_logged`."""
        ...
