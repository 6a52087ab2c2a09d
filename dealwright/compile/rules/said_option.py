"""A way for one option of a list that marks the deal, or tells of it, as the way for another one (DW293)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dealwright.compile import ir
from dealwright.compile.rules.plain_words import plain_words
from dealwright.compile.rules.rule import Subject, all_parts, all_steps

_LOST = "deal.lost_reason"


def marks_the_other(
    subject: Subject, account: ir.Account, automation: ir.Automation
) -> Iterator[tuple[tuple[str, int], str, str, str]]:
    """Yield where it stands, the step, the option that it says, and the one that was asked for."""
    options = {f"deal.{each.key}": each.options for each in account.deal_fields if each.type == "choice"}
    reasons = [reason for pipeline in account.pipelines for stage in pipeline.stages for reason in stage.reasons]
    options[_LOST] = tuple(dict.fromkeys(reasons))
    for step in all_steps(automation.do):
        for place, case in enumerate(step.cases if isinstance(step, ir.BranchStep) else ()):
            for part in all_parts(case.when):
                match part:
                    case ir.Compare(field=ir.Ref(path=path), op="==", value=ir.TextValue(value=asked)):
                        others = [each for each in options.get(path, ()) if plain_words(each) != plain_words(asked)]
                    case _:
                        continue
                for inner in case.do:
                    if (other := _said(inner, asked, others, path)) is not None:
                        yield subject.case_at(automation, step.name, place), inner.name, other, asked


def _said(step: ir.Step, asked: str, others: Sequence[str], path: str) -> str | None:
    """Return the option that a step says in the place of the one that was asked for.

    A tag says it if it is called so. A text says a reason if the step is called so, too: what options of other lists
    say may be done for any of them.
    """
    words = plain_words(asked)
    match step:
        case ir.ChangeTagsStep(add=tags):
            said = [plain_words(tag) for tag in tags]
            if any(_holds(each, words) for each in said):
                return None
            return next((other for other in others if plain_words(other) in said), None)
        case ir.NotifyStep(text=text) | ir.SetTaskStep(text=text) | ir.AddNoteStep(text=text) if path == _LOST:
            told = plain_words(_plain(text))
            for other in others:
                its = plain_words(other)
                if plain_words(step.name) == its and _holds(told, its) and not _holds(told, words):
                    return other
    return None


def _plain(text: ir.Expression) -> str:
    match text:
        case ir.TextValue(value=plain) | ir.TemplateText(source=plain):
            return plain
    return ""


def _holds(words: Sequence[str], part: Sequence[str]) -> bool:
    """Say whether the words stand in there, one behind the other."""
    return any(list(words[start : start + len(part)]) == list(part) for start in range(len(words) - len(part) + 1))
