"""The company's own fields over HTTP: sent, shown, looked for, and sensitive ones only to account owners."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from api_world import Client, World
from msgspec.structs import replace

from dealwright.model.custom import FieldShape, FieldShapes
from dealwright.model.events import DealUpdated

pytestmark = pytest.mark.slow  # a CRM for each case

CLINIC = FieldShapes(
    deal=(
        FieldShape(key="treatment", type="choice", options=("cleaning", "implant"), label="Treatment"),
        FieldShape(key="dentist", type="text"),
        FieldShape(key="extras", type="choices", options=("x-ray", "photo")),
        FieldShape(key="discount", type="number"),
        FieldShape(key="insured", type="flag"),
        FieldShape(key="due_on", type="day"),
        FieldShape(key="seen_at", type="moment"),
        FieldShape(key="deposit", type="money"),
        FieldShape(key="surgeon", type="user"),
        FieldShape(key="diagnosis", type="text", sensitive=True),
    ),
    contact=(
        FieldShape(key="guardian_of", type="text"),
        FieldShape(key="born_on", type="day", sensitive=True),
    ),
)
NEW = {"title": "Chairs", "pipeline": "sales", "stage": "prospecting"}
GIVEN = {
    "treatment": "implant",
    "dentist": "Dr. Ñandú",
    "extras": ["photo", "x-ray"],
    "discount": "12.50",
    "insured": False,
    "due_on": "2026-12-24",
    "seen_at": "2026-12-01T16:30:00+01:00",
    "deposit": {"amount": "99.5", "currency": "EUR"},
    "surgeon": "ann@example.com",
    "diagnosis": "caries",
}
SHOWN = {
    **GIVEN,
    "extras": ["x-ray", "photo"],
    "discount": "12.5",
    "seen_at": "2026-12-01T15:30:00Z",
    "deposit": {"amount": "99.50", "currency": "EUR"},
    "surgeon": {"id": "1", "name": "Ann Lee", "email": "ann@example.com"},
}


@pytest.fixture
def clinic(world: World) -> World:
    """A CRM that knows a clinic's fields."""
    world.crm.shape([], fields=CLINIC, apply=True)
    return world


@pytest.fixture
def admin(clinic: World) -> Client:
    """Who may not see sensitive fields."""
    return clinic.client("administrator")


def test_every_type_comes_back_on_both_databases(both: World) -> None:
    both.crm.shape([], fields=CLINIC, apply=True)
    made = both.owner("POST", "/deals", {**NEW, "fields": GIVEN})
    assert made.status == 201, made.body
    assert made.json["fields"] == SHOWN
    path = f"/deals/{made.json['id']}"
    assert both.owner("GET", path).json["fields"] == SHOWN
    asked = quote("fields[extras]", safe="") + "=photo&" + quote("fields[deposit]", safe="") + "=99.50%20EUR"
    found = both.owner("GET", f"/deals?{asked}")
    assert [each["id"] for each in found.json["items"]] == [made.json["id"]]
    assert both.owner("GET", "/deals?fields[extras]=x-ray&fields[treatment]=cleaning").json["items"] == []


def test_a_change_leaves_the_others_alone_and_null_clears(clinic: World) -> None:
    made = clinic.owner("POST", "/deals", {**NEW, "fields": GIVEN})
    clinic.crm.taken([item.event.source_id for item in clinic.crm.pull(100)])
    path = f"/deals/{made.json['id']}"
    changed = clinic.owner("PATCH", path, {"fields": {"treatment": None, "insured": True}}, headers={"If-Match": '"1"'})
    assert changed.status == 200, changed.body
    assert changed.json["fields"] == {**{k: v for k, v in SHOWN.items() if k != "treatment"}, "insured": True}
    (item,) = clinic.crm.pull(100)
    assert isinstance(item.event, DealUpdated)
    assert set(item.event.changed) == {"treatment", "insured"}
    assert item.event.actor == f"user:{clinic.ann.id}"
    assert clinic.owner("PATCH", path, {"fields": {}}).json["version"] == 2
    both = {"ids": [made.json["id"]], "count": 1, "changes": {"fields": {"treatment": "cleaning"}}}
    assert clinic.owner("POST", "/deals/bulk-update", both).status == 200
    assert clinic.owner("GET", path).json["fields"]["treatment"] == "cleaning"
    clone = clinic.owner("POST", f"{path}/clone", {})
    assert clone.json["fields"]["treatment"] == "cleaning"


