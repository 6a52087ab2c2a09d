"""The IR of what an account allows itself: how customers are written to, and how much is done at once.

Nothing of it is kept yet: compile/later.py says what is done about that.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from dealwright.compile.ir_values import Node
from dealwright.model.calendar import Duration

UntilEnforced: TypeAlias = Literal["refuse", "send"]
"""What is done with messages as long as it is declared and not kept."""


class Cap(Node, frozen=True, kw_only=True):
    """So many messages to one person in so long."""

    within: Duration
    most: int


class MessagePolicy(Node, frozen=True, kw_only=True):
    """How customers may be written to, whichever automation does it; `quiet` from one time of day to another."""

    max_per_person: tuple[Cap, ...] = ()
    quiet: tuple[str, str] | None = None
    same_template_again_after: Duration | None = None
    opt_out_words: tuple[str, ...] = ()
    silent_while_human_talks: Duration | None = None
    person: tuple[Literal["phone", "email", "company"], ...] = ("phone", "email")
    until_enforced: UntilEnforced = "refuse"


class Limits(Node, frozen=True, kw_only=True):
    """How much one automation may do in an hour and in a day, and how many deals may come at once."""

    per_hour: int | None = None
    per_day: int | None = None
    import_burst: int | None = None
    until_enforced: UntilEnforced = "refuse"
