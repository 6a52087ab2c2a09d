"""One write transaction: changes are made in memory, each whole or refused, and written in bulk at its end.

An item that is refused has changed nothing, so that no savepoint is needed and one item never costs the others. Every
change leaves its event in the outbox in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, get_args

from msgspec.structs import replace

from dealwright.model.crm import Activity, ActivityKind, Note, Task
from dealwright.model.events import ActivityLogged, TaskCompleted
from dealwright.model.requests import AddNote, CompleteTasks, SetTask
from dealwright_embedded_crm import reads, values
from dealwright_embedded_crm.change_base import Origin
from dealwright_embedded_crm.change_records import RecordChange
from dealwright_embedded_crm.values import Refusal

__all__ = ["Change", "Origin"]


class Change(RecordChange):
    """All that can happen in one transaction; here: tasks, notes and activities."""

    def load_tasks(self, *, tasks: Iterable[str] = (), deals: Iterable[str] = ()) -> None:
        """Read tasks by id, and all open tasks of deals, in bulk."""
        found = reads.tasks_by_id(self.connection, set(tasks) - self._tasks.keys())
        found.update(reads.open_tasks(self.connection, deals))
        self._tasks.update((task_id, task) for task_id, task in found.items() if task_id not in self._tasks)

    def task(self, task_id: str) -> Task:
        """Return a loaded task as it stands now.

        Raises:
            Refusal: there is no such task.
        """
        found = self._tasks.get(task_id)
        if found is None:
            raise Refusal("unknown_task", f"there is no task {values.shown(task_id)}")
        return found

    def set_task(self, wanted: SetTask) -> Task:
        """Give somebody something to do; without an owner, the deal's owner.

        Raises:
            Refusal: there is no such deal or owner, or the text cannot be kept.
        """
        deals_owner = self.owner_of(wanted.deal_id)
        text = values.paragraph("text", wanted.text)
        due_at = values.aware("due_at", wanted.due_at)
        owner = deals_owner if wanted.owner is None else self.catalog.owner(wanted.owner)
        task = Task(
            id=self._next("task"), deal_id=wanted.deal_id, text=text, due_at=due_at, owner=owner, created_at=self.now
        )
        self._tasks[task.id] = task
        self._rows["tasks"].append(
            {
                "id": int(task.id),
                "deal_id": int(task.deal_id),
                "text": task.text,
                "due_at": task.due_at,
                "owner_id": None if owner is None else int(owner.id),
                "done": False,
                "created_at": task.created_at,
            }
        )
        return task

    def complete_tasks(self, wanted: CompleteTasks, origin: Origin) -> int:
        """Complete one loaded task of a deal, or all that are open; return how many were not done yet.

        Raises:
            Refusal: there is no such deal, or no such task of it.
        """
        deal = self.deal(wanted.deal_id)
        if wanted.task_id is not None:
            tasks = [self.task(wanted.task_id)]
            if tasks[0].deal_id != deal.id:
                raise Refusal("unknown_task", f"task {tasks[0].id} is none of deal {deal.id}")
        else:
            tasks = [task for task in self._tasks.values() if task.deal_id == deal.id and wanted.means(task.text)]
        still_open = [task for task in tasks if not task.done]
        for task in still_open:
            done = replace(task, done=True, completed_at=self.now)
            self._settle(done)
            self._tell(TaskCompleted, origin, None, deal, task=done)
        return len(still_open)

    def reopen_task(self, task_id: str) -> Task:
        """Make a loaded task one that is to be done.

        Raises:
            Refusal: there is no such task.
        """
        task = self.task(task_id)
        if task.done:
            task = replace(task, done=False, completed_at=None)
            self._settle(task)
        return task

    def add_note(self, wanted: AddNote, origin: Origin) -> Note:
        """Write a note down at a deal.

        Raises:
            Refusal: there is no such deal, or the text cannot be kept.
        """
        deal = self.deal(wanted.deal_id)
        text = values.paragraph("text", wanted.text)
        acting = self.acting(origin)
        author = acting.name if acting is not None else values.line("author", origin.actor) or "somebody"
        note = Note(id=self._next("note"), deal_id=deal.id, text=text, author=author, at=self.now)
        row: dict[str, Any] = {"text": text, "author": author, "at": note.at}
        self._rows["notes"].append({"id": int(note.id), "deal_id": int(deal.id), **row})
        return note

    def log_activity(
        self,
        deal_id: str,
        kind: ActivityKind,
        at: datetime | None,
        *,
        outcome: str | None,
        text: str | None,
        by: str | None,
        contact_id: str | None,
        origin: Origin,
    ) -> Activity:
        """Write down a call, meeting or e-mail that happened.

        Raises:
            Refusal: there is no such deal, user or contact, or a value cannot be kept.
        """
        deal = self.deal(deal_id)
        if kind not in get_args(ActivityKind):
            raise Refusal("bad_kind", f"an activity is one of {', '.join(get_args(ActivityKind))}")
        activity = Activity(
            id="",
            deal_id=deal.id,
            kind=kind,
            at=self.now if at is None else values.aware("at", at),
            outcome=values.line("outcome", outcome),
            text=values.paragraph("text", text) if text else None,
            by=self.acting(origin) if by is None else self.catalog.owner(by),
            contact_id=None if contact_id is None else self.contact(contact_id).id,
        )
        activity = replace(activity, id=self._next("activity"))
        self._rows["activities"].append(
            {
                "id": int(activity.id),
                "deal_id": int(deal.id),
                "kind": activity.kind,
                "at": activity.at,
                "outcome": activity.outcome,
                "text": activity.text,
                "by_id": None if activity.by is None else int(activity.by.id),
                "contact_id": None if activity.contact_id is None else int(activity.contact_id),
            }
        )
        self._tell(ActivityLogged, origin, None, deal, activity=activity)
        return activity

    def _settle(self, task: Task) -> None:
        self._tasks[task.id] = task
        self._done[task.id] = None
