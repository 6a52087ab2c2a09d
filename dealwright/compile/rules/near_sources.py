"""DW253: events are awaited from two systems of nearly one name, or end what another system's event begins."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.near import nearly, slips
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps

_DOUBLED: Final = re.compile(r"(.)\1")


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        yield from _ended_from_elsewhere(subject, account)
        by_source: dict[str, list[tuple[str, int]]] = {}
        for automation in account.automations:
            for trigger in (automation.on, *automation.exit_on):
                if isinstance(trigger, ir.OnEventReceived) and trigger.source is not None:
                    keyword = "on" if trigger is automation.on else "exit_on"
                    by_source.setdefault(trigger.source, []).append(subject.automation_at(automation, keyword))
            for step in all_steps(automation.do):
                for trigger in step.on if isinstance(step, ir.WaitUntilStep) else ():
                    if isinstance(trigger, ir.OnEventReceived) and trigger.source is not None:
                        by_source.setdefault(trigger.source, []).append(subject.step_at(automation, step.name))
        named = Counter(_told_or_asked(account))
        in_order = dict(sorted(by_source.items(), key=lambda each: min(each[1])))
        uses = {name: [*where, *[where[0]] * named[name]] for name, where in in_order.items()}
        for wrong, meant in slips(uses, _near):
            path, line = min(by_source[wrong])
            other, there = min(by_source[meant])
            clear = len(uses[wrong]) < len(uses[meant])
            yield Spot(
                path=path,
                line=line,
                message=f"events are awaited from {wrong!r} here, and from {meant!r} at {other}:{there}",
                hint=f'did you mean from_="{meant}"?' if clear else "write one name in both places: one is a slip",
            )


def _ended_from_elsewhere(subject: Subject, account: ir.Account) -> Iterator[Spot]:
    """Yield ends by an event of a class that another system sends: all that begin with it hear it from that one."""
    for event in account.outside:
        begin = {
            each.on.source
            for each in account.automations
            if isinstance(each.on, ir.OnEventReceived) and each.on.name == event.key
        }
        if len(begin) != 1 or None in begin:
            continue
        for automation in account.automations:
            heard = [
                each.source
                for each in automation.exit_on
                if isinstance(each, ir.OnEventReceived) and each.name == event.key
            ]
            if heard and None not in heard and not begin & {*heard}:
                path, line = subject.automation_at(automation, "exit_on")
                yield Spot(
                    path=path,
                    line=line,
                    message=f"{event.key!r} from {heard[0]!r} ends {automation.key!r}, and what begins with it hears it"
                    f" from {min(map(str, begin))!r} alone",
                    hint=f'write from_="{min(map(str, begin))}", if that is the system that sends it',
                )


def _told_or_asked(account: ir.Account) -> Iterator[str]:
    """Yield the systems that the account's automations write to or look something up in."""
    for automation in account.automations:
        for step in all_steps(automation.do):
            if isinstance(step, ir.SendEventStep):
                yield step.to
            elif isinstance(step, ir.LookupStep):
                yield step.system


def _near(one: str, other: str) -> bool:
    """Say whether one is a slip for the other; of short names only a doubled letter is sure."""
    return nearly(one, other) or _DOUBLED.sub(r"\1", one) == _DOUBLED.sub(r"\1", other)


RULE: Final = Rule(
    code="DW253",
    severity="warning",
    title="events are awaited from two systems where one is meant",
    reason=(
        "A system is known by its name alone. One letter beside it is another system, which tells nothing: what waits "
        "for it never happens. The one that is named less often is told. So it is where all that begin with an event "
        "hear it from one system, and `exit_on` from another."
    ),
    bad="""
shipped = Automation(
    key="shipped",
    on=event_received("shipped", from_="erp"),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(4))],
)
paid = Automation(
    key="paid",
    on=event_received("paid", from_="erpp"),
    do=[set_task("thank", text="Thank them for {{ deal.title }}", due=hours(4))],
)
""",
    good="""
shipped = Automation(
    key="shipped",
    on=event_received("shipped", from_="erp"),
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(4))],
)
paid = Automation(
    key="paid",
    on=event_received("paid", from_="erp"),
    do=[set_task("thank", text="Thank them for {{ deal.title }}", due=hours(4))],
)
""",
    look=_look,
)