def test_a_keyed_write_is_done_once(clinic: World) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = clinic.owner("POST", "/deals", {**NEW, "fields": {"treatment": "implant"}}, headers=key)
    again = clinic.owner("POST", "/deals", {**NEW, "fields": {"treatment": "implant"}}, headers=key)
    assert again.body == first.body and again.headers["idempotency-replayed"] == "true"
    other = clinic.owner("POST", "/deals", {**NEW, "fields": {"treatment": "cleaning"}}, headers=key)
    assert (other.status, other.code) == (409, "key_reused")
    assert len(clinic.crm.deals()) == 1


def test_contacts_have_fields(clinic: World) -> None:
    made = clinic.owner("POST", "/contacts", {"name": "Bo", "fields": {"guardian_of": "Kim", "born_on": "2000-02-29"}})
    assert made.status == 201, made.body
    path = f"/contacts/{made.json['id']}"
    changed = clinic.owner("PATCH", path, {"fields": {"guardian_of": "Lu"}})
    assert changed.json["fields"] == {"guardian_of": "Lu", "born_on": "2000-02-29"}
    assert [each["name"] for each in clinic.owner("GET", "/contacts?fields[guardian_of]=Lu").json["items"]] == ["Bo"]
    assert clinic.owner("GET", "/contacts?fields[guardian_of]=Kim").json["items"] == []
    deal = clinic.owner("POST", f"{path}/deals", {**NEW, "fields": {"treatment": "implant"}})
    assert deal.json["fields"] == {"treatment": "implant"}
    assert deal.json["contacts"][0]["fields"]["guardian_of"] == "Lu"


def test_only_an_account_owner_sees_and_sets_what_is_sensitive(clinic: World, admin: Client) -> None:
    contact = clinic.owner("POST", "/contacts", {"name": "Bo", "fields": {"born_on": "2000-02-29"}}).json["id"]
    deal = clinic.owner("POST", "/deals", {**NEW, "contacts": [contact], "fields": GIVEN}).json["id"]
    seen = admin("GET", f"/deals/{deal}").json
    assert seen["fields"] == {key: value for key, value in SHOWN.items() if key != "diagnosis"}
    assert seen["contacts"][0]["fields"] == {}
    for body in ({"fields": {"diagnosis": "none"}}, {"fields": {"diagnosis": None}}, {"fields": {"diagnosis": 7}}):
        reply = admin("PATCH", f"/deals/{deal}", body)
        if body["fields"]["diagnosis"] != 7:
            assert (reply.status, reply.code, reply.json["error"]["field"]) == (403, "forbidden", "fields.diagnosis")
        assert reply.status in (403, 422)
    for path in ("/deals?fields[diagnosis]=caries", "/contacts?fields[born_on]=2000-02-29"):
        assert (admin("GET", path).status, admin("GET", path).code) == (403, "forbidden")
    changed = admin("PATCH", f"/deals/{deal}", {"fields": {"treatment": "cleaning"}})
    assert "diagnosis" not in changed.json["fields"]
    assert "caries" not in admin("GET", "/deals").body.decode() + admin("GET", "/events").body.decode()
    assert "2000-02-29" not in admin("GET", "/contacts").body.decode() + admin("GET", "/events").body.decode()
    assert "caries" in clinic.owner("GET", "/events").body.decode()
    listed = {each["key"]: each["sensitive"] for each in admin("GET", "/fields").json["items"]}
    assert listed["diagnosis"] is True and listed["treatment"] is False
    assert clinic.client("chat_operator")("GET", "/fields").status == 403
    assert clinic.client(None)("GET", "/fields").status == 401


def test_conversations_show_their_contacts_fields(clinic: World, admin: Client) -> None:
    given = {"name": "Bo", "fields": {"guardian_of": "Kim", "born_on": "2000-02-29"}}
    contact = clinic.owner("POST", "/contacts", given).json["id"]
    assert clinic.owner("POST", f"/contacts/{contact}/messages", {"text": "Hello"}).status == 201
    (mine,) = clinic.owner("GET", "/conversations").json["items"]
    assert mine["contact"]["fields"] == given["fields"]
    (theirs,) = admin("GET", "/conversations").json["items"]
    assert theirs["contact"]["fields"] == {"guardian_of": "Kim"}


