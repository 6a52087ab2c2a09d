"""A text that says who or what it was before, and names what it is now; and one that tells somebody of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.outside_events import facts_in
from dealwright.compile.rules.rule import Subject, all_steps
from dealwright.compile.rules.texts import texts_of

_BEFORE: Final = "event.before."
_FORMERLY: Final = re.compile(
    r"\b(previously|formerly|antes(?! d[eoa])|anteriormente|vorher|zuvor|bisher)\b[^.;:{}]{0,40}\{\{\s*deal\.(\w+)",
    re.IGNORECASE,
)
"""Words that stand alone: `before {{ deal.close_date }}` is a time to come."""


def names_what_it_is(subject: Subject, automation: ir.Automation) -> Iterator[tuple[tuple[str, int], str, str, str]]:
    """Yield where it stands, the step, the word that says before, and the fact that was meant with it."""
    asked = {fact.removeprefix(_BEFORE).split(".")[0] for fact in facts_in(automation.when) if fact.startswith(_BEFORE)}
    if not asked or any(fact.startswith(_BEFORE) for fact in facts_in(automation.do)):
        return
    for step in all_steps(automation.do):
        for text in texts_of(step):
            for word, name in _FORMERLY.findall(text):
                if name in asked:
                    yield subject.step_at(automation, step.name), step.name, word, f"{_BEFORE}{name}"


def told_of_themselves(subject: Subject, automation: ir.Automation) -> Iterator[tuple[tuple[str, int], str]]:
    """Yield the step that tells the last owner of the last owner, where the new one is asked for and never named."""
    asked = set(facts_in(automation.when))
    named = set(facts_in(automation.do))
    if "deal.owner" not in asked or any(fact == "deal.owner" or fact.startswith("deal.owner.") for fact in named):
        return
    for step in all_steps(automation.do):
        match step:
            case ir.NotifyStep(who=ir.Ref(path="event.before.owner"), text=ir.TemplateText(source=text)):
                # A greeting stands at the beginning.
                if "event.before.owner." in text.partition("}}")[2]:
                    yield subject.step_at(automation, step.name), step.name
