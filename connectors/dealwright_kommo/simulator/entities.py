"""Leads, contacts and companies: lists, reading, creating, and changing in bulk."""

from __future__ import annotations

from typing import Any, Final

from dealwright_http.server import Answer
from dealwright_kommo.simulator.problems import NOT_CHOICE, Complaints, Problem
from dealwright_kommo.simulator.values import check_values, with_values
from dealwright_kommo.simulator.visit import Visit, hal, objects, parts_of, request_id
from dealwright_kommo.simulator.world import ACCOUNT, LOST, WON, Item

_TYPES: Final[dict[str, tuple[tuple[type, ...], str]]] = {
    "name": ((str,), "string"), "first_name": ((str,), "string"), "last_name": ((str,), "string"),
    "price": ((int,), "int"), "status_id": ((int,), "int"), "pipeline_id": ((int,), "int"),
    "created_by": ((int,), "int"), "updated_by": ((int,), "int"), "responsible_user_id": ((int,), "int"),
    "created_at": ((int,), "int"), "updated_at": ((int,), "int"), "closed_at": ((int, type(None)), "int"),
    "loss_reason_id": ((int, type(None)), "int"), "_embedded": ((dict, type(None)), "array"),
    "tags_to_add": ((list,), "array"), "tags_to_delete": ((list,), "array"),
}  # fmt: skip
MOST_TOGETHER: Final = 50
_OWN: Final = {
    "leads": ("name", "price", "status_id", "pipeline_id", "loss_reason_id", "closed_at"),
    "contacts": ("name", "first_name", "last_name"),
    "companies": ("name",),
}
_ALL: Final = ("responsible_user_id", "created_by", "updated_by", "created_at", "updated_at")


def list_entities(visit: Visit, kind: str) -> Answer:
    """Answer `GET /{kind}`; a list of ids is read at once, other filters look into the index."""
    query, world = visit.query, visit.world
    ids = query.many("filter[id]")
    if ids:
        # By ids the entities themselves are read: what was just written is there.
        found = [item for id_ in dict.fromkeys(ids) if id_.isdigit() and (item := world.get(kind, int(id_)))]
    else:
        found = list((world.searched(kind) if query.filters else world.all(kind)).values())
    chosen = query.chosen(item for item in found if not item["is_deleted"])
    with_ = query.named("with")
    limit, page = query.limit(), query.number("page", 1)
    # Only what is shown is put together: an account may hold very many.
    shown = {place: _out(visit, kind, chosen[place], with_) for place in range((page - 1) * limit, page * limit)
             if place < len(chosen)}  # fmt: skip
    return visit.page(kind, (shown.get(place, item) for place, item in enumerate(chosen)))


def one_entity(visit: Visit, kind: str, id_: int) -> Answer:
    """Answer `GET /{kind}/{id}`: what is not there is an empty answer."""
    item = visit.world.get(kind, id_)
    if item is None or item["is_deleted"]:
        return Answer(status=204)
    return hal(_out(visit, kind, item, visit.query.named("with")))


def create(visit: Visit, kind: str) -> Answer:
    """Answer `POST /{kind}`."""
    items = visit.batch()
    results = []
    for place, (item, made) in enumerate(zip(items, created(visit, kind, items), strict=True)):
        self_ = visit.links(f"{kind}/{made['id']}")
        results.append({"id": made["id"], "request_id": request_id(item, place), "_links": self_})
    return visit.done(kind, results)


def created(visit: Visit, kind: str, items: list[Item]) -> list[Item]:
    """Make entities, all of them or, if one has a fault, none."""
    visit.check(items, lambda item, complaints: _check(visit, kind, item, None, complaints))
    return [visit.put(kind, None, _with_links(kind, item, _written(visit, kind, item, None))) for item in items]


def create_together(visit: Visit) -> Answer:
    """Answer `POST /leads/complex`: leads with at most one new contact and one new company each."""
    items = visit.batch()
    if len(items) > MOST_TOGETHER:
        raise Problem(422, f"Limit {MOST_TOGETHER} entities per request")

    def test(item: Item, complaints: Complaints) -> None:
        parts = parts_of(item)
        for kind in ("contacts", "companies"):
            some = objects(parts.get(kind))
            if some is None or len(some) > 1:
                complaints.say(f"_embedded.{kind}", NOT_CHOICE)
            for part in some or ():
                if "id" in part:
                    visit.known(kind, part, complaints)
                _check(visit, kind, part, None, complaints)
        _check(visit, "leads", item | {"_embedded": {"tags": parts.get("tags")}}, None, complaints)

    visit.check(items, test)
    results = []
    for place, item in enumerate(items):
        parts, made = dict(parts_of(item)), {}
        for kind in ("contacts", "companies"):
            for part in parts.get(kind) or ():
                made[kind] = part["id"] if "id" in part else created(visit, kind, [part])[0]["id"]
                parts[kind] = [{"id": made[kind]}]
        (lead,) = created(visit, "leads", [item | {"_embedded": parts}])
        result = {"id": lead["id"], "contact_id": made.get("contacts"), "company_id": made.get("companies")}
        results.append(result | {"request_id": [request_id(item, place)], "merged": False})
    return hal(results)


