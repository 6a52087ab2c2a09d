"""What every benchmark is: named figures, measured in a setting, printed only when their work was recounted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

import msgspec

Figures: TypeAlias = dict[str, float]
"""Measured values by key."""


class Red(Exception):
    """The recount does not agree with what was to be done: there is no figure."""


class Missing(Exception):
    """Something that the benchmark needs is not on this machine."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """Where a benchmark works, and how: `small` only shows that it runs, `broken` takes one piece of work away.

    `asked` is a number of events that takes the place of the usual one.
    """

    folder: Path
    small: bool = False
    broken: bool = False
    asked: int | None = None

    def events(self, full: int, small: int) -> int:
        """Return how many events were asked for, or else the full number, or the small one."""
        return self.asked or self.size(full, small)

    def size(self, full: int, small: int) -> int:
        """Return the full size, or the small one."""
        return small if self.small else full


class Key(msgspec.Struct, frozen=True):
    """One figure: its key in the JSON, its unit, and what it says."""

    name: str
    unit: str
    what: str


class Benchmark(msgspec.Struct, frozen=True, kw_only=True):
    """One benchmark; `about` is how many seconds it takes on two cores."""

    name: str
    about: int = 30
    keys: tuple[Key, ...]
    run: Callable[[Setting], Figures]


def expect(what: str, found: object, wanted: object) -> None:
    """Compare what was recounted with what was to be done.

    Raises:
        Red: they differ.
    """
    if found != wanted:
        raise Red(f"{what}: {_short(found)} recounted, {_short(wanted)} expected")


def say(text: str) -> None:
    """Tell on standard error how far a benchmark is."""
    print(text, file=sys.stderr, flush=True)


def spread(values: Iterable[float]) -> str:
    """Return the values of all rounds, so that noise can be seen."""
    return " ".join(f"{value:,.4g}" for value in values)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}..."
