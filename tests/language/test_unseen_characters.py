"""Names that people read hold nothing that is not seen: no NUL, no line break, nothing that turns or hides a text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dealwright import Account, Choice, DealFields, Incoming, Lost, Pipeline, Stage, Won, ask, hours
from dealwright.errors import DefinitionError

UNSEEN = ("\x00", "\x1b[31m", "\n", "\t", "\u202e", "\u2066", "\u200b", "\u2028", "\ufeff", "\U000e0041", "\ud800")


def pipeline(name: str) -> object:
    body = {"incoming": Incoming(), "won": Won("Won")}
    return type(Pipeline)("P", (Pipeline,), body, key="p", name=name)


MADE: dict[str, Callable[[str], object]] = {
    "stage": Stage,
    "won": Won,
    "lost": Lost,
    "reason": lambda text: Lost("Lost", reasons=["Price", text]),
    "pipeline": pipeline,
    "account": lambda text: Account("a", zone="UTC", country="US", name=text),
    "answer": lambda text: ask(
        "a", who=DealFields().owner, question="Well?", within=hours(1), answers={"yes": [], text: []}
    ),
}


@pytest.mark.parametrize("made", MADE)
def test_a_name_with_what_is_not_seen_is_refused(made: str) -> None:
    MADE[made]("株式会社 Ñandú e\u0301 עברית")
    for each in UNSEEN:
        with pytest.raises(DefinitionError, match="not seen"):
            MADE[made](f"Held{each} it")


@pytest.mark.parametrize("reason", ["", "x" * 201, 7])
def test_a_reason_is_a_name(reason: str) -> None:
    with pytest.raises(DefinitionError, match="reason"):
        Lost("Lost", reasons=["Price", reason])


@pytest.mark.parametrize("blank", ["\u3164", "\u115f\u1160", "\uffa0", "\u2800", "ads\u3164"])
def test_an_option_of_letters_without_ink_is_refused(blank: str) -> None:
    with pytest.raises(DefinitionError, match="nobody sees"):
        Choice("Source", ["ads", blank])
