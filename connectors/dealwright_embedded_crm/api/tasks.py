"""Tasks: list, read, create, complete, reopen."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from dealwright_embedded_crm.api.caller import Asking
from dealwright_embedded_crm.api.common import Paged, TaskId, answer, found, named_in_body, paged, succeeds
from dealwright_embedded_crm.api.deals import Owner
from dealwright_embedded_crm.api.document import MOUNTED_AT
from dealwright_embedded_crm.api.fields import Given, Id, Moment, Paragraph
from dealwright_embedded_crm.api.once import Answer, Writing, shown
from dealwright_embedded_crm.api.problems import documented
from dealwright_embedded_crm.api.views import TaskOut, TaskPage
from dealwright_embedded_crm.reads import TaskQuery

router: Final = APIRouter(prefix="/tasks", tags=["tasks"])

_CHANGED: Final = succeeds(200, "The task as it is now.", write=True)


class TaskFilter(Paged):
    """Which tasks."""

    deal: Id | None = None
    owner: Id | None = None
    state: Literal["open", "done", "all"] = "all"


class TaskNew(Given):
    """Something to do by a moment; without an owner, the deal's owner does it."""

    deal_id: Id
    text: Paragraph
    due_at: Moment
    owner: Owner | None = None


@router.get("", responses={**documented(), **succeeds(200, "One page of tasks.")}, response_model=TaskPage)
def list_tasks(caller: Asking, wanted: Annotated[TaskFilter, Query()]) -> Response:
    """List tasks, oldest first."""
    done = None if wanted.state == "all" else wanted.state == "done"
    query = TaskQuery(deal=wanted.deal, owner=wanted.owner, done=done)
    page = caller.crm.page_tasks(query, after=wanted.cursor, limit=wanted.limit)
    return shown(Answer(body=paged(TaskPage, TaskOut.of, page)))


@router.post(
    "",
    status_code=201,
    responses={**documented(409), **succeeds(201, "The new task.", write=True)},
    response_model=TaskOut,
)
def create_task(write: Writing, wanted: TaskNew) -> Response:
    """Give somebody something to do for a deal."""

    def act() -> Answer:
        with named_in_body("deal_id"):
            task = write.crm.set_task(wanted.deal_id, wanted.text, wanted.due_at, owner=wanted.owner, actor=write.actor)
        return Answer(status=201, body=TaskOut.of(task), location=f"{MOUNTED_AT}/tasks/{task.id}")

    return write.do("set_task", act)


@router.get("/{task_id:id}", responses={**documented(), **succeeds(200, "The task.")}, response_model=TaskOut)
def get_task(caller: Asking, task_id: TaskId) -> Response:
    """Read one task."""
    return shown(answer(TaskOut.of, found(caller.crm.task(task_id), "task", task_id)))


@router.post("/{task_id:id}/complete", responses={**documented(409), **_CHANGED}, response_model=TaskOut)
def complete_task(write: Writing, task_id: TaskId) -> Response:
    """Say that a task is done; one that is done stays as it is."""
    return write.do("complete_task", lambda: answer(TaskOut.of, write.crm.complete_task(task_id, actor=write.actor)))


@router.post("/{task_id:id}/reopen", responses={**documented(409), **_CHANGED}, response_model=TaskOut)
def reopen_task(write: Writing, task_id: TaskId) -> Response:
    """Say that a task is not done after all."""
    return write.do("reopen_task", lambda: answer(TaskOut.of, write.crm.reopen_task(task_id, actor=write.actor)))
