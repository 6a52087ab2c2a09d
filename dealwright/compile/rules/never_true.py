"""DW214: conditions that no deal can ever meet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import describe, ir
from dealwright.compile.possible import Logic, possible
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.rules.ways import of_trigger


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        logic = Logic(account.currency)
        wanted = logic.true(automation.when)
        if possible(of_trigger(automation.on), wanted):
            continue
        parts = automation.when.of if isinstance(automation.when, ir.All) else (automation.when,)
        culprits = (n for n, part in enumerate(parts) if not possible(of_trigger(automation.on), logic.true(part)))
        path, line = subject.condition_at(automation, next(culprits, None))
        alone = possible(wanted)
        yield Spot(
            path=path,
            line=line,
            message=f"{automation.key!r} never runs: "
            + (
                f"its conditions contradict its trigger, which is that {describe.trigger(automation.on)}"
                if alone
                else f"no deal can meet {describe.condition(automation.when)}"
            ),
            hint="take the part out that contradicts, or join them with | if either will do",
        )


RULE: Final = Rule(
    code="DW214",
    severity="error",
    title="a condition can never be true",
    reason=(
        "An automation that asks for an amount above ten and below five, or for a stage that its trigger excludes, "
        "never runs; nobody notices, because nothing happens."
    ),
    bad="""
big = Automation(
    key="big",
    on=deal_created(in_=Sales),
    when=[deal.amount > 10, deal.amount < 5],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    good="""
big = Automation(
    key="big",
    on=deal_created(in_=Sales),
    when=[deal.amount > 5, deal.amount < 10],
    do=[set_task("call", text="Call about {{ deal.title }}", due=hours(1))],
)
""",
    look=_look,
)
