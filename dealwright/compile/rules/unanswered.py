"""DW409: a message has buttons, and nothing hears what is pressed, or what is written in their place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.compile.rules.buttons import templates_of
from dealwright.compile.rules.deaf import sent_closed
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.words_unheard import in_words
from dealwright.compile.sources import called

_PRESSED: Final = re.compile(rb'"path":"pressed\.([a-z0-9_]+)"')


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        hears_all = any(map(_hears_all, account.automations))
        closed = _sent_closed(account) if hears_all else []
        for automation, step, template in closed:
            path, line = subject.step_at(automation, step)
            yield Spot(
                path=path,
                line=line,
                message=f"nothing hears the buttons of {template.name!r}: {step!r} sends it where the deal is won or"
                " lost, and such a deal never hears an answer",
                hint="send it before the deal is closed, or with a link in place of the buttons",
            )
        if hears_all:
            continue
        for automation in account.automations:
            yield from in_words(subject, automation)
        unheard: dict[str, tuple[ir.Automation, str, ir.TemplateMessage]] = {}
        heard = set()
        for automation in account.automations:
            # What is asked for without a wait before is told by DW405.
            heard |= {name.decode() for name in _PRESSED.findall(msgspec.json.encode(automation))}
            awaited = {trigger.to for trigger in _awaited(automation) if isinstance(trigger, ir.OnReplied)}
            for step, template in _sent(automation):
                if step in awaited:
                    heard.add(template.name)
                elif template.buttons:
                    unheard.setdefault(template.name, (automation, step, template))
        for name, (automation, step, template) in unheard.items():
            if name in heard:
                continue  # it is a question elsewhere, and here a reminder of it
            path, line = _template_at(subject, name, subject.step_at(automation, step))
            buttons = [repr(button.id) for button in template.buttons]
            shown = f"the button {buttons[0]}" if len(buttons) == 1 else f"the buttons {', '.join(buttons)}"
            yield Spot(
                path=path,
                line=line,
                message=f"nothing hears {shown} of {name!r}: no automation waits for an answer",
                hint=f'write wait_until("answer", replied(to="{step}"), ...) behind {step!r} in {automation.key!r},'
                " or an automation on=message_received()",
            )


def _sent_closed(account: ir.Account) -> list[tuple[ir.Automation, str, ir.TemplateMessage]]:
    """Return the templates with buttons that closed deals send, unless an open one of that person may be there.

    Whoever waits for an answer there is told so by DW239.
    """
    if any(isinstance(step, ir.CreateDealStep) for each in account.automations for step in all_steps(each.do)):
        return []
    return [
        (automation, step.name, template)
        for automation in account.automations
        if automation.origin == "authored"
        and not any(isinstance(each, ir.OnMessageReceived | ir.OnReplied) for each in _awaited(automation))
        for step in sent_closed(account, automation)
        for template in templates_of(step)
        if template.buttons
    ]


def _hears_all(automation: ir.Automation) -> bool:
    """Say whether the automation hears whatever contacts write; DW406 tells of an answer to no message."""
    sent = {step.name for step in all_steps(automation.do) if isinstance(step, ir.SendMessageStep)}
    return any(
        isinstance(trigger, ir.OnMessageReceived) or (isinstance(trigger, ir.OnReplied) and trigger.to not in sent)
        for trigger in _awaited(automation)
    )


def _sent(automation: ir.Automation) -> Iterator[tuple[str, ir.TemplateMessage]]:
    """Yield the templates that the automation sends, with the steps that do."""
    for step in all_steps(automation.do):
        for template in templates_of(step):
            yield step.name, template


def _awaited(automation: ir.Automation) -> Iterator[ir.Trigger]:
    yield from (automation.on, *automation.exit_on)
    for step in all_steps(automation.do):
        if isinstance(step, ir.WaitUntilStep):
            yield from step.on


def _template_at(subject: Subject, name: str, sent_at: tuple[str, int]) -> tuple[str, int]:
    """Return where the template is written that a step sends; where it is sent, if that is not to be seen."""
    found = []
    for source in subject.sources.values():
        for call in source.nodes(ast.Call):
            named = call.args[0] if call.args and called(call) in ("Template", "WhatsAppTemplate") else None
            if isinstance(named, ast.Constant) and named.value == name:
                found.append((source.path, call.lineno))
    beside = [place for place in found if place[0] == sent_at[0]]
    return beside[0] if beside else found[0] if len(found) == 1 else sent_at


_HELLO: Final = """
hello = Template("hello", body="When can we talk?", buttons=[Button("today", "Today"), Button("later", "Later")])
greet = Automation(
    key="greet",
    on=deal_created(in_=Sales),
    when=deal.main_contact.id.is_set(),
    again=once(per=person),
    do=[
        send_message("hi", via="crm", template=hello, to=deal.main_contact),LISTEN
    ],
)
"""
_LISTEN: Final = """
        wait_until("answer", replied(to="hi"), timeout=days(1), on_timeout=[stop()]),
        branch("b", case(hello.pressed("today"), set_task("call", text="Call {{ deal.title }}", due=hours(1)))),"""

RULE: Final = Rule(
    code="DW409",
    severity="warning",
    title="a button that nothing hears",
    reason=(
        "Whoever presses a button waits for what comes of it. Where no automation of the account waits for an answer "
        "or begins with one, nothing does; nor where the deal is won or lost, which hears no answers. A message that "
        "reps answer by hand asks better without buttons; or silence this, with who reads what is pressed. "
        "Many do not press at all, and write: a branch with a case for every button has otherwise= for them."
    ),
    bad=_HELLO.replace("LISTEN", ""),
    good=_HELLO.replace("LISTEN", _LISTEN),
    look=_look,
)
