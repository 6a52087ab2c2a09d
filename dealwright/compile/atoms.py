"""Atoms: single demands on single fields, and whether several can be met by one deal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

Demand = Literal["set", "unset", "in", "not in", "has", "has not", "foreign", "==", "!=", "<", "<=", ">", ">="]
_ALWAYS_SET: Final = frozenset({"deal.id", "deal.stage", "deal.pipeline", "deal.contacts.count"})
_COUNTS: Final = re.compile(r"deal\.(contacts|records\.\w+)\.count|deal\.company\.(open|won)_deals|count of .*")
_DEALS: Final = ("deal", "event.before")

COUNT: Final = "count of "
"""How the path of what is counted for each deal begins."""


class Atom(NamedTuple):
    """One demand: `deal.amount > 100` in EUR. `foreign` demands an amount in any currency but the named one."""

    path: str
    demand: Demand
    value: Any = None
    currency: str | None = None


@dataclass(slots=True)
class _Fact:
    """What is demanded of one field, taken together."""

    present: bool | None = None
    allowed: frozenset[Any] | None = None
    excluded: frozenset[Any] = frozenset()
    low: tuple[Any, bool] | None = None
    high: tuple[Any, bool] | None = None
    tags: tuple[frozenset[str], ...] = ()
    no_tags: frozenset[str] = frozenset()
    currencies: frozenset[str] = frozenset()
    foreign: frozenset[str] = frozenset()

    def take(self, atom: Atom) -> bool:
        """Add a demand; say whether it leaves the field's presence possible."""
        if atom.demand in ("has", "has not"):
            if atom.demand == "has":
                self.tags += (atom.value,)
            else:
                self.no_tags |= atom.value
            return True
        present = atom.demand != "unset"
        if self.present not in (None, present):
            return False
        self.present = present
        if atom.currency is not None and atom.demand == "foreign":
            self.foreign |= {atom.currency}
        elif atom.currency is not None:
            self.currencies |= {atom.currency}
        self._narrow(atom)
        return True

    def at_least(self, value: int) -> None:
        """Leave out what is below the value: nothing is counted below 0."""
        self._bound_below(value, True)

    def _narrow(self, atom: Atom) -> None:
        value = atom.value
        match atom.demand:
            case "==":
                self._allow(frozenset((value,)))
            case "in":
                self._allow(value)
            case "!=":
                self.excluded |= {value}
            case "not in":
                self.excluded |= value
            case "<" | "<=":
                bound = (value, atom.demand == "<=")
                # Of two bounds the tighter one stands: the smaller, or the one that leaves itself out.
                self.high = bound if self.high is None or bound < self.high else self.high
            case ">" | ">=":
                self._bound_below(value, atom.demand == ">=")

    def _bound_below(self, value: Any, itself: bool) -> None:
        if self.low is None or (value, not itself) > (self.low[0], not self.low[1]):
            self.low = (value, itself)

    def reaches(self, value: int) -> bool:
        """Say whether it may be as much as the value, or more."""
        values = self.values()
        if values is not None:
            return any(each >= value for each in values)
        return self.high is None or self.high[0] > value or self.high == (value, True)

    def _allow(self, values: frozenset[Any]) -> None:
        self.allowed = values if self.allowed is None else self.allowed & values

    def values(self) -> frozenset[Any] | None:
        """The values that are left; None if they cannot be counted."""
        allowed = self.allowed
        if allowed is None:
            no_flag = len({each for each in self.excluded if isinstance(each, bool)}) == 2
            return frozenset() if no_flag else None
        return frozenset(each for each in allowed if each not in self.excluded and self._within(each))

    def _within(self, value: Any) -> bool:
        above = self.low is None or value > self.low[0] or (self.low[1] and value == self.low[0])
        below = self.high is None or value < self.high[0] or (self.high[1] and value == self.high[0])
        return above and below

    def possible(self) -> bool:
        """Say whether any value is left."""
        if self.values() == frozenset() or len(self.currencies) > 1 or self.currencies & self.foreign:
            return False
        if self.low is not None and self.high is not None:
            if self.low[0] > self.high[0]:
                return False
            both = self.low[1] and self.high[1] and self.low[0] not in self.excluded
            if self.low[0] == self.high[0] and not both:
                return False
        return not any(tags <= self.no_tags for tags in self.tags)


def consistent(atoms: Iterable[Atom]) -> bool:
    """Say whether one deal can meet all the demands."""
    facts: dict[str, _Fact] = {}
    for atom in atoms:
        fact = facts.get(atom.path)
        if fact is None:
            fact = facts[atom.path] = _Fact()
        if not fact.take(atom):
            return False
    for path, fact in facts.items():
        if _is_count(path):
            fact.at_least(0)
    return all(fact.possible() for fact in facts.values()) and _together(facts)


@lru_cache(maxsize=4096)
def _is_count(path: str) -> bool:
    return _COUNTS.fullmatch(path) is not None


def _together(facts: dict[str, _Fact]) -> bool:
    """Say whether fields that depend on each other agree."""
    if any(fact.present is False and path in _ALWAYS_SET for path, fact in facts.items()):
        return False
    for deal in _DEALS:
        owner = facts.get(f"{deal}.owner")
        if owner is not None and owner.present is False:
            parts = f"{deal}.owner."
            if any(path.startswith(parts) and fact.present for path, fact in facts.items()):
                return False
        if not _counted(facts, f"{deal}.company"):
            return False
        stage, pipeline = facts.get(f"{deal}.stage"), facts.get(f"{deal}.pipeline")
        if stage is None or pipeline is None or (stages := stage.values()) is None:
            continue
        allowed = pipeline.values()
        if not any(each[0] not in pipeline.excluded and (allowed is None or each[0] in allowed) for each in stages):
            return False
    return True


def _counted(facts: dict[str, _Fact], company: str) -> bool:
    """Say whether a company of which the newest open deal is asked for may have an open deal."""
    newest = [fact for path, fact in facts.items() if path.startswith(f"{company}.newest_open_deal.")]
    count = facts.get(f"{company}.open_deals")
    if count is None or not any(fact.present for fact in newest):
        return True
    return count.present is not False and count.reaches(1)
