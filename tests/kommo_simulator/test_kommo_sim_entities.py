"""Leads, contacts, tasks, notes: the keys, the defaults, the batches and the refusals of wire-contracts section 2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kommo_sim_world import LATER, LOST, MAIN, STAGE, WON, Kommo, play

from dealwright_kommo.simulator import Manners

KEY = "dw-" + "0" * 29 + "a"
LEAD_KEYS = {
    "id", "name", "price", "responsible_user_id", "group_id", "status_id", "pipeline_id", "loss_reason_id", "source_id",
    "created_by", "updated_by", "created_at", "updated_at", "closed_at", "closest_task_at", "is_deleted",
    "custom_fields_values", "score", "account_id", "labor_cost", "_links", "_embedded",
}  # fmt: skip


def test_a_lead_has_exactly_the_keys_of_the_contract_and_begins_in_the_first_stage(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        (contact,) = await kommo.make("contacts", {"name": "Ana"})
        (lead,) = await kommo.make("leads", {"name": "Desk", "_embedded": {"contacts": [{"id": contact}]}})
        shown = await kommo.get(f"leads/{lead}?with=contacts")
        assert set(shown) == LEAD_KEYS
        assert (shown["status_id"], shown["pipeline_id"], shown["price"], shown["closed_at"]) == (STAGE, MAIN, 0, None)
        assert shown["_embedded"]["contacts"][0]["id"] == contact and shown["_embedded"]["contacts"][0]["is_main"]
        assert "contacts" not in (await kommo.get(f"leads/{lead}"))["_embedded"]
        assert (await kommo.get(f"contacts/{contact}?with=leads"))["_embedded"]["leads"][0]["id"] == lead
        assert await kommo.get("leads/1") is None

    play(tmp_path / "log", act)


def test_results_carry_the_callers_request_id_or_the_place_in_any_order(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> list[Any]:
        bodies = [{"name": str(place)} for place in range(30)]
        answer = await kommo.send("POST", "leads", [*bodies, {"name": "own", "request_id": "mine"}])
        made = answer.json()["_embedded"]["leads"]
        assert answer.headers["Content-Type"] == "application/hal+json"
        names = {str(lead["id"]): lead["name"] for lead in await kommo.items("leads?limit=250")}
        assert all(names[str(lead["id"])] in (lead["request_id"], "own") for lead in made)
        return [lead["request_id"] for lead in made]

    ordered = [*(str(place) for place in range(30)), "mine"]
    assert sorted(play(tmp_path / "log", act)) == sorted(ordered) != ordered
    assert play(tmp_path / "log", act) != ordered
    assert play(tmp_path / "ordered", act, manners=Manners(shuffle=False)) == ordered


def test_won_and_lost_set_the_closing_and_going_back_takes_it_away(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        (lead,) = await kommo.make("leads", {})
        await kommo.send("PATCH", "leads", [{"id": lead, "status_id": LOST, "loss_reason_id": 9001}])
        shown = await kommo.get(f"leads/{lead}?with=loss_reason")
        assert shown["closed_at"] and shown["_embedded"]["loss_reason"][0]["name"] == "Price"
        answer = await kommo.send("PATCH", f"leads/{lead}", {"status_id": STAGE})
        assert set(answer.json()) == {"id", "updated_at", "_links"}
        shown = await kommo.get(f"leads/{lead}")
        assert (shown["closed_at"], shown["loss_reason_id"]) == (None, None)
        assert (await kommo.send("PATCH", f"leads/{lead}", {"loss_reason_id": 9001})).status_code == 400

    play(tmp_path / "log", act)


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({"status_id": 1}, "NotSupportedChoice", "status_id"),
        ({"status_id": "142"}, "InvalidType", "status_id"),
        ({"pipeline_id": 9}, "NotSupportedChoice", "pipeline_id"),
        ({"price": True}, "InvalidType", "price"),
        ({"responsible_user_id": 7}, "NotSupportedChoice", "responsible_user_id"),
        (
            {"custom_fields_values": [{"field_id": 1, "values": [{"value": "x"}]}]},
            "NotSupportedChoice",
            "custom_fields_values.0.field_id",
        ),
        ({"_embedded": {"contacts": [{"id": 4}]}}, "NotSupportedChoice", "_embedded.contacts.0.id"),
    ],
)
def test_one_invalid_item_refuses_its_whole_batch(tmp_path: Path, body: Any, code: str, path: str) -> None:
    async def act(kommo: Kommo) -> None:
        answer = await kommo.send("POST", "leads", [{"name": "good"}, {"request_id": "bad"} | body])
        assert answer.status_code == 400 and answer.headers["Content-Type"] == "application/problem+json"
        said = answer.json()
        (invalid,) = said["validation-errors"]
        (error,) = invalid["errors"]
        assert (invalid["request_id"], error["code"], error["path"]) == ("bad", code, path)
        assert (said["title"], said["status"], said["type"]) == ("Bad Request", 400, "https://httpstatus.es/400")
        assert await kommo.get("leads") is None

    play(tmp_path / "log", act)


def test_a_write_of_what_is_there_already_changes_nothing_and_the_log_says_so(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        (lead,) = await kommo.make("leads", {"name": "Desk", "price": 5})
        await kommo.send("PATCH", "leads", [{"id": lead, "price": 6}])
        await kommo.send("PATCH", "leads", [{"id": lead, "price": 6, "name": "Desk"}])
        await kommo.send("PATCH", "leads", [{"id": lead, "price": "no"}])
        await kommo.send("PATCH", "leads", [{"id": 1, "price": 6}])
        lines = kommo.log()
        assert [line["committed"] for line in lines] == [True, True, False, False, False]
        assert [line["status"] for line in lines] == [200, 200, 200, 400, 400]

    play(tmp_path / "log", act)


def test_a_batch_that_changes_some_is_two_lines_so_that_each_key_counts_once(tmp_path: Path) -> None:
    other = KEY[:-1] + "b"

    async def act(kommo: Kommo) -> None:
        first, second = await kommo.make("leads", {}, {})
        changes = [{"id": first, "price": 6, "request_id": KEY}, {"id": second, "price": 6, "request_id": other}]
        await kommo.send("PATCH", "leads", changes[:1])
        await kommo.send("PATCH", "leads", changes)
        lines = [(line["committed"], line["keys"]) for line in kommo.log()[1:]]
        assert lines == [(True, [KEY]), (False, [KEY]), (True, [other])]

    play(tmp_path / "log", act)


def test_tags_are_added_deleted_replaced_and_cleared(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        (lead,) = await kommo.make("leads", {"tags_to_add": [{"name": "a"}, {"name": "b"}]})

        async def names(**change: Any) -> list[str]:
            assert (await kommo.send("PATCH", f"leads/{lead}", change)).status_code == 200
            return [tag["name"] for tag in (await kommo.get(f"leads/{lead}"))["_embedded"]["tags"]]

        assert await names(tags_to_add=[{"name": "c"}], tags_to_delete=[{"name": "a"}]) == ["b", "c"]
        assert await names(_embedded={"tags": [{"name": "d"}]}) == ["d"]
        assert await names(name="x") == ["d"]
        assert await names(_embedded={"tags": None}) == []
        first = await kommo.make("leads/tags", {"name": "d"}, {"name": "new"})
        assert await kommo.make("leads/tags", {"name": "d"}, {"name": "new"}) == first
        assert [line["committed"] for line in kommo.log()][-2:] == [True, False]

    play(tmp_path / "log", act)


def test_custom_fields_change_one_by_one_and_null_clears_one(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        answer = await kommo.send(
            "POST",
            "leads/custom_fields",
            [
                {"name": "Source", "type": "select", "enums": [{"value": "ads"}, {"value": "fair"}]},
                {"name": "Seats", "type": "numeric"},
            ],
        )
        assert answer.status_code == 201
        source, seats = answer.json()["_embedded"]["custom_fields"]
        (lead,) = await kommo.make(
            "leads",
            {
                "custom_fields_values": [
                    {"field_id": source["id"], "values": [{"value": "fair"}]},
                    {"field_id": seats["id"], "values": [{"value": 12}]},
                ]
            },
        )
        values = (await kommo.get(f"leads/{lead}"))["custom_fields_values"]
        assert [value["values"] for value in values] == [
            [{"value": "fair", "enum_id": source["enums"][1]["id"], "enum_code": None}],
            [{"value": "12"}],
        ]
        cleared = {"custom_fields_values": [{"field_id": source["id"], "values": None}]}
        await kommo.send("PATCH", f"leads/{lead}", cleared)
        values = (await kommo.get(f"leads/{lead}"))["custom_fields_values"]
        assert [value["field_id"] for value in values] == [seats["id"]]
        found = await kommo.items(f"leads?filter[custom_fields_values][{seats['id']}][]=12")
        assert [each["id"] for each in found] == [lead]
        assert await kommo.get(f"leads?filter[custom_fields_values][{seats['id']}][]=13") is None

    play(tmp_path / "log", act)


def test_phones_are_multitext_fields_with_their_kind(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        phone = {"field_code": "PHONE", "values": [{"value": "+15550100", "enum_code": "MOB"}]}
        (contact,) = await kommo.make(
            "contacts", {"first_name": "Ana", "last_name": "L", "custom_fields_values": [phone]}
        )
        shown = await kommo.get(f"contacts/{contact}")
        (value,) = shown["custom_fields_values"]
        assert shown["name"] == "Ana L"
        assert (value["field_code"], value["field_type"], value["values"][0]["enum_code"]) == (
            "PHONE",
            "multitext",
            "MOB",
        )
        assert [each["id"] for each in await kommo.items("contacts?query=5550100")] == [contact]
        wrong = {"field_code": "PHONE", "values": [{"value": "1", "enum_code": "NO"}]}
        assert (await kommo.send("PATCH", f"contacts/{contact}", {"custom_fields_values": [wrong]})).status_code == 400

    play(tmp_path / "log", act)


def test_tasks_are_made_found_by_their_entity_and_completed(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        lead, other = await kommo.make("leads", {}, {})
        about = {"entity_type": "leads", "complete_till": 1800000000}
        task, _ = await kommo.make(
            "tasks", about | {"text": f"Call {KEY}", "entity_id": lead}, about | {"text": "x", "entity_id": other}
        )
        assert kommo.log()[-1]["keys"] == [KEY]
        path = f"tasks?filter[entity_type]=leads&filter[entity_id][]={lead}"
        (shown,) = await kommo.items(path)
        assert (shown["id"], shown["text"], shown["result"], shown["is_completed"]) == (task, f"Call {KEY}", [], False)
        assert (await kommo.get(f"leads/{lead}"))["closest_task_at"] == 1800000000
        answer = await kommo.send("PATCH", f"tasks/{task}", {"is_completed": True, "result": {"text": "done"}})
        assert set(answer.json()) == {"id", "updated_at", "request_id", "_links"}
        assert (await kommo.get(f"leads/{lead}"))["closest_task_at"] is None
        assert [each["result"] for each in await kommo.items(path + "&filter[is_completed][]=1")] == [{"text": "done"}]
        answer = await kommo.send("POST", "tasks", [{"text": "x"}])
        assert answer.json()["validation-errors"][0]["errors"][0]["code"] == "FieldMissing"

    play(tmp_path / "log", act)


def test_notes_belong_to_their_lead_and_say_what_they_lack(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        (lead,) = await kommo.make("leads", {})
        note = {"note_type": "common", "params": {"text": "hello"}}
        await kommo.make("leads/notes", note | {"entity_id": lead})
        await kommo.make(f"leads/{lead}/notes", note)
        assert [each["params"]["text"] for each in await kommo.items(f"leads/{lead}/notes")] == ["hello", "hello"]
        answer = await kommo.send("POST", f"leads/{lead}/notes", [{"note_type": "common", "params": {}}])
        assert answer.json()["validation-errors"][0]["errors"][0]["path"] == "params.text"
        assert (await kommo.send("POST", "leads/notes", [note | {"entity_id": 1}])).status_code == 400

    play(tmp_path / "log", act)


def test_lists_have_pages_without_a_total_and_nothing_past_their_end(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        ids = await kommo.make("leads", *({"price": place} for place in range(5)))
        first, third = await kommo.get("leads?limit=2"), await kommo.get("leads?limit=2&page=3")
        assert set(first) == {"_page", "_links", "_embedded"} and "next" in first["_links"]
        assert "next" not in third["_links"] and [each["id"] for each in third["_embedded"]["leads"]] == ids[4:]
        answer = await kommo.http.get("/api/v4/leads?limit=2&page=4")
        assert (answer.status_code, answer.content, answer.headers.get("Content-Type")) == (204, b"", None)
        too_many = await kommo.http.get("/api/v4/leads?limit=251")
        assert too_many.status_code == 422 and too_many.json()["title"] == "Unprocessable Entity"
        by_id = await kommo.items(f"leads?filter[id][]={ids[3]}&filter[id][1]={ids[1]}&filter[id][]=7")
        assert [each["id"] for each in by_id] == [ids[1], ids[3]]
        falling = await kommo.items("leads?order[id]=desc&filter[price][from]=1&filter[price][to]=3")
        assert [each["id"] for each in falling] == [ids[3], ids[2], ids[1]]
        stage = f"filter[statuses][0][pipeline_id]={MAIN}&filter[statuses][0][status_id]="
        await kommo.send("PATCH", "leads", [{"id": ids[0], "status_id": WON}, {"id": ids[1], "status_id": LATER}])
        assert [each["id"] for each in await kommo.items(f"leads?{stage}{WON}")] == [ids[0]]

    play(tmp_path / "log", act)


def test_contacts_are_linked_to_a_lead_and_one_of_them_is_main(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        first, second = await kommo.make("contacts", {}, {})
        (lead,) = await kommo.make("leads", {})
        link = {"to_entity_type": "contacts"}
        await kommo.send("POST", f"leads/{lead}/link", [link | {"to_entity_id": first}])
        answer = await kommo.send(
            "POST", f"leads/{lead}/link", [link | {"to_entity_id": second, "metadata": {"is_main": True}}]
        )
        assert answer.json()["_embedded"]["links"][0]["metadata"] == {"main_contact": True}

        async def mains() -> dict[int, bool]:
            links = await kommo.items(f"leads/{lead}/links")
            return {each["to_entity_id"]: each["metadata"]["main_contact"] for each in links}

        assert await mains() == {first: False, second: True}
        answer = await kommo.send("POST", f"leads/{lead}/unlink", [link | {"to_entity_id": second}])
        assert answer.status_code == 204 and await mains() == {first: True}

    play(tmp_path / "log", act)


def test_a_lead_can_be_made_with_its_contact_and_company_at_once_or_not_at_all(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        people = {"contacts": [{"name": "Ana"}], "companies": [{"name": "Acme"}]}
        answer = await kommo.send("POST", "leads/complex", [{"name": "Desk", "request_id": "q", "_embedded": people}])
        (made,) = answer.json()
        assert made["request_id"] == ["q"] and made["merged"] is False
        lead = await kommo.get(f"leads/{made['id']}?with=contacts")
        assert [each["id"] for each in lead["_embedded"]["contacts"]] == [made["contact_id"]]
        assert [each["id"] for each in lead["_embedded"]["companies"]] == [made["company_id"]]
        wrong = people | {"companies": [{"name": 5}]}
        assert (await kommo.send("POST", "leads/complex", [{"_embedded": wrong}])).status_code == 400
        assert (await kommo.send("POST", "leads/complex", [{} for _ in range(51)])).status_code == 422
        assert len(await kommo.items("contacts")) == 1

    play(tmp_path / "log", act)


def test_events_tell_every_change_newest_first_and_are_filtered(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        first, second = await kommo.make("leads", {"name": "a"}, {"name": "b"})
        await kommo.send("PATCH", "leads", [{"id": first, "status_id": WON, "tags_to_add": [{"name": "vip"}]}])
        await kommo.make("tasks", {"text": "x", "complete_till": 1, "entity_type": "leads", "entity_id": first})
        types = [event["type"] for event in await kommo.items("events")]
        assert types == ["task_added", "entity_tag_added", "lead_status_changed", "lead_added", "lead_added"]
        moved = await kommo.items(
            f"events?filter[entity]=lead&filter[entity_id][]={first}&filter[type]=lead_status_changed"
        )
        assert [event["value_after"] for event in moved] == [[{"lead_status": {"id": WON, "pipeline_id": MAIN}}]]
        assert (await kommo.get(f"events/{moved[0]['id']}"))["entity_id"] == first
        assert await kommo.get(f"events?filter[entity]=lead&filter[entity_id][]={second}&filter[type]=x") is None
        assert (await kommo.http.get("/api/v4/events?limit=101")).status_code == 422

    play(tmp_path / "log", act)
