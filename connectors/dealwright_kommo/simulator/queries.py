"""Reads the queries of lists: pages, orders, and filters with PHP's brackets, `[0]` and `[]` alike."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from dealwright_kommo.simulator.problems import Problem
from dealwright_kommo.simulator.world import Item

_PLAIN: Final = {
    "id": "id", "name": "name", "pipeline_id": "pipeline_id", "created_by": "created_by", "updated_by": "updated_by",
    "responsible_user_id": "responsible_user_id", "task_type": "task_type_id", "entity_type": "entity_type",
    "entity_id": "entity_id", "note_type": "note_type", "destination": "destination",
}  # fmt: skip
_SPANS: Final = ("price", "created_at", "updated_at", "closed_at", "closest_task_at", "complete_till")
_FIELD: Final = re.compile(r"^filter\[custom_fields_values\]\[(\d+)\](?:\[(from|to|\d*)\])?$")
_STATUS: Final = re.compile(r"^filter\[statuses\]\[(\d+)\]\[(pipeline_id|status_id)\]$")
_LIMIT: Final = 250


class Query:
    """What stands behind the question mark."""

    def __init__(self, path: str) -> None:
        parts = urlsplit(path)
        self.path = parts.path
        self.pairs = parse_qsl(parts.query, keep_blank_values=True)

    def one(self, name: str, default: str = "") -> str:
        """Return the last value of a name."""
        return next((value for key, value in reversed(self.pairs) if key == name), default)

    def many(self, name: str) -> list[str]:
        """Return all values of a name, with or without an index behind it."""
        index = re.compile(re.escape(name) + r"(\[\d*\])?")
        return [value for key, value in self.pairs if index.fullmatch(key)]

    def named(self, name: str) -> set[str]:
        """Return a list that is written with commas."""
        return {part.strip() for part in self.one(name).split(",") if part.strip()}

    @property
    def filters(self) -> bool:
        """Whether this is a search, which looks into the index."""
        return bool(self.one("query")) or any(key.startswith("filter[") for key, _ in self.pairs)

    def number(self, name: str, default: int) -> int:
        """Return a positive number.

        Raises:
            Problem: it is none.
        """
        said = self.one(name) or str(default)
        if not (said.isascii() and said.isdigit() and 0 < int(said) < 2**31):
            raise Problem(400, f"Invalid value of {name}")
        return int(said)

    def limit(self, default: int = 50, most: int = _LIMIT) -> int:
        """Return how many are wanted.

        Raises:
            Problem: more than are given.
        """
        limit = self.number("limit", default)
        if limit > most:
            raise Problem(422, f"Limit {most} per page")
        return limit

    def page_link(self, page: int) -> str:
        """Return this query for another page."""
        kept = [(key, value) for key, value in self.pairs if key != "page"]
        return f"{self.path}?{urlencode([*kept, ('page', str(page))])}"

    def chosen(self, items: Iterable[Item]) -> list[Item]:
        """Return the items that the filters and the full text let through, in the order that is asked for."""
        tests = [*self._plain(), *self._spans(), *self._fields(), *self._statuses()]
        found = [item for item in items if all(test(item) for test in tests)]
        if text := self.one("query").casefold():
            found = [item for item in found if text in _text(item)]
        return self._ordered(found)

    def _ordered(self, items: list[Item]) -> list[Item]:
        for key, value in self.pairs:
            if key.startswith("order[") and key.endswith("]"):
                name = key[6:-1]
                return sorted(items, key=lambda item: (item.get(name) or 0, item["id"]), reverse=value == "desc")
        return sorted(items, key=lambda item: int(item["id"]))

    def _plain(self) -> Iterable[Any]:
        for name, key in _PLAIN.items():
            if wanted := set(self.many(f"filter[{name}]")):
                yield lambda item, key=key, wanted=wanted: str(item.get(key)) in wanted
        if done := set(self.many("filter[is_completed]")):
            yield lambda item: str(int(bool(item.get("is_completed")))) in done

    def _spans(self) -> Iterable[Any]:
        for name in _SPANS:
            low, high = self.one(f"filter[{name}][from]"), self.one(f"filter[{name}][to]")
            if low or high or (low := self.one(f"filter[{name}]")):
                yield lambda item, name=name, low=low, high=high: _within(item.get(name), low, high)

    def _fields(self) -> Iterable[Any]:
        wanted: dict[int, dict[str, set[str]]] = {}
        for key, value in self.pairs:
            if found := _FIELD.match(key):
                side = found[2] if found[2] in ("from", "to") else "is"
                wanted.setdefault(int(found[1]), {}).setdefault(side, set()).add(value)
        for field, sides in wanted.items():
            yield lambda item, field=field, sides=sides: any(
                (str(value.get("value")) in sides["is"] or str(value.get("enum_id")) in sides["is"])
                if "is" in sides
                else _within(value.get("value"), *(next(iter(sides.get(side, {""}))) for side in ("from", "to")))
                for values in item.get("custom_fields_values") or ()
                if values["field_id"] == field
                for value in values["values"]
            )

    def _statuses(self) -> Iterable[Any]:
        pairs: dict[str, dict[str, str]] = {}
        for key, value in self.pairs:
            if found := _STATUS.match(key):
                pairs.setdefault(found[1], {})[found[2]] = value
        if pairs:
            wanted = {(pair.get("pipeline_id"), pair.get("status_id")) for pair in pairs.values()}
            if any(None in pair for pair in wanted):
                raise Problem(400, "filter[statuses] takes pipeline_id and status_id, both")
            yield lambda item: (str(item["pipeline_id"]), str(item["status_id"])) in wanted


def _within(value: Any, low: str, high: str) -> bool:
    try:
        return (
            value is not None and (not low or float(value) >= float(low)) and (not high or float(value) <= float(high))
        )
    except ValueError:
        return False


def _text(item: Item) -> str:
    """Return what full text search knows of an item."""
    words = [str(item.get("name") or ""), str(item.get("price") or ""), str(item.get("text") or "")]
    for field in item.get("custom_fields_values") or ():
        words += [str(value.get("value")) for value in field["values"]]
    return "\n".join(words).casefold()
