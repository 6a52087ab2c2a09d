"""DW228: tags that one step adds and the next ones take off again, or the other way round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for _, automation in subject.automations:
        for first, second, tag in _undone(automation.do):
            path, line = subject.step_at(automation, second.name)
            added = tag in first.add
            did, does = ("adds", "takes it off again") if added else ("takes off", "adds it again")
            yield Spot(
                path=path,
                line=line,
                message=f"{first.name!r} {did} the tag {tag!r}, and {second.name!r} {does} at once",
                hint="take one of them out, or put what waits between them",
            )


def _undone(steps: Sequence[ir.Step]) -> Iterator[tuple[ir.ChangeTagsStep, ir.ChangeTagsStep, str]]:
    """Yield the steps that undo each other with nothing but plain steps between them, and the tag."""
    by_tag: dict[tuple[str, bool], ir.ChangeTagsStep] = {}
    for step in steps:
        for way in ir.ways_of(step):
            yield from _undone(way)
        if isinstance(step, ir.ChangeTagsStep):
            for tag, added in (*((tag, True) for tag in step.add), *((tag, False) for tag in step.remove)):
                other = by_tag.pop((tag, not added), None)
                if other is not None:
                    yield other, step, tag
                by_tag[(tag, added)] = step
        elif ir.ways_of(step) or isinstance(step, ir.WaitStep | ir.WaitForStep | ir.WaitUntilStep):
            by_tag.clear()


RULE: Final = Rule(
    code="DW228",
    severity="warning",
    title="a tag is added and taken off at once",
    reason=(
        "Steps are done one after the other: what one does and a later one undoes, with nothing waited for in between, "
        "comes to nothing. One of the two tags is most likely another one."
    ),
    bad="""
paid = Automation(
    key="paid",
    on=entered(Sales.won),
    do=[add_tags("paid", "paid"), remove_tags("open", "paid")],
)
""",
    good="""
paid = Automation(
    key="paid",
    on=entered(Sales.won),
    do=[add_tags("paid", "paid"), remove_tags("open", "unpaid")],
)
""",
    look=_look,
)
