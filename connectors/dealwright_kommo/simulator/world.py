"""What an account of the simulated Kommo holds: one dictionary per kind, in the shape that the API shows.

An item is never changed in place: `put` takes a new one and keeps it on disk. Names that begin with `~` are ours and
never leave. A search sees what was put at least `lag` seconds ago, as Kommo's own index does; reading by id sees all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from dealwright.clock import Clock

Item: TypeAlias = dict[str, Any]

ACCOUNT: Final = 30000001
ADMIN: Final = 101
WON: Final = 142
LOST: Final = 143
INCOMING: Final = 1
"""The type of the status of raw inquiries."""

MULTITEXT: Final = {
    "PHONE": ["WORK", "WORKDD", "MOB", "FAX", "HOME", "OTHER"],
    "EMAIL": ["WORK", "PRIV", "OTHER"],
}
LOSS_REASONS: Final = ("Price", "Timing", "Competitor", "No answer")
"""Those of a new account."""

OF: Final = {"leads": "lead", "contacts": "contact", "companies": "company"}


class World:
    """The account's content."""

    def __init__(
        self, clock: Clock, keep: Callable[[Any], None], *, subdomain: str = "example", lag: float = 0.0,
        furnished: Iterable[tuple[str, Item]] = (),
    ) -> None:  # fmt: skip
        self.clock = clock
        self.subdomain = subdomain
        self.lag = lag
        self._keep = keep
        self._items: dict[str, dict[int, Item]] = {}
        self._seen: dict[str, dict[int, Item]] = {}
        self._unseen: deque[tuple[float, str, int, Item | None]] = deque()
        self._of: dict[tuple[str, str, int], list[int]] = {}
        self._leads: dict[tuple[str, int], dict[int, None]] = {}
        self._last = 1_000_000
        for kind, item in (*_seeds(), *furnished):
            self.restore((kind, item["id"], item))

    def now(self) -> int:
        """Return the account's time, in seconds."""
        return int(self.clock.now().timestamp())

    def new_id(self) -> int:
        """Return a number that nothing has."""
        self._last += 1
        return self._last

    def put(self, kind: str, item: Item) -> Item:
        """Take an item in, new or changed; it is kept on disk."""
        change = (kind, item["id"], item)
        self._take(*change, due=self.clock.monotonic() + self.lag)
        self._keep(change)
        return item

    def drop(self, kind: str, id_: int) -> None:
        """Let an item go."""
        self._take(kind, id_, None, due=self.clock.monotonic() + self.lag)
        self._keep((kind, id_, None))

    def restore(self, change: Any) -> None:
        """Take back what was put or dropped before."""
        kind, id_, item = change
        self._take(kind, id_, item, due=0.0)

    def get(self, kind: str, id_: int) -> Item | None:
        """Return an item by its id."""
        return self._items.get(kind, {}).get(id_)

    def all(self, kind: str) -> dict[int, Item]:
        """Return everything of a kind, as of now."""
        return self._items.setdefault(kind, {})

    def searched(self, kind: str) -> dict[int, Item]:
        """Return what a search sees of a kind."""
        self._index()
        return self._seen.setdefault(kind, {})

    def ids_of(self, kind: str, entity_type: str, entity_id: int) -> list[int]:
        """Return the ids of the tasks or notes of an entity."""
        return self._of.get((kind, entity_type, entity_id), [])

    def leads_of(self, kind: str, id_: int) -> list[int]:
        """Return the leads that a contact or company is linked to."""
        return list(self._leads.get((kind, id_), ()))

    def tag(self, kind: str, name: str) -> Item:
        """Return the tag of this name, made if it is not there."""
        for tag in self.all(f"{kind}_tags").values():
            if tag["name"] == name:
                return tag
        return self.put(f"{kind}_tags", {"id": self.new_id(), "name": name, "color": None})

    def field(self, kind: str, id_: int | None, code: str | None) -> Item | None:
        """Return a custom field by its id or its code."""
        fields = self.all(f"{kind}_fields")
        if id_ is not None:
            return fields.get(id_)
        return next((field for field in fields.values() if code is not None and field["code"] == code), None)

    def statuses(self, pipeline_id: int) -> dict[int, Item]:
        """Return the statuses of a pipeline by their ids, in their order."""
        pipeline = self.get("pipelines", pipeline_id)
        found = [] if pipeline is None else sorted(pipeline["~statuses"], key=lambda status: int(status["sort"]))
        return {status["id"]: status for status in found}

    def first_status(self, pipeline_id: int) -> int:
        """Return where a lead begins: the first stage that is not for raw inquiries."""
        return next(id_ for id_, status in self.statuses(pipeline_id).items() if status["type"] != INCOMING)

    def main_pipeline(self) -> int:
        """Return the pipeline of leads that name none."""
        pipelines = self.all("pipelines").values()
        return int(next(pipeline["id"] for pipeline in pipelines if pipeline["is_main"]))

    def _index(self) -> None:
        now = self.clock.monotonic()
        while self._unseen and self._unseen[0][0] <= now:
            _, kind, id_, item = self._unseen.popleft()
            _set(self._seen.setdefault(kind, {}), id_, item)

    def _take(self, kind: str, id_: int, item: Item | None, *, due: float) -> None:
        items = self._items.setdefault(kind, {})
        if item is not None:
            self._last = max(self._last, id_)
            if id_ not in items and (entity := item.get("entity_id")) is not None:
                whose = (kind, item.get("entity_type") or kind.partition("_")[0], entity)
                self._of.setdefault(whose, []).append(id_)
        if kind == "leads":
            for linked in _linked(items.get(id_)):
                self._leads.get(linked, {}).pop(id_, None)
            for linked in _linked(item):
                self._leads.setdefault(linked, {})[id_] = None
        _set(items, id_, item)
        if due <= 0.0:
            _set(self._seen.setdefault(kind, {}), id_, item)
        else:
            self._unseen.append((due, kind, id_, item))
            self._index()


