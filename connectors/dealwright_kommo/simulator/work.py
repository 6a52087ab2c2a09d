"""Tasks and notes."""

from __future__ import annotations

from typing import Any, Final

from dealwright_http.server import Answer
from dealwright_kommo.simulator.problems import MISSING, NOT_CHOICE, Complaints, Problem
from dealwright_kommo.simulator.visit import Visit, hal, request_id
from dealwright_kommo.simulator.world import ACCOUNT, OF, Item

_TASK: Final[dict[str, tuple[tuple[type, ...], str]]] = {
    "text": ((str,), "string"), "complete_till": ((int,), "int"), "task_type_id": ((int,), "int"),
    "responsible_user_id": ((int,), "int"), "duration": ((int, type(None)), "int"), "is_completed": ((bool,), "bool"),
    "created_by": ((int,), "int"), "created_at": ((int,), "int"), "entity_id": ((int, type(None)), "int"),
}  # fmt: skip
_NOTES: Final[dict[str, tuple[str, ...]]] = {
    "common": ("text",), "service_message": ("service", "text"), "extended_service_message": ("service", "text"),
    "call_in": ("uniq", "duration", "source", "phone"), "call_out": ("uniq", "duration", "source", "phone"),
    "sms_in": ("text", "phone"), "sms_out": ("text", "phone"), "message_cashier": ("status", "text"),
    "geolocation": ("text", "address", "longitude", "latitude"), "attachment": ("version_uuid", "file_uuid"),
}  # fmt: skip


def list_tasks(visit: Visit) -> Answer:
    """Answer `GET /tasks`."""
    world, query = visit.world, visit.query
    tasks = world.searched("tasks") if query.filters else world.all("tasks")
    chosen = query.chosen(_narrowed(visit, tasks))
    return visit.page("tasks", (_task_out(visit, task) for task in chosen))


def one_task(visit: Visit, id_: int) -> Answer:
    """Answer `GET /tasks/{id}`."""
    task = visit.world.get("tasks", id_)
    return Answer(status=204) if task is None else hal(_task_out(visit, task))


def create_tasks(visit: Visit) -> Answer:
    """Answer `POST /tasks`."""
    items = visit.batch()

    def test(item: Item, complaints: Complaints) -> None:
        for key in ("text", "complete_till"):
            if key not in item:
                complaints.say(key, MISSING)
        _check_task(visit, item, complaints)

    visit.check(items, test)
    results = []
    for place, item in enumerate(items):
        now = visit.world.now()
        fresh: Item = {
            "id": visit.world.new_id(), "created_by": visit.user, "updated_by": visit.user, "created_at": now,
            "updated_at": now, "responsible_user_id": visit.user, "group_id": 0, "entity_id": None,
            "entity_type": None, "duration": 0, "is_completed": False, "task_type_id": 1, "text": "", "result": [],
            "complete_till": now, "account_id": ACCOUNT,
        }  # fmt: skip
        task = visit.put("tasks", None, _task_written(fresh, item))
        self_ = visit.links(f"tasks/{task['id']}")
        results.append({"id": task["id"], "request_id": request_id(item, place), "_links": self_})
    return visit.done("tasks", results)


def change_tasks(visit: Visit, id_: int | None) -> Answer:
    """Answer `PATCH /tasks` and `PATCH /tasks/{id}`."""
    items = visit.batch(id_)

    def test(item: Item, complaints: Complaints) -> None:
        visit.known("tasks", item, complaints)
        _check_task(visit, item, complaints)

    visit.check(items, test)
    results = []
    for place, item in enumerate(items):
        before = visit.world.all("tasks")[item["id"]]
        task = visit.rewrite("tasks", item, _task_written(before, item))
        said = {"id": task["id"], "updated_at": task["updated_at"], "request_id": request_id(item, place)}
        results.append(said | {"_links": visit.links(f"tasks/{task['id']}")})
    return hal(results[0]) if id_ is not None else visit.done("tasks", results)


def list_notes(visit: Visit, kind: str, entity_id: int | None) -> Answer:
    """Answer `GET /{kind}/notes` and `GET /{kind}/{id}/notes`."""
    world, query = visit.world, visit.query
    notes = world.searched(f"{kind}_notes") if query.filters else world.all(f"{kind}_notes")
    if entity_id is None:
        chosen = query.chosen(notes.values())
    else:
        ids = world.ids_of(f"{kind}_notes", kind, entity_id)
        chosen = query.chosen(notes[id_] for id_ in ids if id_ in notes)
    return visit.page("notes", (_note_out(visit, kind, note) for note in chosen))


