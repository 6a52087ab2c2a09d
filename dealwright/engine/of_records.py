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
    """The views of the records that are meant, and of those of which that is not known; how many were not read."""

    views: tuple[View, ...]
    perhaps: tuple[View, ...]
    beyond: int

    def seen(self) -> str:
        """Return how many there are, for the trace."""
        perhaps = f", perhaps {len(self.perhaps)} more" if self.perhaps else ""
        return f"{len(self.views)}{perhaps}{f', {self.beyond:,} of the deal not read' if self.beyond else ''}"


def among(kind: str, where: ir.Condition | None, view: View, holds: Holds) -> Among:
    """Return the deal's records of a kind for which the condition is true."""
    views = [view.for_record(record) for record in view.deal.records or () if record.kind == kind]
    beyond = view.deal.records_beyond or 0
    if where is None:
        return Among(tuple(views), (), beyond)
    truths = [holds(where, each) for each in views]
    meant, perhaps = (
        tuple(each for each, truth in zip(views, truths, strict=True) if truth is wanted) for wanted in (True, None)
    )
    return Among(meant, perhaps, beyond)
