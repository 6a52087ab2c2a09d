"""The account itself: who it is, its users, tags, pipelines, loss reasons, links, and who hears of its changes."""

from __future__ import annotations

from typing import Any, Final

from dealwright_http.server import Answer
from dealwright_kommo.simulator.problems import MISSING, NOT_CHOICE, Complaints, Problem
from dealwright_kommo.simulator.visit import Visit, hal, request_id
from dealwright_kommo.simulator.world import ACCOUNT, OF, Item

MOST_PIPELINES: Final = 50
MOST_HOOKS: Final = 100
SETTINGS: Final = frozenset(
    [f"{action}_{kind}" for kind in ("lead", "contact", "company") for action in ("add", "update", "delete", "restore")]
    + [f"responsible_{kind}" for kind in ("lead", "contact", "company", "customer", "task")]
    + [f"{action}_{kind}" for kind in ("customer", "task") for action in ("add", "update", "delete")]
    + [f"note_{kind}" for kind in ("lead", "contact", "company", "customer")]
    + ["status_lead", "add_talk", "update_talk", "add_chat_template_review"]
)


def account(visit: Visit) -> Answer:
    """Answer `GET /account`."""
    with_ = visit.query.named("with")
    said: Item = {
        "id": ACCOUNT, "name": "Example", "subdomain": visit.world.subdomain, "created_at": 1767225600,
        "created_by": 0, "updated_at": 1767225600, "updated_by": 0, "current_user_id": visit.user, "country": "US",
        "currency": "USD", "currency_symbol": "$", "customers_mode": "disabled", "is_unsorted_on": True,
        "mobile_feature_version": 0, "is_loss_reason_enabled": True, "is_helpbot_enabled": False,
        "is_technical_account": False, "contact_name_display_order": 1, "_links": visit.links("account"),
    }  # fmt: skip
    if "is_api_filter_enabled" in with_:
        said["is_api_filter_enabled"] = True
    if "version" in with_:
        said["version"] = 11
    embedded: Item = {}
    if "task_types" in with_:
        types = enumerate(["Follow-up", "Meeting"], start=1)
        embedded["task_types"] = [
            {"id": id_, "name": name, "color": None, "icon_id": None, "code": name.upper().replace("-", "_")}
            for id_, name in types
        ]
    if "datetime_settings" in with_:
        embedded["datetime_settings"] = {"timezone": "UTC", "timezone_offset": "+00:00"}
    if "users_groups" in with_:
        embedded["users_groups"] = [{"id": 0, "name": "Sales", "uuid": None}]
    return hal(said | ({"_embedded": embedded} if embedded else {}))


