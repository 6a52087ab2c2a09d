"""Nonsense is refused, never half taken: after it everything can still be read."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from kommo_sim_world import Kommo, play

ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    10**20,
    "",
    "x",
    "71",
    [],
    [1],
    [[]],
    {},
    {"id": []},
    {"name": 5},
    [{"id": {}}],
]
NAMES = """
    id name price status_id pipeline_id responsible_user_id loss_reason_id custom_fields_values _embedded tags_to_add
    tags_to_delete created_at updated_at text complete_till entity_id entity_type task_type_id is_completed result
    note_type params sort is_main is_unsorted_on color type code enums destination settings to_entity_id
    to_entity_type metadata request_id first_name closed_at duration
""".split()  # noqa: SIM905
ROUTES = """
    POST leads
    PATCH leads
    POST contacts
    PATCH contacts
    POST companies
    POST leads/complex
    POST tasks
    PATCH tasks
    POST leads/notes
    POST leads/tags
    POST leads/loss_reasons
    POST leads/custom_fields
    POST leads/pipelines
    POST leads/pipelines/71/statuses
    PATCH leads/pipelines/71
    PATCH leads/pipelines/71/statuses/7102
    POST webhooks
    PATCH tasks/{task}
    PATCH leads/{lead}
    POST leads/{lead}/link
    POST leads/{lead}/notes
""".strip().split("\n")
LISTS = """
    leads?with=contacts,loss_reason contacts?with=leads companies?with=contacts tasks leads/notes leads/tags
    leads/pipelines leads/pipelines/71/statuses leads/loss_reasons leads/custom_fields webhooks users account
    events?limit=100 leads?query=x tasks?filter[entity_id][]=x
    leads?filter[price][from]=x&filter[statuses][0][status_id]=142&filter[statuses][0][pipeline_id]=x
""".split()  # noqa: SIM905


@pytest.mark.slow
def test_no_nonsense_breaks_the_account(tmp_path: Path) -> None:
    chance = random.Random(7)

    def some() -> dict[str, Any]:
        good = {"text": "x", "complete_till": 1, "name": "n", "sort": 1, "is_main": False, "is_unsorted_on": True}
        odd = {name: chance.choice(ODD) for name in chance.sample(NAMES, 4)}
        nested = chance.choice(["contacts", "companies", "tags", "statuses"])
        odd |= chance.choice(
            [{}, {"_embedded": {nested: chance.choice(ODD)}}, {"custom_fields_values": [_value(chance)]}]
        )
        return (good if chance.random() < 0.5 else {}) | odd

    async def act(kommo: Kommo) -> None:
        (lead,) = await kommo.make("leads", {})
        (task,) = await kommo.make("tasks", {"text": "x", "complete_till": 1})
        statuses = set()
        for route in ROUTES * 12:
            method, _, path = route.strip().format(lead=lead, task=task).partition(" ")
            one = some() | chance.choice([{}, {"id": lead}, {"id": task}])
            body = one if path[-1].isdigit() or path == "webhooks" else chance.choice([[one], [one, some()], one])
            answer = await kommo.send(method, path, body)
            assert answer.status_code < 500, (route, body, answer.text)
            statuses.add(answer.status_code)
        assert {200, 400} <= statuses
        for path in LISTS:
            answer = await kommo.http.get(f"/api/v4/{path}")
            assert answer.status_code < 500, (path, answer.text)

    async def again(kommo: Kommo) -> None:
        assert await kommo.get("leads/pipelines")

    play(tmp_path / "log", act)
    play(tmp_path / "log", again)


def _value(chance: random.Random) -> Any:
    return {
        "field_id": chance.choice(ODD),
        "field_code": chance.choice([None, "PHONE", [], 5]),
        "values": chance.choice([None, [{"value": chance.choice(ODD)}], [{"enum_id": []}], [5], 5]),
    }
