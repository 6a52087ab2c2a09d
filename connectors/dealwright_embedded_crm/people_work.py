"""Tasks, notes and activities: what is to be done for a deal, what was written down, and what happened."""

from __future__ import annotations

from datetime import datetime

from dealwright.model.crm import Activity, ActivityKind, Note, Task
from dealwright.model.requests import AddNote, CompleteTasks, SetTask
from dealwright_embedded_crm import paging, reads
from dealwright_embedded_crm.change import Change, Origin
from dealwright_embedded_crm.paging import Page
from dealwright_embedded_crm.people_base import SOMEBODY, Base, refusals
from dealwright_embedded_crm.reads import EVERY_TASK, TaskQuery


class Work(Base):
    """What people do around a deal."""

    # --- tasks ------------------------------------------------------------------------------------------------------

    def set_task(
        self, deal_id: str, text: str, due_at: datetime, *, owner: str | None = None, actor: str = SOMEBODY
    ) -> Task:
        """Give somebody something to do for a deal; without an owner, the deal's owner."""
        wanted = SetTask(deal_id=deal_id, text=text, due_at=due_at, owner=owner)
        return self._do(lambda change: change.set_task(wanted), deals=[deal_id])

    def complete_task(self, task_id: str, *, actor: str = SOMEBODY) -> Task:
        """Say that a task is done; one that is done already stays as it is."""

        def act(change: Change) -> Task:
            change.load_tasks(tasks=[task_id])
            deal_id = change.task(task_id).deal_id
            change.load(deals=[deal_id])
            change.complete_tasks(CompleteTasks(deal_id=deal_id, task_id=task_id), Origin(actor=actor))
            return change.task(task_id)

        return self._do(act)

    def complete_tasks(self, deal_id: str, *, actor: str = SOMEBODY) -> int:
        """Complete all open tasks of a deal; return how many there were."""

        def act(change: Change) -> int:
            change.load_tasks(deals=[deal_id])
            return change.complete_tasks(CompleteTasks(deal_id=deal_id), Origin(actor=actor))

        return self._do(act, deals=[deal_id])

    def reopen_task(self, task_id: str, *, actor: str = SOMEBODY) -> Task:
        """Say that a task is not done after all; nothing is told."""

        def act(change: Change) -> Task:
            change.load_tasks(tasks=[task_id])
            return change.reopen_task(task_id)

        return self._do(act)

    def task(self, task_id: str) -> Task | None:
        """Return a task, or None."""
        with self._read() as connection:
            return reads.tasks_by_id(connection, [task_id]).get(task_id)

    def tasks(self, deal_id: str | None = None, limit: int | None = None) -> list[Task]:
        """Return the tasks of one deal or of all, oldest first."""
        with self._read() as connection:
            return paging.tasks(connection, TaskQuery(deal=deal_id), limit=limit)

    def page_tasks(self, query: TaskQuery = EVERY_TASK, *, after: str | None = None, limit: int = 50) -> Page[Task]:
        """Return one page of the tasks that a query selects, oldest first."""
        with self._read() as connection, refusals():
            return paging.page_of_tasks(connection, query, after, limit)

    # --- notes ------------------------------------------------------------------------------------------------------

    def add_note(self, deal_id: str, text: str, *, actor: str = SOMEBODY) -> Note:
        """Write a note down at a deal."""
        wanted = AddNote(deal_id=deal_id, text=text)
        return self._do(lambda change: change.add_note(wanted, Origin(actor=actor)), deals=[deal_id])

    def notes(self, deal_id: str | None = None, limit: int | None = None) -> list[Note]:
        """Return the notes of one deal or of all, oldest first."""
        with self._read() as connection:
            return paging.notes(connection, deal_id, limit=limit)

    def page_notes(self, deal_id: str | None = None, *, after: str | None = None, limit: int = 50) -> Page[Note]:
        """Return one page of a deal's notes (or of all), oldest first."""
        with self._read() as connection, refusals():
            return paging.page_of_notes(connection, deal_id, after, limit)

    # --- activities -------------------------------------------------------------------------------------------------

    def log_activity(
        self,
        deal_id: str,
        kind: ActivityKind,
        at: datetime | None = None,
        *,
        outcome: str | None = None,
        text: str | None = None,
        by: str | None = None,
        contact: str | None = None,
        actor: str = SOMEBODY,
    ) -> Activity:
        """Write down a call, meeting or e-mail that happened (default: now, by the acting user).

        `by` is a user's id, e-mail or exact name; `contact` a contact's id, of the deal or not.
        """

        def act(change: Change) -> Activity:
            return change.log_activity(
                deal_id, kind, at, outcome=outcome, text=text, by=by, contact_id=contact, origin=Origin(actor=actor)
            )

        return self._do(act, deals=[deal_id], contacts=[] if contact is None else [contact])

    def activities(self, deal_id: str | None = None, limit: int | None = None) -> list[Activity]:
        """Return the activities of one deal or of all, in the order they were written down."""
        with self._read() as connection:
            return paging.activities(connection, deal_id, limit=limit)

    def page_activities(
        self, deal_id: str | None = None, *, after: str | None = None, limit: int = 50
    ) -> Page[Activity]:
        """Return one page of a deal's activities (or of all), in the order they were written down."""
        with self._read() as connection, refusals():
            return paging.page_of_activities(connection, deal_id, after, limit)