def one_note(visit: Visit, kind: str, note_id: int) -> Answer:
    """Answer `GET /{kind}/{id}/notes/{note}`."""
    note = visit.world.get(f"{kind}_notes", note_id)
    return Answer(status=204) if note is None else hal(_note_out(visit, kind, note))


def create_notes(visit: Visit, kind: str, entity_id: int | None) -> Answer:
    """Answer `POST /{kind}/notes` and `POST /{kind}/{id}/notes`."""
    items = visit.batch()
    if entity_id is not None:
        items = [item | {"entity_id": entity_id} for item in items]

    def test(item: Item, complaints: Complaints) -> None:
        if not visit.there(kind, item.get("entity_id")):
            complaints.say("entity_id", NOT_CHOICE)
        params = item.get("params")
        if not isinstance(item.get("note_type"), str) or item["note_type"] not in _NOTES:
            complaints.say("note_type", NOT_CHOICE)
        elif not isinstance(params, dict):
            complaints.wrong_type("params", "array")
        else:
            for name in _NOTES[item["note_type"]]:
                if name not in params:
                    complaints.say(f"params.{name}", MISSING)

    visit.check(items, test)
    results = []
    for place, item in enumerate(items):
        now = visit.world.now()
        note: Item = {
            "id": visit.world.new_id(), "entity_id": item["entity_id"],
            "created_by": item.get("created_by", visit.user), "updated_by": visit.user,
            "created_at": now, "updated_at": now,
            "responsible_user_id": item.get("responsible_user_id", visit.user), "group_id": 0,
            "note_type": item["note_type"], "params": item["params"], "account_id": ACCOUNT,
        }  # fmt: skip
        visit.put(f"{kind}_notes", None, note)
        self_ = visit.links(f"{kind}/{note['entity_id']}/notes/{note['id']}")
        result = {"id": note["id"], "entity_id": note["entity_id"], "request_id": request_id(item, place)}
        results.append(result | {"_links": self_})
    return visit.done("notes", results)


def change_note(visit: Visit, kind: str, note_id: int) -> Answer:
    """Answer `PATCH /{kind}/{id}/notes/{note}`."""
    before = visit.world.get(f"{kind}_notes", note_id)
    if before is None:
        raise Problem(404, "Note not found")
    if before["note_type"] not in ("common", "call_in", "call_out", "sms_in", "sms_out"):
        raise Problem(400, "This note cannot be edited")
    after = before | {"params": before["params"] | (visit.one().get("params") or {})}
    note = visit.put(f"{kind}_notes", before, visit.stamp(before, after))
    return hal(
        {"id": note["id"], "updated_at": note["updated_at"], "_links": visit.links(f"{kind}/notes/{note['id']}")}
    )


def _narrowed(visit: Visit, tasks: dict[int, Item]) -> list[Item]:
    """Return the tasks of the entities that are asked for, if any are: without walking through all."""
    entities, types = visit.query.many("filter[entity_id]"), visit.query.many("filter[entity_type]") or list(OF)
    if not entities:
        return list(tasks.values())
    wanted = [(type_, int(entity)) for type_ in types for entity in dict.fromkeys(entities) if entity.isdigit()]
    ids = [id_ for type_, entity in wanted for id_ in visit.world.ids_of("tasks", type_, entity)]
    return [tasks[id_] for id_ in ids if id_ in tasks]


def _check_task(visit: Visit, item: Item, complaints: Complaints) -> None:
    for key, (types, named) in _TASK.items():
        wrong = key in item and (
            not isinstance(item[key], types) or (isinstance(item[key], bool) and bool not in types)
        )
        if wrong:
            complaints.wrong_type(key, named)
    if "responsible_user_id" in item and not visit.there("users", item["responsible_user_id"]):
        complaints.say("responsible_user_id", NOT_CHOICE)
    if item.get("entity_id") is not None:
        if not isinstance(item.get("entity_type"), str) or item["entity_type"] not in OF:
            complaints.say("entity_type", NOT_CHOICE)
        elif not visit.there(item["entity_type"], item["entity_id"]):
            complaints.say("entity_id", NOT_CHOICE)
    result = item.get("result")
    if result and not (isinstance(result, dict) and isinstance(result.get("text"), str)):
        complaints.wrong_type("result", "array")


def _task_written(before: Item, item: Item) -> Item:
    own = (*_TASK, "entity_type")
    after = before | {key: item[key] for key in own if key in item}
    if "result" in item:
        after["result"] = {"text": item["result"]["text"]} if item["result"] else []
    return after


def _task_out(visit: Visit, task: Item) -> Item:
    return task | {"_links": visit.links(f"tasks/{task['id']}")}


def _note_out(visit: Visit, kind: str, note: Item) -> Any:
    return note | {"_links": visit.links(f"{kind}/{note['entity_id']}/notes/{note['id']}")}
