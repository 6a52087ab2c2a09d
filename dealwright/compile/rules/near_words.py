"""DW258: a tag that is looked for, or the words of a task, are nearly what the account's steps set, and nobody sets."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from dealwright.compile import ir
from dealwright.compile.near import nearly, neighbours
from dealwright.compile.rules.askings import Asking, askings
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.rules.tags_named import tags_named
from dealwright.language.roles import folded

_LONG: Final = 6
"""Words that are this long are hardly near each other by chance."""
_SMALL: Final = 3
"""Words that are no longer are left out or put in without a thought: `Book the demo`, `Book a demo`."""
_BEGUN: Final = 2
"""So many words have to be those of a task, where the last one is another: `about the offer`, `about the quote`."""
_FIELD: Final = re.compile(r"\{[{%].*?[%}]\}", re.S)
_TASK: Final = "event.task.text"
_BETWEEN: Final = re.compile(r"[\s_-]+")

_At = tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Tags:
    """Where the tags of an account are set, and where somebody looks for them or takes them off."""

    added: dict[str, list[_At]] = field(default_factory=dict)
    sought: dict[str, list[_At]] = field(default_factory=dict)

    def uses(self, tag: str) -> int:
        """How often a tag is written."""
        return len(self.added.get(tag, ())) + len(self.sought.get(tag, ()))


class _Words(NamedTuple):
    """Words by which a task is known; `whole`: they are all of its text, letter by letter."""

    text: str
    at: _At
    whole: bool


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        tags = _Tags()
        sought: list[_Words] = []
        texts: list[str] = []
        for automation in account.automations:
            for step in all_steps(automation.do):
                _take(step, subject.step_at(automation, step.name), tags, sought, texts)
            for asking in askings(subject, automation):
                _take_asked(asking, tags, sought)
        yield from _tags(tags)
        yield from tags_named(subject, account, tags.sought.keys())
        yield from _tasks(sought, texts)


def _take(step: ir.Step, at: _At, tags: _Tags, sought: list[_Words], texts: list[str]) -> None:
    match step:
        case ir.ChangeTagsStep(add=add, remove=remove):
            _note(tags.added, add, at)
            _note(tags.sought, remove, at)
        case ir.CreateDealStep(tags=add):
            _note(tags.added, add, at)
        case ir.UpdateDealStep(changes={"tags": ir.TagsValue(value=add)}):
            _note(tags.added, add, at)
        case ir.CompleteTasksStep(with_text=str() as words):
            sought.append(_Words(words, at, False))
        case ir.SetTaskStep(text=ir.TextValue(value=text) | ir.TemplateText(source=text)):
            texts.append(text)


def _take_asked(asking: Asking, tags: _Tags, sought: list[_Words]) -> None:
    left: list[ir.Condition] = [asking.condition]
    while left:
        match left.pop():
            case ir.All(of=parts) | ir.Any(of=parts):
                left.extend(parts)
            case ir.Not(of=part):
                left.append(part)
            case ir.Has(field=ir.Ref(path="deal.tags"), values=values):
                _note(tags.sought, values, asking.at)
            case ir.Compare(field=ir.Ref(path=path), value=ir.TextValue(value=text)) if path == _TASK:
                sought.append(_Words(text, asking.at, True))
            case ir.IsIn(field=ir.Ref(path=path), values=values) if path == _TASK:
                sought.extend(_Words(each.value, asking.at, True) for each in values if isinstance(each, ir.TextValue))


def _note(found: dict[str, list[_At]], tags: Sequence[str], at: _At) -> None:
    for tag in tags:
        found.setdefault(tag, []).append(at)


# --- tags -----------------------------------------------------------------------------------------------------------


def _tags(tags: _Tags) -> Iterator[Spot]:
    every = {*tags.added, *tags.sought}
    for tag in sorted(each for each in every if "," in each):
        path, line = (tags.added.get(tag) or tags.sought[tag])[0]
        apart = ", ".join(f'"{part.strip()}"' for part in tag.split(",") if part.strip())
        hint = f"write each by itself: {apart}" if apart else "write the tag without it"
        yield Spot(path=path, line=line, message=f"{tag!r} is one tag, with a comma in it", hint=hint)
    by_form: dict[str, set[str]] = {}
    for tag in every:
        by_form.setdefault(_form(tag), set()).add(tag)
    near = neighbours(by_form)
    foreign = {tag for tag in every if not tag.isascii()}  # they may differ in more than one letter, and look alike
    for tag in tags.sought.keys() - tags.added.keys():
        form = _form(tag)
        others = set().union(by_form[form], *(by_form[each] for each in near.get(form, ())))
        meant = _meant(tag, (others | (foreign if tag.isascii() else every)) - {tag}, tags)
        if meant is None:
            continue
        path, line = tags.sought[tag][0]
        there, at = (tags.added, "added") if meant in tags.added else (tags.sought, "written")
        file, number = there[meant][0]
        message = f"no step adds the tag {tag!r}, which is nearly {meant!r}, {at} at {file}:{number}"
        yield Spot(path=path, line=line, message=message, hint=f"did you mean {meant!r}?")


def _meant(tag: str, others: Set[str], tags: _Tags) -> str | None:
    """Return the tag that was most likely meant: one that is added and never looked for, or one that is surely near."""
    for other in sorted(others, key=lambda each: (-tags.uses(each), each)):
        # A short word in a long tag is no word by itself: do-not-cal.
        shortest = _SMALL if min(len(tag), len(other)) >= _LONG else _SMALL + 1
        alone = other in tags.added and other not in tags.sought
        if alone and (_sure(tag, other) or nearly(_form(tag), _form(other), shortest=shortest)):
            return other
        if _sure(tag, other) and (other in tags.added or tags.uses(other) > tags.uses(tag)):
            return other
    return None


def _sure(one: str, other: str) -> bool:
    """Say whether the two differ by what nobody sees, by one s at the end, or by one slip in a long word."""
    first, second = _form(one), _form(other)
    stem = first.removesuffix("s")
    if first == second or (len(stem) >= _SMALL and stem == second.removesuffix("s")):
        return True
    return nearly(first, second, shortest=_LONG) or _look_alike(first, second)


def _form(tag: str) -> str:
    """Return the tag without what nobody keeps apart: capitals, accents, and what stands between its words."""
    return _BETWEEN.sub("-", folded(tag))


def _look_alike(one: str, other: str) -> bool:
    """Say whether the one is the other but for letters of another script: a Cyrillic i among Latin ones."""
    differing = [(a, b) for a, b in zip(one, other, strict=False) if a != b]
    if len(one) != len(other) or not 0 < len(differing) < len(one):
        return False
    return all(a.isalpha() and b.isalpha() and _script(a) != _script(b) for a, b in differing)


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").split(" ")[0]


# --- tasks ----------------------------------------------------------------------------------------------------------


def _tasks(sought: Sequence[_Words], texts: Sequence[str]) -> Iterator[Spot]:
    for words in sought:
        if any(_found(words, text) for text in texts):
            continue
        meant = next((near for text in texts for near in _nearest(words.text, text)), None)
        meant = meant or _begun_alike(words, texts)
        if meant is not None:
            path, line = words.at
            message = f"no step sets a task with {words.text!r}, which is nearly {meant!r}"
            yield Spot(path=path, line=line, message=message, hint=f"did you mean {meant!r}?")


def _found(words: _Words, text: str) -> bool:
    return words.text == text if words.whole else words.text.casefold() in text.casefold()


def _nearest(words: str, text: str) -> Iterator[str]:
    """Yield the words of a task's text that are nearly those that are looked for."""
    given = words.split()
    for part in _FIELD.split(text):
        there = part.split()
        for length in (len(given), len(given) + 1, len(given) - 1):
            for start in range(len(there) - length + 1 if length > 0 else 0):
                near = there[start : start + length]
                if near != given and _alike(given, near):
                    yield " ".join(near)


