"""Steps whose name says another tag than they add, or that they take it off (DW258)."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Final

from dealwright.compile import ir
from dealwright.compile.rules.rule import Spot, Subject, all_steps
from dealwright.language.roles import folded

_NO: Final = ("no-longer-", "not-", "no-", "ya-no-", "sin-", "sem-", "nao-")
"""How a step is called that takes a tag off."""
_LONG: Final = 4
"""Names that are shorter say nothing: `a`, `yes`."""


def tags_named(subject: Subject, account: ir.Account, sought: Set[str]) -> Iterator[Spot]:
    """Yield steps that add a tag; `sought` are the tags that somebody takes off or asks for."""
    added = {tag for automation in account.automations for step in all_steps(automation.do) for tag in _added(step)}
    for automation in account.automations:
        for step in all_steps(automation.do) if automation.origin == "authored" else ():
            if not isinstance(step, ir.ChangeTagsStep) or len(step.add) != 1 or step.remove:
                continue
            (tag,) = step.add
            told = _taken_off(step.name, tag) or _another(step.name, tag, sought, added)
            if told is not None:
                path, line = subject.step_at(automation, step.name)
                message, hint = told
                yield Spot(path=path, line=line, message=f"{step.name!r} adds the tag {tag!r}, {message}", hint=hint)


def _added(step: ir.Step) -> tuple[str, ...]:
    match step:
        case ir.ChangeTagsStep(add=tags) | ir.CreateDealStep(tags=tags):
            return tags
        case ir.UpdateDealStep(changes={"tags": ir.TagsValue(value=tags)}):
            return tags
    return ()


def _taken_off(name: str, tag: str) -> tuple[str, str] | None:
    """Say that a step is called not-overdue, and adds the tag that says overdue."""
    said = next((name.removeprefix(each) for each in _NO if name.startswith(each)), "")
    if not said or not _words(said) <= _words(tag) or not _words(name).isdisjoint(_words(tag) - _words(said)):
        return None
    return "and its name says that it is not so", "write remove_tags(), or call the step otherwise"


def _another(name: str, tag: str, sought: Set[str], added: Set[str]) -> tuple[str, str] | None:
    """Say that a tag with the word by which a step is called is looked for and never added, and its own never."""
    if len(name) < _LONG or tag in sought or not _words(name).isdisjoint(_words(tag)):
        return None
    meant = sorted(each for each in sought - added if _words(name) <= _words(each) and _words(each) & _words(tag))
    if len(meant) != 1:
        return None
    return f"which nothing looks for, and nothing adds {meant[0]!r}", f"did you mean {meant[0]!r}?"


def _words(name: str) -> frozenset[str]:
    return frozenset(folded(name).replace("_", "-").replace(" ", "-").split("-"))
