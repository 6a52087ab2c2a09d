"""What a CRM that tells too little has told: the difference between the last known state and the one that was read.

Pure. A hook says that a deal was created, changed, moved or removed, sometimes from where to where. The deal is read
as it is now, and what rules see is told of both:

- Fields and contacts are those that were read: whatever happened in between is one change. Where the deal stood is told
  move by move as far as hooks tell it, so that A -> B -> C in quick succession is two moves with their own `after`,
  though the deal was read at C. A move that no hook told is told by the last hook of the deal in the batch, as one.
- What was told already is not told again: a move to where the deal is known to stand, or one that is older than what
  is known, is nothing new. A hook that comes before an earlier one tells both moves (it says where the deal came from),
  and the earlier one is nothing new then. What was undone before anybody read it is lost: A -> B -> A with its hooks
  reversed, or two values of a field in between.
- Each change is told as that of whoever made it (echo.py): what a write of ours changed is another event than what a
  person changed, whoever's hook was the first that let it be read.
- A deal that was never seen and is as young as the hook was created: it is told so once, whichever hook comes first. An
  older one has changed, and nobody can say how: `changed` is empty and `before` is unset.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from dealwright.language.schema import CONTACT_FIELDS, UPDATABLE
from dealwright.mirror.echo import Echoes, OwnWrite
from dealwright.model.crm import Contact, Deal
from dealwright.model.events import (
    ContactAdded,
    ContactNoticed,
    ContactRemoved,
    ContactUpdated,
    DealCreated,
    DealNoticed,
    DealUpdated,
    Event,
    Place,
    StageChanged,
    created_id,
)
from dealwright.ports import ContactRead

YOUNG: Final = timedelta(minutes=10)
"""So long before the first hook that is seen of it a deal may have been created to be told as created."""


class Told(msgspec.Struct):
    """What one batch of hooks tells: what each row becomes, what is appended behind, and what is known from now on.

    `appended` has the row that each further event came from.
    """

    rows: dict[int, Event] = {}
    appended: list[tuple[int, Event]] = []
    deals: dict[str, Deal] = {}
    contacts: dict[str, ContactRead] = {}


def tell(
    rows: Sequence[tuple[int, Event]],
    *,
    deals: Mapping[str, Deal],
    contacts: Mapping[str, ContactRead],
    known_deals: Mapping[str, Deal],
    known_contacts: Mapping[str, ContactRead],
    created: Collection[str],
    newest: Mapping[str, int] | None = None,
    writes: Mapping[str, Sequence[OwnWrite]] | None = None,
) -> Told:
    """Return what these rows, in the order of their ids, tell.

    `deals` and `contacts` are as they were read; `created` are deals of which it is told somewhere else that they were
    created; `newest` are deals of which something stands behind their rows already, and the last place of that;
    `writes` are those of ours that may have made what is told, by deal, oldest first.
    """
    told = Told()
    echoes = Echoes(writes or {})
    by_deal: dict[str, list[tuple[int, DealNoticed]]] = {}
    for id_, event in rows:
        if isinstance(event, DealNoticed):
            by_deal.setdefault(event.deal_id, []).append((id_, event))
        elif isinstance(event, ContactNoticed):
            known = told.contacts.get(event.contact_id) or known_contacts.get(event.contact_id)
            told.rows[id_] = _contact(event, contacts.get(event.contact_id), known, told, echoes)
    for deal_id, noticed in by_deal.items():
        story = (told, noticed, deals.get(deal_id), known_deals.get(deal_id))
        _tell_deal(*story, echoes, elsewhere=deal_id in created, behind=(newest or {}).get(deal_id, 0))
    told.appended.sort(key=lambda each: each[0])
    return told


def place_of(deal: Deal) -> Place:
    """Return where a deal stands."""
    return Place(deal.pipeline, deal.stage)


def _tell_deal(
    told: Told,
    rows: Sequence[tuple[int, DealNoticed]],
    now: Deal | None,
    was: Deal | None,
    echoes: Echoes,
    *,
    elsewhere: bool,
    behind: int,
) -> None:
    """Tell one deal's rows. What is told stays in its order: behind what had to be appended, all is appended."""
    if now is None:
        for id_, row in rows:
            told.rows[id_] = replace(row, found="gone")
        return
    if was is not None and now.version < was.version:
        now = was  # it was read before something that is known
    story = _Story(rows, now, was, echoes, elsewhere=elsewhere)
    last = rows[-1][0]
    for id_, row, events in story.tell():
        in_row = bool(events) and (id_ > behind or isinstance(events[0], DealCreated))
        told.rows[id_] = events[0] if in_row else replace(row, found="told" if events else "nothing")
        further = list(enumerate(events, start=1))[in_row:]
        told.appended += [(id_, replace(event, source_id=f"{row.source_id}/{n}")) for n, event in further]
        if further:
            behind = last
    told.deals[now.id] = story.state


