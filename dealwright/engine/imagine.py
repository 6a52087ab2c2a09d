"""Imagine: the event that would set an automation off for a deal as it stands, for rehearsals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from dealwright.compile import ir, later
from dealwright.errors import InputError
from dealwright.language.schema import CONTACT_FIELDS, UPDATABLE
from dealwright.model.crm import Activity, Contact, Deal, Record, Task
from dealwright.model.custom import FieldShape
from dealwright.model.events import (
    ActivityLogged,
    ContactAdded,
    ContactRemoved,
    ContactUpdated,
    DealCreated,
    DealEnrolled,
    DealUpdated,
    Event,
    EventReceived,
    MessageReceived,
    RecordAdded,
    RecordRemoved,
    RecordUpdated,
    StageChanged,
    TaskCompleted,
)
from dealwright.model.messages import Message

_NOBODY: Final = Contact(id="0")

NO_RECORD: Final = "0"
"""The id of a record that is imagined where the deal has none of the kind."""


class Imagination:
    """Makes the event of a trigger. What is given is taken; the rest is made up as simply as it can be.

    `before` is the deal as it was; `contact` the contact that the event is about; `task` the task that was completed;
    `activity` the activity that was logged; `record` the record under the deal; `message` what a contact has written;
    `data` what an event from outside tells. With `stays` the deal stands where it stands, and is not imagined to come
    to where the trigger answers.
    """

    def __init__(
        self,
        account: ir.Account,
        now: datetime,
        *,
        before: Deal | None = None,
        contact: Contact | None = None,
        task: Task | None = None,
        activity: Activity | None = None,
        record: Record | None = None,
        message: Message | None = None,
        data: Mapping[str, str] | None = None,
        stays: bool = False,
    ) -> None:
        self._account = account
        self._now = now
        self._before = before
        self._contact = contact
        self._task = task
        self._activity = activity
        self._record = record
        self._message = message
        self._data = data
        self._stays = stays

    def event(self, trigger: ir.Trigger, deal: Deal) -> tuple[Event, Deal]:
        """Return an event that the trigger answers if it can for this deal, and the deal as that event leaves it.

        A deal that stands elsewhere is imagined to come into the first stage that the trigger names.
        """
        common: dict[str, Any] = {"source_id": "imagined", "occurred_at": self._now, "actor": "user:you"}
        match trigger:
            case ir.OnDealCreated(stages=stages):
                deal = self._placed(deal, stages)
                return DealCreated(**common, after=deal), deal
            case ir.OnDealUpdated(fields=fields):
                before = self._before or replace(deal, version=deal.version - 1)
                return DealUpdated(**common, after=deal, before=before, changed=fields or tuple(UPDATABLE)), deal
            case ir.OnOwnerChanged():
                before = self._before or replace(deal, owner=None)
                return DealUpdated(**common, after=deal, before=before, changed=("owner",)), deal
            case ir.OnEntered(stages=stages) | ir.OnStageChanged(to=stages):
                sources = trigger.from_ if isinstance(trigger, ir.OnStageChanged) else ()
                before = self._before or self._came_from(deal, stages, sources)
                deal = self._placed(deal, stages)
                return StageChanged(**common, after=deal, before=before), deal
            case ir.OnContactAdded():
                return ContactAdded(**common, after=deal, before=deal, contact=self._person(deal)), deal
            case ir.OnContactRemoved():
                gone = self._person(deal)
                before = self._before or deal
                deal = replace(deal, contacts=tuple(each for each in deal.contacts if each.id != gone.id))
                return ContactRemoved(**common, after=deal, before=before, contact=gone), deal
            case ir.OnContactUpdated(fields=fields):
                changed = fields or tuple(CONTACT_FIELDS)
                return ContactUpdated(**common, contact=self._person(deal), changed=changed, deals=(deal,)), deal
            case ir.OnMessageReceived() | ir.OnReplied():
                person = self._person(deal)
                message = self._message or Message(
                    id="0", contact_id=person.id, direction="in", text="Hello", at=self._now, author=person.name or ""
                )
                return MessageReceived(**common, contact=person, message=message, deals=(deal,)), deal
            case ir.OnRecordAdded(record=kind):
                record = self._some_record(deal, kind)
                after = _with(deal, record)
                return RecordAdded(**common, after=after, before=deal, record=record), after
            case ir.OnRecordUpdated(record=kind, fields=fields):
                changed = fields or tuple(shape.key for shape in self._shapes(kind))
                record = self._some_record(deal, kind)
                after = _with(deal, record)
                return RecordUpdated(**common, after=after, before=deal, record=record, changed=changed), after
            case ir.OnRecordRemoved(record=kind):
                lost = self._some_record(deal, kind)
                before = self._before or deal
                deal = replace(deal, records=tuple(each for each in deal.records or () if each.id != lost.id))
                return RecordRemoved(**common, after=deal, before=before, record=lost), deal
            case ir.OnTaskCompleted():
                return TaskCompleted(**common, after=deal, before=deal, task=self._task or self._some_task(deal)), deal
            case ir.OnActivityLogged(kinds=kinds):
                activity = self._activity or Activity(
                    id="0", deal_id=deal.id, kind=kinds[0] if kinds else "call", at=self._now, by=deal.owner
                )
                return ActivityLogged(**common, after=deal, before=deal, activity=activity), deal
            case ir.OnEventReceived(name=name, source=source, data=names):
                data = {each: each for each in names} if self._data is None else dict(self._data)
                received = EventReceived(
                    **common,
                    source=source or "imagined",
                    name=name,
                    deal_id=deal.id,
                    data=data,
                    deal=deal,
                    observed=True,
                )
                return received, deal
            case ir.OnDateReached() | ir.OnNoActivity() | ir.OnMessageFailed() | ir.OnRepWrote() | ir.OnOptedOut():
                raise InputError(f"{later.word_of(trigger)} is not there yet: nothing tells of it")

    def _placed(self, deal: Deal, stages: Sequence[ir.StageValue]) -> Deal:
        if self._stays or not stages or any(_stands(deal, stage) for stage in stages):
            return deal
        return replace(deal, pipeline=stages[0].pipeline, stage=stages[0].stage, stage_since=self._now)

    def _came_from(self, deal: Deal, to: Sequence[ir.StageValue], sources: Sequence[ir.StageValue]) -> Deal:
        """The deal before it moved: where it stands now if it moves, else in one of `sources` or the stage before."""
        moves = self._placed(deal, to) != deal
        if sources and not (moves and any(_stands(deal, source) for source in sources)):
            return replace(deal, pipeline=sources[0].pipeline, stage=sources[0].stage)
        if moves:
            return deal
        shape = self._account.pipeline(deal.pipeline)
        place = shape.position(deal.stage) if shape is not None else 0
        if shape is None or place <= 0:
            return deal
        return replace(deal, stage=shape.stages[place - 1].key)

    def _person(self, deal: Deal) -> Contact:
        return self._contact or deal.main_contact or _NOBODY

    def _some_record(self, deal: Deal, kind: str) -> Record:
        """The record that was given, the first one of the kind that the deal has, or one of which nothing is known."""
        return self._record or next(
            (each for each in deal.records or () if each.kind == kind), Record(id=NO_RECORD, kind=kind)
        )

    def _shapes(self, kind: str) -> Sequence[FieldShape]:
        return next((each.fields for each in self._account.records if each.key == kind), ())

    def _some_task(self, deal: Deal) -> Task:
        return Task(
            id="0",
            deal_id=deal.id,
            text="a task",
            due_at=self._now,
            owner=deal.owner,
            done=True,
            created_at=self._now,
            completed_at=self._now,
        )


def enrolled(automation: ir.Automation, deal: Deal) -> DealEnrolled:
    """Return the event that the deal stood there when the automation was released.

    Raises:
        InputError: the automation begins with no deals that stand there.
    """
    if automation.existing != "enrol":
        raise InputError(
            f'{automation.key} enrols no deals: it has no existing="enrol", and begins with what happens from now on'
        )
    return DealEnrolled(
        source_id="imagined", occurred_at=deal.stage_since, actor="user:you", after=deal, automation=automation.key
    )


def _with(deal: Deal, record: Record) -> Deal:
    """The deal with the record under it as it is."""
    others = tuple(each for each in deal.records or () if each.id != record.id)
    return deal if record in (deal.records or ()) else replace(deal, records=(*others, record))


def _stands(deal: Deal, stage: ir.StageValue) -> bool:
    return deal.pipeline == stage.pipeline and deal.stage == stage.stage
