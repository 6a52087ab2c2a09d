"""Contacts, tasks, notes, activities, pipelines, users and events over HTTP."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import msgspec
from api_world import World

from dealwright.model.crm import Money, PipelineShape
from dealwright.model.requests import CreateDeal


def test_a_contact_is_made_changed_found_and_merged(both: World) -> None:
    made = both.owner("POST", "/contacts", {"first_name": "Bo", "last_name": "Li", "email": "bo@example.com"})
    assert made.status == 201 and made.json["name"] == "Bo Li"
    bo = made.json["id"]
    assert both.owner("GET", f"/contacts/{bo}").json == made.json
    changed = both.owner("PATCH", f"/contacts/{bo}", {"phone": "+1 212 555 0142", "email": None}).json
    assert (changed["phone"], changed["email"], changed["name"]) == ("+1 212 555 0142", None, "Bo Li")
    assert both.owner("POST", "/contacts", {}).status == 422
    assert both.owner("PATCH", "/contacts/77", {"phone": "1"}).status == 404
    twin = both.contact(first_name="Bob", email="bob@example.com")
    deal = both.deal(contacts=[twin])
    assert [each["id"] for each in both.owner("GET", "/contacts?name=bob").json["items"]] == [twin]
    assert [each["id"] for each in both.owner("GET", "/contacts?email=bob@example.com").json["items"]] == [twin]
    merged = both.owner("POST", "/contacts/merge", {"keep": bo, "absorb": twin})
    assert merged.json["id"] == bo and merged.json["email"] == "bob@example.com"
    kept = both.crm.deal(deal)
    assert kept is not None and [each.id for each in kept.contacts] == [bo]
    assert both.owner("POST", "/contacts/merge", {"keep": bo, "absorb": "77"}).code == "unknown_reference"


def test_a_contact_has_open_and_closed_deals_and_gets_new_ones(both: World) -> None:
    bo = both.contact()
    made = both.owner("POST", f"/contacts/{bo}/deals", {"pipeline": "sales", "stage": "prospecting", "tags": ["a"]})
    assert made.status == 201 and made.json["title"] == "Bo Li" and made.json["contacts"][0]["id"] == bo
    won = both.deal(contacts=[bo], stage="won")
    both.deal()

    def deals(state: str) -> list[str]:
        return [deal["id"] for deal in both.owner("GET", f"/contacts/{bo}/deals?state={state}").json["items"]]

    assert deals("all") == [made.json["id"], won]
    assert (deals("open"), deals("closed")) == ([made.json["id"]], [won])
    assert both.owner("GET", "/contacts/77/deals").status == 404
    assert both.owner("POST", "/contacts/77/deals", {"pipeline": "sales", "stage": "prospecting"}).status == 404


def test_a_task_is_set_done_and_reopened(both: World) -> None:
    deal = both.deal(owner=both.ann.id)
    body = {"deal_id": deal, "text": "Call\nthem", "due_at": "2026-03-03T10:00:00+01:00"}
    task = both.owner("POST", "/tasks", body)
    assert task.status == 201 and task.json["due_at"] == "2026-03-03T09:00:00.000000Z"
    assert task.json["owner"]["id"] == both.ann.id and task.json["text"] == "Call\nthem"
    path = f"/tasks/{task.json['id']}"
    assert both.owner("GET", path).json == task.json
    done = both.owner("POST", f"{path}/complete").json
    assert done["done"] and done["completed_at"] is not None
    assert both.owner("GET", f"/tasks?deal={deal}&state=open").json["items"] == []
    assert [each["id"] for each in both.owner("GET", f"/tasks?deal={deal}&state=done").json["items"]] == [done["id"]]
    assert not both.owner("POST", f"{path}/reopen").json["done"]
    assert both.owner("POST", "/tasks", {**body, "deal_id": "77"}).code == "unknown_reference"
    assert both.owner("POST", "/tasks", {**body, "due_at": "2026-03-03T10:00:00"}).code == "invalid"
    for verb in ("complete", "reopen"):
        assert both.owner("POST", f"/tasks/77/{verb}").status == 404


def test_notes_and_activities_are_written_down(both: World) -> None:
    deal, bo = both.deal(), both.contact()
    note = both.owner("POST", "/notes", {"deal_id": deal, "text": "Likes blue"})
    assert note.status == 201 and note.json["text"] == "Likes blue"
    assert both.owner("GET", f"/notes?deal={deal}").json["items"] == [note.json]
    body = {"deal_id": deal, "kind": "call", "outcome": "reached", "contact_id": bo, "at": "2026-03-01T09:00:00Z"}
    call = both.owner("POST", "/activities", body)
    assert call.status == 201
    assert {name: call.json[name] for name in body if name != "at"} == {
        name: body[name] for name in body if name != "at"
    }
    assert call.json["by"]["id"] == both.ann.id
    assert both.owner("GET", f"/activities?deal={deal}").json["items"] == [call.json]
    assert both.owner("POST", "/activities", {**body, "kind": "fax"}).json["error"]["field"] == "kind"
    assert both.owner("POST", "/notes", {"deal_id": "77", "text": "x"}).code == "unknown_reference"


def test_pipelines_show_what_their_stages_hold_and_are_worth(both: World) -> None:
    for amount, code in (("10.50", "USD"), ("0.01", "USD"), ("7", "JPY")):
        money = {"amount": amount, "currency": code}
        body = {"title": "x", "pipeline": "sales", "stage": "engaging", "amount": money}
        assert both.owner("POST", "/deals", body).status == 201
    both.deal(stage="engaging")
    sales = both.owner("GET", "/pipelines/sales").json
    engaging = next(stage for stage in sales["stages"] if stage["key"] == "engaging")
    assert (engaging["deals"], engaging["probability"]) == (4, 50)
    assert engaging["amounts"] == [{"amount": "7", "currency": "JPY"}, {"amount": "10.51", "currency": "USD"}]
    assert both.owner("GET", "/pipelines").json["items"] == [sales]
    reasons = both.owner("GET", "/pipelines/sales/loss-reasons").json
    assert reasons["stage"] == "lost" and reasons["reasons"] == ["Price", "Timing"]


def test_stages_can_be_worth_more_than_a_database_counts_to(both: World) -> None:
    great = Money(Decimal(10**15), "USD")
    wanted = CreateDeal(pipeline="sales", stage="engaging", title="Great", amount=great, owner=both.ann.id)
    both.crm.create_deals([wanted] * 100)
    stages = both.owner("GET", "/pipelines/sales").json["stages"]
    worth = next(stage["amounts"] for stage in stages if stage["key"] == "engaging")
    assert worth == [{"amount": "100000000000000000.00", "currency": "USD"}]


def test_a_pipeline_is_made_changed_and_deleted_when_empty(both: World) -> None:
    made = both.owner("POST", "/pipelines", {"name": "Onboarding", "stages": ["Signed", "Trained"]})
    assert made.status == 201
    key = made.json["key"]
    path = f"/pipelines/{key}"
    assert [stage["name"] for stage in made.json["stages"]][:2] == ["Signed", "Trained"]
    assert both.owner("PATCH", path, {"name": "Training"}).json["name"] == "Training"
    grown = both.owner("POST", f"{path}/stages", {"name": "Paid", "probability": 90}).json
    keys = [stage["key"] for stage in grown["stages"]]
    paid = next(stage["key"] for stage in grown["stages"] if stage["name"] == "Paid")
    stage = f"{path}/stages/{paid}"
    changed = both.owner("PATCH", stage, {"probability": 95}).json
    assert next(each["probability"] for each in changed["stages"] if each["key"] == paid) == 95
    order = [keys[1], keys[0], *keys[2:]]
    ordered = both.owner("PUT", f"{path}/stages", {"keys": order})
    assert [each["key"] for each in ordered.json["stages"]] == order
    assert both.owner("PUT", f"{path}/stages", {"keys": order[1:]}).status in (409, 422)
    deal = both.crm.create_deal(pipeline=key, stage=paid, title="x")
    for address in (stage, path):
        full = both.owner("DELETE", address)
        assert full.status == 409, full.body
    both.crm.delete_deals([deal.id])
    assert paid not in [each["key"] for each in both.owner("DELETE", stage).json["stages"]]
    assert both.owner("DELETE", stage).status == 404
    pipelines = both.owner("PUT", "/pipelines", {"keys": [key, "sales"]}).json["items"]
    assert [each["key"] for each in pipelines] == [key, "sales"]
    assert both.owner("DELETE", path).status == 204
    assert both.owner("GET", path).status == 404
    released = both.owner("PATCH", "/pipelines/sales", {"name": "Other"})
    assert released.status == 409 and both.owner("GET", "/pipelines/sales").json["released"]


def test_there_are_at_most_ten_pipelines(world: World) -> None:
    codes = [world.owner("POST", "/pipelines", {"name": f"P{number}"}).status for number in range(10)]
    assert codes == [201] * 9 + [409]


def test_users_and_who_is_asking(world: World) -> None:
    bea = world.owner("POST", "/users", {"name": "Bea", "email": "bea@example.com"})
    assert bea.status == 201
    assert world.owner("GET", f"/users/{bea.json['id']}").json == bea.json
    assert [user["name"] for user in world.owner("GET", "/users").json["items"]] == ["Ann Lee", "Bea"]
    assert world.owner("GET", "/users/77").status == 404
    me = world.client("administrator")("GET", "/me").json
    assert (me["account"], me["token"]["role"], me["user"]["name"]) == ("acme", "administrator", "Ann Lee")


def test_the_change_feed_is_pulled_from_where_one_stopped(both: World) -> None:
    empty = both.owner("GET", "/events").json
    assert empty == {"items": [], "after": "0"}
    deal = both.deal()
    both.clock.move(timedelta(minutes=5))
    both.owner("POST", f"/deals/{deal}/move", {"stage": "won"})
    for item in both.crm.pull(10):  # what the engine takes is not taken from anybody else
        both.crm.taken([item.event.source_id])
    first = both.owner("GET", "/events?limit=1").json
    assert [event["kind"] for event in first["items"]] == ["deal_created"]
    rest = both.owner("GET", f"/events?after={first['after']}").json
    (moved,) = rest["items"]
    assert moved["kind"] == "stage_changed" and moved["actor"] == f"user:{both.ann.id}"
    assert moved["occurred_at"] == "2026-03-02T09:05:00Z" and moved["id"] == rest["after"]
    assert (moved["data"]["before"]["stage"], moved["data"]["after"]["stage"]) == ("prospecting", "won")
    assert both.owner("GET", f"/events?after={rest['after']}").json == {"items": [], "after": rest["after"]}


def test_a_pipeline_of_a_release_is_marked(world: World) -> None:
    shape = msgspec.structs.replace(world.crm.pipelines()[0], key="other", name="Other")
    assert isinstance(shape, PipelineShape)
    world.crm.shape([world.crm.pipelines()[0], shape], apply=True)
    assert [each["released"] for each in world.owner("GET", "/pipelines").json["items"]] == [True, True]
