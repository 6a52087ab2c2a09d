"""The hooks: their form, their subscription, their attempts, and that none is lost to a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import parse_qsl

from kommo_sim_world import LATER, STAGE, Hearing, Kommo, play

from dealwright_kommo.simulator import Habits
from dealwright_kommo.simulator.emitter import RETRIES
from dealwright_kommo.simulator.forms import encoded

FAST = 1e-6


async def subscribed(kommo: Kommo, hearing: Hearing, *settings: str) -> None:
    address = await hearing.start()
    wanted = {"destination": address, "settings": list(settings or ("add_lead", "status_lead", "add_task"))}
    assert (await kommo.send("POST", "webhooks", wanted)).status_code == 201


def pairs(body: str) -> dict[str, str]:
    return dict(parse_qsl(body, keep_blank_values=True))


def test_a_form_is_what_php_makes_of_it() -> None:
    said = {"leads": {"add": [{"id": 1, "name": "Désk & co", "price": "", "gone": None, "yes": True}]}}
    assert encoded(said) == (
        b"leads%5Badd%5D%5B0%5D%5Bid%5D=1&leads%5Badd%5D%5B0%5D%5Bname%5D=D%C3%A9sk+%26+co"
        b"&leads%5Badd%5D%5B0%5D%5Bprice%5D=&leads%5Badd%5D%5B0%5D%5Byes%5D=1"
    )


def test_changes_by_people_and_by_the_api_are_told_to_who_has_subscribed(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        hearing = Hearing()
        await subscribed(kommo, hearing)
        made = await kommo.control(
            "POST", "leads", [{"name": "Desk", "contacts": [{"name": "Ana", "phone": "+15550100"}]}]
        )
        (lead,) = made["ids"]
        (body,) = await hearing.wait(1)
        added = pairs(body)
        assert list(added)[:3] == ["account[subdomain]", "account[id]", "account[_links][self]"]
        assert added["leads[add][0][id]"] == str(lead) and added["leads[add][0][price]"] == ""
        assert added["leads[add][0][modified_user_id]"] == "102"
        headers = hearing.heard[0][0]
        assert headers["content-type"] == "application/x-www-form-urlencoded"
        assert headers["user-agent"] == "amoCRM-Webhooks/3.0" and headers["x-amocrm-requestid"]
        await kommo.send("PATCH", "leads", [{"id": lead, "status_id": LATER, "price": 7}])  # an echo of our own write
        moved = pairs((await hearing.wait(2))[1])
        assert moved["leads[status][0][old_status_id]"] == str(STAGE)
        assert moved["leads[status][0][status_id]"] == str(LATER)
        assert moved["leads[status][0][modified_user_id]"] == "101"
        await kommo.send("PATCH", "leads", [{"id": lead, "status_id": LATER}])  # changes nothing: nothing is told
        task = {"text": "call", "complete_till": 0, "entity_type": "leads", "entity_id": lead}
        await kommo.make("tasks", task)
        told = pairs((await hearing.wait(3))[2])
        assert told["task[add][0][0][element_type]"] == "2" and told["task[add][0][0][text]"] == "call"
        await hearing.server.stop()

    play(tmp_path / "log", act)


def test_several_leads_of_one_request_come_in_one_hook_if_told_so(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        hearing = Hearing()
        await subscribed(kommo, hearing)
        await kommo.make("leads", {"name": "a"}, {"name": "b"}, {"name": "c"})
        bodies = await hearing.wait(2)
        names = sorted(name for body in bodies for key, name in pairs(body).items() if key.endswith("[name]"))
        assert names == ["a", "b", "c"]
        assert sorted("leads[add][1][id]" in pairs(body) for body in bodies) == [False, True]
        await hearing.server.stop()

    play(tmp_path / "log", act, habits=Habits(batch=2))


def test_attempts_go_on_as_the_answer_says(tmp_path: Path) -> None:
    """After 400 there are three attempts, after 503 five; the waits are those of the table."""

    async def attempts(*answers: int) -> int:
        async def act(kommo: Kommo) -> int:
            hearing = Hearing(*answers)
            await subscribed(kommo, hearing)
            await kommo.make("leads", {})
            while (await kommo.control("GET", "state"))["outbox"]:
                await asyncio.sleep(0.01)
            await hearing.server.stop()
            assert len({headers["x-amocrm-requestid"] for headers, _ in hearing.heard}) == 1
            return len(hearing.heard)

        return await asyncio.to_thread(play, tmp_path / f"log{answers}", act, habits=Habits(scale=FAST))

    assert asyncio.run(attempts(*[400] * 9)) == 3
    assert asyncio.run(attempts(*[503] * 9)) == 5
    assert asyncio.run(attempts(503, 0, 200)) == 3
    assert asyncio.run(attempts(503, 503, 404)) == 3
    assert RETRIES == (300, 900, 900, 3600)


def test_who_answers_badly_a_hundred_times_hears_no_more_until_a_person_says_so(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        hearing = Hearing(*[410] * 400)
        await subscribed(kommo, hearing)
        await kommo.make("leads", *({} for _ in range(101)))
        await hearing.wait(101)
        while not (await kommo.items("webhooks"))[0]["disabled"]:
            await asyncio.sleep(0.01)
        heard = len(hearing.heard)
        await kommo.make("leads", {"name": "unheard"})
        hearing.answers.clear()
        await kommo.control("POST", "hooks")
        await kommo.make("leads", {"name": "heard"})
        while not any("name%5D=heard" in body for _, body in hearing.heard):
            await hearing.wait(len(hearing.heard) + 1)
        assert not any("unheard" in body for _, body in hearing.heard) and heard >= 101
        await hearing.server.stop()

    play(tmp_path / "log", act)


def test_hooks_may_come_twice_and_out_of_order(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        hearing = Hearing()
        await subscribed(kommo, hearing)
        await kommo.make("leads", *({"name": str(place)} for place in range(40)))
        await hearing.wait(41)
        while (await kommo.control("GET", "state"))["outbox"]:
            await asyncio.sleep(0.01)
        order = [int(pairs(body)["leads[add][0][name]"]) for _, body in hearing.heard]
        assert set(order) == set(range(40)) and len(order) > 40
        assert order != sorted(order)
        await hearing.server.stop()

    play(tmp_path / "log", act, habits=Habits(duplicates=0.3, reorder=0.3, senders=1), seed=3)


def test_a_hook_that_waits_is_sent_after_a_restart(tmp_path: Path) -> None:
    async def before(kommo: Kommo) -> str:
        hearing = Hearing()
        address = await hearing.start()
        await hearing.server.stop()  # nobody is there any more
        await kommo.send("POST", "webhooks", {"destination": address, "settings": ["add_lead"]})
        await kommo.make("leads", {"name": "waiting"})
        return address

    address = play(tmp_path / "log", before)

    hearing = Hearing()
    port = int(address.partition("127.0.0.1:")[2].partition("/")[0])

    async def listening(kommo: Kommo) -> list[str]:
        await hearing.server.start(port)
        (hook,) = await hearing.wait(1)
        await hearing.server.stop()
        return [hook]

    (body,) = play(tmp_path / "log", listening, habits=Habits(scale=FAST))
    assert "waiting" in body


def test_a_subscription_is_one_per_destination_and_can_be_taken_back(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        wanted = {"destination": "https://example.com/x", "settings": ["add_lead"]}
        await kommo.send("POST", "webhooks", wanted)
        answer = await kommo.send("POST", "webhooks", wanted | {"settings": ["add_lead", "add_contact"]})
        assert answer.status_code == 201 and answer.json()["settings"] == ["add_contact", "add_lead"]
        assert len(await kommo.items("webhooks")) == 1
        assert (await kommo.send("POST", "webhooks", wanted | {"settings": ["all"]})).status_code == 400
        assert (await kommo.send("DELETE", "webhooks", {"destination": wanted["destination"]})).status_code == 204
        assert (await kommo.send("DELETE", "webhooks", {"destination": wanted["destination"]})).status_code == 404

    play(tmp_path / "log", act)
