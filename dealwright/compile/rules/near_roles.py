"""DW251: two roles, of colleagues or of contacts, whose names differ by one slip of the hand, or not at all."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import combinations
from typing import Final, NamedTuple

import msgspec

from dealwright.compile.near import nearly, slips
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.compile.sources import Source, argument, called
from dealwright.language.roles import folded
from dealwright.model.crm import role_key

_IN_TEXT: Final = re.compile(r"\bcontact_as\.(\w+)")


_EITHER: Final = "write one name in both places: one of them is a slip"


_GIVERS: Final = ("Role", "contact_as")
_PARTED: Final = re.compile(r"[\s_-]+")
_GENDERS: Final = {"o", "a"}
"""How a man and a woman end: `novio` and `novia` are two people."""

_LONG: Final = 6
"""Of short words, two that are one exchange apart may both be words."""


class _Use(NamedTuple):
    """One place where a role is named: how it is written, what it is known by, and where."""

    written: str
    key: str
    path: str
    line: int


def _look(subject: Subject) -> Iterator[Spot]:
    colleagues = [use for source in subject.sources.values() for use in _colleagues(source)]
    contacts = [use for source in subject.sources.values() for use in _contacts(source)]
    named = {use.key for use in contacts}
    # Texts that lie in files of their own are known by the steps that send them.
    contacts += [use for use in _sent(subject) if use.key not in named]
    listed = _listed(subject.sources.values())
    for uses, spelled in ((colleagues, 'Role("{}")'), (contacts, 'deal.contact_as("{}")')):
        yield from _near(uses, spelled, listed)
    for source in subject.sources.values():
        yield from _one_name(source)
        yield from _named(source)


def _one_name(source: Source) -> Iterator[Spot]:
    """Yield roles of one file that have two names in Python and one in the account: they are the same people."""
    first: dict[str, ast.Name] = {}
    for node in source.nodes(ast.Assign):
        match node:
            case ast.Assign(
                targets=[ast.Name() as name],
                value=ast.Call(args=[ast.Constant(value=str(written))], keywords=[]) as call,
            ) if called(call) == "Role" and (key := folded(written)):
                other = first.setdefault(key, name)
                if other.id == name.id:
                    continue
                # The one that is called like the role is the role; of two others the later one is told.
                wrong, right = (other, name) if folded(name.id) == key else (name, other)
                yield Spot(
                    path=source.path,
                    line=wrong.lineno,
                    message=f"{wrong.id} and {right.id}, line {right.lineno}, are both the role {written!r}",
                    hint=f"give {wrong.id} a role of its own, or write {wrong.id} = {right.id} if that is meant",
                )


def _named(source: Source) -> Iterator[Spot]:
    """Tell of a role that its variable spells with two letters exchanged.

    No other slip: the word of another language, or the plural, is one letter away as well (`client`, "cliente").
    """
    for node in source.nodes(ast.Assign):
        call, target = node.value, node.targets[0]
        if not isinstance(call, ast.Call) or not isinstance(target, ast.Name) or called(call) not in _GIVERS:
            continue
        for use in _use(source, call.args[0] if call.args else None, folded):
            name, role = folded(target.id.replace("_", " ")), folded(_PARTED.sub(" ", use.written))
            if _exchanged(name, role):
                yield Spot(
                    path=use.path,
                    line=use.line,
                    message=f"the role {use.written!r} is nearly what it is called here: {target.id}",
                    hint="write one name in both places: one of them is a slip",
                )


def _exchanged(one: str, other: str) -> bool:
    differing = [place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b]
    if len(one) != len(other) or len(differing) != 2 or len(one) < _LONG:
        return False
    first, second = differing
    return second == first + 1 and (one[first], one[second]) == (other[second], other[first])


def _near(uses: Iterable[_Use], spelled: str, listed: Collection[frozenset[str]]) -> Iterator[Spot]:
    by_key: dict[str, list[_Use]] = {}
    for use in sorted(uses, key=lambda each: (each.path, each.line)):
        by_key.setdefault(use.key, []).append(use)

    def near(one: str, other: str) -> bool:
        return nearly(one, other) and not _man_and_woman(one, other) and frozenset((one, other)) not in listed

    for slipped, meant in slips(by_key, near):
        wrong, right = by_key[slipped][0], by_key[meant][0]
        clear = len(by_key[slipped]) < len(by_key[meant])
        if not clear:  # either may be the slip: the later one is told
            wrong, right = sorted((wrong, right), key=lambda use: (use.path, use.line), reverse=True)
        yield Spot(
            path=wrong.path,
            line=wrong.line,
            message=f"the role {wrong.written!r} is nearly {right.written!r} of {right.path}:{right.line}",
            hint=f"did you mean {spelled.format(right.written)}?" if clear else _EITHER,
        )


def _man_and_woman(one: str, other: str) -> bool:
    """Say whether one word of theirs ends in `o` here and in `a` there, and nothing else differs."""
    words = zip(_PARTED.split(one), _PARTED.split(other), strict=False)
    return all(
        first == second or (first[:-1] == second[:-1] and {first[-1:], second[-1:]} == _GENDERS)
        for first, second in words
    )


def _listed(sources: Iterable[Source]) -> set[frozenset[str]]:
    """Return the pairs of roles that stand side by side in one list: whoever writes both there means two."""
    calls: dict[str, ast.Call] = {}
    lists: list[list[ast.expr]] = []
    for source in sources:
        for node in source.nodes(ast.Assign):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if called(call) in _GIVERS:
                    calls[name] = call
        lists += [node.elts for node in source.nodes(ast.List)] + [node.elts for node in source.nodes(ast.Tuple)]
    pairs: set[frozenset[str]] = set()
    for elements in lists:
        named = [calls.get(each.id) if isinstance(each, ast.Name) else each for each in elements]
        keys = {key for each in named if isinstance(each, ast.Call) and (key := _role_of(each))}
        pairs.update(map(frozenset, combinations(keys, 2)))
    return pairs


def _role_of(call: ast.Call) -> str:
    match called(call), call.args:
        case "Role", [ast.Constant(value=str(written)), *_]:
            return folded(written)
        case "contact_as", [ast.Constant(value=str(written)), *_]:
            return role_key(written)
    return ""


def _colleagues(source: Source) -> Iterator[_Use]:
    for call in source.nodes(ast.Call):
        if called(call) == "Role":
            yield from _use(source, call.args[0] if call.args else argument(call, "name"), folded)


def _contacts(source: Source) -> Iterator[_Use]:
    for call in source.nodes(ast.Call):
        if called(call) == "contact_as" and call.args:
            yield from _use(source, call.args[0], role_key)
        elif called(call) == "create_contact":
            yield from _use(source, argument(call, "role"), role_key)
    for text in source.nodes(ast.Constant):
        for role in _IN_TEXT.findall(text.value) if isinstance(text.value, str) else ():
            yield _Use(role, role_key(role), source.path, text.lineno)


def _use(source: Source, given: ast.expr | None, key: Callable[[str], str]) -> Iterator[_Use]:
    if isinstance(given, ast.Constant) and isinstance(given.value, str):
        known = key(given.value)
        if known:
            yield _Use(given.value, known, source.path, given.lineno)


def _sent(subject: Subject) -> Iterator[_Use]:
    for _, automation in subject.automations:
        for step in all_steps(automation.do):
            for role in set(_IN_TEXT.findall(msgspec.json.encode(step).decode())):
                path, line = subject.step_at(automation, step.name)
                yield _Use(role, role_key(role), path, line)


RULE: Final = Rule(
    code="DW251",
    severity="warning",
    title="two roles have one name, or nearly",
    reason=(
        "A role is known by its name alone. One letter beside it is another role: of colleagues one that nobody stands "
        "behind, so that what is for it is held; of contacts one that nobody has, so that its fields are always unset. "
        "The one that is named less often is told, unless both stand side by side in one list or are a man and a woman "
        "(`novio`, `novia`); and one with two letters exchanged against its variable. Two roles "
        "of one file with one and the same name are one role."
    ),
    bad="""
hand_over = Automation(
    key="hand-over",
    on=entered(Sales.met),
    do=[assign_owner("owner", to=Role("closer"))],
)


remind = Automation(
    key="remind",
    on=entered(Sales.quoted),
    do=[
        assign_owner("owner", to=Role("closers")),
        set_task("call", text="Call about {{ deal.title }}", due=hours(1), owner=Role("closers")),
    ],
)
""",
    good="""
closers = Role("closers")

hand_over = Automation(
    key="hand-over",
    on=entered(Sales.met),
    do=[assign_owner("owner", to=closers)],
)


remind = Automation(
    key="remind",
    on=entered(Sales.quoted),
    do=[
        assign_owner("owner", to=closers),
        set_task("call", text="Call about {{ deal.title }}", due=hours(1), owner=closers),
    ],
)
""",
    look=_look,
)
