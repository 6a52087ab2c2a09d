"""The simulated Kommo as a server: who comes in, how much is too much, and what people do in its web pages."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from dealwright.clock import Clock, PlayedClock
from dealwright_http.faults import Fault
from dealwright_http.redaction import Secret
from dealwright_http.server import Answer, Received
from dealwright_http.simulation import Line, Simulation, answer_json
from dealwright_kommo.simulator import entities, tokens
from dealwright_kommo.simulator.account import SETTINGS
from dealwright_kommo.simulator.chronicle import record
from dealwright_kommo.simulator.emitter import Emitter, Habits
from dealwright_kommo.simulator.furnished import Furnished
from dealwright_kommo.simulator.problems import Invalid, Problem, failing, refused
from dealwright_kommo.simulator.routes import PREFIX, route
from dealwright_kommo.simulator.tokens import Tokens
from dealwright_kommo.simulator.visit import MOST, Visit
from dealwright_kommo.simulator.world import ACCOUNT, ADMIN, Item, World

PEOPLE: Final = ADMIN + 1
"""The user who does what control routes ask for, unless they name another."""

_AS: Final = "as/"
COUNTED: Final = ("leads", "contacts", "companies", "tasks", "leads_notes", "outbox")


class Manners(msgspec.Struct, frozen=True, kw_only=True):
    """How this Kommo behaves where the real one may behave so or so.

    `largest`: bulk writes of more entities are answered 504, after they were carried out with `late`, else before.
    `lag`: seconds until a search sees what was written. `shuffle`: results of bulk writes come in any order.
    `retry_after` stands in a 429; who comes back sooner `patience` times is blocked for `block` seconds.
    """

    largest: int | None = None
    late: bool = False
    lag: float = 0.0
    shuffle: bool = True
    retry_after: int = 1
    patience: int = 50
    block: float = 60.0
    subdomain: str = "example"


class _Now(msgspec.Struct, frozen=True):
    """What moves the account's time."""

    now: float


