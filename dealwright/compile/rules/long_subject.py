"""DW315: the subject of an e-mail is always cut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.texts import unguarded
from dealwright.model.messages import MOST_SUBJECT

_FILLED: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


def _look(subject: Subject) -> Iterator[Spot]:
    for _, automation in subject.automations:
        for step in all_steps(automation.do):
            if not isinstance(step, ir.SendEmailStep):
                continue
            longest = max(_fixed(mail.subject) for mail in step.by_language or (step,))
            if longest > MOST_SUBJECT:
                path, line = subject.step_at(automation, step.name)
                yield Spot(
                    path=path,
                    line=line,
                    message=f"the subject of {step.name!r} has {longest:,} characters without its facts, and is cut"
                    f" after {MOST_SUBJECT}",
                    hint="shorten it: most programs show no more than 60",
                )


def _fixed(text: ir.Expression) -> int:
    """How long a subject is at least, whatever its facts are."""
    match text:
        case ir.TemplateText(source=source) | ir.TextValue(value=source):
            return len(" ".join(_FILLED.sub("", unguarded(source)).split()))
    return 0


RULE: Final = Rule(
    code="DW315",
    severity="warning",
    title="the subject of an e-mail is cut",
    reason=f"A subject has at most {MOST_SUBJECT} characters: what comes behind them nobody reads, whatever the facts.",
    bad=f"""
offer = Automation(
    key="offer",
    on=entered(Sales.quoted),
    when=[deal.main_contact.email.is_set()],
    again=once(per=deal),
    do=[send_email("offer", to=deal.main_contact, subject="{"Our offer for the season. " * 10}", text="Here it is.")],
)
""",
    good="""
offer = Automation(
    key="offer",
    on=entered(Sales.quoted),
    when=[deal.main_contact.email.is_set()],
    again=once(per=deal),
    do=[send_email("offer", to=deal.main_contact, subject="Our offer for the season", text="Here it is.")],
)
""",
    look=_look,
)
