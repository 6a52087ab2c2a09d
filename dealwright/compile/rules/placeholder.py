"""DW304: a text that was never finished, and would be read by somebody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.texts import texts_of

_FILLED: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_WORD: Final = (
    r"(?:your |the |insert |customer'?s? |client'?s? |contact'?s? )*"
    r"(?:first|last|full|company|product|sales|deal)?[ _-]?"
    r"(?:name|company|customer|client|e-?mail|phone|number|date|amount|price|link|url|title|owner|here|product|text)"
)
_PATTERNS: Final = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        (r"\b(?:TODO|FIXME|TBD|XXX+)\b", 0),
        (r"\blorem ipsum\b", re.IGNORECASE),
        (rf"\[{_WORD}\]|<{_WORD}>|(?<!\{{)\{{{_WORD}\}}(?!\}})", re.IGNORECASE),
        (r"(?<!\{)\{\s*(?:deal|contact|event|steps|account)\.[a-z_.]+\s*\}(?!\})", 0),
        (
            r"\A\s*(?:test(?:ing)?|asdf\w*|qwerty|foo|bar|blah|placeholder|(?:test )?(?:text|message)|hello world)"
            r"\W*\Z",
            re.IGNORECASE,
        ),
    )
)


def _look(subject: Subject) -> Iterator[Spot]:
    for _, automation in subject.automations:
        for step in all_steps(automation.do):
            for text in texts_of(step):
                found = _placeholder(text)
                if not found:
                    continue
                path, line = subject.step_at(automation, step.name)
                yield Spot(
                    path=path,
                    line=line,
                    message=f"the text of {step.name!r} holds {found!r}, which somebody would read",
                    hint="write the words, or a fact: {{ deal.main_contact.first_name or 'there' }}",
                )


def _placeholder(text: str) -> str:
    bare = _FILLED.sub("\0", text)
    return next((found.group().strip() for each in _PATTERNS if (found := each.search(bare))), "")


RULE: Final = Rule(
    code="DW304",
    severity="error",
    title="a text holds a placeholder",
    reason=(
        "TODO, XXX, lorem ipsum, [name] or {name} in a text is what a customer or a rep reads. A fact is written "
        "{{ deal.main_contact.first_name }}, with two braces."
    ),
    bad="""
ask = Automation(
    key="ask",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call {name} about {{ deal.title }}", due=hours(1))],
)
""",
    good="""
ask = Automation(
    key="ask",
    on=deal_created(in_=Sales),
    do=[set_task("call", text="Call {{ deal.main_contact.name or 'them' }} about {{ deal.title }}", due=hours(1))],
)
""",
    look=_look,
)
