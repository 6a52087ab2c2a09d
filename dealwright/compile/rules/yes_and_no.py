"""DW294: a branch on a flag writes what it has found the wrong way round, or yes to one field and no to another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from dealwright.compile import describe, ir
from dealwright.compile.rules.rule import Rule, Spot, Subject, all_steps
from dealwright.language.roles import folded

_SMALL_WORDS: Final = "is has was been are be the of a es esta tiene fue foi tem el la los las o os as de do da"
_DENYING: Final = (
    "no not non never without un dis sin sem nunca nao ya ja longer lost missing open pending refused denied rejected"
    " declined rechazado negado pendiente pendente"
)
_SMALL: Final = frozenset(_SMALL_WORDS.split())
_DENIED: Final = frozenset(_DENYING.split())
"""What turns a name round, or may."""


class _Branch(NamedTuple):
    """A branch on one flag: which answer its case is for, and the flags that its two ways write."""

    step: ir.BranchStep
    asked: str
    yes: bool
    there: Mapping[str, bool]
    otherwise: Mapping[str, bool]


def _look(subject: Subject) -> Iterator[Spot]:
    for account, automation in subject.automations:
        if automation.origin != "authored":
            continue
        flags = {field.key: field.label for field in account.deal_fields if field.type == "flag"}
        for step in all_steps(automation.do):
            branch = _on_a_flag(step, flags)
            told = None if branch is None else _turned(branch, flags) or _apart(branch, flags, account)
            if told is not None:
                path, line = subject.step_at(automation, step.name)
                hint = "turn it round, or write the field that was meant"
                yield Spot(path=path, line=line, message=f"{step.name!r} {told}", hint=hint)


def _on_a_flag(step: ir.Step, flags: Mapping[str, str]) -> _Branch | None:
    match step:
        case ir.BranchStep(cases=(ir.Case(when=ir.Compare(field=field, op="==", value=value), do=there),)):
            if isinstance(value, ir.FlagValue):
                return _Branch(step, field.path, value.value, _written(there, flags), _written(step.otherwise, flags))
    return None


def _written(steps: Sequence[ir.Step], flags: Mapping[str, str]) -> dict[str, bool]:
    """Return the flags that a way writes by itself, whatever is asked in it."""
    return {
        name: value.value
        for step in steps
        if isinstance(step, ir.UpdateDealStep)
        for name, value in step.changes.items()
        if name in flags and isinstance(value, ir.FlagValue)
    }


def _turned(branch: _Branch, flags: Mapping[str, str]) -> str | None:
    """Say that the field which is called as what is asked gets the opposite of it."""
    for name, value in branch.there.items():
        opposite = value != branch.yes and branch.otherwise.get(name) is branch.yes
        if opposite and branch.asked != f"deal.{name}" and _is_called(name, flags[name], branch.asked):
            said, written = (describe.expression(ir.FlagValue(value=each)) for each in (branch.yes, value))
            return f"writes deal.{name} = {written} where {branch.asked} is {said}, and the other way round"
    return None


def _apart(branch: _Branch, flags: Mapping[str, str], account: ir.Account) -> str | None:
    """Say that yes goes to one field and no to another one, which is called as what is asked, or the yes is."""
    for one, value in branch.there.items():
        for other, opposite in branch.otherwise.items():
            if value != branch.yes or opposite == value or one in branch.otherwise or other in branch.there:
                continue
            called = [each for each in (one, other) if _is_called(each, flags[each], branch.asked)]
            if len(called) != 1 or not _words(one) & _words(other):
                continue
            lacking = value if called[0] == other else opposite
            if not _anywhere(account, called[0], lacking):
                ways = ((one, value), (other, opposite))
                said = " and ".join(f"deal.{name} = {describe.expression(ir.FlagValue(value=v))}" for name, v in ways)
                return f"writes {said}, each in one of its ways: neither is written in the other one"
    return None


def _anywhere(account: ir.Account, name: str, value: bool) -> bool:
    return any(
        isinstance(step, ir.UpdateDealStep)
        and name in step.changes
        and step.changes[name] not in (ir.FlagValue(value=not value), ir.Cleared())
        for automation in account.automations
        for step in all_steps(automation.do)
    )


def _is_called(name: str, label: str, asked: str) -> bool:
    """Say whether a field is called as what is asked, with more words or without; not if one of them denies it."""
    wanted = _words(asked.rpartition(".")[2])
    if not wanted or (wanted | _words(name) | _words(label)) & _DENIED:
        return False
    return wanted <= _words(name) or wanted <= _words(label)


def _words(name: str) -> frozenset[str]:
    words = re.split(r"[\W_]+", folded(name))
    return frozenset(word.removesuffix("s") for word in words if word and word not in _SMALL)


_OWN: Final = """
class Own(DealFields):
    agreed = Flag("They have agreed")


class Answered(OutsideEvent):
    key = "answered"
    contract = Text("Contract")
    agreed = Flag("Agreed")
    match = Match(by=[(contract, deal.reference)], in_=[Sales], if_none="hold")


own = Own()

answered = Automation(
    key="answered",
    on=event_received(Answered, in_=Sales),
    when=[own.agreed.is_unset()],
    again=every_event(),
    do=[
        branch(
            "agreed",
            case(Answered.agreed.is_true(), update_deal("yes", agreed=YES)),
            otherwise=[update_deal("no", agreed=NO)],
        ),
    ],
)
"""

RULE: Final = Rule(
    code="DW294",
    severity="warning",
    title="yes is written as no, or to another field",
    reason=(
        "A branch on a flag of an event or of an answer writes down what it has found. Where the field is called as the"
        " flag, and gets no for yes and yes for no, the case asks for the opposite of what was meant. Where one way"
        " writes yes to one field and the other way no to another one, the field of which it is about never gets the"
        " one of the two."
    ),
    bad=_OWN.replace("YES", "False").replace("NO", "True"),
    good=_OWN.replace("YES", "True").replace("NO", "False"),
    look=_look,
)
