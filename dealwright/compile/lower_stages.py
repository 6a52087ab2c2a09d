"""Lowering of what stages say: tasks, owner roles and criteria become ordinary automations, visible as such.

Tasks alone are `<pipeline>.stage-tasks`; stages with an owner role are `<pipeline>.hand-over`, which sets their tasks
too, since a task goes to the new owner. As soon as a stage has criteria, everything that its pipeline says is one
automation, `<pipeline>.criteria`: a deal that is moved back is not handed over and gets no task.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from dealwright.compile import ir
from dealwright.compile.lower_deadlines import deadlines
from dealwright.compile.lower_scope import Scope, length
from dealwright.compile.lower_values import ValueLowering
from dealwright.language.criteria import Criteria
from dealwright.language.pipeline import PipelineParts, StageLike
from dealwright.language.roles import Pick
from dealwright.language.values import user
from dealwright.model.calendar import Duration

_STAGE: Final = ir.Ref(path="deal.stage", type="stage")
_DUE: Final = Duration(amount=1, unit="working_days")
_YES: Final = ir.FlagValue(value=True)

Side = Literal["entry", "exit"]


class StageLowering:
    """Lowers what the stages of pipelines say."""

    def __init__(self, values: ValueLowering) -> None:
        self._values = values

    def automations(self, pipeline: PipelineParts, where: ir.Where) -> Iterator[ir.Automation]:
        """Return the automations that the stages of a pipeline mean."""
        yield from deadlines(pipeline, where)
        stages = [_Stage(self._values, pipeline, key, stage) for key, stage in pipeline.stages.items()]
        if any(each.entry or each.exit for each in stages):
            if made := _criteria(pipeline, stages, where):
                yield made
            return
        tasks = [each for each in stages if not each.owner]
        handed = [each for each in stages if each.owner]
        kinds: tuple[tuple[Literal["stage-tasks", "hand-over"], list[_Stage], str], ...] = (
            ("stage-tasks", tasks, "has a next step"),
            ("hand-over", handed, "belongs to whoever does what comes next"),
        )
        for key, own, why in kinds:
            cases = [(each, do) for each in own if (do := each.entering())]
            if cases:
                yield ir.Automation(
                    key=f"{pipeline.key}.{key}",
                    on=ir.OnEntered(stages=tuple(each.place for each, _ in cases)),
                    when=ir.All(of=()),
                    again=ir.Once(per="stage_visit"),
                    do=(_at(cases),),
                    origin=key,
                    why=f"Every deal in {pipeline.name} {why}.",
                    where=where,
                )


def _criteria(pipeline: PipelineParts, stages: Sequence[_Stage], where: ir.Where) -> ir.Automation | None:
    """Return the one automation of a pipeline that has criteria: first what is left, then what is entered."""
    order = [each for each in stages if each.kind in ("open", "won")]
    left: list[ir.Case] = []
    places: dict[ir.StageValue, None] = {}
    for each in order:
        later = tuple(other.place for other in order[order.index(each) + 1 :])
        check = each.leaving()
        if check and later:
            places |= dict.fromkeys(later)
            came = ir.Compare(field=ir.Ref(path="event.before.stage", type="stage"), op="==", value=each.place)
            gone = ir.IsIn(field=_STAGE, values=later)
            left.append(ir.Case(when=ir.All(of=(came, gone)), do=check))
    cases = [(each, do) for each in stages if (do := each.entering())]
    places |= dict.fromkeys(each.place for each, _ in cases)
    if not places:
        return None
    steps: list[ir.Step] = []
    if left:
        steps.append(ir.BranchStep(name="left", cases=tuple(left)))
    if cases:
        steps.append(_at(cases))
    return ir.Automation(
        key=f"{pipeline.key}.criteria",
        on=ir.OnEntered(stages=tuple(each.place for each in stages if each.place in places)),
        when=ir.All(of=()),
        again=ir.Once(per="stage_visit"),
        do=tuple(steps),
        origin="criteria",
        why=f"A stage of {pipeline.name} means what it says.",
        where=where,
    )


def _at(cases: Sequence[tuple[_Stage, tuple[ir.Step, ...]]]) -> ir.BranchStep:
    """Return the branch by the stage that a deal has come into."""
    return ir.BranchStep(
        name="stage",
        cases=tuple(ir.Case(when=ir.Compare(field=_STAGE, op="==", value=each.place), do=do) for each, do in cases),
    )


class _Stage:
    """One stage, and the steps that it means."""

    def __init__(self, values: ValueLowering, pipeline: PipelineParts, key: str, stage: StageLike) -> None:
        self._values = values
        self._stage = stage
        self._name = key.replace("_", "-")
        self._shown = stage.name if "{" not in stage.name else key
        self.kind = stage.kind
        self.place = ir.StageValue(pipeline=pipeline.key, stage=key)
        self.owner = stage.owner
        self.entry = stage.entry
        self.exit = stage.exit

    def entering(self) -> tuple[ir.Step, ...]:
        """Return what is done for a deal that has come: its criteria, its new owner, the task for them."""
        steps = [*self._check("entry", self.entry), *self._hand_over()]
        if self._stage.task is not None:
            steps.append(
                ir.SetTaskStep(
                    name=f"task-{self._name}",
                    text=self._values.words(self._stage.task.text, Scope("entered", self._stage.origin)),
                    due=length(self._stage.task.due),
                )
            )
        if self.owner is not None:
            steps.append(self._told())
        return tuple(steps)

    def leaving(self) -> tuple[ir.Step, ...]:
        """Return what is done for a deal that has gone on."""
        return tuple(self._check("exit", self.exit))

    def _hand_over(self) -> Iterator[ir.Step]:
        if self.owner is not None:
            pick = user(self.owner, "the owner of a stage")
            assert isinstance(pick, Pick)
            yield ir.UpdateDealStep(
                name=f"owner-{self._name}", changes={"owner": self._values.pick(pick, self._stage.origin, keep=True)}
            )

    def _told(self) -> ir.Step:
        """Return what tells whom the deal belonged to before; what they read is in no language."""
        changed = ir.Ref(path=f"steps.owner-{self._name}.changed", type="flag")
        notify = ir.NotifyStep(
            name=f"tell-{self._name}",
            who=ir.Ref(path="event.before.owner", type="user"),
            text=ir.TemplateText(source=f"{{{{ deal.title }}}}: {self._shown} → {{{{ deal.owner.name }}}}"),
        )
        return ir.BranchStep(
            name=f"told-{self._name}",
            cases=(ir.Case(when=ir.Compare(field=changed, op="==", value=_YES), do=(notify,)),),
        )

    def _check(self, side: Side, criteria: Criteria | None) -> Iterator[ir.Step]:
        """Return the branch that asks for the criteria: what is unset does not meet them."""
        if criteria is None:
            return
        scope = Scope("entered", criteria.origin)
        met = self._values.all_of(criteria.when, scope)
        breach = self._breach(side, criteria)
        yield ir.BranchStep(
            name=f"{side}-{self._name}", cases=(ir.Case(when=met, do=()),), otherwise=breach, unset=breach
        )

    def _breach(self, side: Side, criteria: Criteria) -> tuple[ir.Step, ...]:
        of, says = f"{side}-{self._name}", ir.TextValue(value=f"{self._stage.name}: {criteria.says}")
        name = f"breach-{of}"  # journal/breaches.py counts what begins with `breach-` and `again-`
        match criteria.else_:
            case "task":
                return (ir.SetTaskStep(name=name, text=ir.TextValue(value=criteria.says), due=_DUE),)
            case "report":
                return (ir.AddNoteStep(name=name, text=says),)
        moved = ir.Ref(path=f"steps.{name}.moved", type="flag")
        again = (ir.AddNoteStep(name=f"again-{of}", text=ir.TextValue(value=f"! {says.value}")),)
        undone = ir.TextValue(value=f"↩ {says.value}")
        back = (
            ir.AddNoteStep(name=f"note-{of}", text=undone),
            ir.NotifyStep(name=f"tell-{of}", who=ir.Ref(path="deal.owner", type="user"), text=undone),
            ir.StopStep(name=f"stop-{of}"),
        )
        return (
            ir.MoveBackStep(name=name, stage=self.place),
            ir.BranchStep(
                name=f"moved-{of}",
                cases=(ir.Case(when=ir.Compare(field=moved, op="==", value=_YES), do=back),),
                otherwise=again,
                unset=again,
            ),
        )
