"""Sums: what the trace says of points that a step writes, so that somebody can see why a score is what it is."""

from __future__ import annotations

from typing import Final

from dealwright.compile import ir
from dealwright.engine.conditions import spelled, summed
from dealwright.engine.facts import View
from dealwright.engine.trace import Trace, TraceLine

_KEPT: Final = 4096
_found: Final[dict[int, tuple[ir.ActionStep, tuple[ir.Points, ...]]]] = {}
"""By the identity of the step, which is kept beside so that nothing else can have it."""


def tell(step: ir.ActionStep, view: View, trace: Trace) -> None:
    """Trace every sum of points that the step writes, with each of its conditions."""
    for points in _sums(step):
        place = len(trace)
        total = summed(points, view, trace, at=step.name, level=1)
        what = f"points of {len(points.of)} conditions"
        trace.insert(place, TraceLine(at=step.name, what=what, result=spelled(total)))


def _sums(step: ir.ActionStep) -> tuple[ir.Points, ...]:
    found = _found.get(id(step))
    if found is None:
        if len(_found) >= _KEPT:
            _found.clear()
        values = [getattr(step, name) for name in step.__struct_fields__]
        values += [each for value in values if isinstance(value, dict) for each in value.values()]
        sums = tuple(each for each in values if isinstance(each, ir.Points))
        found = _found[id(step)] = (step, sums)
    return found[1]
