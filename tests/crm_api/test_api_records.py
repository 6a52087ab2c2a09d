"""Records under deals over HTTP: typed, once, at the version that was seen, and sensitive fields only to owners."""

from __future__ import annotations

import pytest
from api_world import World

from dealwright.model.custom import FieldShape, FieldShapes, RecordShape

PLANS = FieldShapes(
    records=(
        RecordShape(
            key="instalment",
            label="Instalment",
            fields=(
                FieldShape(key="amount", type="money", label="Amount"),
                FieldShape(key="due_on", type="day"),
                FieldShape(key="paid", type="flag"),
                FieldShape(key="keeper", type="user", sensitive=True),
            ),
        ),
        RecordShape(key="line", fields=(FieldShape(key="product", type="text"),)),
    )
)
HUNDRED = {"amount": {"amount": "100.00", "currency": "USD"}}


@pytest.fixture
def plans(world: World) -> World:
    """A CRM that knows instalments and lines."""
    world.crm.shape([], fields=PLANS, apply=True)
    return world


def test_a_record_is_added_read_changed_and_removed(both: World) -> None:
    both.crm.shape([], fields=PLANS, apply=True)
    deal, ask = both.deal(), both.owner
    made = ask("POST", f"/deals/{deal}/records", {"kind": "instalment", "fields": {**HUNDRED, "keeper": "Ann Lee"}})
    assert (made.status, made.headers["etag"]) == (201, '"2"')
    record = made.json["id"]
    assert made.headers["location"].endswith(f"/records/{record}")
    assert made.json["fields"]["keeper"]["id"] == both.ann.id
    assert (made.json["deal_id"], made.json["kind"]) == (deal, "instalment")
    assert ask("GET", f"/records/{record}").json == made.json
    changed = ask("PATCH", f"/records/{record}", {"fields": {"paid": True, "amount": None}})
    assert (changed.status, changed.headers["etag"]) == (200, '"3"')
    assert set(changed.json["fields"]) == {"paid", "keeper"}
    ask("POST", f"/deals/{deal}/records", {"kind": "line"})
    assert ask("GET", f"/deals/{deal}").json["records"] == 2
    assert [each["kind"] for each in ask("GET", f"/deals/{deal}/records?kind=line").json["items"]] == ["line"]
    first = ask("GET", f"/deals/{deal}/records?limit=1").json
    rest = ask("GET", f"/deals/{deal}/records?limit=1&cursor={first['next']}").json
    assert ([each["id"] for each in (*first["items"], *rest["items"])], rest["next"]) == ([record, "2"], None)
    assert ask("DELETE", f"/records/{record}").status == 204
    assert ask("GET", f"/records/{record}").status == 404
    assert ask("DELETE", f"/records/{record}").status == 404
    kinds = [event["kind"] for event in ask("GET", "/events").json["items"]]
    assert kinds == ["deal_created", "record_added", "record_updated", "record_added", "record_removed"]


def test_the_kinds_are_listed_with_their_fields(plans: World) -> None:
    listed = plans.owner("GET", "/fields").json
    assert listed["items"] == []
    assert [(kind["key"], kind["label"], len(kind["fields"])) for kind in listed["records"]] == [
        ("instalment", "Instalment", 4),
        ("line", "", 1),
    ]


def test_a_write_with_a_key_is_carried_out_once(plans: World) -> None:
    deal, ask, key = plans.deal(), plans.owner, {"Idempotency-Key": "plan-1"}
    body = {"kind": "line", "fields": {"product": "A"}}
    made = ask("POST", f"/deals/{deal}/records", body, headers=key)
    again = ask("POST", f"/deals/{deal}/records", body, headers=key)
    assert (again.body, again.headers["idempotency-replayed"]) == (made.body, "true")
    assert ask("POST", f"/deals/{deal}/records", {"kind": "line"}, headers=key).code == "key_reused"
    gone = {"Idempotency-Key": "gone"}
    path = f"/records/{made.json['id']}"
    assert [ask("DELETE", path, headers=gone).status for _ in range(2)] == [204, 204]
    assert plans.crm.page_records(deal).items == ()


def test_what_is_done_at_another_version_is_412(plans: World) -> None:
    deal, ask = plans.deal(), plans.owner
    old = {"If-Match": '"1"'}
    record = ask("POST", f"/deals/{deal}/records", {"kind": "line"}, headers=old).json["id"]
    assert ask("POST", f"/deals/{deal}/records", {"kind": "line"}, headers=old).code == "version_changed"
    assert ask("PATCH", f"/records/{record}", {"fields": {"product": "A"}}, headers=old).status == 412
    assert ask("DELETE", f"/records/{record}", headers=old).status == 412
    assert ask("DELETE", f"/records/{record}", headers={"If-Match": '"2"'}).status == 204


