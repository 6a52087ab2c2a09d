"""DW280: a message that answers a message that was not delivered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.later import MESSAGES
from dealwright.compile.rules.rule import Rule, Spot, Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for _, automation in subject.automations:
        if not isinstance(automation.on, ir.OnMessageFailed):
            continue
        for step in ir.actions(automation.do):
            if isinstance(step, MESSAGES):
                path, line = subject.step_at(automation, step.name)
                message = f"{step.name!r} answers a message that failed with another one, which may fail too"
                hint = "tell a colleague: notify(...) or set_task(...)"
                yield Spot(path=path, line=line, message=message, hint=hint)


RULE: Final = Rule(
    code="DW280",
    severity="error",
    title="a message answers a message that was not delivered",
    reason=(
        "A number that is no longer in use fails again, and the failure starts the automation again. What did not reach"
        " the customer is for a person to look at."
    ),
    bad="""
again = Automation(
    key="again",
    on=message_failed(),
    when=[event.contact.email.is_set()],
    again=every_event(),
    do=[
        send_email(
            "retry",
            to=event.contact,
            subject="Our message",
            text="Hello {{ contact.first_name or 'there' }}, did our message reach you?",
        ),
    ],
)
""",
    good="""
again = Automation(
    key="again",
    on=message_failed(),
    again=every_event(),
    do=[set_task("call", text="Call {{ event.contact.name }}: {{ event.reason }}", due=working_hours(2))],
)
""",
    look=_look,
)
