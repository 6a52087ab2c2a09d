"""DW413: what somebody wrote is compared with the id of a button."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.compile.rules.askings import askings
from dealwright.compile.rules.buttons import templates_of
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps

_WORDS: Final = "reply.text"


def _look(subject: Subject) -> Iterator[Spot]:
    for _, automation in subject.automations:
        ids = dict(_ids(automation))
        for asking in askings(subject, automation) if ids else ():
            for words in dict.fromkeys(_compared(asking.condition)):
                if words in ids:
                    path, line = asking.at
                    yield Spot(
                        path=path,
                        line=line,
                        message=f"{_WORDS} is what the customer reads or writes, and {words!r} is the id of a button"
                        f" of {ids[words]!r}: pressing it never is this",
                        hint=f'write pressed("{words}") of that template',
                    )


def _ids(automation: ir.Automation) -> Iterator[tuple[str, str]]:
    """Yield the buttons of what the automation sends that nobody reads by their id, each with its template."""
    for step in all_steps(automation.do):
        for template in templates_of(step):
            for button in template.buttons:
                if button.id not in (button.text, *(each.text for each in button.by_language)):
                    yield button.id, template.name


def _compared(given: object) -> Iterator[str]:
    """Yield the words that a condition asks whether somebody has written."""
    match given:
        case ir.Compare(field=ir.Ref(path=path), op="==", value=ir.TextValue(value=words)) if path == _WORDS:
            yield words
        case ir.IsIn(field=ir.Ref(path=path), values=values) if path == _WORDS:
            yield from (value.value for value in values if isinstance(value, ir.TextValue))
        case tuple():
            for each in given:
                yield from _compared(each)
        case Mapping():
            yield from _compared(tuple(given.values()))
        case msgspec.Struct():
            for name in given.__struct_fields__:
                yield from _compared(getattr(given, name))


_HELLO: Final = """
hello = Template("hello", body="When may we call you?", buttons=[Button("today", "Today, please")])
greet = Automation(
    key="greet",
    on=deal_created(in_=Sales),
    when=[deal.main_contact.id.is_set()],
    again=once(per=deal),
    do=[
        send_message("hello", via="crm", template=hello, to=deal.main_contact),
        wait_until("answer", replied(to="hello"), timeout=days(1), on_timeout=[stop()]),
        branch("when", case(ASKED, set_task("call", text="Call them", due=hours(1)))),
    ],
)
"""

RULE: Final = Rule(
    code="DW413",
    severity="warning",
    title="an answer's words are compared with the id of a button",
    reason=(
        "A button is known by its id, and what stands on it is another text, in each language its own. Whoever presses"
        " it does not write its id, and the case is passed over."
    ),
    bad=_HELLO.replace("ASKED", 'reply.text == "today"'),
    good=_HELLO.replace("ASKED", 'hello.pressed("today")'),
    look=_look,
)
