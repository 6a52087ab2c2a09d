"""A segment: the deals that an event without a deal is about, one execution each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dealwright.language.conditions import Condition, conditions
from dealwright.language.origin import Origin, here, refused
from dealwright.language.pipeline import PipelineType, is_pipeline

MOST: Final = 1_000
"""The most that `at_most` may be: a larger one is a campaign, not an answer to an event."""


@dataclass(frozen=True, init=False)
class Segment:
    """The deals in these pipelines for which every one of `where` is true; more than `at_most` ask a person first."""

    in_: tuple[PipelineType, ...]
    where: tuple[Condition, ...]
    at_most: int
    origin: Origin

    def __init__(
        self,
        *,
        in_: PipelineType | Sequence[PipelineType],
        where: Condition | Sequence[Condition] = (),
        at_most: int = 200,
    ) -> None:
        places = tuple(in_) if isinstance(in_, list | tuple) else (in_,)
        if not places or not all(is_pipeline(place) for place in places):
            raise refused("in_ of a Segment names pipelines", hint="in_=[NewBusiness]")
        if isinstance(at_most, bool) or not isinstance(at_most, int) or not 1 <= at_most <= MOST:
            raise refused(f"at_most of a Segment is a number from 1 to {MOST:,}", hint="at_most=200")
        values = {
            "in_": tuple(place for place in places if is_pipeline(place)),
            "where": conditions(where, "where of a Segment"),
            "at_most": at_most,
            "origin": here(),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
