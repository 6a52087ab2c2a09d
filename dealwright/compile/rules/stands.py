"""Where a deal may stand while an automation goes on: what exit_on names would have ended it elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from dealwright.compile import ir
from dealwright.compile.possible import Alternatives, one_of, possible

ELSEWHERE: Final = ir.StageValue(pipeline="", stage="")
"""A stage that the account does not know: others may have pipelines in the same CRM."""

OfStages: TypeAlias = ir.OnStageChanged | ir.OnEntered
"""What happens when a deal moves."""


class Standing:
    """Where a deal may stand while an automation goes on; `begins` is what is known of it at first.

    Where its own steps move the deal to ends nothing: from there it may go on.
    """

    def __init__(self, automation: ir.Automation, account: ir.Account, begins: Sequence[Alternatives]) -> None:
        self._exits = [each for each in automation.exit_on if isinstance(each, OfStages)]
        self._everywhere = stages_of(account)
        self._reached = starts(account, begins) if self._exits else set(self._everywhere)
        self._spread(self._reached)

    def move(self, to: ir.StageValue) -> None:
        """Note that a step may have moved the deal to a stage."""
        if to not in self._reached:
            self._reached.add(to)
            self._spread({to})

    def lost(self) -> None:
        """Note that nobody knows where a step has moved the deal to."""
        self._reached |= set(self._everywhere)

    def known(self) -> tuple[Alternatives, ...]:
        """Return what is known of its stage."""
        if len(self._reached) >= len(self._everywhere):
            return ()
        return (one_of("deal.stage", sorted(self._reached, key=str)),)

    def _spread(self, waiting: set[ir.StageValue]) -> None:
        """Add the stages to which others may move it without ending the automation."""
        while waiting:
            on = {
                to
                for to in self._everywhere
                if to not in self._reached
                and any(not any(covers(each, at, to) for each in self._exits) for at in waiting)
            }
            self._reached |= on
            waiting = on


def stages_of(account: ir.Account) -> tuple[ir.StageValue, ...]:
    """Return every stage where a deal may stand."""
    known = (ir.StageValue(pipeline=each.key, stage=stage.key) for each in account.pipelines for stage in each.stages)
    return (*known, ELSEWHERE)


def starts(account: ir.Account, begins: Sequence[Alternatives]) -> set[ir.StageValue]:
    """Return the stages in which a deal may stand of which this is known."""
    return {each for each in stages_of(account) if possible(*begins, one_of("deal.stage", [each]))}


def covers(exit_: ir.Trigger, at: ir.StageValue, to: ir.StageValue) -> bool:
    """Say whether a move from one stage to another one is what exit_on names."""
    match exit_:
        case ir.OnEntered(stages=stages):
            return to in stages
        case ir.OnStageChanged(from_=sources, to=targets, pipelines=pipelines):
            there = (not targets or to in targets) and (not pipelines or to.pipeline in pipelines)
            return there and (not sources or at in sources)
    return False