def _begun_alike(sought: _Words, texts: Sequence[str]) -> str | None:
    """Return the words of the one task in which all but the last of those that are looked for stand."""
    given = [folded(word) for word in sought.text.split()]
    if sought.whole or len(given) <= _BEGUN:
        return None
    found: set[tuple[str, str]] = set()
    for text in texts:
        for place, part in enumerate(_FIELD.split(text)):
            there = part.split()
            # At its beginning people write tasks of their own: `Call the customer`, beside `Call the supplier`.
            for start in range(0 if place else 1, len(there) - len(given) + 1):
                near = there[start : start + len(given)]
                if [folded(word) for word in near[:-1]] == given[:-1]:
                    found.add((text, " ".join(near).rstrip(".,;:!?")))
    return found.pop()[1] if len(found) == 1 else None


def _alike(given: Sequence[str], there: Sequence[str]) -> bool:
    """Say whether the words are the same but for capitals and accents, one slip, or one small word."""
    first, second = [[folded(word) for word in words] for words in (given, there)]
    if first == second:
        return True
    start = next((n for n, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]), None)
    start = min(len(first), len(second)) if start is None else start
    # What is left where both differ, when the same words before and behind are taken away.
    while first[start:] and second[start:] and first[-1] == second[-1]:
        first, second = first[:-1], second[:-1]
    rest, others = first[start:], second[start:]
    same = len(given) - len(rest)
    if len(rest) == len(others) == 1 and nearly(rest[0], others[0]):
        return True
    small = [word for word in (*rest, *others) if word.isalpha() and len(word) <= _SMALL]
    return same > 1 and len(rest) <= 1 and len(others) <= 1 and len(small) == len(rest) + len(others)


RULE: Final = Rule(
    code="DW258",
    severity="warning",
    title="a tag or a task is looked for under nearly the name that it has",
    reason=(
        "Tags and tasks are known by their words alone. A step that takes off, or a condition that asks for a tag "
        "that nothing adds and that differs by a letter, an s, capitals, a dash or a letter of another alphabet from "
        "one that is added comes to nothing, without an error. So does one that looks for words that no task has; of "
        "several, all but the last may be those of one task. A step that is called overdue and adds another tag than "
        "the one with that word which is looked for, or that is called not-overdue and adds it, is told as well; and "
        "a tag with a comma in it, which is several that were to be written apart. Tags and tasks that people write "
        "by hand are not told: no other one is near them."
    ),
    bad="""
mark = Automation(
    key="mark",
    on=deal_updated(fields=[deal.amount]),
    do=[
        branch(
            "large",
            case(deal.amount > 10_000, add_tags("yes", "large-deal")),
            otherwise=[remove_tags("no", "large-deals")],
        ),
    ],
)
""",
    good="""
mark = Automation(
    key="mark",
    on=deal_updated(fields=[deal.amount]),
    do=[
        branch(
            "large",
            case(deal.amount > 10_000, add_tags("yes", "large-deal")),
            otherwise=[remove_tags("no", "large-deal")],
        ),
    ],
)
""",
    look=_look,
)