def test_sensitive_fields_of_records_are_an_account_owners(plans: World) -> None:
    deal, admin = plans.deal(), plans.client("administrator")
    body = {"kind": "instalment", "fields": {**HUNDRED, "keeper": "1"}}
    assert admin("POST", f"/deals/{deal}/records", body).status == 403
    record = plans.owner("POST", f"/deals/{deal}/records", body).json["id"]
    assert admin("GET", f"/records/{record}").json["fields"] == HUNDRED
    assert admin("GET", f"/deals/{deal}/records").json["items"][0]["fields"] == HUNDRED
    told = admin("GET", "/events").json["items"][-1]["data"]
    assert told["record"]["fields"] == told["after"]["records"][0]["fields"] == HUNDRED
    assert admin("PATCH", f"/records/{record}", {"fields": {"keeper": None}}).status == 403
    assert admin("PATCH", f"/records/{record}", {"fields": {"paid": True}}).json["fields"] == {**HUNDRED, "paid": True}
    for role, status in (("chat_operator", 403), (None, 401)):
        other = plans.client(role)
        for method, path in (
            ("GET", f"/deals/{deal}/records"),
            ("POST", f"/deals/{deal}/records"),
            ("GET", f"/records/{record}"),
            ("PATCH", f"/records/{record}"),
            ("DELETE", f"/records/{record}"),
        ):
            assert other(method, path).status == status, (role, method, path)


def test_what_cannot_be_is_refused_and_changes_nothing(plans: World) -> None:
    deal, ask = plans.deal(), plans.owner
    record = ask("POST", f"/deals/{deal}/records", {"kind": "instalment"}).json["id"]
    path = f"/deals/{deal}/records"
    for sent, code in (
        ({"kind": "instalement"}, "unknown_kind"),
        ({"kind": "\u0456nstalment"}, "invalid"),
        ({"kind": "contact"}, "unknown_kind"),
        ({}, "invalid"),
        ({"kind": 1}, "invalid"),
        ({"kind": "line", "feilds": {}}, "invalid"),
        ({"kind": "line", "fields": []}, "invalid"),
        ({"kind": "line", "fields": {"prodcut": "A"}}, "unknown_field"),
        ({"kind": "line", "fields": {"product": True}}, "bad_field"),
        ({"kind": "line", "fields": {"product": "a\x00b"}}, "bad_field"),
        ({"kind": "line", "fields": {"product": "\ud800"}}, "bad_field"),
        ({"kind": "instalment", "fields": {"amount": {"amount": "1e5", "currency": "USD"}}}, "bad_field"),
        ({"kind": "instalment", "fields": {"amount": {"amount": "1.005", "currency": "USD"}}}, "bad_field"),
        ({"kind": "instalment", "fields": {"due_on": "2026-02-30"}}, "bad_field"),
        ({"kind": "instalment", "fields": {"keeper": "Nobody"}}, "bad_field"),
    ):
        reply = ask("POST", path, sent)
        assert (reply.status, reply.code) == (422, code), (sent, reply.body)
    for raw, status in (
        (b'{"kind": "line", "fields": {"product": NaN}}', 400),
        (b'{"kind": "line", "kind": "line"}', 400),
        (b'{"kind": "line"', 400),
        (b'{"kind": "line", "fields": {"product": "' + b"x" * 2_000_000 + b'"}}', 413),
    ):
        assert ask("POST", path, raw=raw).status == status
    assert ask("POST", "/deals/999/records", {"kind": "line"}).status == 404
    assert ask("GET", "/deals/999/records").status == 404
    assert ask("GET", f"{path}?kind=lnie").code == "unknown_kind"
    assert ask("GET", f"{path}?kid=line").status == 422
    assert ask("GET", f"{path}?cursor=AAAA").code == "bad_cursor"
    for wrong in ("0", "01", "x", "999", "%D9%A1", "1" * 30):
        assert ask("GET", f"/records/{wrong}").status == 404
    assert ask("PUT", f"/records/{record}").headers["allow"] == "DELETE, GET, PATCH"
    assert ask("PATCH", f"/records/{record}", {"kind": "line"}).status == 422
    assert [event["kind"] for event in ask("GET", "/events").json["items"]] == ["deal_created", "record_added"]


def test_webhooks_are_told_of_records(plans: World) -> None:
    wanted = {"url": "https://shop.example.com/crm", "kinds": ["record_added", "record_updated", "record_removed"]}
    assert plans.owner("POST", "/webhooks", wanted).status == 201
    assert plans.owner("POST", "/webhooks", {**wanted, "kinds": ["record_aded"]}).status == 422


def test_a_kind_that_no_release_names_is_shown_and_not_added(plans: World) -> None:
    deal, ask = plans.deal(), plans.owner
    record = ask("POST", f"/deals/{deal}/records", {"kind": "line", "fields": {"product": "A"}}).json["id"]
    plans.crm.shape([], fields=FieldShapes(records=PLANS.records[:1]), apply=True)
    assert [kind["released"] for kind in ask("GET", "/fields").json["records"]] == [True, False]
    assert ask("GET", f"/records/{record}").json["fields"] == {"product": "A"}
    assert ask("POST", f"/deals/{deal}/records", {"kind": "line"}).code == "retired_kind"
    assert ask("PATCH", f"/records/{record}", {"fields": {"product": "B"}}).code == "retired_field"
    assert ask("PATCH", f"/records/{record}", {"fields": {"product": None}}).json["fields"] == {}


@pytest.mark.parametrize("given", [5, 1.5, {"a": 1}, [1]])
def test_a_value_of_no_possible_kind_names_its_field(plans: World, given: object) -> None:
    """It named all fields at once, `fields`."""
    deal = plans.deal("Sofa")
    told = plans.owner("POST", f"/deals/{deal}/records", {"kind": "line", "fields": {"product": given}}).json["error"]
    assert (told["code"], told["field"]) == ("invalid", "fields.product")
    assert told["message"].startswith("product must be a text (as numbers and days are), true, false")
