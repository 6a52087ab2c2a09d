"""DW408: a condition asks for a button that no template has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.compile.rules.askings import askings
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.language.schema import did_you_mean

_PRESSED: Final = ("reply.button", "event.message.button")


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        buttons = {
            button.id
            for automation in account.automations
            for step in all_steps(automation.do)
            for template in templates_of(step)
            for button in template.buttons
        }
        for automation in account.automations:
            yield from _unknown(subject, automation, buttons)


def _unknown(subject: Subject, automation: ir.Automation, buttons: set[str]) -> Iterator[Spot]:
    """Yield the buttons that a condition asks for and no template of the account has."""
    for asking in askings(subject, automation):
        for button in _asked(asking.condition):
            if button not in buttons:
                path, line = asking.at
                yield Spot(
                    path=path,
                    line=line,
                    message=f"no template that the account sends has the button {button!r}",
                    hint=did_you_mean(button, sorted(buttons))
                    or (f"there are {', '.join(sorted(buttons))}" if buttons else "send a template that has buttons"),
                )


def templates_of(step: ir.Step) -> Iterator[ir.TemplateMessage]:
    """Yield the templates that a step sends, or sends where free texts are closed."""
    match step:
        case ir.SendMessageStep(message=ir.TemplateMessage() as template):
            yield template
        case ir.SendMessageStep(message=ir.FreeMessage(outside_window=ir.TemplateMessage() as template)):
            yield template


def _asked(given: object) -> Iterator[str]:
    """Yield the ids of buttons that a condition asks for, whosever template they are of."""
    match given:
        case ir.Compare(field=ir.Ref(path=path), value=ir.TextValue(value=button)) if path in _PRESSED:
            yield button
        case ir.IsIn(field=ir.Ref(path=path), values=values) if path in _PRESSED:
            yield from (value.value for value in values if isinstance(value, ir.TextValue))
        case tuple():
            for each in given:
                yield from _asked(each)
        case Mapping():
            yield from _asked(tuple(given.values()))
        case msgspec.Struct():
            for name in given.__struct_fields__:
                yield from _asked(getattr(given, name))


_HELLO: Final = """
hello = Template("hello", body="When can we talk?", buttons=[Button("today", "Today"), Button("later", "Later")])
greet = Automation(
    key="greet",
    on=deal_created(in_=Sales),
    when=deal.main_contact.id.is_set(),
    again=once(per=person),
    do=[
        send_message("hi", via="crm", template=hello, to=deal.main_contact),
        wait_until("answer", replied(to="hi"), timeout=days(1), on_timeout=[stop()]),
        branch("b", case(reply.button == "BUTTON", set_task("call", text="Call {{ deal.title }}", due=hours(1)))),
    ],
)
"""

RULE: Final = Rule(
    code="DW408",
    severity="warning",
    title="a button that no template of the account has",
    reason=(
        "What was pressed is known by the id of the button. Where no template that the account sends has a button of "
        "that id, the condition is never true."
    ),
    bad=_HELLO.replace("BUTTON", "tooday"),
    good=_HELLO.replace("BUTTON", "today"),
    look=_look,
)
