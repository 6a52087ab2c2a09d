"""One request at the simulated API: what it asks, and the forms in which Kommo answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any, Final, TypeAlias

import msgspec

from dealwright_http.server import Answer
from dealwright_http.simulation import keys_in
from dealwright_kommo.simulator.problems import HAL, NOT_CHOICE, Complaints, Invalid, Problem
from dealwright_kommo.simulator.queries import Query
from dealwright_kommo.simulator.world import Item, World

MOST: Final = 250
"""Entities of one write."""

Tell: TypeAlias = Callable[[str, str, Item | None, Item], None]
"""Hears of every change: the kind, what was done (`add`, `update`, `delete`), the item before and after."""


class Visit:
    """One request, by the user whose token it carries."""

    def __init__(
        self, world: World, method: str, path: str, body: bytes, *, origin: str, user: int, tell: Tell,
        shuffle: Random | None = None,
    ) -> None:  # fmt: skip
        self.world = world
        self.method = method
        self.query = Query(path)
        self.body = body
        self.origin = origin
        self.user = user
        self.changed = False
        self.repeated: list[str] = []
        self._tell = tell
        self._shuffle = shuffle

    def decoded(self) -> Any:
        """Return the JSON body.

        Raises:
            Problem: there is none.
        """
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Problem(400, "Request data can't be blank" if not self.body else "Invalid JSON") from None

    def one(self) -> Item:
        """Return the object that the body is."""
        said = self.decoded()
        if not isinstance(said, dict) or not said:
            raise Problem(400, "Request data can't be blank")
        return _whole(said)

    def batch(self, id_: int | None = None) -> list[Item]:
        """Return the items of the body: a list, or one object for one id."""
        if id_ is not None:
            return [self.one() | {"id": id_}]
        said = self.decoded()
        if not isinstance(said, list) or not said or not all(isinstance(item, dict) for item in said):
            raise Problem(400, "Request data can't be blank")
        if len(said) > MOST:
            raise Problem(422, f"Limit {MOST} entities per request")
        return [_whole(item) for item in said]

    def check(self, items: list[Item], test: Callable[[Item, Complaints], None]) -> None:
        """Refuse the whole batch if any item has a fault.

        Raises:
            Invalid: one has.
        """
        errors = []
        for place, item in enumerate(items):
            complaints = Complaints()
            test(item, complaints)
            if complaints.errors:
                errors.append({"request_id": request_id(item, place), "errors": complaints.errors})
        if errors:
            raise Invalid(errors)

    def there(self, kind: str, id_: Any) -> bool:
        """Say whether this is the id of something of a kind."""
        return isinstance(id_, int) and not isinstance(id_, bool) and self.world.get(kind, id_) is not None

    def known(self, kind: str, item: Item, complaints: Complaints) -> None:
        """Complain of an item whose id is not there."""
        if not isinstance(item.get("id"), int):
            complaints.wrong_type("id", "int")
        elif not self.there(kind, item["id"]):
            complaints.say("id", NOT_CHOICE)

    def put(self, kind: str, before: Item | None, after: Item, *, told: str | None = None) -> Item:
        """Take a change in and tell of it, unless nothing is changed by it."""
        if before is not None and before == after:
            return before
        self.world.put(kind, after)
        self.changed = True
        self._tell(told or kind, "add" if before is None else "update", before, after)
        return after

    def rewrite(self, kind: str, item: Item, after: Item) -> Item:
        """Take in what an item of a batch makes of the one with its id; remember its keys if that is nothing."""
        before = self.world.all(kind)[item["id"]]
        if after == before:
            self.repeated += keys_in(msgspec.json.encode(item))
        return self.put(kind, before, self.stamp(before, after))

    def drop(self, kind: str, item: Item) -> None:
        """Let an item go, and tell of it."""
        self.world.drop(kind, item["id"])
        self.changed = True
        self._tell(kind, "delete", item, item)

    def stamp(self, before: Item, after: Item) -> Item:
        """Return a changed item with who changed it and when; an unchanged one as it was."""
        if after == before:
            return before
        now = {"updated_by": self.user, "updated_at": self.world.now()}
        return after | {key: value for key, value in now.items() if after[key] == before[key]}

    def links(self, path: str) -> Item:
        """Return the links of something at a path below `/api/v4/`."""
        return {"self": {"href": f"{self.origin}/api/v4/{path}"}}

    def page(self, name: str, items: Iterable[Item], *, default: int = 50, most: int = MOST) -> Answer:
        """Return one page of a list; past its end there is nothing at all."""
        limit, page = self.query.limit(default, most), self.query.number("page", 1)
        everything = list(items)
        shown = everything[(page - 1) * limit : page * limit]
        if not shown:
            return Answer(status=204)
        links: Item = {"self": {"href": self.origin + self.query.page_link(page)}}
        if len(everything) > page * limit:
            links["next"] = {"href": self.origin + self.query.page_link(page + 1)}
        if page > 1:
            links["first"] = {"href": self.origin + self.query.page_link(1)}
            links["prev"] = {"href": self.origin + self.query.page_link(page - 1)}
        return hal({"_page": page, "_links": links, "_embedded": {name: shown}})

    def counted(self, name: str, items: list[Item], *, status: int = 200) -> Answer:
        """Return a list that says how many it has, and has no pages."""
        links = {"self": {"href": self.origin + self.query.path}}
        return hal({"_total_items": len(items), "_links": links, "_embedded": {name: items}}, status)

    def done(self, name: str, results: list[Item]) -> Answer:
        """Return the results of a batch, in any order if that is asked for."""
        if self._shuffle is not None:
            self._shuffle.shuffle(results)
        links = {"self": {"href": self.origin + self.query.path}}
        return hal({"_links": links, "_embedded": {name: results}})


def parts_of(item: Item) -> Item:
    """Return what is embedded in an item of a write; nothing, if that is nonsense."""
    parts = item.get("_embedded")
    return parts if isinstance(parts, dict) else {}


def objects(said: Any) -> list[Item] | None:
    """Return a list of objects, or none for null; None if it is neither."""
    if said is None:
        return []
    return said if isinstance(said, list) and all(isinstance(each, dict) for each in said) else None


def request_id(item: Item, place: int) -> str:
    """Return what an item of a batch is answered under: its caller's word, or its place."""
    return str(item.get("request_id", place))


def hal(value: Any, status: int = 200) -> Answer:
    """Return a successful answer."""
    return Answer(status=status, body=msgspec.json.encode(value), headers={"Content-Type": HAL})


def _whole(item: Item) -> Item:
    """Return an item in which whole numbers are integers: clients in use write instants as `1798761600.0`."""
    return {
        key: int(value) if isinstance(value, float) and value.is_integer() else value for key, value in item.items()
    }