class _Story:
    """One deal through the hooks of one batch. `state` is the deal as it was told so far."""

    def __init__(
        self,
        rows: Sequence[tuple[int, DealNoticed]],
        now: Deal,
        was: Deal | None,
        echoes: Echoes,
        *,
        elsewhere: bool,
    ) -> None:
        self._rows = rows
        self._echoes = echoes
        self._now = now
        self._was = was
        first = rows[0][1]
        self._version = -1 if was is None else was.version
        self._is_young = now.created_at >= first.occurred_at - YOUNG
        self._is_created = first.happened == "created" or (was is None and self._is_young and not elsewhere)
        # Fields are told with the first hook that says they changed; with the last one if none does.
        self._fields_at = next((n for n, (_, row) in enumerate(rows) if row.happened == "changed"), len(rows) - 1)
        self.state = self._beginning()

    def tell(self) -> Iterator[tuple[int, DealNoticed, list[Event]]]:
        """Return what each row tells, in order."""
        for n, (id_, row) in enumerate(self._rows):
            events: list[Event] = []
            if (n == 0 and self._is_created) or row.happened == "created":
                created = _common(row) | {"source_id": created_id(self._now.id), "cause": row.cause}
                events.append(DealCreated(**created, after=self.state))
            events += self._moved(row)
            if n == self._fields_at:
                events += self._changed(row)
            if n == len(self._rows) - 1 and place_of(self.state) != place_of(self._now):
                events.append(self._move(row, place_of(self._now), self._now.updated_at))
            yield id_, row, events

    def _beginning(self) -> Deal:
        """The deal with the fields that were read, where it is known to have stood, or is told to have come from."""
        if self._was is not None:
            place, since = place_of(self._was), self._was.stage_since
        else:
            place, since = self._first_place(), self._now.stage_since
            since = self._now.created_at if self._is_created else since
        return self._at(place, since)

    def _first_place(self) -> Place:
        for _, row in self._rows:
            if row.happened == "created" and row.went_to is not None:
                return row.went_to
            if row.came_from is not None:
                return row.came_from
        return place_of(self._now)

    def _at(self, place: Place, since: datetime) -> Deal:
        """The deal as it was read, standing there. It was lost for a reason only where it was."""
        now, was = self._now, self._was
        if place == place_of(now):
            return replace(now, stage_since=since)
        reason = was.lost_reason if was is not None and place == place_of(was) else None
        return replace(now, pipeline=place.pipeline, stage=place.stage, stage_since=since, lost_reason=reason)

    def _moved(self, row: DealNoticed) -> Iterator[Event]:
        """Tell the move that the hook tells, unless it was told; where it came from is told first, if that is news."""
        target, stands = row.went_to, place_of(self.state)
        if row.happened == "created" or target is None or target == stands:
            return
        source = stands if row.came_from is None else row.came_from
        # Versions may be seconds: at the same one, only a move from where it stands can be new.
        if row.version is not None and row.version < self._version:
            return
        if source != stands:
            if row.version is None or row.version <= self._version:
                return
            yield self._move(row, source, row.occurred_at)
        yield self._move(row, target, row.occurred_at)
        self._version = self._version if row.version is None else row.version

    def _move(self, row: DealNoticed, place: Place, at: datetime) -> Event:
        before, self.state = self.state, self._at(place, at)
        announced = row.happened == "moved" and row.went_to == place
        maker = self._echoes.of_move(self._now.id, place, announced=announced, ours=row.ours)
        return StageChanged(**_common(row, maker), after=self.state, before=before)

    def _changed(self, row: DealNoticed) -> Iterator[Event]:
        """Tell which fields and contacts are others than were known."""
        if self._was is None:
            if row.happened == "changed" and not self._is_young:
                yield DealUpdated(**_common(row), after=self.state)
            return
        was = self._was
        changed = tuple(name for name in UPDATABLE if _value(was, name) != _value(self.state, name))
        makers = self._echoes.of_fields(self._now, changed, ours=row.ours)
        for maker, names in makers:
            before = replace(self.state, contacts=was.contacts, **{name: getattr(was, name) for name in names})
            yield DealUpdated(**_common(row, maker), after=self.state, before=before, changed=tuple(names))
        old, new = ({each.id: each for each in deal.contacts} for deal in (was, self.state))
        before = replace(self.state, contacts=was.contacts)
        for added in (each for id_, each in new.items() if id_ not in old):
            maker = self._echoes.of_added(self._now.id, ours=row.ours)
            yield ContactAdded(**_common(row, maker), after=self.state, before=before, contact=added)
        for removed in (each for id_, each in old.items() if id_ not in new):
            yield ContactRemoved(**_common(row), after=self.state, before=before, contact=removed)


def _contact(
    row: ContactNoticed, now: ContactRead | None, known: ContactRead | None, told: Told, echoes: Echoes
) -> Event:
    if now is None:
        return replace(row, found="gone")
    if known is not None and now.version < known.version:
        return replace(row, found="nothing")
    told.contacts[row.contact_id] = now
    previous = None if known is None else known.contact
    changed = () if previous is None else _different(CONTACT_FIELDS, previous, now.contact)
    if row.happened == "created" or (previous is not None and not changed):
        return replace(row, found="nothing")
    maker = echoes.of_contact(row.contact_id, now.deals, ours=row.ours)
    return ContactUpdated(
        **_common(row, maker),
        contact=now.contact,
        previous=previous,
        changed=changed,
        deals=now.deals,
        more=now.more,
    )


def _different(names: Iterable[str], one: Contact, other: Contact) -> tuple[str, ...]:
    return tuple(name for name in names if getattr(one, name) != getattr(other, name))


_VALUES: Final[dict[str, Callable[[Deal], Any]]] = {
    "owner": lambda deal: None if deal.owner is None else deal.owner.id,
    "tags": lambda deal: frozenset(deal.tags),
}


def _value(deal: Deal, name: str) -> Any:
    read = _VALUES.get(name)
    return getattr(deal, name) if read is None else read(deal)


def _common(row: DealNoticed | ContactNoticed, maker: OwnWrite | None = None) -> dict[str, Any]:
    """Return what an event has of the hook that told it, or of the write of ours that made it."""
    return {
        "source_id": row.source_id,
        "occurred_at": row.occurred_at,
        "actor": row.actor if maker is None else maker.actor,
        "cause": None if maker is None else maker.key,
        "answer": row.answer,
    }
