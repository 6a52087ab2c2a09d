"""Conditions that do not guard what is done: of another role, or of a field that is then written over (DW273)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dealwright.compile import ir
from dealwright.compile.atoms import Atom
from dealwright.compile.possible import possible
from dealwright.compile.rules.outside_events import facts_in
from dealwright.compile.rules.rule import Spot, Subject, all_parts, all_steps
from dealwright.compile.rules.ways import Place
from dealwright.language.records import segment

_ROLE: Final = re.compile(r"(deal\.contact_as\.(\w+))\.\w+")
_MOVES: Final = (ir.OnEntered, ir.OnDealCreated, ir.OnStageChanged)
_WAITS: Final = (ir.WaitStep, ir.WaitForStep, ir.WaitUntilStep, ir.AskStep)


def unguarded(subject: Subject) -> Iterator[Spot]:
    """Yield what is put where nothing is missing, or goes on missing."""
    for account, automation in subject.automations:
        if automation.origin == "authored":
            yield from _another_role(subject, account, automation)
            yield from _written_over(subject, account, automation)


def _another_role(subject: Subject, account: ir.Account, automation: ir.Automation) -> Iterator[Spot]:
    """Yield contacts that are made because nobody has a role, in another role: the next event makes one more."""
    made = {
        segment(step.role) for step in all_steps(automation.do) if isinstance(step, ir.CreateContactStep) and step.role
    }
    asked = dict.fromkeys(found.groups() for each in facts_in(automation) if (found := _ROLE.fullmatch(each)))
    for place in subject.places(account, automation) if made else ():
        step = place.step
        if not isinstance(step, ir.CreateContactStep) or not step.role or not possible(*place.lately):
            continue
        if not _there(place, f"deal.contact_as.{segment(step.role)}"):
            continue
        other = next((role for path, role in asked if role not in made and not _there(place, path)), None)
        if other is not None:
            path, line = subject.step_at(automation, step.name)
            yield Spot(
                path=path,
                line=line,
                message=f"{step.name!r} adds somebody as {step.role!r} where nobody is {other!r}: then nobody is"
                f" {other!r} still, and the next event adds one more",
                hint=f"add them as the role that is asked for, or ask whether somebody is {step.role!r}",
            )


def _there(place: Place, contact: str) -> bool:
    """Say whether somebody may have a role where a step stands."""
    return possible(*place.lately, [(Atom(f"{contact}.id", "set"),)])


def _written_over(subject: Subject, account: ir.Account, automation: ir.Automation) -> Iterator[Spot]:
    """Yield fields that have to be set, are not read, and are then written: whoever fills one in asks for a gap."""
    if not isinstance(automation.on, _MOVES) or automation.for_each is not None:
        return
    own = {f"deal.{field.key}" for field in account.deal_fields}
    parts = all_parts(automation.when)
    for place, part in enumerate(parts):
        if not isinstance(part, ir.IsSet) or part.field.path not in own:
            continue
        path = part.field.path
        read = {*facts_in([each for each in parts if each is not part]), *facts_in(automation.exit_on)}
        for step in automation.do:
            value = step.changes.get(path.removeprefix("deal.")) if isinstance(step, ir.UpdateDealStep) else None
            read |= set(facts_in(step))
            if path in read or isinstance(step, _WAITS):
                break
            if isinstance(value, ir.Ref | ir.Shift | ir.Reckoned) and _of_the_deal(value):
                file, line = subject.condition_at(automation, place)
                yield Spot(
                    path=file,
                    line=line,
                    message=f"{automation.key!r} asks that {path} is set, and {step.name!r} writes it over unread",
                    hint=f"write {path}.is_unset() if a gap is to be filled, or name the field that was meant",
                )
                break


def _of_the_deal(value: ir.Ref | ir.Shift | ir.Reckoned) -> bool:
    """Say whether a value comes of the deal alone: what an event told, or a sum of records, may well be newer."""
    facts = list(facts_in(value))
    return bool(facts) and all(each.startswith("deal.") and ".records." not in each for each in facts)