def change(visit: Visit, kind: str, id_: int | None) -> Answer:
    """Answer `PATCH /{kind}` and `PATCH /{kind}/{id}`."""
    results = []
    for after in changed(visit, kind, visit.batch(id_)):
        result = {"id": after["id"], "updated_at": after["updated_at"], "_links": visit.links(f"{kind}/{after['id']}")}
        results.append(result if kind == "leads" else {"id": after["id"], "name": after["name"]} | result)
    return hal(results[0]) if id_ is not None else visit.done(kind, results)


def changed(visit: Visit, kind: str, items: list[Item]) -> list[Item]:
    """Change entities, all of them or, if one has a fault, none."""

    def test(item: Item, complaints: Complaints) -> None:
        visit.known(kind, item, complaints)
        if not complaints.errors:
            _check(visit, kind, item, visit.world.get(kind, item["id"]), complaints)

    visit.check(items, test)
    made = []
    for item in items:
        before = visit.world.all(kind)[item["id"]]
        made.append(visit.rewrite(kind, item, _written(visit, kind, item, before)))
    return made


def _check(visit: Visit, kind: str, item: Item, before: Item | None, complaints: Complaints) -> None:
    for key, (types, named) in _TYPES.items():
        if key in item and (not isinstance(item[key], types) or isinstance(item[key], bool)):
            complaints.wrong_type(key, named)
    if complaints.errors:
        return
    world = visit.world
    if "responsible_user_id" in item and world.get("users", item["responsible_user_id"]) is None:
        complaints.say("responsible_user_id", NOT_CHOICE)
    check_values(world, kind, item.get("custom_fields_values"), complaints)
    embedded = parts_of(item)
    for other in ("contacts", "companies"):
        linked = objects(embedded.get(other))
        if linked is None:
            complaints.wrong_type(f"_embedded.{other}", "array")
        for place, each in enumerate(linked or ()):
            if not visit.there(other, each.get("id")):
                complaints.say(f"_embedded.{other}.{place}.id", NOT_CHOICE)
    tags = [("_embedded.tags", embedded.get("tags")), ("tags_to_add", item.get("tags_to_add"))]
    for path, said in [*tags, ("tags_to_delete", item.get("tags_to_delete"))]:
        given = objects(said)
        if given is None or not all(_is_tag(visit, kind, tag) for tag in given):
            complaints.wrong_type(path, "array")
    if kind == "leads":
        pipeline, status = _stage(visit, item, before)
        if status not in world.statuses(pipeline):
            complaints.say("pipeline_id" if "status_id" not in item else "status_id", NOT_CHOICE)
        reason = item.get("loss_reason_id")
        if reason is not None and (status != LOST or world.get("loss_reasons", reason) is None):
            complaints.say("loss_reason_id", NOT_CHOICE)


def _stage(visit: Visit, item: Item, before: Item | None) -> tuple[int, int]:
    world = visit.world
    usual = world.main_pipeline() if before is None else before["pipeline_id"]
    pipeline = int(({"pipeline_id": usual} | item)["pipeline_id"])
    if "status_id" in item:
        return pipeline, item["status_id"]
    if before is not None and before["pipeline_id"] == pipeline:
        return pipeline, before["status_id"]
    return pipeline, world.first_status(pipeline) if world.statuses(pipeline) else 0


def _written(visit: Visit, kind: str, item: Item, before: Item | None) -> Item:
    """Return an entity as it is after a write."""
    world = visit.world
    after = dict(before) if before is not None else _fresh(visit, kind)
    after |= {key: item[key] for key in (*_OWN[kind], *_ALL) if key in item}
    if kind == "leads":
        after["pipeline_id"], after["status_id"] = _stage(visit, item, before)
        closed = after["status_id"] in (WON, LOST)
        if not closed:
            after["closed_at"] = None
        elif after["closed_at"] is None:
            after["closed_at"] = world.now()
        if after["status_id"] != LOST:
            after["loss_reason_id"] = None
    if kind == "contacts" and "name" not in item and ("first_name" in item or "last_name" in item):
        after["name"] = " ".join(part for part in (after["first_name"], after["last_name"]) if part)
    if "custom_fields_values" in item:
        values = with_values(world, kind, after["custom_fields_values"], item["custom_fields_values"])
        after["custom_fields_values"] = values
    tags = list(after["~tags"])
    if "tags" in parts_of(item):
        tags = [_tag(visit, kind, tag) for tag in parts_of(item)["tags"] or ()]
    tags += [_tag(visit, kind, tag) for tag in item.get("tags_to_add") or ()]
    gone = {_tag(visit, kind, tag) for tag in item.get("tags_to_delete") or ()}
    after["~tags"] = [tag for tag in dict.fromkeys(tags) if tag not in gone]
    return after


