"""Words that the language has and the engine does not: which automations use one, and so are not run.

An automation that waits for what nobody tells, or that trusts in a cap that nobody keeps, is worse than none: `up`
leaves it out of the release, and says so with the word and its line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

import msgspec

from dealwright.compile import ir

Unheard: TypeAlias = ir.OnDateReached | ir.OnNoActivity | ir.OnMessageFailed | ir.OnRepWrote | ir.OnOptedOut
"""Triggers that nothing tells of yet."""

Undone: TypeAlias = ir.WaitForStep | ir.MuteStep
"""Steps that nothing does yet."""

MESSAGES: Final = (ir.SendEmailStep, ir.SendMessageStep)
"""Steps that write to a customer."""


OURS: Final = "crm"
"""The one channel that messages go by so far: the CRM's own conversations."""


class Later(msgspec.Struct, frozen=True, kw_only=True):
    """A word that is not there yet, and where it stands: under `on` or `exit_on`, in a step, or in the account."""

    word: str
    part: Literal["on", "exit_on", "step", "messages", "limits"]
    step: str = ""


def word_of(node: Unheard | Undone) -> str:
    """Return the word as it is typed."""
    if isinstance(node, ir.WaitForStep):
        return "wait(until=)"
    return f"{node.__struct_config__.tag}()"


def later(automation: ir.Automation, account: ir.Account) -> tuple[Later, ...]:
    """Return the words of an automation that are not there yet; none if it can be run."""
    return tuple(_found(automation, account))


def _found(automation: ir.Automation, account: ir.Account) -> Iterator[Later]:
    if isinstance(automation.on, Unheard):
        yield Later(word="rot_after=" if automation.origin == "rotting" else word_of(automation.on), part="on")
    for trigger in automation.exit_on:
        if isinstance(trigger, Unheard):
            yield Later(word=word_of(trigger), part="exit_on")
    yield from _in_steps(automation.do)
    messages = [step for step in ir.actions(automation.do) if isinstance(step, MESSAGES)]
    if messages and account.messages is not None and account.messages.until_enforced == "refuse":
        yield Later(word="MessagePolicy", part="messages", step=messages[0].name)
    if messages and account.limits is not None and account.limits.until_enforced == "refuse":
        yield Later(word="Limits", part="limits", step=messages[0].name)


def _in_steps(steps: tuple[ir.Step, ...]) -> Iterator[Later]:
    for step in steps:
        if isinstance(step, Undone):
            yield Later(word=word_of(step), part="step", step=step.name)
        if isinstance(step, ir.SendMessageStep) and step.via != OURS:
            yield Later(word=f'Channel("{step.via}")', part="step", step=step.name)
        if isinstance(step, MESSAGES) and step.late is not None:
            yield Later(word=f"{step.__struct_config__.tag}(late=)", part="step", step=step.name)
        for trigger in step.on if isinstance(step, ir.WaitUntilStep) else ():
            if isinstance(trigger, Unheard):
                yield Later(word=word_of(trigger), part="step", step=step.name)
        for way in ir.ways_of(step):
            yield from _in_steps(way)


def unkept(account: ir.Account) -> tuple[str, ...]:
    """Return what an account declares, sends messages without, and says so itself."""
    said = {"messages=MessagePolicy(...)": account.messages, "limits=Limits(...)": account.limits}
    return tuple(word for word, given in said.items() if given is not None and given.until_enforced == "send")
