"""An account that is furnished from the start, people who do what the API can do, and a clock that is played."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl

from kommo_sim_world import Hearing, Kommo, play

from dealwright.clock import PlayedClock
from dealwright_kommo.simulator.furnished import (
    Furnished,
    FurnishedField,
    FurnishedPipeline,
    FurnishedStage,
    FurnishedUser,
)

MONDAY = datetime(2026, 5, 4, 13, 5, tzinfo=UTC)
STAGES = ((8101, "Incoming"), (8102, "Qualified"), (142, "Closed won"), (143, "Closed lost"))
SALES = FurnishedPipeline(
    id=8100,
    name="New business",
    stages=tuple(FurnishedStage(id=id_, name=name, incoming=id_ == 8101) for id_, name in STAGES),
)
ADA = FurnishedUser(id=201, name="Ada Brandt", email="ada@example.com")
HOUSE = Furnished(
    pipelines=(SALES,),
    fields=(FurnishedField(id=801, name="Reference", type="text"),),
    users=(ADA,),
    loss_reasons=("Price", "Not used"),
)


def test_an_account_has_what_it_was_furnished_with_beside_what_every_new_one_has(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        pipelines = await kommo.items("leads/pipelines")
        assert [pipeline["id"] for pipeline in pipelines] == [71, 8100]
        statuses = pipelines[1]["_embedded"]["statuses"]
        assert [(status["id"], status["name"]) for status in statuses] == list(STAGES)
        assert [status["type"] for status in statuses] == [1, 0, 0, 0]
        reasons = await kommo.items("leads/loss_reasons")
        assert [reason["name"] for reason in reasons] == ["Price", "Timing", "Competitor", "No answer", "Not used"]
        value = [{"field_id": 801, "values": [{"value": "INV-1"}]}]
        lead = await kommo.send(
            "POST", "leads", [{"status_id": 8102, "pipeline_id": 8100, "custom_fields_values": value}]
        )
        assert lead.status_code == 200

    play(tmp_path / "kommo.jsonl", act, furnished=HOUSE)


def test_a_person_does_what_the_api_can_do_at_the_time_that_is_played(tmp_path: Path) -> None:
    clock = PlayedClock(MONDAY)

    async def act(kommo: Kommo) -> None:
        hearing = Hearing()
        wanted = {"destination": await hearing.start(), "settings": ["add_lead"]}
        assert (await kommo.send("POST", "webhooks", wanted)).status_code == 201
        before = len(kommo.log())
        later = int(MONDAY.timestamp()) + 3600
        await kommo.control("POST", "now", {"now": later})
        assert clock.now().timestamp() == later
        await kommo.control("POST", "now", {"now": 0})
        assert clock.now().timestamp() == later, "time never goes back"
        lead = [{"status_id": 8102, "pipeline_id": 8100}]
        await kommo.control("POST", "as/201/api/v4/leads", lead)
        told = dict(parse_qsl((await hearing.wait(1))[0]))
        assert told["leads[add][0][modified_user_id]"] == "201"
        assert told["leads[add][0][date_create]"] == str(later)
        for refused in ("as/202/api/v4/leads", "as/x/api/v4/leads", "as/201/nowhere"):
            answer = await kommo.http.post(f"/_control/{refused}", json=lead)
            assert answer.status_code == 404
        await hearing.server.stop()
        assert len(kommo.log()) == before, "what people do in the web pages is no request to the API"

    play(tmp_path / "kommo.jsonl", act, furnished=HOUSE, clock=clock)


def test_real_time_cannot_be_moved(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        assert (await kommo.http.post("/_control/now", json={"now": 1})).status_code == 422
        assert (await kommo.http.post("/_control/now", json={"now": "noon"})).status_code == 400

    play(tmp_path / "kommo.jsonl", act)