def list_users(visit: Visit) -> Answer:
    """Answer `GET /users`: with the counts that lists of entities do not have."""
    users = list(visit.world.all("users").values())
    limit, page = visit.query.limit(), visit.query.number("page", 1)
    shown = users[(page - 1) * limit : page * limit]
    if not shown:
        return Answer(status=204)
    counts = {"_total_items": len(users), "_page": page, "_page_count": -(-len(users) // limit)}
    links = {"self": {"href": visit.origin + visit.query.page_link(page)}}
    if page * limit < len(users):
        links["next"] = {"href": visit.origin + visit.query.page_link(page + 1)}
    return hal(counts | {"_links": links, "_embedded": {"users": [_user(visit, user) for user in shown]}})


def one_user(visit: Visit, id_: int) -> Answer:
    """Answer `GET /users/{id}`."""
    user = visit.world.get("users", id_)
    if user is None:
        raise Problem(404, "User not found")
    return hal(_user(visit, user))


def tags(visit: Visit, kind: str) -> Answer:
    """Answer `GET|POST /{kind}/tags`: a name that is there returns its id."""
    if visit.method == "GET":
        found = visit.query.chosen(visit.world.all(f"{kind}_tags").values())
        return visit.page("tags", found)
    items = visit.batch()
    visit.check(items, lambda item, complaints: _named(item, complaints))
    made = []
    for place, item in enumerate(items):
        had = len(visit.world.all(f"{kind}_tags"))
        tag = visit.world.tag(kind, item["name"])
        visit.changed |= len(visit.world.all(f"{kind}_tags")) > had
        made.append(tag | {"request_id": request_id(item, place)})
    return visit.counted("tags", made)


def loss_reasons(visit: Visit) -> Answer:
    """Answer `GET|POST /leads/loss_reasons`."""
    if visit.method == "POST":
        items = visit.batch()
        visit.check(items, lambda item, complaints: _named(item, complaints))
        now = visit.world.now()
        for place, item in enumerate(items):
            reason = {"id": visit.world.new_id(), "name": item["name"], "sort": item.get("sort", place + 1)}
            visit.put("loss_reasons", None, reason | {"created_at": now, "updated_at": now})
        wanted = list(visit.world.all("loss_reasons").values())[-len(items) :]
    else:
        wanted = list(visit.world.all("loss_reasons").values())
    shown = [reason | {"_links": visit.links(f"leads/loss_reasons/{reason['id']}")} for reason in wanted]
    return visit.counted("loss_reasons", shown) if shown else Answer(status=204)


def one_loss_reason(visit: Visit, id_: int) -> Answer:
    """Answer `GET|DELETE /leads/loss_reasons/{id}`."""
    reason = visit.world.get("loss_reasons", id_)
    if reason is None:
        return Answer(status=204)
    if visit.method == "DELETE":
        visit.drop("loss_reasons", reason)
        return Answer(status=204)
    return hal(reason | {"_links": visit.links(f"leads/loss_reasons/{id_}")})


def hooks(visit: Visit) -> Answer:
    """Answer `GET|POST|DELETE /webhooks`: one subscription per destination."""
    known = visit.world.all("webhooks")
    if visit.method == "GET":
        shown = visit.query.chosen(known.values())
        return visit.counted("webhooks", shown) if shown else Answer(status=204)
    said = visit.one()
    destination, settings = said.get("destination"), said.get("settings", [])
    before = next((hook for hook in known.values() if hook["destination"] == destination), None)
    if visit.method == "DELETE":
        if before is None:
            raise Problem(404, "Webhook not found")
        visit.drop("webhooks", before)
        return Answer(status=204)

    def test(item: Item, complaints: Complaints) -> None:
        if not isinstance(destination, str) or not destination.startswith(("http://", "https://")):
            complaints.say("destination", NOT_CHOICE)
        if not isinstance(settings, list) or not settings or not SETTINGS.issuperset(map(str, settings)):
            complaints.say("settings", NOT_CHOICE)
        if not isinstance(said.get("sort", 1), int):
            complaints.wrong_type("sort", "int")

    visit.check([said], test)
    if before is None and len(known) >= MOST_HOOKS:
        raise Problem(422, f"Limit {MOST_HOOKS} webhooks")
    now = visit.world.now()
    fresh = {"id": visit.world.new_id(), "destination": destination, "created_at": now, "created_by": visit.user}
    wanted = {
        "account_id": ACCOUNT,
        "sort": said.get("sort", 1),
        "disabled": False,
        "settings": sorted(set(map(str, settings))),
    }
    after = (before or fresh) | wanted
    if before is None or {key: before[key] for key in wanted} != wanted:
        after["updated_at"] = now
    return hal(visit.put("webhooks", before, after), 201)


def links_of(visit: Visit, kind: str, id_: int) -> Answer:
    """Answer `GET /{kind}/{id}/links`."""
    item = visit.world.get(kind, id_)
    if item is None:
        raise Problem(404, "Entity not found")
    found: list[Item] = []
    if kind != "leads":
        found += [{"to_entity_id": lead, "to_entity_type": "leads", "metadata": None}
                  for lead in visit.world.leads_of(kind, id_)]  # fmt: skip
    for link in item.get("~contacts", ()):
        main = {"main_contact": link["is_main"]}
        found.append({"to_entity_id": link["id"], "to_entity_type": "contacts", "metadata": main})
    found += [{"to_entity_id": company, "to_entity_type": "companies", "metadata": None}
              for company in item.get("~companies", ())]  # fmt: skip
    return visit.counted("links", found)


def link(visit: Visit, kind: str, id_: int, *, undo: bool) -> Answer:
    """Answer `POST /{kind}/{id}/link` and `.../unlink`, as seen from the lead or from the other side."""
    items = visit.batch()

    def test(item: Item, complaints: Complaints) -> None:
        other = item.get("to_entity_type")
        if not isinstance(other, str) or other not in OF or other == kind:
            complaints.say("to_entity_type", NOT_CHOICE)
        elif not visit.there(other, item.get("to_entity_id")):
            complaints.say("to_entity_id", NOT_CHOICE)

    if visit.world.get(kind, id_) is None:
        raise Problem(404, "Entity not found")
    visit.check(items, test)
    said = []
    for item in items:
        other, other_id = item["to_entity_type"], item["to_entity_id"]
        if "leads" not in (kind, other):
            contact_id, company_id = (id_, other_id) if kind == "contacts" else (other_id, id_)
            contact = visit.world.all("contacts")[contact_id]
            visit.put("contacts", contact, contact | {"~companies": [] if undo else [company_id]}, told="links")
            ends = {"entity_id": id_, "entity_type": kind, "to_entity_id": other_id, "to_entity_type": other}
            said.append(ends | {"metadata": None})
            continue
        lead_id, side, side_id = (id_, other, other_id) if kind == "leads" else (other_id, kind, id_)
        before = visit.world.all("leads")[lead_id]
        after = _linked(before, side, side_id, main=_is_main(item), undo=undo)
        visit.put("leads", before, after, told="links")
        metadata = {"main_contact": any(each == {"id": side_id, "is_main": True} for each in after["~contacts"])}
        said.append({"entity_id": id_, "entity_type": kind, "to_entity_id": other_id, "to_entity_type": other,
                     "metadata": metadata if side == "contacts" else None})  # fmt: skip
    return Answer(status=204) if undo else visit.counted("links", said)


def _linked(lead: Item, side: str, id_: int, *, main: bool, undo: bool) -> Item:
    if side == "companies":
        return lead | {"~companies": [] if undo else [id_]}
    contacts = [dict(each) for each in lead["~contacts"] if each["id"] != id_]
    if not undo:
        was = next((each["is_main"] for each in lead["~contacts"] if each["id"] == id_), False)
        contacts.append({"id": id_, "is_main": main or was or not contacts})
    if main:
        contacts = [each | {"is_main": each["id"] == id_} for each in contacts]
    if contacts and not any(each["is_main"] for each in contacts):
        contacts[0]["is_main"] = True
    return lead | {"~contacts": sorted(contacts, key=lambda each: int(each["id"]))}


def _is_main(item: Item) -> bool:
    metadata = item.get("metadata")
    return isinstance(metadata, dict) and bool(metadata.get("is_main"))


def _named(item: Item, complaints: Complaints) -> None:
    if not isinstance(item.get("name"), str) or not item["name"]:
        complaints.say("name", MISSING)
    if not isinstance(item.get("sort", 1), int):
        complaints.wrong_type("sort", "int")


def _user(visit: Visit, user: Item) -> Item:
    every = {"view": "A", "edit": "A", "add": "A", "delete": "A", "export": "A"}
    rights: dict[str, Any] = {
        "leads": every, "contacts": every, "companies": every, "tasks": {"edit": "A", "delete": "A"},
        "mail_access": False, "catalog_access": False, "status_rights": [], "is_admin": user["~admin"],
        "is_free": False, "is_active": True, "group_id": None, "role_id": None,
    }  # fmt: skip
    shown = {key: value for key, value in user.items() if not key.startswith("~")} | {"lang": "en", "rights": rights}
    embedded: dict[str, list[Item]] = {"roles": [], "groups": []}
    return shown | {"_links": visit.links(f"users/{user['id']}"), "_embedded": embedded}
