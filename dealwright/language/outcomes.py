"""What became of an earlier step, as a field of conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

from dealwright.language.conditions import Comparison, Condition, Membership, Negation, Presence
from dealwright.language.fields import Field, reference
from dealwright.language.keys import checked_step
from dealwright.language.origin import refused
from dealwright.language.schema import did_you_mean

Outcome = Literal["sent", "dropped", "failed", "met", "timed_out", "yes", "no", "answered"]
"""How a step may have ended: it did its work, it did nothing, it was refused; a wait: it happened, it did not.

A question: what was answered (`answered` where it has answers of its own), or nothing in time. Another system that is
asked: it has `answered`, or `failed`.
"""

OUTCOMES: Final = get_args(Outcome)


class OutcomeField(Field):
    """What became of a step: one of a few words."""

    kind = "text"
    __slots__ = ()

    if TYPE_CHECKING:

        def __eq__(self, other: Outcome) -> Condition: ...  # type: ignore[override]
        def __ne__(self, other: Outcome) -> Condition: ...  # type: ignore[override]

    else:

        def __eq__(self, other: object) -> Condition:
            return Comparison(reference(self), "==", _outcome(other))

        def __ne__(self, other: object) -> Condition:
            return Comparison(reference(self), "!=", _outcome(other))

    __hash__ = Field.__hash__

    def is_in(self, *outcomes: Outcome) -> Condition:
        """The step ended in one of these ways."""
        if not outcomes:
            raise refused("is_in() needs something to compare with", hint='outcome("offer").is_in("sent", "dropped")')
        return Membership(reference(self), tuple(map(_outcome, outcomes)))

    def is_set(self) -> Condition:
        """The step was reached and is over."""
        return Presence(reference(self))

    def is_unset(self) -> Condition:
        """The step was not reached on the way here."""
        return Negation(Presence(reference(self)))


def outcome(step: str, /) -> OutcomeField:
    """Return what became of an earlier step of the automation; unset if the way here did not pass it."""
    return OutcomeField(f"steps.{checked_step(step)}.outcome")


def _outcome(given: object) -> str:
    if not isinstance(given, str) or given not in OUTCOMES:
        shown = repr(given)[:80] if isinstance(given, str) else f"a {type(given).__name__}"
        hint = did_you_mean(given, OUTCOMES) if isinstance(given, str) else ""
        raise refused(f"{shown} is no outcome of a step", hint=hint or f"there are {', '.join(OUTCOMES)}")
    return given
