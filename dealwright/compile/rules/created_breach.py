"""DW224: a deal is created in a stage that does not take it as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from dealwright.compile import describe, ir
from dealwright.compile.findings import Severity
from dealwright.compile.possible import Logic, possible, unset
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.model.crm import StageShape

_BUILT_IN: Final = ("amount", "close_date", "reference")
"""What a new deal has only if it is given it; contacts, company and an owner come by other ways too."""


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        for step in all_steps(automation.do):
            if isinstance(step, ir.CreateDealStep):
                given = {name for name in _BUILT_IN if getattr(step, name) is not None} | set(step.custom)
                for message, hint, refused in _refused(account, step.stage, given):
                    path, line = subject.step_at(automation, step.name)
                    severity: Severity = "error" if refused else "warning"
                    yield Spot(path=path, line=line, message=f"{step.name!r} {message}", hint=hint, severity=severity)
    for account in subject.groups:
        for event in account.outside:
            match, where = event.match, event.where
            shape = account.pipeline(match.pipelines[0]) if match and match.pipelines else None
            if match is None or match.if_none != "create" or shape is None or where is None or not shape.stages:
                continue
            given = {pair.path.removeprefix("deal.") for pair in match.by}
            place = ir.StageValue(pipeline=shape.key, stage=shape.stages[0].key)
            for message, hint, refused in _refused(account, place, given):
                severity = "error" if refused else "warning"
                said = f'if_none="create" of {event.key!r} {message}'
                yield Spot(path=where.file, line=where.line, message=said, hint=hint, severity=severity)


def _refused(account: ir.Account, place: ir.StageValue, given: set[str]) -> Iterator[tuple[str, str, bool]]:
    """Yield why the stage does not take a deal that has only this, what to do, and whether the CRM refuses it."""
    stage = _stage(account, place)
    if stage is None:
        return
    own = {shape.key for shape in account.deal_fields}
    missing = [name for name in stage.required if name in (*_BUILT_IN, *own) and name not in given]
    if missing:
        names = ", ".join(missing)
        message = f"creates a deal in {stage.name!r}, which takes none without {names}"
        yield message, f"say {missing[0]}=..., or create it in an earlier stage", True
    met = _criteria(account).get(place)
    lacking = unset(*(f"deal.{name}" for name in (*_BUILT_IN, *own) if name not in given))
    if met is not None and not missing and not possible(Logic.of(account).true(met), lacking):
        message = f"creates a deal in {stage.name!r}, whose entry criteria it does not meet: {describe.condition(met)}"
        yield message, "say what they ask for, or create it in an earlier stage", False


def _stage(account: ir.Account, place: ir.StageValue) -> StageShape | None:
    shape = account.pipeline(place.pipeline)
    return next((each for each in shape.stages if each.key == place.stage), None) if shape else None


def _criteria(account: ir.Account) -> Mapping[ir.StageValue, ir.Condition]:
    """The entry criteria of stages."""
    found: dict[ir.StageValue, ir.Condition] = {}
    for automation in account.automations:
        for step in all_steps(automation.do) if automation.origin == "criteria" else ():
            for case in step.cases if isinstance(step, ir.BranchStep) and step.name == "stage" else ():
                checks = [
                    each for each in case.do if isinstance(each, ir.BranchStep) and each.name.startswith("entry-")
                ]
                if checks and isinstance(case.when, ir.Compare) and isinstance(case.when.value, ir.StageValue):
                    found[case.when.value] = checks[0].cases[0].when
    return found


RULE: Final = Rule(
    code="DW224",
    severity="error",
    title="a deal is created in a stage that does not take it",
    reason=(
        "What a stage requires the CRM asks of every deal that stands there, and so it refuses the new one each time; "
        "entry criteria find a breach in each (a warning)."
    ),
    bad="""
class Renewals(Pipeline, key="renewals", name="Renewals"):
    asked = Stage("Asked for the renewal", required=[deal.amount], task=Task("Ask again", due=days(7)))
    won = Won("Renewed")
    lost = Lost("Not renewed", reasons=["Price"])


renew = Automation(
    key="renew",
    on=entered(Sales.won),
    do=[create_deal("renewal", in_=Renewals.asked, title="Renew {{ deal.title }}")],
)
""",
    good="""
class Renewals(Pipeline, key="renewals", name="Renewals"):
    asked = Stage("Asked for the renewal", required=[deal.amount], task=Task("Ask again", due=days(7)))
    won = Won("Renewed")
    lost = Lost("Not renewed", reasons=["Price"])


renew = Automation(
    key="renew",
    on=entered(Sales.won),
    when=[deal.amount > 0],
    do=[create_deal("renewal", in_=Renewals.asked, title="Renew {{ deal.title }}", amount=deal.amount)],
)
""",
    look=_look,
)
