"""Who of a role is picked for a step, and what the journal is asked when somebody has to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.model.crm import User

NOBODY: Final = "nobody stands behind role "
"""How the reason begins for which an execution is held until somebody does."""


def set_somebody(role: str) -> str:
    """Return the command that says who stands behind a role."""
    return f'dealwright people set --role "{role}" NAME ...'


class Picked(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Who was picked for a step, and why, in our own words; several where everybody of a role is told.

    `kept`: the deal's owner is of the role already, so that there is nothing to hand over. `replaces` is whom the deal
    belonged to when somebody else was picked.
    """

    people: tuple[User, ...]
    why: str
    kept: bool = False
    replaces: User | None = None


class Nobody(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Nobody can be picked: why, until when (None: until people say otherwise), and as of which change of theirs."""

    reason: str
    until: datetime | None
    seen: int


class PickRequest(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One step that wants somebody of a role.

    `space` is that of its mode: what shadow picks is nobody's turn. `task`: it is for a task, and not for the deal.
    `contacts` and `company` are whose deal it is, and `owner` is whom it belongs to. `loads` are open deals by user as
    the CRM has counted them, after the pick numbered `counted`. With `anew` whom was picked before is there no longer.
    """

    execution_id: str
    step: str
    role: ir.RoleValue
    space: str
    task: bool = False
    contacts: tuple[str, ...] = ()
    company: str | None = None
    owner: User | None = None
    loads: Mapping[str, int] = {}
    counted: int = 0
    anew: bool = False


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """Who stands behind the roles of an account on a day: all of them, and who of them is there.

    `back` is the day on which somebody who is away returns, by user. `seen` numbers the last change.
    """

    day: date
    members: Mapping[str, tuple[User, ...]]
    away: Mapping[str, date]
    seen: int

    def of(self, role: str) -> tuple[User, ...]:
        """Return those of a role who are there."""
        return tuple(user for user in self.members.get(role, ()) if user.id not in self.away)

    def empty(self, roles: Iterable[str]) -> list[str]:
        """Return those of the roles that nobody stands behind."""
        return [role for role in roles if not self.all_of(role)]

    def all_of(self, role: str) -> tuple[User, ...]:
        """Return everybody of a role, there or not."""
        return self.members.get(role, ())


def given_to(step: ir.ActionStep, picked: Picked) -> ir.ActionStep:
    """Return the step with whom was picked in the place of the role; who is told is not named in the step."""
    user = ir.TextValue(value=picked.people[0].id)
    match step:
        case ir.SetTaskStep() | ir.CreateDealStep():
            return msgspec.structs.replace(step, owner=user)
        case ir.UpdateDealStep(changes=changes):
            return msgspec.structs.replace(step, changes={**changes, "owner": user})
    return step


def gives_a_task(automation: ir.Automation, name: str) -> bool:
    """Say whether the step of that name gives somebody something to do, and not the deal."""
    found = (step for step in ir.actions(automation.do) if step.name == name)
    asks = any(step.name == name for step in ir.asks(automation.do))
    return asks or isinstance(next(found, None), ir.SetTaskStep | ir.NotifyStep)
