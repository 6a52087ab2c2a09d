"""Things that may happen to a journal, as the state machine draws them: how often, to what, with which choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from dealwright.engine.records import Claimed, EffectRow
from dealwright.errors import JournalError


@dataclass
class Bench:
    """What a worker believes of an execution that it claimed, rightly or not."""

    claimed: Claimed
    stands: str
    effect: EffectRow | None = None


Method = TypeVar("Method", bound=Callable[..., None])
Where = Callable[[Any], Sequence[tuple[Any, ...]]]


@dataclass
class Action:
    """Something that may happen: how often, to what, and with which further choices."""

    weight: int
    where: Where
    arguments: dict[str, Sequence[Any]]


ACTIONS: dict[str, Action] = {}


def may_happen(weight: int, where: Where, **arguments: Sequence[Any]) -> Callable[[Method], Method]:
    """Make a method something that may happen to one of those that `where` names."""

    def register(method: Method) -> Method:
        ACTIONS[method.__name__] = Action(weight, where, arguments)
        return method

    return register


def either(_machine: object) -> Sequence[tuple[int]]:
    """Either worker."""
    return [(0,), (1,)]


def standing(*stands: str) -> Where:
    """What workers have, that stands so, with its worker."""
    return lambda machine: [
        (worker, id_)
        for worker, benches in enumerate(machine.benches)
        for id_, bench in sorted(benches.items())
        if bench.stands in stands
    ]


def in_state(*states: str) -> Where:
    """Executions (in these states, if any are named), with either worker."""
    return lambda machine: [
        (worker, x.id)
        for worker in (0, 1)
        for x in machine.model.executions.values()
        if not states or x.state in states
    ]


def done(operation: Callable[[], None]) -> bool:
    """Say whether the journal did what a person asked for, or refused."""
    try:
        operation()
    except JournalError:
        return False
    return True
