"""Which steps of an automation may be done one right after the other, and which before anything is waited for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dealwright.compile import ir

PAUSES = (ir.WaitStep, ir.WaitForStep, ir.WaitUntilStep, ir.AskStep)
"""Steps behind which time has passed, or somebody has answered."""


def pairs(steps: Iterable[ir.Step]) -> Iterator[tuple[ir.ActionStep, ir.ActionStep]]:
    """Yield every two actions, the earlier one first, that are done on one way without a pause between them."""
    found: list[tuple[ir.ActionStep, ir.ActionStep]] = []
    _walk(steps, (), found)
    return iter(found)


def before_any_pause(steps: Iterable[ir.Step]) -> Iterator[ir.Step]:
    """Yield the steps, and those inside of them, that some way reaches before it pauses."""
    for step in steps:
        yield step
        if isinstance(step, PAUSES):
            return
        for way in ir.ways_of(step):
            yield from before_any_pause(way)


def _walk(
    steps: Iterable[ir.Step],
    done: tuple[ir.ActionStep, ...],
    found: list[tuple[ir.ActionStep, ir.ActionStep]],
) -> tuple[ir.ActionStep, ...]:
    """Go through the steps with what was done since the last pause; return what may have been when they are over."""
    for step in steps:
        match step:
            case ir.StopStep():
                return ()
            case ir.BranchStep():
                ways = [_walk(way, done, found) for way in ir.ways_of(step)]
                done = _joined(done, *ways)
            case ir.WaitUntilStep() | ir.AskStep():
                done = _joined(*(_walk(way, (), found) for way in ir.ways_of(step)))
            case ir.WaitStep() | ir.WaitForStep():
                done = ()
            case ir.LookupStep():
                done = _joined(done, _walk(step.on_error, done, found))
            case ir.MuteStep():
                pass
            case _:
                found += [(earlier, step) for earlier in done]
                done = (*done, step)
    return done


def _joined(*ways: tuple[ir.ActionStep, ...]) -> tuple[ir.ActionStep, ...]:
    """What may have been done, whichever way was taken."""
    return tuple({step.name: step for way in ways for step in way}.values())
