"""A time in why= or in the name of what begins it that the trigger turns round or counts otherwise (DW248)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from dealwright.compile import ir
from dealwright.compile.rules.plain_words import plain_words
from dealwright.compile.rules.rule import Spot, Subject
from dealwright.compile.rules.texts import texts_of

_BEFORE: Final = frozenset(["before", "earlier", "ahead", "antes", "previo", "previos", "anteriores"])
_AFTER: Final = frozenset(["after", "later", "despues", "depois", "posteriores"])


class Said(NamedTuple):
    """A time that a text says, and on which side of a day it lies; empty if it does not say."""

    number: int
    unit: str
    side: str


def said_spans(text: str, numbers: Mapping[str, int], units: Mapping[str, str]) -> list[Said]:
    """Return the times that a text says: a number or its word, a unit, and before or after right behind it."""
    words = plain_words(text)
    found = []
    for place, word in enumerate(words[1:], 1):
        value = words[place - 1]
        number = numbers.get(value) or (int(value) if re.fullmatch(r"[1-9]\d?", value) else 0)
        if word in units and number:
            following = words[place + 1] if place + 1 < len(words) else ""
            side = "before" if following in _BEFORE else "after" if following in _AFTER else ""
            found.append(Said(number, units[word], side))
    return found


_OVER: Final = re.compile(
    r"\b(has expired|have expired|is overdue|are overdue|ha vencido|está vencid[ao]|expirou|está atrasad[ao]"
    r"|ist abgelaufen|ist überfällig)\b",
    re.IGNORECASE,
)
_IN_CASE: Final = re.compile(r"\b(if|whether|once|when|until|before|si|se|cuando|ob|wenn|falls)\b", re.IGNORECASE)


def over_beforehand(subject: Subject, automation: ir.Automation) -> Iterator[Spot]:
    """Yield the step that says that something is over, right where a day is still to come."""
    on = automation.on
    if not isinstance(on, ir.OnDateReached) or on.before is None or not on.before.amount:
        return
    for step in automation.do:
        if isinstance(step, ir.WaitStep | ir.WaitUntilStep | ir.WaitForStep):
            return
        said = ((text, over) for text in texts_of(step) if (over := _OVER.search(text)) is not None)
        found = next((over for text, over in said if not _IN_CASE.search(text[: over.start()])), None)
        if found is not None:
            path, line = subject.step_at(automation, step.name)
            length = f"{on.before.unit}({on.before.amount})"
            yield Spot(
                path=path,
                line=line,
                message=f"{step.name!r} says {found[0]!r}, and {automation.key!r} begins {length} before"
                f" {on.field.path}",
                hint=f"write after={length} if the text is right, else correct that",
            )
        if isinstance(step, ir.AskStep):
            return


def another_side(subject: Subject, automation: ir.Automation, said: list[Said]) -> Iterator[Spot]:
    """Yield the day that is reached on the other side, or by the number in another unit, than why= says."""
    on = automation.on
    if not isinstance(on, ir.OnDateReached) or len(said) != 1 or not said[0].side:
        return
    (time,) = said
    given, side = (on.before, "before") if on.before is not None else (on.after, "after")
    if given is None or given.amount != time.number:
        return
    unit = given.unit.removeprefix("working_")
    if side == time.side and (unit == time.unit or time.unit not in ("minutes", "hours", "days", "weeks")):
        return
    path, line = subject.automation_at(automation, "on")
    meant = (
        f"{time.side}={time.unit}({time.number})" if time.unit != "weeks" else f"{time.side}=days({time.number * 7})"
    )
    yield Spot(
        path=path,
        line=line,
        message=f"{automation.key!r} begins {side}={given.unit}({given.amount}), and its why= says"
        f" {time.number} {time.unit} {time.side}",
        hint=f"write {meant} if why= is right, else correct that",
    )
