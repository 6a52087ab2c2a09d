"""Deals over HTTP: made, read, changed, moved, taken in, copied, merged, deleted and listed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from api_world import World
from hypothesis import given, settings
from hypothesis import strategies as st

NEW = {"title": "Chairs", "pipeline": "sales", "stage": "prospecting"}


def test_a_deal_comes_back_as_it_was_sent(both: World) -> None:
    contacts = [both.contact(phone="+1 212 555 0142"), both.contact(first_name="Cy")]
    sent = {
        **NEW,
        "owner": "ann@example.com",
        "amount": {"amount": "1054.50", "currency": "USD"},
        "close_date": "2026-04-01",
        "reference": "R-1",
        "company": "Acme",
        "tags": ["vip", "fair"],
        "contacts": contacts[::-1],
    }
    made = both.owner("POST", "/deals", sent)
    assert made.status == 201
    deal = made.json
    assert made.headers["location"] == f"/api/crm/v1/deals/{deal['id']}"
    assert made.headers["etag"] == '"1"' and deal["version"] == 1
    assert made.headers["content-type"] == "application/json" and made.headers["cache-control"] == "no-store"
    for name in ("title", "pipeline", "stage", "amount", "close_date", "reference", "company", "tags"):
        assert deal[name] == sent[name], name
    assert deal["owner"] == {"id": both.ann.id, "name": "Ann Lee", "email": "ann@example.com"}
    assert [each["id"] for each in deal["contacts"]] == contacts[::-1]
    assert deal["created_at"] == deal["stage_since"] == "2026-03-02T09:00:00.000000Z"
    assert both.owner("GET", f"/deals/{deal['id']}").json == deal
    (event,) = both.crm.pull(10)
    assert event.event.actor == f"user:{both.ann.id}"


def test_a_deal_without_a_title_is_called_as_its_contact(world: World) -> None:
    body = {"pipeline": "sales", "stage": "prospecting", "contacts": [world.contact()]}
    assert world.owner("POST", "/deals", body).json["title"] == "Bo Li"
    assert world.owner("POST", "/deals", {**body, "contacts": []}).status == 422


def test_a_change_sets_what_is_sent_clears_what_is_null_and_leaves_the_rest(both: World) -> None:
    deal = both.deal(reference="R-1", company="Acme", tags=["vip"])
    changed = both.owner("PATCH", f"/deals/{deal}", {"reference": None, "title": "Tables", "tags": []})
    assert changed.status == 200 and changed.headers["etag"] == '"2"'
    assert [changed.json[name] for name in ("title", "reference", "company", "tags")] == ["Tables", None, "Acme", []]
    same = both.owner("PATCH", f"/deals/{deal}", {})
    assert (same.status, same.json) == (200, changed.json)
    for body in ({"title": None}, {"tags": None}, {"stage": "won"}, {"contacts": []}, {"version": 9}):
        assert both.owner("PATCH", f"/deals/{deal}", body).code == "invalid"


def test_moving_wins_loses_and_reopens(both: World) -> None:
    deal = both.deal()
    lost = both.owner("POST", f"/deals/{deal}/move", {"stage": "lost", "lost_reason": "Price"}).json
    assert (lost["stage"], lost["lost_reason"], lost["close_date"]) == ("lost", "Price", "2026-03-02")
    assert both.owner("POST", f"/deals/{deal}/move", {"stage": "prospecting"}).json["lost_reason"] is None
    assert both.owner("POST", f"/deals/{deal}/move", {"stage": "lost", "lost_reason": "Weather"}).status == 422
    assert both.owner("POST", f"/deals/{deal}/move", {"stage": "nowhere"}).code == "unknown_stage"
    assert both.owner("POST", "/deals/77/move", {"stage": "won"}).status == 404


def test_an_incoming_deal_is_accepted_or_declined(world: World) -> None:
    first, second = world.deal(stage="incoming"), world.deal(stage="incoming")
    accepted = world.owner("POST", f"/deals/{first}/accept", {"owner": world.ann.id}).json
    assert (accepted["stage"], accepted["owner"]["id"]) == ("prospecting", world.ann.id)
    declined = world.owner("POST", f"/deals/{second}/decline", {"reason": "Price"}).json
    assert (declined["stage"], declined["lost_reason"]) == ("lost", "Price")
    for path in (f"/deals/{first}/accept", f"/deals/{first}/decline"):
        body = {"owner": world.ann.id} if path.endswith("accept") else {}
        assert world.owner("POST", path, body).status in (409, 422)


def test_a_copy_is_a_deal_of_its_own(world: World) -> None:
    deal = world.deal(contacts=[world.contact()], tags=["vip"])
    copy = world.owner("POST", f"/deals/{deal}/clone", {"title": "Again"})
    assert copy.status == 201 and copy.json["id"] != deal and copy.headers["etag"] == '"1"'
    assert (copy.json["title"], copy.json["tags"], len(copy.json["contacts"])) == ("Again", ["vip"], 1)
    assert world.owner("POST", "/deals/77/clone", {}).status == 404


def test_contacts_are_added_last_and_taken_off(world: World) -> None:
    deal, contacts = world.deal(), [world.contact(), world.contact()]
    for contact in contacts:
        reply = world.owner("POST", f"/deals/{deal}/contacts", {"contact_id": contact})
    assert [each["id"] for each in reply.json["contacts"]] == contacts
    left = world.owner("DELETE", f"/deals/{deal}/contacts/{contacts[0]}").json
    assert [each["id"] for each in left["contacts"]] == contacts[1:]
    assert world.owner("DELETE", f"/deals/{deal}/contacts/{contacts[0]}").status == 404
    assert world.owner("POST", f"/deals/{deal}/contacts", {"contact_id": "77"}).code == "unknown_reference"
    assert world.owner("POST", "/deals/77/contacts", {"contact_id": contacts[0]}).status == 404


def test_a_contact_is_something_on_a_deal(world: World) -> None:
    deal = world.owner("POST", "/deals", {**NEW, "contacts": [world.contact()]}).json
    first, second = deal["contacts"][0]["id"], world.contact(first_name="Cy")
    path = f"/deals/{deal['id']}/contacts"
    added = world.owner("POST", path, {"contact_id": second, "role": "Payer"}).json
    assert [each["role"] for each in added["contacts"]] == [None, "Payer"]
    named = world.owner("PATCH", f"{path}/{first}", {"role": "buyer"}).json
    assert [each["role"] for each in named["contacts"]] == ["buyer", "Payer"]
    assert world.owner("GET", f"/deals/{deal['id']}").json == named
    assert world.owner("PATCH", f"{path}/{first}", {"role": None}).json["contacts"][0]["role"] is None
    for bad in ("2nd", "x" * 61, 5, [], {}):
        assert world.owner("PATCH", f"{path}/{first}", {"role": bad}).status in (400, 422), bad
    assert world.owner("PATCH", f"{path}/{first}", {}).status in (400, 422)
    assert world.owner("PATCH", f"{path}/999", {"role": "buyer"}).status == 404
    assert world.owner("PATCH", "/deals/999/contacts/1", {"role": "buyer"}).status == 404


def test_a_deleted_deal_is_gone(both: World) -> None:
    deal, other = both.deal(), both.deal()
    assert both.owner("DELETE", f"/deals/{deal}").status == 204
    for method, path, body in [
        ("GET", "", None),
        ("PATCH", "", {"title": "x"}),
        ("DELETE", "", None),
        ("POST", "/move", {"stage": "won"}),
        ("POST", "/clone", {}),
    ]:
        assert both.owner(method, f"/deals/{deal}{path}", body).code == "not_found", method
    assert [each.id for each in both.crm.deals()] == [other]


def test_bulk_calls_want_the_number_and_are_all_or_none(both: World) -> None:
    ids = [both.deal(), both.deal(), both.deal()]
    for count in (2, 4):
        reply = both.owner("POST", "/deals/bulk-delete", {"ids": ids, "count": count})
        assert (reply.status, reply.code) == (422, "not_confirmed")
    assert both.owner("POST", "/deals/bulk-delete", {"ids": ids}).json["error"]["field"] == "count"
    assert both.owner("POST", "/deals/bulk-delete", {"ids": [*ids, ids[0]], "count": 4}).code == "invalid"
    assert both.owner("POST", "/deals/bulk-delete", {"ids": [*ids, "77"], "count": 4}).code == "unknown_reference"
    changes = {"tags": ["spring"]}
    missing = {"ids": [*ids, "77"], "count": 4, "changes": changes}
    assert both.owner("POST", "/deals/bulk-update", missing).code == "unknown_reference"
    assert {deal.tags for deal in both.crm.deals()} == {()} and len(both.crm.deals()) == 3
    done = both.owner("POST", "/deals/bulk-update", {"ids": ids, "count": 3, "changes": changes})
    assert done.json == {"count": 3, "ids": ids} and {deal.tags for deal in both.crm.deals()} == {("spring",)}
    assert both.owner("POST", "/deals/bulk-delete", {"ids": ids[:2], "count": 2}).json["count"] == 2
    assert [deal.id for deal in both.crm.deals()] == ids[2:]


def test_merged_deals_are_one_and_the_old_id_deletes_nothing(both: World) -> None:
    keep, gone = both.deal(contacts=[both.contact()]), both.deal(contacts=[both.contact()], company="Acme")
    merged = both.owner("POST", "/deals/merge", {"keep": keep, "absorb": gone})
    assert merged.status == 200 and merged.json["id"] == keep and len(merged.json["contacts"]) == 2
    assert both.owner("DELETE", f"/deals/{gone}").status == 404
    assert both.owner("POST", "/deals/bulk-delete", {"ids": [gone], "count": 1}).status == 422
    assert [deal.id for deal in both.crm.deals()] == [keep]
    assert both.owner("POST", "/deals/merge", {"keep": keep, "absorb": keep}).status in (409, 422)


def many(world: World) -> list[str]:
    ids = []
    for number in range(7):
        world.clock.move(timedelta(hours=1))
        amount = None if number == 3 else {"amount": f"{(number * 5) % 7}.00", "currency": "USD"}
        body: dict[str, Any] = {**NEW, "title": f"Deal {(number * 3) % 7}", "amount": amount}
        body["stage"] = ["prospecting", "engaging"][number % 2]
        if number != 4:
            body["close_date"] = f"2026-05-{10 + (number * 2) % 7}"
        ids.append(world.owner("POST", "/deals", body).json["id"])
    return ids


@pytest.mark.parametrize("sort", ["name", "stage", "created", "close_date", "amount"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_hold_every_deal_once_in_order(both: World, sort: str, order: str) -> None:
    ids = many(both)
    whole = both.owner("GET", f"/deals?sort={sort}&order={order}").json
    assert whole["next"] is None and sorted(deal["id"] for deal in whole["items"]) == sorted(ids)
    paged: list[Any] = []
    cursor = ""
    while True:
        page = both.owner("GET", f"/deals?sort={sort}&order={order}&limit=2{cursor}").json
        paged += page["items"]
        if page["next"] is None:
            break
        assert len(page["items"]) == 2
        cursor = f"&cursor={page['next']}"
    assert paged == whole["items"]
    read = {
        "name": lambda deal: deal["title"],
        "stage": lambda deal: {"prospecting": 1, "engaging": 2}[deal["stage"]],
        "created": lambda deal: deal["created_at"],
        "close_date": lambda deal: deal["close_date"],
        "amount": lambda deal: deal["amount"] and float(deal["amount"]["amount"]),
    }[sort]
    keys = [read(deal) for deal in paged]
    set_ = [key for key in keys if key is not None]
    assert keys == sorted(set_, reverse=order == "desc") + [None] * (len(keys) - len(set_)), "unset ones are last"
    other = "name" if sort != "name" else "amount"
    assert both.owner("GET", f"/deals?sort={other}{cursor}").code == "bad_cursor"


def test_filters_hold_together(both: World) -> None:
    ids = many(both)
    bea = both.crm.add_user("Bea")
    contact = both.contact()
    both.owner("PATCH", f"/deals/{ids[1]}", {"owner": bea.id, "reference": "R-7"})
    both.owner("POST", f"/deals/{ids[2]}/contacts", {"contact_id": contact})

    def listed(query: str) -> list[str]:
        reply = both.owner("GET", f"/deals?{query}")
        assert reply.status == 200, reply.body
        return [deal["id"] for deal in reply.json["items"]]

    assert listed("name=dEAL%203") == [ids[1]]
    assert listed("name=%25") == []
    assert listed(f"owner={bea.id}") == listed("reference=R-7") == [ids[1]]
    assert listed(f"contact={contact}") == [ids[2]]
    assert listed("stage=engaging&pipeline=sales") == [ids[1], ids[3], ids[5]]
    assert listed("pipeline=nowhere") == []
    assert listed("created_from=2026-03-02T11:00:00Z&created_to=2026-03-02T13:00:00Z") == ids[1:3]
    assert listed("created_from=2026-03-02T12:00:00%2B01:00&created_to=2026-03-02T13:00:00Z") == ids[1:3]
    days = {deal["id"]: deal["close_date"] for deal in both.owner("GET", "/deals").json["items"]}
    inside = [id_ for id_, day in days.items() if day and "2026-05-12" <= day <= "2026-05-14"]
    assert sorted(listed("close_from=2026-05-12&close_to=2026-05-14")) == sorted(inside) and len(inside) == 3


@settings(max_examples=60, deadline=None)
@given(minor=st.integers(0, 10**17), code=st.sampled_from(["USD", "JPY", "KWD"]))
def test_amounts_are_exact(minor: int, code: str) -> None:
    from decimal import Decimal

    from dealwright.model import crm
    from dealwright.model.iso import DECIMALS
    from dealwright_embedded_crm.api.fields import Money, MoneyOut

    money = crm.Money(Decimal(minor).scaleb(-DECIMALS[code]), code)
    sent = MoneyOut.of(money).model_dump_json()
    back = Money.model_validate_json(sent)
    assert back.value() == money and back.value().amount.as_tuple() == money.amount.as_tuple()
