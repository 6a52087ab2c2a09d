"""The list of events: the only record of changes in their order that Kommo gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from dealwright_http.server import Answer
from dealwright_kommo.simulator.problems import Problem
from dealwright_kommo.simulator.visit import Visit, hal
from dealwright_kommo.simulator.world import ACCOUNT, OF, Item, World

MOST: Final = 100
_PLURAL: Final = {one: many for many, one in OF.items()} | {"task": "tasks"}


def record(world: World, kind: str, action: str, before: Item | None, after: Item) -> None:
    """Write down what a change is called."""
    for type_, entity_type, entity_id, value_after, value_before in _named(world, kind, action, before, after):
        by, when = (after["created_by"], after["created_at"]) if before is None else (after["updated_by"], world.now())
        event = {
            "type": type_, "entity_id": entity_id, "entity_type": entity_type, "created_by": by, "created_at": when,
            "value_after": value_after, "value_before": value_before, "account_id": ACCOUNT,
        }  # fmt: skip
        number = world.new_id()
        world.put("events", {"id": number, "event": {"id": f"01{number:024x}", **event}})


def list_events(visit: Visit) -> Answer:
    """Answer `GET /events`: the newest first."""
    query = visit.query
    types = {part for said in query.many("filter[type]") for part in said.split(",")}
    entities, ids = set(query.many("filter[entity]")), set(query.many("filter[entity_id]"))
    people, own = set(query.many("filter[created_by]")), set(query.many("filter[id]"))
    low, high = (query.one(f"filter[created_at][{side}]") for side in ("from", "to"))
    if ids and len(entities) != 1:
        raise Problem(400, "filter[entity_id] takes one filter[entity]")
    found = [
        event
        for event in (item["event"] for item in visit.world.all("events").values())
        if (not types or event["type"] in types)
        and (not entities or event["entity_type"] in entities)
        and (not ids or str(event["entity_id"]) in ids)
        and (not people or str(event["created_by"]) in people)
        and (not own or event["id"] in own)
        and (not low.isdigit() or event["created_at"] >= int(low))
        and (not high.isdigit() or event["created_at"] <= int(high))
    ]
    found.sort(key=lambda event: str(event["id"]), reverse=query.one("order[created_at]", "desc") != "asc")
    return visit.page("events", (_out(visit, event) for event in found), most=MOST)


def one_event(visit: Visit, id_: str) -> Answer:
    """Answer `GET /events/{id}`."""
    for item in visit.world.all("events").values():
        if item["event"]["id"] == id_:
            return hal(_out(visit, item["event"]))
    return Answer(status=204)


def _named(
    world: World, kind: str, action: str, before: Item | None, after: Item
) -> Iterable[tuple[str, str, int, list[Any], list[Any]]]:
    if kind in OF:
        yield from _of_entity(world, kind, action, before, after)
    elif kind == "tasks":
        if before is None:
            yield "task_added", "task", after["id"], [], []
            return
        for key, type_, name, inner in (
            ("text", "task_text_changed", "task", "text"),
            ("complete_till", "task_deadline_changed", "task_deadline", "timestamp"),
            ("task_type_id", "task_type_changed", "task_type", "id"),
        ):
            if before[key] != after[key]:
                yield type_, "task", after["id"], [{name: {inner: after[key]}}], [{name: {inner: before[key]}}]
        if after["is_completed"] and not before["is_completed"]:
            yield "task_completed", "task", after["id"], [], []
    elif kind.endswith("_notes") and before is None and after["note_type"] == "common":
        whose = OF[kind.removesuffix("_notes")]
        yield "common_note_added", whose, after["entity_id"], [{"note": {"id": after["id"]}}], []


def _of_entity(
    world: World, kind: str, action: str, before: Item | None, after: Item
) -> Iterable[tuple[str, str, int, list[Any], list[Any]]]:
    one, id_ = OF[kind], after["id"]
    if action == "delete":
        yield f"{one}_deleted", one, id_, [], []
        return
    if before is None:
        yield f"{one}_added", one, id_, [{"note": {"id": world.new_id()}}], []
        return
    stage = ("status_id", "pipeline_id")
    if kind == "leads" and any(before[key] != after[key] for key in stage):
        now, was = ([{"lead_status": {"id": x["status_id"], "pipeline_id": x["pipeline_id"]}}] for x in (after, before))
        yield "lead_status_changed", one, id_, now, was
    for key, type_, name, inner in (
        ("responsible_user_id", "entity_responsible_changed", "responsible_user", "id"),
        ("name", "name_field_changed", "name_field_value", "name"),
        ("price", "sale_field_changed", "sale_field_value", "sale"),
    ):
        if before.get(key) != after.get(key):
            yield type_, one, id_, [{name: {inner: after[key]}}], [{name: {inner: before[key]}}]
    for type_, tags in (
        ("entity_tag_added", [tag for tag in after["~tags"] if tag not in before["~tags"]]),
        ("entity_tag_deleted", [tag for tag in before["~tags"] if tag not in after["~tags"]]),
    ):
        names = [{"tag": {"name": tag["name"]}} for id_tag in tags if (tag := world.get(f"{kind}_tags", id_tag))]
        if names:
            yield type_, one, id_, *((names, []) if type_ == "entity_tag_added" else ([], names))


def _out(visit: Visit, event: Item) -> Item:
    path = f"{_PLURAL[event['entity_type']]}/{event['entity_id']}"
    entity = {"id": event["entity_id"], "_links": visit.links(path)}
    return event | {"_links": visit.links(f"events/{event['id']}"), "_embedded": {"entity": entity}}
