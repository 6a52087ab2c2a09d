"""Who of a role is picked while an automation is rehearsed: in turn, or whoever stands first; nothing is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from dealwright.engine.advance import Choose
from dealwright.engine.picked import NOBODY, Picked
from dealwright.model.crm import Deal, User
from dealwright.model.requests import Request, UpdateDeal


class Staff:
    """The people of each role, by the role's name, as whoever rehearses has said."""

    def __init__(self, people: Mapping[str, Sequence[User]]) -> None:
        self._people = people
        self._turns: dict[str, int] = {}

    def pick(self, asked: Choose, deal: Deal) -> Picked | str:
        """Return who is picked, or why nobody is."""
        role = asked.role.role
        people = tuple(self._people.get(role, ()))
        if not people:
            return f"{NOBODY}{role}"
        if asked.role.how == "everybody":
            return Picked(people=people, why="everybody")
        owner = deal.owner
        if asked.role.keep and owner is not None and any(each.id == owner.id for each in people):
            return Picked(people=(owner,), why="of the role already", kept=True)
        turn = self._turns.get(role, 0)
        self._turns[role] = turn + 1
        picked = people[turn % len(people)]
        replaces = owner if owner is not None and owner.id != picked.id else None
        return Picked(people=(picked,), why="next in turn", replaces=replaces)


def owned(deal: Deal, request: Request, picked: Picked | None) -> Deal:
    """Return the deal with the owner that a step has given it."""
    if picked is None or not isinstance(request, UpdateDeal) or "owner" not in request.changes.given():
        return deal
    return msgspec.structs.replace(deal, owner=picked.people[0])
