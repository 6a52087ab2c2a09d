"""DW228: tags that one step adds and the next ones take off again or replace, or the other way round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from dealwright.compile import ir
from dealwright.compile.rules.rule import Rule, Spot, Subject


def _look(subject: Subject) -> Iterator[Spot]:
    for _, automation in subject.automations:
        for first, second, tag in _undone(automation.do):
            path, line = subject.step_at(automation, second.name)
            added = isinstance(first, ir.UpdateDealStep) or tag in first.add
            does = "takes it off again" if added else "adds it again"
            hint = "take one of them out, or put what waits between them"
            if isinstance(second, ir.UpdateDealStep):
                does = "replaces all tags without it" if added else "gives the deal all its tags with it"
                hint = "write all that it shall have in tags=, or add_tags(...) instead of tags=, which replaces them"
            yield Spot(
                path=path,
                line=line,
                message=f"{first.name!r} {'adds' if added else 'takes off'} the tag {tag!r},"
                f" and {second.name!r} {does} at once",
                hint=hint,
            )


def tags_given(value: object) -> tuple[str, ...] | None:
    """Return all the tags that a deal has once it is given this; None if another fact says it."""
    if isinstance(value, ir.Cleared):
        return ()
    return value.value if isinstance(value, ir.TagsValue) else None


_Tagging: TypeAlias = ir.ChangeTagsStep | ir.UpdateDealStep


def _undone(steps: Sequence[ir.Step]) -> Iterator[tuple[_Tagging, _Tagging, str]]:
    """Yield the steps that undo each other with nothing but plain steps between them, and the tag."""
    by_tag: dict[tuple[str, bool], _Tagging] = {}
    for step in steps:
        for way in ir.ways_of(step):
            yield from _undone(way)
        if isinstance(step, ir.ChangeTagsStep):
            for tag, added in (*((tag, True) for tag in step.add), *((tag, False) for tag in step.remove)):
                other = by_tag.pop((tag, not added), None)
                if other is not None:
                    yield other, step, tag
                by_tag[(tag, added)] = step
        elif isinstance(step, ir.UpdateDealStep) and "tags" in step.changes:
            tags = tags_given(step.changes["tags"])
            if tags is not None:
                yield from ((other, step, tag) for (tag, added), other in by_tag.items() if added != (tag in tags))
            by_tag = {(tag, True): step for tag in tags or ()}
        elif ir.ways_of(step) or isinstance(step, ir.WaitStep | ir.WaitForStep | ir.WaitUntilStep):
            by_tag.clear()


RULE: Final = Rule(
    code="DW228",
    severity="warning",
    title="a tag is added and taken off at once",
    reason=(
        "Steps are done one after the other: what one does and a later one undoes, with nothing waited for in between, "
        "comes to nothing. One of the two tags is most likely another one. `update_deal(tags=[...])` replaces all "
        "tags, also those that a step before it has added."
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
