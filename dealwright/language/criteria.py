"""Criteria: what must hold when a deal comes into a stage or leaves it, and what is done where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from dealwright.language.conditions import Condition, conditions
from dealwright.language.origin import Origin, here, refused
from dealwright.language.schema import did_you_mean

Breach = Literal["report", "task", "move_back"]
"""What is done about a deal that does not meet the criteria."""


@dataclass(frozen=True, init=False)
class Criteria:
    """`Criteria([deal.amount > 0], else_="task", says="Write down what it is worth")`.

    What is unset does not meet them. `else_` is `"report"` (a note at the deal), `"task"` (a task for its owner) or
    `"move_back"` (to the stage it came from, with a note; whoever moves it again is reported). `says` is what the note
    or the task says.
    """

    when: tuple[Condition, ...]
    else_: Breach
    says: str
    origin: Origin = field(compare=False, repr=False)

    def __init__(self, when: Condition | Sequence[Condition], *, says: str, else_: Breach = "report") -> None:
        kept = conditions(when, "Criteria()")
        if not kept:
            raise refused("Criteria() asks for nothing", hint="Criteria([deal.amount.is_set()], ...)")
        if else_ not in get_args(Breach):
            known = ", ".join(map(repr, get_args(Breach)))
            near = did_you_mean(else_, get_args(Breach)) if isinstance(else_, str) else ""
            raise refused(f"else_ of Criteria() is one of {known}, not {else_!r}", hint=near or f"write {known}")
        if not isinstance(says, str) or not says.strip() or "{{" in says or "{%" in says or len(says) > 500:
            hint = 'says="Write down the date of the appointment"'
            raise refused("Criteria() says what is to be done: a plain text of at most 500 characters", hint=hint)
        for name, value in (("when", kept), ("else_", else_), ("says", says.strip()), ("origin", here())):
            object.__setattr__(self, name, value)