class KommoSimulator(Simulation):
    """One account of Kommo on loopback."""

    def __init__(
        self, log: Path, token: Secret, clock: Clock, *, manners: Manners | None = None, habits: Habits | None = None,
        hooks_to: tuple[str, ...] = (), furnished: Furnished | None = None, name: str = "kommo", **options: Any,
    ) -> None:  # fmt: skip
        self.manners = manners or Manners()
        there = () if furnished is None else furnished.items()
        self.world = World(clock, self.keep, subdomain=self.manners.subdomain, lag=self.manners.lag, furnished=there)
        super().__init__(name, log, clock, **options)
        self._tokens = Tokens(self.world, token)
        self._emitter = Emitter(self.world, self.random, habits or Habits(), self.sleep, self.save)
        self._wait_until = self._blocked_until = 0.0
        self._ignored = 0
        for address in hooks_to:
            self._subscribe(address)

    def restore(self, change: Any) -> None:
        """Take back a change of the account."""
        self.world.restore(change)

    async def started(self) -> None:
        """Begin to send hooks."""
        await self._emitter.start()

    async def ended(self) -> None:
        """Send no more hooks."""
        await self._emitter.stop()

    def serve(self, request: Received, line: Line) -> Answer:
        """Answer a request to the API."""
        if self.clock.monotonic() < self._blocked_until:
            return failing(403)
        try:
            if request.path.partition("?")[0] == tokens.PATH and request.method == "POST":
                answer = self._tokens.exchange(request)
                line.committed = True
                return answer
            if request.path.startswith(PREFIX) and not self._tokens.allows(request):
                return failing(401)
            return self._visited(request, line)
        except (Problem, Invalid) as problem:
            return refused(problem)

    def refusal(self, status: int, fault: Fault | None) -> Answer:
        """Say a status as Kommo does: a wait stands in the body, never in a header."""
        return failing(status, None if fault is None else fault.retry_after)

    def limited(self, request: Received) -> Answer:
        """Refuse what is too much; who does not wait is blocked after a while."""
        now = self.clock.monotonic()
        self._ignored = self._ignored + 1 if now < self._wait_until else 0
        self._wait_until = now + self.manners.retry_after
        if self._ignored >= self.manners.patience:
            self._blocked_until = now + self.manners.block
            self._ignored = 0
        if now < self._blocked_until:
            return failing(403)
        return failing(429, self.manners.retry_after)

    def state(self) -> dict[str, Any]:
        """Show how much the account holds, too."""
        counts = {kind: len(self.world.all(kind)) for kind in COUNTED}
        return super().state() | counts | {"hooks_sent": self._emitter.sent}

    def control(self, what: str, request: Received) -> Answer | None:
        """Do what people do: make, change and delete leads; let a switched-off receiver hear again; give a code.

        Below `as/{user}` a person does what the API could do, in the web pages. `now` moves a played clock.
        """
        try:
            if what.startswith(_AS):
                return self._as_person(what.removeprefix(_AS), request)
            match request.method, what:
                case "POST", "now":
                    return self._move(request)
                case "POST" | "PATCH" | "DELETE", "leads":
                    return self._people(request)
                case "POST", "hooks":
                    for hook in list(self.world.all("webhooks").values()):
                        self.world.put("webhooks", hook | {"disabled": False})
                    return Answer(status=204)
                case "POST", "code":
                    return answer_json(200, {"code": self._tokens.code()})
        except (Problem, Invalid) as problem:
            return refused(problem)
        return None

    def _visited(self, request: Received, line: Line) -> Answer:
        manners = self.manners
        visit = self._visit(request.method, request.path, request.body, ADMIN, _origin(request))
        too_large = (
            manners.largest is not None
            and request.method in ("POST", "PATCH")
            and _entities(request.body) > manners.largest
        )
        if too_large and not manners.late:
            return failing(504)
        answer = route(visit)
        self._emitter.queue()
        line.committed, line.repeated = visit.changed, visit.repeated
        return failing(504) if too_large else answer

    def _visit(self, method: str, path: str, body: bytes, user: int, origin: str) -> Visit:
        shuffle = self.random if self.manners.shuffle else None
        return Visit(self.world, method, path, body, origin=origin, user=user, tell=self._tell, shuffle=shuffle)

    def _tell(self, kind: str, action: str, before: Item | None, after: Item) -> None:
        record(self.world, kind, action, before, after)
        self._emitter.tell(kind, action, before, after)

    def _as_person(self, what: str, request: Received) -> Answer:
        """Do what a person does; `what` is the user's id, and the API's path of it."""
        user, _, path = what.partition("/")
        if not user.isascii() or not user.isdigit() or self.world.get("users", int(user)) is None:
            raise Problem(404, "User not found")
        answer = route(self._visit(request.method, f"/{path}", request.body, int(user), _origin(request)))
        self._emitter.queue()
        return answer

    def _move(self, request: Received) -> Answer:
        """Move the account's time forward, to a second since 1970."""
        try:
            when = datetime.fromtimestamp(msgspec.json.decode(request.body, type=_Now).now, UTC)
        except (msgspec.DecodeError, ValueError, OverflowError, OSError):
            raise Problem(400, 'a time is wanted: {"now": 1777899900}') from None
        if not isinstance(self.clock, PlayedClock):
            raise Problem(422, "this account's time is the real one: start it with --now")
        self.clock.move_to(when)
        return Answer(status=204)

    def _people(self, request: Received) -> Answer:
        """Act as a person on a list of leads; `contacts` of a new one are made with it, `by` is a user's id."""
        made: list[int] = []
        said = self._visit(request.method, request.path, request.body, PEOPLE, "").decoded()
        if not isinstance(said, list):
            raise Problem(400, "a list of leads is wanted, or of ids to delete")
        for begin in range(0, len(said), MOST):
            some = said[begin : begin + MOST]
            visit = self._visit(request.method, request.path, b"", PEOPLE, "")
            if request.method == "DELETE":
                for id_ in some:
                    lead = self.world.get("leads", id_)
                    if lead is not None:
                        self.world.put("leads", lead | {"is_deleted": True})
                        self._tell("leads", "delete", lead, lead)
                continue
            if request.method == "POST":
                some = [self._with_contacts(visit, dict(lead)) for lead in some]
                leads = entities.created(visit, "leads", some)
            else:
                leads = entities.changed(visit, "leads", some)
            made += [lead["id"] for lead in leads]
            self._emitter.queue()
        self._emitter.queue()
        return answer_json(200, {"ids": made})

    def _with_contacts(self, visit: Visit, lead: Item) -> Item:
        wanted = lead.pop("contacts", [])
        if not wanted:
            return lead
        fields = {"phone": "PHONE", "email": "EMAIL"}
        contacts = [
            {
                "name": contact.get("name", ""),
                "custom_fields_values": [
                    {"field_code": code, "values": [{"value": contact[key], "enum_code": "WORK"}]}
                    for key, code in fields.items()
                    if contact.get(key)
                ],
            }
            for contact in wanted
        ]
        linked = [{"id": contact["id"]} for contact in entities.created(visit, "contacts", contacts)]
        return lead | {"_embedded": {**(lead.get("_embedded") or {}), "contacts": linked}}

    def _subscribe(self, address: str) -> None:
        if any(hook["destination"] == address for hook in self.world.all("webhooks").values()):
            return
        hook = {"id": self.world.new_id(), "destination": address, "settings": sorted(SETTINGS), "disabled": False}
        now = self.world.now()
        about = {"created_at": now, "updated_at": now, "created_by": ADMIN, "sort": 1, "account_id": ACCOUNT}
        self.world.put("webhooks", hook | about)
        self.save()


def _origin(request: Received) -> str:
    return f"http://{request.headers.get('host', 'example.kommo.com')}"


def _entities(body: bytes) -> int:
    """Return how many entities a bulk write holds."""
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return 0
    return len(said) if isinstance(said, list) else 1
