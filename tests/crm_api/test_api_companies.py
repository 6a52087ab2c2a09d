"""Companies over HTTP: listed, read, renamed, given own fields and merged, as far as the role goes."""

from __future__ import annotations

import pytest
from api_world import World

from dealwright.model.custom import FieldShape, FieldShapes

FIRM = FieldShapes(
    company=(
        FieldShape(key="segment", type="choice", options=("small", "key account")),
        FieldShape(key="rating", type="text", sensitive=True),
    )
)


@pytest.fixture
def firms(world: World) -> World:
    """A CRM with two companies and a deal of each."""
    return filled(world)


def filled(world: World) -> World:
    world.crm.shape([], fields=FIRM, apply=True)
    world.deal(company="Acme")
    world.deal(company="Beta")
    return world


def test_a_company_is_listed_read_changed_and_renamed(both: World) -> None:
    ask = filled(both).owner
    assert [each["name"] for each in ask("GET", "/companies").json["items"]] == ["Acme", "Beta"]
    first = ask("GET", "/companies?limit=1").json
    assert ask("GET", f"/companies?limit=1&cursor={first['next']}").json["items"][0]["name"] == "Beta"
    changed = ask("PATCH", "/companies/1", {"name": "Acme Ltd", "fields": {"segment": "small", "rating": "C"}})
    assert changed.json == {"id": "1", "name": "Acme Ltd", "fields": {"segment": "small", "rating": "C"}}
    assert ask("GET", "/companies/1").json == changed.json
    assert [each["id"] for each in ask("GET", "/companies?fields[segment]=small&name=Ltd").json["items"]] == ["1"]
    assert ask("GET", "/deals/1").json["company"] == "Acme Ltd"
    told = ask("GET", "/events").json["items"][-1]
    assert (told["kind"], told["data"]["changed"], told["actor"]) == (
        "deal_updated",
        ["company"],
        f"user:{both.ann.id}",
    )
    assert told["data"]["after"]["company_fields"] == {"segment": "small", "rating": "C"}
    assert ask("PATCH", "/companies/1", {"fields": {"segment": None}}).json["fields"] == {"rating": "C"}


def test_what_is_sensitive_of_companies_is_an_account_owners(firms: World) -> None:
    firms.owner("PATCH", "/companies/1", {"fields": {"segment": "small", "rating": "C"}})
    admin = firms.client("administrator")
    assert admin("GET", "/companies/1").json["fields"] == {"segment": "small"}
    assert admin("GET", "/companies").json["items"][0]["fields"] == {"segment": "small"}
    assert admin("PATCH", "/companies/1", {"fields": {"rating": "A"}}).status == 403
    assert admin("GET", "/companies?fields[rating]=C").status == 403
    assert admin("PATCH", "/companies/1", {"name": "Acme Ltd"}).json["fields"] == {"segment": "small"}
    assert admin("GET", "/events").json["items"][-1]["data"]["after"]["company_fields"] == {"segment": "small"}
    for role, status in (("chat_operator", 403), (None, 401)):
        other = firms.client(role)
        for method, path in (
            ("GET", "/companies"),
            ("GET", "/companies/1"),
            ("PATCH", "/companies/1"),
            ("POST", "/companies/merge"),
        ):
            assert other(method, path).status == status, (role, method, path)


def test_two_companies_are_merged_once_and_the_absorbed_id_is_the_kept_one(firms: World) -> None:
    ask, key = firms.owner, {"Idempotency-Key": "m1"}
    merged = ask("POST", "/companies/merge", {"keep": "1", "absorb": "2"}, headers=key)
    assert (merged.status, merged.json["id"]) == (200, "1")
    again = ask("POST", "/companies/merge", {"keep": "1", "absorb": "2"}, headers=key)
    assert (again.body, again.headers["idempotency-replayed"]) == (merged.body, "true")
    assert ask("POST", "/companies/merge", {"keep": "1", "absorb": "2"}).code == "same_company"
    assert ask("GET", "/companies/2").json == ask("GET", "/companies/1").json
    assert ask("GET", "/deals/2").json["company"] == "Acme"
    assert ask("PATCH", "/companies/2", {"name": "One"}).json["name"] == "One"


def test_what_cannot_be_is_refused_and_changes_nothing(firms: World) -> None:
    ask = firms.owner
    for sent, status, code in (
        ({"name": "Beta"}, 409, "name_taken"),
        ({"name": None}, 422, "invalid"),
        ({"name": ""}, 422, "invalid"),
        ({"name": " \n\t"}, 422, "bad_company"),
        ({"name": "x" * 1_001}, 422, "invalid"),
        ({"name": "\u00e9" * 900}, 422, "bad_company"),
        ({"name": "a\x00b"}, 422, "invalid"),
        ({"name": "\ud800"}, 422, "invalid"),
        ({"nmae": "x"}, 422, "invalid"),
        ({"fields": {"segment": "tiny"}}, 422, "bad_option"),
        ({"fields": {"segmnet": "small"}}, 422, "unknown_field"),
        ({"name": "Gamma", "fields": {"segment": True}}, 422, "bad_field"),
        ({"fields": None}, 422, "invalid"),
    ):
        reply = ask("PATCH", "/companies/1", sent)
        assert (reply.status, reply.code) == (status, code), (sent, reply.body)
    for wrong in ("0", "x", "999", "%D9%A1", "Acme"):
        assert ask("GET", f"/companies/{wrong}").status == 404
        assert ask("PATCH", f"/companies/{wrong}", {}).status == 404
    for pair in ({"keep": "1", "absorb": "999"}, {"keep": "999", "absorb": "1"}):
        assert ask("POST", "/companies/merge", pair).code == "unknown_reference"
    assert ask("POST", "/companies/merge", {"keep": "Acme", "absorb": "2"}).code == "invalid"
    assert ask("DELETE", "/companies/1").headers["allow"] == "GET, PATCH"
    assert ask("GET", "/companies?nme=x").status == 422
    assert ask("GET", "/companies/1").json == {"id": "1", "name": "Acme", "fields": {}}
    assert len(ask("GET", "/events").json["items"]) == 2


def test_the_name_of_a_company_that_looks_like_an_id_is_no_id(firms: World) -> None:
    firms.deal(company="77")
    assert firms.owner("GET", "/companies/77").status == 404
    assert firms.owner("POST", "/companies/merge", {"keep": "1", "absorb": "77"}).code == "unknown_reference"
