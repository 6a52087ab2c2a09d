"""Which records of a deal are meant, where something is asked of them or reckoned of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from dealwright.compile import ir
from dealwright.engine.facts import View

Holds: TypeAlias = Callable[[ir.Condition, View], bool | None]
"""What a condition comes to on some facts; None is unknown."""


class Among(msgspec.Struct, frozen=True):
    """The views of the records that are meant; how many were left out as unknown, and how many were not read."""

    views: tuple[View, ...]
    unknown: int
    beyond: int

    def seen(self) -> str:
        """Return how many there are, for the trace."""
        left_out = f", {self.unknown} unknown" if self.unknown else ""
        return f"{len(self.views)}{left_out}{f', {self.beyond:,} of the deal not read' if self.beyond else ''}"


def among(kind: str, where: ir.Condition | None, view: View, holds: Holds) -> Among:
    """Return the deal's records of a kind for which the condition is true."""
    views = [view.for_record(record) for record in view.deal.records or () if record.kind == kind]
    beyond = view.deal.records_beyond or 0
    if where is None:
        return Among(tuple(views), 0, beyond)
    truths = [holds(where, each) for each in views]
    kept = tuple(each for each, truth in zip(views, truths, strict=True) if truth is True)
    return Among(kept, truths.count(None), beyond)
