"""DW254: somebody is named as a text, and a role is called so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.language.roles import folded


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        roles = {folded(role): role for role in account.roles}
        people = {field.key for field in account.deal_fields if field.type == "user"} | {"owner"}
        for step in all_steps(automation.do):
            for given in _people(step, people):
                role = roles.get(folded(given.value))
                if role is not None:
                    path, line = subject.step_at(automation, step.name)
                    yield Spot(
                        path=path,
                        line=line,
                        message=f"{step.name!r} names the user {given.value!r}, and a role is called so: the CRM would"
                        " look for a person of that name",
                        hint=f"write Role({role!r}), or the name that it has; for one user alone, their e-mail address",
                    )


def _people(step: ir.Step, fields: set[str]) -> Iterator[ir.TextValue]:
    """Yield the literal texts that a step gives where a user is wanted."""
    given: dict[str, ir.Expression | None] = {}
    match step:
        case ir.UpdateDealStep(changes=changes):
            given = {**changes}
        case ir.CreateDealStep():
            given = {"owner": step.owner, **step.custom}
        case ir.SetTaskStep():
            given = {"owner": step.owner}
    for name in fields & given.keys():
        if isinstance(value := given[name], ir.TextValue):
            yield value


RULE: Final = Rule(
    code="DW254",
    severity="warning",
    title="a user is named as a text, and a role is called so",
    reason=(
        "A text where a person is wanted is the name, the address or the id of one user of the CRM. That of a role is "
        "most likely the role itself, which is no text: nobody is called so, and the step fails."
    ),
    bad="""
closers = Role("closers")
quoted = Automation(
    key="quoted",
    on=entered(Sales.quoted),
    do=[
        assign_owner("owner", to=closers),
        set_task("call", text="Call about {{ deal.title }}", due=hours(1), owner="closers"),
    ],
)
""",
    good="""
closers = Role("closers")
quoted = Automation(
    key="quoted",
    on=entered(Sales.quoted),
    do=[
        assign_owner("owner", to=closers),
        set_task("call", text="Call about {{ deal.title }}", due=hours(1), owner=closers),
    ],
)
""",
    look=_look,
)