def new_pipeline(id_: int, name: str, sort: int, statuses: list[Item], *, main: bool = False) -> Item:
    """Return a pipeline with what every one has: a status for raw inquiries, won and lost."""
    return {
        "id": id_,
        "name": name,
        "sort": sort,
        "is_main": main,
        "is_unsorted_on": True,
        "is_archive": False,
        "account_id": ACCOUNT,
        "~statuses": [
            new_status(id_ * 100 + 1, id_, "Incoming leads", 10, "#c1c1c1", type_=INCOMING, editable=False),
            *statuses,
            new_status(WON, id_, "Closed - won", 10000, "#CCFF66", editable=False),
            new_status(LOST, id_, "Closed - lost", 11000, "#D5D8DB", editable=False),
        ],
    }


def new_status(
    id_: int, pipeline_id: int, name: str, sort: int, color: str, *, type_: int = 0, editable: bool = True
) -> Item:
    """Return a status."""
    return {
        "id": id_,
        "name": name,
        "sort": sort,
        "is_editable": editable,
        "pipeline_id": pipeline_id,
        "color": color,
        "type": type_,
        "account_id": ACCOUNT,
    }


def new_field(id_: int, kind: str, name: str, type_: str, *, code: str | None = None, sort: int = 500) -> Item:
    """Return a custom field without options."""
    return {
        "id": id_,
        "name": name,
        "type": type_,
        "account_id": ACCOUNT,
        "code": code,
        "sort": sort,
        "is_api_only": False,
        "enums": None,
        "group_id": None,
        "required_statuses": [],
        "is_deletable": code is None,
        "is_predefined": code is not None,
        "entity_type": kind,
        "remind": None,
        "settings": [],
    }


def new_reason(id_: int, name: str, sort: int) -> Item:
    """Return a reason why leads are lost."""
    return {"id": id_, "name": name, "sort": sort, "created_at": 1767225600, "updated_at": 1767225600}


def _set(items: dict[int, Item], id_: int, item: Item | None) -> None:
    if item is None:
        items.pop(id_, None)
    else:
        items[id_] = item


def _linked(lead: Item | None) -> list[tuple[str, int]]:
    if lead is None:
        return []
    contacts = [("contacts", link["id"]) for link in lead["~contacts"]]
    return contacts + [("companies", id_) for id_ in lead["~companies"]]


def _seeds() -> Iterable[tuple[str, Item]]:
    """Return what a new account holds."""
    for number, (name, admin) in enumerate([("Ana Lima", True), ("Ben Okafor", False), ("Chloe Martin", False)]):
        yield "users", {"id": ADMIN + number, "name": name, "email": f"user{number}@example.com", "~admin": admin}
    stages = ["Initial contact", "Offer made", "Negotiation"]
    statuses = [new_status(7102 + place, 71, name, 20 + 10 * place, "#99ccff") for place, name in enumerate(stages)]
    yield "pipelines", new_pipeline(71, "Sales", 1, statuses, main=True)
    for place, reason in enumerate(LOSS_REASONS, start=1):
        yield "loss_reasons", new_reason(9000 + place, reason, place)
    number = 5000
    for kind in ("contacts", "companies"):
        for code, enums in MULTITEXT.items():
            number += 10
            field = new_field(number, kind, code.capitalize(), "multitext", code=code)
            options = [{"id": number * 100 + place, "value": enum, "sort": place} for place, enum in enumerate(enums)]
            yield f"{kind}_fields", field | {"enums": options}
