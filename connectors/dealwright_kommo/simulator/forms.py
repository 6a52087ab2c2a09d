"""What Kommo's hooks say, as nested values, and the form that PHP's `http_build_query` makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote_plus

from dealwright_kommo.simulator.world import ACCOUNT, Item, World

_TYPE: Final = {"contacts": "1", "leads": "2", "companies": "3"}


def encoded(said: Mapping[str, Any]) -> bytes:
    """Return a form: brackets escaped, spaces as plus, null left out, truth as 1 and 0."""
    return "&".join(f"{quote_plus(key)}={quote_plus(value)}" for key, value in _pairs("", said)).encode()


def account(world: World) -> Item:
    """Return what every hook of 2025 begins with."""
    self_ = f"https://{world.subdomain}.kommo.com"
    return {"subdomain": world.subdomain, "id": ACCOUNT, "_links": {"self": self_}}


def told(world: World, kind: str, action: str, before: Item | None, after: Item) -> list[tuple[str, str, str, Item]]:
    """Return what one change is told as: the setting that asks for it, the two outer keys, and the entry."""
    if kind == "tasks":
        return [(f"{action}_task", "task", action, {"0": _task(after)})]
    if kind.endswith("_notes"):
        whose = kind.removesuffix("_notes")
        return [(f"note_{_singular(whose)}", "leads" if whose == "leads" else "contacts", "note", _note(after, whose))]
    if kind == "leads":
        return list(_lead(world, action, before, after))
    if kind in ("contacts", "companies"):
        return list(_contact(world, kind, action, before, after))
    return []


def _lead(world: World, action: str, before: Item | None, after: Item) -> Iterable[tuple[str, str, str, Item]]:
    if action == "delete":
        gone = {key: after[key] for key in ("id", "status_id", "pipeline_id")}
        yield "delete_lead", "leads", "delete", gone | {"type": "lead"}
        return
    now = {
        "id": after["id"], "name": after["name"], "status_id": after["status_id"], "price": after["price"] or "",
        "responsible_user_id": after["responsible_user_id"], "last_modified": after["updated_at"],
        "modified_user_id": after["updated_by"], "created_user_id": after["created_by"],
        "date_create": after["created_at"], "pipeline_id": after["pipeline_id"], "account_id": ACCOUNT,
        "custom_fields": _fields(after) or None, "tags": _tags(world, "leads", after) or None,
        "created_at": after["created_at"], "updated_at": after["updated_at"],
    }  # fmt: skip
    yield f"{action}_lead", "leads", action, now
    if before is None:
        return
    stage = ("status_id", "pipeline_id")
    if any(before[key] != after[key] for key in stage):
        old = {"old_status_id": before["status_id"]}
        if before["pipeline_id"] != after["pipeline_id"]:
            old["old_pipeline_id"] = before["pipeline_id"]
        yield "status_lead", "leads", "status", now | old
    if before["responsible_user_id"] != after["responsible_user_id"]:
        old = {"old_responsible_user_id": before["responsible_user_id"]}
        yield "responsible_lead", "leads", "responsible", now | old


def _contact(
    world: World, kind: str, action: str, before: Item | None, after: Item
) -> Iterable[tuple[str, str, str, Item]]:
    type_ = _singular(kind)
    if action == "delete":
        yield f"delete_{type_}", "contacts", "delete", {"id": after["id"], "type": type_}
        return
    company = next((world.get("companies", id_) for id_ in after.get("~companies", ())), None)
    now = {
        "id": after["id"], "name": after["name"], "responsible_user_id": after["responsible_user_id"],
        "date_create": after["created_at"], "last_modified": after["updated_at"],
        "created_user_id": after["created_by"], "modified_user_id": after["updated_by"],
        "company_name": company["name"] if company else None, "linked_company_id": company["id"] if company else None,
        "account_id": ACCOUNT, "custom_fields": _fields(after) or None, "tags": _tags(world, kind, after) or None,
        "linked_leads_id": {str(id_): {"ID": id_} for id_ in world.leads_of(kind, after["id"])} or None,
        "created_at": after["created_at"], "updated_at": after["updated_at"], "type": type_,
    }  # fmt: skip
    yield f"{action}_{type_}", "contacts", action, now
    if before is not None and before["responsible_user_id"] != after["responsible_user_id"]:
        old = {"old_responsible_user_id": before["responsible_user_id"]}
        yield f"responsible_{type_}", "contacts", "responsible", now | old


def _task(task: Item) -> Item:
    return {
        "id": task["id"], "element_id": task["entity_id"], "element_type": _TYPE.get(task["entity_type"]),
        "task_type": task["task_type_id"], "date_create": _local(task["created_at"]), "text": task["text"],
        "status": task["is_completed"], "account_id": ACCOUNT, "created_user_id": task["created_by"],
        "last_modified": _local(task["updated_at"]), "responsible_user_id": task["responsible_user_id"],
        "complete_till": _local(task["complete_till"]), "action_close": task["is_completed"],
        "result": {"id": task["id"], "text": task["result"]["text"]} if task["result"] else None,
    }  # fmt: skip


def _note(note: Item, whose: str) -> Item:
    return {
        "note": {
            "id": note["id"], "note_type": note["note_type"], "element_id": note["entity_id"],
            "element_type": _TYPE[whose], "text": note["params"].get("text"), "created_by": note["created_by"],
            "date_create": _local(note["created_at"]), "account_id": ACCOUNT,
        },
        "type": _singular(whose),
    }  # fmt: skip


def _fields(item: Item) -> list[Item]:
    """Return custom fields as hooks show them: choices and phones as objects, everything else as bare values."""
    return [
        {
            "id": field["field_id"], "name": field["field_name"], "code": field["field_code"],
            "values": [
                {"value": value["value"], "enum": value["enum_id"]} if "enum_id" in value else value["value"]
                for value in field["values"]
            ],
        }
        for field in item["custom_fields_values"] or ()
    ]  # fmt: skip


def _tags(world: World, kind: str, item: Item) -> list[Item]:
    tags = [world.get(f"{kind}_tags", id_) for id_ in item["~tags"]]
    return [{"id": tag["id"], "name": tag["name"]} for tag in tags if tag is not None]


def _singular(kind: str) -> str:
    return {"leads": "lead", "contacts": "contact", "companies": "company"}[kind]


def _local(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


def _pairs(key: str, value: Any) -> Iterable[tuple[str, str]]:
    if value is None:
        return
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _pairs(f"{key}[{name}]" if key else str(name), each)
    elif isinstance(value, list):
        yield from _pairs(key, {str(place): each for place, each in enumerate(value)})
    else:
        yield key, str(int(value)) if isinstance(value, bool) else str(value)
