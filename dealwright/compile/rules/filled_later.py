"""DW112: a stage asks for a field that the company's rules fill only when the deal has come there, or later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from dealwright.compile import ir
from dealwright.compile.atoms import Atom
from dealwright.compile.possible import one_of, possible
from dealwright.compile.rules.outside_events import facts_in
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_parts, all_steps
from dealwright.compile.rules.stands import stages_of
from dealwright.compile.rules.ways import Place
from dealwright.model.crm import PipelineShape

_MADE: Final = ("deal.id", "steps.", "event.data.")
"""What nobody types: the deal's own number, and what other systems give."""


class _Asked(NamedTuple):
    """A field that a deal must have in a stage, or when it leaves it, and where that is said."""

    field: str
    at: int
    by: str
    path: str
    line: int
    leaves: bool


class _Filling(NamedTuple):
    """A step that fills a field: the stages in which the deal may stand then, and whether nobody else fills it so."""

    automation: str
    stages: tuple[ir.StageValue, ...]
    if_unset: bool
    made: bool


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        filled = _filled(subject, account)
        if not filled:
            continue
        for pipeline in account.pipelines:
            for asked in _asked(subject, account, pipeline):
                steps = filled.get(asked.field, [])
                if steps and all(_too_late(pipeline, asked, each) for each in steps):
                    yield Spot(
                        path=asked.path,
                        line=asked.line,
                        message=f"{asked.by} asks for {asked.field}, which {steps[0].automation!r} fills when the deal"
                        f" has come to {' or '.join(dict.fromkeys(each.stage for each in steps[0].stages))}",
                        hint="fill it before, or ask for it later",
                    )


def _too_late(pipeline: PipelineShape, asked: _Asked, filling: _Filling) -> bool:
    keys = [stage.key for stage in pipeline.stages]
    if not filling.stages or any(each.pipeline != pipeline.key for each in filling.stages):
        return False
    first = min(keys.index(each.stage) for each in filling.stages)
    if first == asked.at and not asked.leaves:
        return filling.if_unset or filling.made
    return first > asked.at and filling.made


def _asked(subject: Subject, account: ir.Account, pipeline: PipelineShape) -> Iterator[_Asked]:
    """Yield what the criteria of the stages ask for, and what they require."""
    stages = {stage.key.replace("_", "-"): place for place, stage in enumerate(pipeline.stages)}
    for automation in account.automations:
        if automation.origin != "criteria" or automation.key != f"{pipeline.key}.criteria":
            continue
        for step in all_steps(automation.do):
            side, _, key = step.name.partition("-")
            if isinstance(step, ir.BranchStep) and side in ("entry", "exit") and key in stages:
                path, line = subject.step_at(automation, step.name)
                for part in all_parts(step.cases[0].when):
                    if isinstance(part, ir.IsSet):
                        by = f"{side}= of {key!r}"
                        yield _Asked(part.field.path, stages[key], by, path, line, side == "exit")
    for definition in subject.pipelines:
        if definition.key != pipeline.key:
            continue
        places = {part.key: part.where for part in definition.parts}
        for at, stage in enumerate(pipeline.stages):
            where = places.get(stage.key, definition.where)
            for name in stage.required:
                by = f"required= of {stage.key!r}"
                yield _Asked(f"deal.{name}", at, by, where.file, where.line, leaves=False)


def _filled(subject: Subject, account: ir.Account) -> Mapping[str, Sequence[_Filling]]:
    """Return the steps that fill each field of the deal; none where a deal may be created with it."""
    found: dict[str, list[_Filling]] = {}
    given: set[str] = set()
    for automation in account.automations:
        if automation.origin != "authored":
            continue
        for place in subject.places(account, automation):
            match place.step:
                case ir.CreateDealStep(custom=custom, reference=reference, amount=amount, close_date=close_date):
                    built_in = {"reference": reference, "amount": amount, "close_date": close_date}
                    given |= {f"deal.{name}" for name in (*custom, *(key for key, each in built_in.items() if each))}
                case ir.UpdateDealStep(changes=changes):
                    for name, value in changes.items():
                        if not isinstance(value, ir.Cleared):
                            found.setdefault(f"deal.{name}", []).append(
                                _filling(account, automation, place, name, value)
                            )
    return {path: steps for path, steps in found.items() if path not in given}


def _filling(account: ir.Account, automation: ir.Automation, place: Place, name: str, value: ir.Expression) -> _Filling:
    known = place.known
    stages = tuple(each for each in stages_of(account) if possible(*known, one_of("deal.stage", [each])))
    if_unset = not possible(*known, [(Atom(f"deal.{name}", "set"),)])
    made = if_unset and any(path.startswith(_MADE) for path in facts_in(value))
    return _Filling(automation.key, stages, if_unset, made)


RULE: Final = Rule(
    code="DW112",
    severity="warning",
    title="a stage asks for a field before it is filled",
    reason=(
        "A reference that is given when the terms are agreed cannot be asked of a deal that comes to there: criteria "
        "are judged first, and every deal is a breach; with required= the CRM lets none in. Told is a field that the "
        "company's rules fill where it is unset, when the deal has come to the stage that asks for it, or to a later "
        "one if it is made of what nobody types, such as the deal's id. A field that is also written elsewhere is not."
    ),
    bad="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage(
        "Inspected the machine",
        task=Task("Send the estimate", due=days(1)),
        entry=Criteria([deal.reference.is_set()], says="Have a number given"),
    )
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


number = Automation(
    key="number",
    on=entered(Repairs.inspected),
    when=[deal.reference.is_unset()],
    do=[update_deal("number", reference="Q-{{ deal.id }}")],
)
""",
    good="""
class Repairs(Pipeline, key="repairs", name="Repairs"):
    incoming = Incoming()
    inspected = Stage(
        "Inspected the machine",
        task=Task("Send the estimate", due=days(1)),
        entry=Criteria([deal.reference.is_set()], says="Have a number given"),
    )
    won = Won("Closed won")
    lost = Lost("Closed lost", reasons=["Price"])


number = Automation(
    key="number",
    on=entered(Repairs.incoming),
    when=[deal.reference.is_unset()],
    do=[update_deal("number", reference="Q-{{ deal.id }}")],
)
""",
    look=_look,
)
