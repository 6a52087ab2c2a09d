"""`up` and `demo` with Kommo as the CRM: real processes over a copy of the reference project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.fakes import until
from tests.flows.test_system import states, up

slow = pytest.mark.slow


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def hooked(account: str, data: Path) -> list[str]:
    """Return where the account sends its hooks."""
    headers = {"Authorization": f"Bearer {(data / 'kommo.secret').read_text().strip()}"}
    answer = httpx.get(f"{account}/api/v4/webhooks", headers=headers)
    return [hook["destination"] for hook in answer.json()["_embedded"]["webhooks"]]


@slow
def test_up_with_kommo_hears_what_people_do_there_and_acts_there(project: Path) -> None:
    data = project / ".dealwright" / "up-kommo"
    lee = {"name": "Sam Lee", "phone": "+12025550123"}
    lead = {"name": "Forty drills", "price": 900, "pipeline_id": 8100, "status_id": 8101, "contacts": [lee]}
    with up(project, "--crm", "kommo"):
        said = (project / "up.log").read_text()
        assert "not run with kommo: invoice-sent: the CRM never tells task_completed" in said
        assert "not run with kommo: reached-by-phone: the CRM never tells activity_logged" in said
        port = (data / "kommo.port").read_text().strip()
        account = f"http://127.0.0.1:{port}"
        people = f"{account}/_control/leads"
        assert httpx.post(people, json=[lead]).status_code == 200
        until(lambda: states(data, "greet-inbound") == {"done": 1}, seconds=30)
        tasks = [line for line in lines(data / "kommo.jsonl") if line["path"] == "/api/v4/tasks" and line["committed"]]
        assert sum(len(line["keys"]) for line in tasks) == 1
        hooks = hooked(account, data)
    with up(project, "--crm", "kommo"):
        assert (data / "kommo.port").read_text().strip() == port, "the journal knows the account by its address"
        until(lambda: (project / "up.log").read_text().count("The engine is working") == 2, seconds=60)
        assert hooked(account, data) != hooks, "the web process has another port now"
        assert len(hooked(account, data)) == len(hooks) == 1
        assert httpx.post(people, json=[lead | {"name": "Two saws", "contacts": []}]).status_code == 200
        until(lambda: states(data, "find-phone").get("done") == 1, seconds=30)
