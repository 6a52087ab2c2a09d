"""Custom fields and their values: checked, and brought into the form in which they are read."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from dealwright_http.server import Answer
from dealwright_kommo.simulator.problems import MISSING, NOT_CHOICE, Complaints, Problem
from dealwright_kommo.simulator.visit import Visit, hal, objects, request_id
from dealwright_kommo.simulator.world import Item, World, new_field

_TYPES: Final = frozenset(
    [
        "text",
        "numeric",
        "checkbox",
        "select",
        "multiselect",
        "date",
        "url",
        "textarea",
        "streetaddress",
        "smart_address",
        "radiobutton",
        "birthday",
        "date_time",
        "monetary",
        "multitext",
        "tracking_data",
    ]
)
_CHOICES: Final = ("select", "multiselect", "radiobutton")


def check_values(world: World, kind: str, said: Any, complaints: Complaints) -> None:
    """Complain of values that cannot be taken."""
    if said is not None and not isinstance(said, list):
        complaints.wrong_type("custom_fields_values", "array")
        return
    for place, value in enumerate(said or ()):
        path = f"custom_fields_values.{place}"
        field = _field(world, kind, value)
        if field is None:
            complaints.say(f"{path}.field_id", NOT_CHOICE)
            continue
        values = value.get("values")
        if values is not None and not (isinstance(values, list) and all(isinstance(each, dict) for each in values)):
            complaints.wrong_type(f"{path}.values", "array")
            continue
        for number, each in enumerate(values or ()):
            _check(field, each, f"{path}.values.{number}", complaints)


def with_values(world: World, kind: str, before: list[Item] | None, said: list[Item] | None) -> list[Item] | None:
    """Return the values after a write: the fields that are named change, null clears one, null for all clears all."""
    if said is None:
        return None
    found = {value["field_id"]: value for value in before or ()}
    for value in said:
        field = _field(world, kind, value)
        assert field is not None, "checked before"
        if not value.get("values"):
            found.pop(field["id"], None)
            continue
        found[field["id"]] = {
            "field_id": field["id"],
            "field_name": field["name"],
            "field_code": field["code"],
            "field_type": field["type"],
            "values": [_read(field, each) for each in value["values"]],
        }
    return list(found.values()) or None


def list_fields(visit: Visit, kind: str) -> Answer:
    """Answer `GET /{kind}/custom_fields`."""
    answer_fields = [_out(visit, kind, field) for field in visit.world.all(f"{kind}_fields").values()]
    return visit.page("custom_fields", answer_fields)


def create_fields(visit: Visit, kind: str) -> Answer:
    """Answer `POST /{kind}/custom_fields`."""
    items = visit.batch()

    def test(item: Item, complaints: Complaints) -> None:
        if not isinstance(item.get("name"), str) or not item["name"]:
            complaints.say("name", MISSING)
        if not isinstance(item.get("type"), str) or item["type"] not in _TYPES:
            complaints.say("type", NOT_CHOICE)
        if not isinstance(item.get("sort", 1), int):
            complaints.wrong_type("sort", "int")
        enums = objects(item.get("enums"))
        if enums is None or not all(isinstance(enum.get("value"), str) for enum in enums):
            complaints.wrong_type("enums", "array")
        if not isinstance(item.get("code"), str | None):
            complaints.wrong_type("code", "string")
        elif item.get("code") is not None and visit.world.field(kind, None, item["code"]) is not None:
            complaints.say("code", ("NotUnique", "The field code must be unique."))

    visit.check(items, test)
    made = []
    for place, item in enumerate(items):
        field = new_field(visit.world.new_id(), kind, item["name"], item["type"], sort=item.get("sort", 500))
        enums = item.get("enums") or []
        if item["type"] in _CHOICES:
            field["enums"] = [
                {"id": visit.world.new_id(), "value": enum["value"], "sort": enum.get("sort", 500)} for enum in enums
            ]
        visit.put(f"{kind}_fields", None, field | {"code": item.get("code"), "is_deletable": True})
        made.append(_out(visit, kind, visit.world.all(f"{kind}_fields")[field["id"]]))
        made[-1]["request_id"] = request_id(item, place)
    return visit.counted("custom_fields", made, status=201)


def one_field(visit: Visit, kind: str, id_: int) -> Answer:
    """Answer `GET|DELETE /{kind}/custom_fields/{id}`."""
    field = visit.world.get(f"{kind}_fields", id_)
    if field is None:
        raise Problem(404, "Custom field not found")
    if visit.method == "DELETE":
        visit.drop(f"{kind}_fields", field)
        return Answer(status=204)
    return hal(_out(visit, kind, field))


def _field(world: World, kind: str, value: Any) -> Item | None:
    if not isinstance(value, dict):
        return None
    id_, code = value.get("field_id"), value.get("field_code")
    return world.field(kind, id_ if isinstance(id_, int) else None, code if isinstance(code, str) else None)


def _check(field: Item, value: Item, path: str, complaints: Complaints) -> None:
    given = value.get("value")
    named = field["type"] == "multitext" and ("enum_id" in value or "enum_code" in value)
    if (named or field["type"] in _CHOICES) and _enum(field, value) is None:
        complaints.say(f"{path}.enum_id", NOT_CHOICE)
    if field["type"] in _CHOICES:
        return
    match field["type"]:
        case "checkbox":
            if not isinstance(given, bool):
                complaints.wrong_type(f"{path}.value", "bool")
        case "numeric" | "monetary":
            if isinstance(given, bool) or not _number(given):
                complaints.wrong_type(f"{path}.value", "numeric")
        case "date" | "date_time" | "birthday":
            if isinstance(given, bool) or not (isinstance(given, int) or _instant(given) is not None):
                complaints.wrong_type(f"{path}.value", "int")
        case _:
            if not isinstance(given, str):
                complaints.wrong_type(f"{path}.value", "string")


def _read(field: Item, value: Item) -> Item:
    enum = _enum(field, value)
    if field["type"] in _CHOICES:
        assert enum is not None, "checked before"
        return {"value": enum["value"], "enum_id": enum["id"], "enum_code": None}
    if field["type"] == "multitext":
        enum = enum or field["enums"][0]
        return {"value": value["value"], "enum_id": enum["id"], "enum_code": enum["value"]}
    if field["type"] in ("numeric", "monetary"):
        return {"value": str(value["value"])}
    if field["type"] in ("date", "date_time", "birthday"):
        return {"value": value["value"] if isinstance(value["value"], int) else _instant(value["value"])}
    return {"value": value["value"]}


def _enum(field: Item, value: Item) -> Item | None:
    named = [("id", "enum_id"), ("value", "enum_code")]
    if field["type"] in _CHOICES:
        named.append(("value", "value"))
    for key, name in named:
        if value.get(name) is not None:
            return next((enum for enum in field["enums"] or () if enum[key] == value[name]), None)
    return None


def _number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _instant(value: Any) -> int | None:
    try:
        return int(datetime.fromisoformat(value).timestamp())
    except (TypeError, ValueError):
        return None


def _out(visit: Visit, kind: str, field: Item) -> Item:
    return field | {"_links": visit.links(f"{kind}/custom_fields/{field['id']}")}