def _fresh(visit: Visit, kind: str) -> Item:
    now = visit.world.now()
    item: Item = {
        "id": visit.world.new_id(), "name": "", "responsible_user_id": visit.user, "group_id": 0,
        "created_by": visit.user, "updated_by": visit.user, "created_at": now, "updated_at": now,
        "is_deleted": False, "custom_fields_values": None, "account_id": ACCOUNT, "~tags": [],
    }  # fmt: skip
    if kind == "leads":
        item |= {"name": f"Lead #{item['id']}", "price": 0, "status_id": 0, "pipeline_id": 0, "loss_reason_id": None}
        item |= {"source_id": None, "closed_at": None, "score": None, "labor_cost": None}
        item |= {"~contacts": [], "~companies": []}
    elif kind == "contacts":
        item |= {"first_name": "", "last_name": "", "~companies": []}
    return item


def _is_tag(visit: Visit, kind: str, tag: Item) -> bool:
    if "id" in tag:
        return visit.there(f"{kind}_tags", tag["id"])
    return isinstance(tag.get("name"), str) and bool(tag["name"])


def _tag(visit: Visit, kind: str, tag: Item) -> int:
    if "id" in tag:
        return int(tag["id"])
    return int(visit.world.tag(kind, str(tag["name"]))["id"])


def _with_links(kind: str, item: Item, made: Item) -> Item:
    """Return a new entity with the contacts and the company that it was made with."""
    embedded = parts_of(item)
    contacts, companies = embedded.get("contacts") or [], embedded.get("companies") or []
    if kind == "leads" and contacts:
        main = next((contact["id"] for contact in contacts if contact.get("is_main")), contacts[0]["id"])
        made["~contacts"] = [{"id": contact["id"], "is_main": contact["id"] == main} for contact in contacts]
    if kind != "companies" and companies:
        made["~companies"] = [companies[0]["id"]]
    return made


def _out(visit: Visit, kind: str, item: Item, with_: set[str]) -> Item:
    """Return an entity as the API shows it."""
    world = visit.world
    shown = {key: value for key, value in item.items() if not key.startswith("~")}
    open_tasks = [world.all("tasks")[id_] for id_ in world.ids_of("tasks", kind, item["id"])]
    due = [task["complete_till"] for task in open_tasks if not task["is_completed"]]
    shown["closest_task_at"] = min(due, default=None)
    if kind == "leads" and "is_price_modified_by_robot" in with_:
        shown["is_price_modified_by_robot"] = False
    tags = [world.get(f"{kind}_tags", id_) for id_ in item["~tags"]]
    embedded: dict[str, Any] = {"tags": [tag for tag in tags if tag is not None]}
    if kind != "companies":
        embedded["companies"] = [{"id": id_, "_links": visit.links(f"companies/{id_}")} for id_ in item["~companies"]]
    if kind == "leads" and "contacts" in with_:
        embedded["contacts"] = [
            {"id": link["id"], "is_main": link["is_main"], "_links": visit.links(f"contacts/{link['id']}")}
            for link in item["~contacts"]
        ]
    if kind == "leads" and "loss_reason" in with_ and item["loss_reason_id"] is not None:
        reason = world.get("loss_reasons", item["loss_reason_id"])
        embedded["loss_reason"] = [] if reason is None else [reason | {"_links": visit.links("leads/loss_reasons")}]
    if kind == "companies" and "contacts" in with_:
        staff = [each["id"] for each in world.all("contacts").values() if item["id"] in each["~companies"]]
        embedded["contacts"] = [{"id": id_, "_links": visit.links(f"contacts/{id_}")} for id_ in staff]
    if kind != "leads" and "leads" in with_:
        embedded["leads"] = [
            {"id": id_, "_links": visit.links(f"leads/{id_}")} for id_ in world.leads_of(kind, item["id"])
        ]
    return shown | {"_links": visit.links(f"{kind}/{item['id']}"), "_embedded": embedded}
