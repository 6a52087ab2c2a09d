"""DW217: two automations that answer one event write one field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import Final, NamedTuple

from dealwright.compile import ir
from dealwright.compile.possible import Alternatives, possible
from dealwright.compile.rules.links import one_event
from dealwright.compile.rules.readings import written
from dealwright.compile.rules.rule import Rule, Spot, Subject
from dealwright.compile.rules.tag_and_back import tags_given
from dealwright.compile.rules.ways import Place

_TAGS: Final = "deal.tags"


class _Write(NamedTuple):
    """One field written by a step, with what is known where it is."""

    automation: ir.Automation
    step: str
    field: str
    value: object
    known: tuple[Alternatives, ...]
    tag: str = ""
    """The one tag that is added or taken off."""


def _look(subject: Subject) -> Iterator[Spot]:
    for account in subject.groups:
        by_field: dict[str, list[_Write]] = {}
        for automation in account.automations:
            for write in _writes(subject.places(account, automation), automation):
                by_field.setdefault(write.field, []).append(write)
        told: set[tuple[str, str, str]] = set()
        for field, writes in by_field.items():
            for first, second in combinations(writes, 2):
                pair = (field, first.automation.key, second.automation.key)
                if pair not in told and _collide(first, second):
                    told.add(pair)
                    path, line = subject.step_at(second.automation, second.step)
                    yield Spot(
                        path=path,
                        line=line,
                        message=f"{subject.named(second.automation, second.step)} and"
                        f" {subject.named(first.automation, first.step)} both write {field}"
                        " on one event: which value stays is chance",
                        hint="make them one automation, or let their conditions exclude each other",
                    )
        yield from _replaced(subject, by_field)


def _replaced(subject: Subject, by_field: Mapping[str, Sequence[_Write]]) -> Iterator[Spot]:
    """Yield the steps that give a deal all its tags while another automation adds one of others, or takes one off."""
    told: set[tuple[str, str]] = set()
    changes = [write for writes in by_field.values() for write in writes if write.tag]
    for whole, one in product(by_field.get(_TAGS, ()), changes):
        tags = tags_given(whole.value)
        pair = (whole.automation.key, one.automation.key)
        if tags is None or pair in told or not _collide(whole._replace(value=one.tag in tags), one):
            continue
        told.add(pair)
        path, line = subject.step_at(whole.automation, whole.step)
        yield Spot(
            path=path,
            line=line,
            message=f"{whole.automation.key!r} gives the deal all its tags, and {one.automation.key!r}"
            f" {'adds' if one.value else 'takes off'} {one.tag!r} on one event: which is done last is chance",
            hint="write add_tags(...) and remove_tags(...) instead of tags=, or make them one automation",
        )


def _collide(first: _Write, second: _Write) -> bool:
    return (
        first.automation.key != second.automation.key  # one that is listed twice is told as that
        and first.value != second.value
        and not (_is_given(first, second) or _is_given(second, first))
        and one_event(first.automation.on, second.automation.on)
        and possible(*first.known, *second.known)
    )


def _is_given(first: _Write, second: _Write) -> bool:
    """Say whether a stage gives its deal to an owner, whom the company's own rules wait for (engine/hand_over.py)."""
    return (
        first.field == "deal.owner"
        and first.automation.origin in ("hand-over", "criteria")
        and second.automation.origin == "authored"
    )


def _writes(places: Iterable[Place], automation: ir.Automation) -> Iterator[_Write]:
    """Yield what is written before anything is waited for: later, something else may have come between."""
    for place in places:
        if place.waited:
            continue
        for field, value in _written(place.step):
            yield _Write(automation, place.step.name, field, value, place.known)
        if isinstance(place.step, ir.ChangeTagsStep):
            for tags, added in ((place.step.add, True), (place.step.remove, False)):
                for tag in tags:
                    yield _Write(automation, place.step.name, f"the tag {tag!r}", added, place.known, tag)


def _written(step: ir.Step) -> Iterator[tuple[str, object]]:
    match step:
        case ir.MoveDealStep(to=to):
            yield "deal.stage", to
        case ir.UpdateRecordStep(record=kind, changes=changes):
            yield from ((f"{kind}.{name}", value) for name, value in changes.items())
        case _:
            yield from written(step)


RULE: Final = Rule(
    code="DW217",
    severity="warning",
    title="two automations write one field on one trigger",
    reason=(
        "No order is promised between automations: which value stays is chance. What needs order is one automation "
        "with two steps or a branch. (One order there is: a stage with `owner=` gives its deals away before rules of "
        "your own answer the move; a rule that gives such a deal to somebody else has the last word.) So it is with "
        "tags: `update_deal(tags=[...])` replaces all of them, also the one that another automation has just added."
    ),
    bad="""
first = Automation(
    key="first",
    on=entered(Sales.quoted),
    do=[update_deal("name", company="Quoted")],
)
second = Automation(
    key="second",
    on=entered(Sales.quoted),
    when=[deal.amount > 1000],
    do=[update_deal("name", company="Large")],
)
""",
    good="""
only = Automation(
    key="only",
    on=entered(Sales.quoted),
    do=[
        branch(
            "size",
            case(deal.amount > 1000, update_deal("large", company="Large")),
            otherwise=[update_deal("small", company="Quoted")],
        ),
    ],
)
""",
    look=_look,
)
