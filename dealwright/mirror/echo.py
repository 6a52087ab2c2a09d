"""Who made a change that was read: the write of ours that it came from, or somebody else.

Pure. A hook names at most the user who changed something, not the write; and a deal that is read again holds whatever
had happened by then. So the hook of a person may be the first that tells of a write of ours that was carried out in
between, and ours of what a person did. What decides is what each of our writes wrote. One that an event has told of
already explains nothing further: who does the same again is somebody else. If the hook names another user than ours, a
write explains a field only where its value stands there; under our user it need not, since a CRM may have put it into
another form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from dealwright.model.crm import Deal, User
from dealwright.model.events import Place
from dealwright.model.requests import (
    ChangeTags,
    CreateContact,
    MoveBack,
    MoveDeal,
    Request,
    UpdateContact,
    UpdateDeal,
)


class OwnWrite(msgspec.Struct, frozen=True, kw_only=True):
    """A write of ours that was sent lately; `told`: an event that it made is known already."""

    key: str
    actor: str
    request: Request
    told: bool = False


class Echoes:
    """The writes of ours by deal, oldest first; those that explain a change are told by it."""

    def __init__(self, writes: Mapping[str, Sequence[OwnWrite]]) -> None:
        self._writes = writes
        self._told: set[str] = set()

    def of_fields(self, now: Deal, changed: Sequence[str], *, ours: bool) -> list[tuple[OwnWrite | None, list[str]]]:
        """Return who changed which of the fields: first what somebody else did, then our writes, oldest first."""
        writes = self._untold(now.id)
        makers = {name: _newest(each for each in writes if _wrote(each.request, now, name, ours)) for name in changed}
        found: list[tuple[OwnWrite | None, list[str]]] = []
        for maker in (None, *writes):
            names = [name for name, by in makers.items() if by is maker]
            if names:
                found.append((maker, names))
                self._tell(maker)
        return found

    def of_move(self, deal_id: str, place: Place, *, announced: bool, ours: bool) -> OwnWrite | None:
        """Return the write that moved a deal there; `announced`: it is the very move that the hook tells."""
        if announced and not ours:
            return None
        maker = _newest(each for each in self._untold(deal_id) if _moved(each.request, place))
        self._tell(maker)
        return maker

    def of_added(self, deal_id: str, *, ours: bool) -> OwnWrite | None:
        """Return the write that added a contact to a deal."""
        maker = _newest(each for each in self._untold(deal_id) if ours and isinstance(each.request, CreateContact))
        self._tell(maker)
        return maker

    def of_contact(self, contact_id: str, deals: Iterable[Deal], *, ours: bool) -> OwnWrite | None:
        """Return the write that changed a contact, which was decided on one of its deals."""
        if not ours:
            return None
        writes = (each for deal in deals for each in self._untold(deal.id))
        maker = _newest(
            each for each in writes if isinstance(each.request, UpdateContact) and each.request.contact_id == contact_id
        )
        self._tell(maker)
        return maker

    def _untold(self, deal_id: str) -> list[OwnWrite]:
        return [each for each in self._writes.get(deal_id, ()) if not each.told and each.key not in self._told]

    def _tell(self, maker: OwnWrite | None) -> None:
        if maker is not None:
            self._told.add(maker.key)


def _newest(writes: Iterable[OwnWrite]) -> OwnWrite | None:
    return next(iter(list(writes)[::-1]), None)


def _moved(request: Request, place: Place) -> bool:
    return isinstance(request, MoveDeal | MoveBack) and (request.pipeline, request.stage) == (
        place.pipeline,
        place.stage,
    )


def _wrote(request: Request, now: Deal, name: str, ours: bool) -> bool:
    """Say whether it wrote that field, and (of another user's hook) what stands there now."""
    if isinstance(request, ChangeTags):
        agrees = set(request.add) <= set(now.tags) and not set(request.remove) & set(now.tags)
        return name == "tags" and (ours or agrees)
    if not isinstance(request, UpdateDeal):
        return False
    given = request.changes.given()
    return name in given and (ours or _stands(getattr(now, name), given[name]))


def _stands(held: Any, wanted: Any) -> bool:
    if isinstance(held, User):
        return str(wanted or "").casefold() in (held.id.casefold(), held.name.casefold(), (held.email or "").casefold())
    if isinstance(held, tuple):
        return set(held) == set(wanted or ())
    return bool((held or None) == (wanted or None))
