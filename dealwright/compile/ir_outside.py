"""The IR of events from outside: what is read of them, with types, and how one that names no deal finds it."""

from __future__ import annotations

from typing import Literal

from dealwright.compile.ir_values import Condition, Node, Where
from dealwright.model.custom import FieldShape


class MatchPair(Node, frozen=True, kw_only=True):
    """A field of the event equals a field of the deal, named by its path: `deal.reference`, `deal.contacts.phone`."""

    field: str
    path: str


class Match(Node, frozen=True, kw_only=True):
    """How a deal is found in these pipelines: the first pair that finds something decides."""

    by: tuple[MatchPair, ...]
    pipelines: tuple[str, ...]
    if_many: Literal["newest_open", "ask", "refuse", "each"]
    if_none: Literal["create", "hold", "drop"]


class Segment(Node, frozen=True, kw_only=True):
    """The deals in these pipelines for which the condition is true: more than `at_most` ask a person first."""

    pipelines: tuple[str, ...]
    where: Condition
    at_most: int


class OutsideEvent(Node, frozen=True, kw_only=True):
    """An event from outside by its name, the fields that are read of it, and how it finds its deal."""

    key: str
    fields: tuple[FieldShape, ...] = ()
    match: Match | None = None
    where: Where | None = None