def test_fields_are_listed_also_those_that_no_release_names(clinic: World) -> None:
    clinic.crm.shape([], fields=replace(CLINIC, deal=CLINIC.deal[1:]), apply=True)
    items = clinic.owner("GET", "/fields").json["items"]
    assert items[-1]["of"] == "contact"
    retired = next(each for each in items if each["key"] == "treatment")
    assert retired == {
        "of": "deal",
        "key": "treatment",
        "label": "Treatment",
        "type": "choice",
        "options": ["cleaning", "implant"],
        "sensitive": False,
        "renamed_from": [],
        "released": False,
    }
    reply = clinic.owner("POST", "/deals", {**NEW, "fields": {"treatment": "implant"}})
    assert (reply.status, reply.code) == (422, "retired_field")


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"treatmnt": "implant"}, "unknown_field", "fields.treatmnt"),
        ({"guardian_of": "x"}, "unknown_field", "fields.guardian_of"),
        ({"treatment": "implnt"}, "bad_option", "fields.treatment"),
        ({"treatment": True}, "bad_field", "fields.treatment"),
        ({"treatment": ["implant"]}, "bad_field", "fields.treatment"),
        ({"dentist": "€" * 999}, "bad_field", "fields.dentist"),
        ({"dentist": "a\u001b[2Jb"}, "bad_field", "fields.dentist"),
        ({"dentist": "a\u0000b"}, "bad_field", "fields.dentist"),
        ({"dentist": "a\ud800b"}, "bad_field", "fields.dentist"),
        ({"dentist": "x" * 1_001}, "invalid", "fields.dentist"),
        ({"extras": "photo"}, "bad_field", "fields.extras"),
        ({"extras": ["photo", "foto"]}, "bad_option", "fields.extras"),
        ({"extras": [1]}, "invalid", "fields.extras"),
        ({"extras": ["photo"] * 501}, "invalid", "fields.extras"),
        ({"discount": 12.5}, "invalid", "fields.discount"),
        ({"discount": "1e5"}, "bad_field", "fields.discount"),
        ({"discount": "٣"}, "bad_field", "fields.discount"),
        ({"discount": "9" * 19}, "bad_field", "fields.discount"),
        ({"insured": "yes"}, "bad_field", "fields.insured"),
        ({"due_on": "2026-02-30"}, "bad_field", "fields.due_on"),
        ({"seen_at": "2026-02-03T09:00:00"}, "bad_field", "fields.seen_at"),
        ({"seen_at": "0001-01-01T00:00:00+10:00"}, "bad_field", "fields.seen_at"),
        ({"deposit": {"amount": "1.005", "currency": "USD"}}, "bad_field", "fields.deposit"),
        ({"deposit": {"amount": "1", "currency": "XXQ"}}, "bad_field", "fields.deposit"),
        ({"deposit": {"amount": "1"}}, "invalid", "fields.deposit"),
        ({"deposit": {"amount": 1, "currency": "USD"}}, "invalid", "fields.deposit"),
        ({"surgeon": "nobody"}, "bad_field", "fields.surgeon"),
        ({"bad key": "x"}, "invalid", "fields"),
        ({"": "x"}, "invalid", "fields"),
        ({f"f{number}": None for number in range(501)}, "invalid", "fields"),
        (None, "invalid", "fields"),
        ([], "invalid", "fields"),
        ("treatment=implant", "invalid", "fields"),
    ],
)
def test_bad_input_is_a_problem_that_names_the_field(clinic: World, fields: Any, code: str, field: str) -> None:
    reply = clinic.owner("POST", "/deals", {**NEW, "fields": fields})
    assert (reply.status, reply.code, reply.json["error"].get("field")) == (422, code, field), reply.body[:300]
    assert len(reply.body) < 500
    assert clinic.crm.deals() == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("fields[treatmnt]=implant", "unknown_field"),
        ("fields[treatment]=implnt", "bad_option"),
        ("fields[treatment]=", "invalid"),
        ("fields[treatment]=%20", "bad_field"),
        ("fields[dentist]=a%00b", "invalid"),
        ("fields[insured]=perhaps", "bad_field"),
        ("fields[seen_at]=2026-01-01T00:00:00", "bad_field"),
        ("fields[]=x", "invalid"),
        ("fields=x", "invalid"),
        ("fields[treatment]=implant&fields=x", "invalid"),
        ("fields[treatment=implant", "invalid"),
        ("fields[a][b]=implant", "invalid"),
        ("filed[treatment]=implant", "invalid"),
    ],
)
def test_a_filter_that_cannot_be_used(clinic: World, query: str, code: str) -> None:
    reply = clinic.owner("GET", f"/deals?{query}")
    assert (reply.status, reply.code) == (422, code), reply.body[:300]
    assert clinic.owner("GET", "/deals?fields[treatment]=implant&fields[treatment]=implant").status == 400


def test_pages_of_a_filter_go_on(clinic: World) -> None:
    for number in range(7):
        treatment = "implant" if number % 2 else "cleaning"
        clinic.owner("POST", "/deals", {**NEW, "title": str(number), "fields": {"treatment": treatment}})
    found: list[str] = []
    query = "/deals?fields[treatment]=implant&limit=2&sort=name&order=desc"
    page = clinic.owner("GET", query).json
    while True:
        found += [each["title"] for each in page["items"]]
        if page["next"] is None:
            break
        page = clinic.owner("GET", f"{query}&cursor={page['next']}").json
    assert found == ["5", "3", "1"]
