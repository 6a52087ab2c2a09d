"""How the simulated Kommo says no: limits, blocks, gateways, tokens, and a search that comes late."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from kommo_sim_world import MAIN, Kommo, play

from dealwright.clock import SystemClock
from dealwright_http.faults import Fault
from dealwright_kommo.simulator import Manners

KEY = "dw-" + "0" * 29 + "b"


class Moved(SystemClock):
    """A clock whose every hand stands still until it is moved."""

    def __init__(self) -> None:
        self._start = super().now()
        self.seconds = 1000.0

    def now(self):  # type: ignore[no-untyped-def]
        return self._start + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


def test_seven_requests_a_second_then_429_with_a_wait_in_the_body_then_a_block(tmp_path: Path) -> None:
    clock = Moved()

    async def act(kommo: Kommo) -> None:
        async def status() -> tuple[int, Any]:
            answer = await kommo.http.get("/api/v4/account")
            assert "Retry-After" not in answer.headers
            return answer.status_code, answer.headers["Content-Type"]

        assert [await status() for _ in range(7)] == [(200, "application/hal+json")] * 7
        answer = await kommo.http.get("/api/v4/account")
        said = answer.json()
        assert (answer.status_code, said["title"], said["retry_after"]) == (429, "Too Many Requests", 1)
        clock.seconds += 1.0
        assert (await status())[0] == 200
        clock.seconds += 0.5
        assert [(await status())[0] for _ in range(7)] == [200] * 6 + [429]
        # Whoever goes on is blocked, also for what would be within the limit.
        assert [await status() for _ in range(3)] == [(429, "application/problem+json")] * 2 + [(403, "text/html")]
        clock.seconds += 5
        assert (await status())[0] == 403
        clock.seconds += 60
        assert (await status())[0] == 200

    manners = Manners(retry_after=1, patience=3, block=60)
    play(tmp_path / "log", act, rate=7, clock=clock, manners=manners)


@pytest.mark.parametrize(("late", "there"), [(True, 51), (False, 0)])
def test_a_batch_that_is_too_large_is_answered_504_before_or_after_the_commit(
    tmp_path: Path, late: bool, there: int
) -> None:
    async def act(kommo: Kommo) -> None:
        answer = await kommo.send("POST", "leads", [{"name": f"{KEY} {place}"} for place in range(51)])
        assert answer.status_code == 504 and "nginx" in answer.text
        assert len(await kommo.items("leads?limit=250")) == there
        assert (kommo.log()[0]["committed"], kommo.log()[0]["keys"]) == (late, [KEY])
        assert (await kommo.send("POST", "leads", [{}] * 50)).status_code == 200
        assert (await kommo.send("POST", "leads", [{}] * 251)).status_code in (422, 504)

    play(tmp_path / "log", act, manners=Manners(largest=50, late=late))


def test_a_search_misses_what_is_new_until_the_index_has_it_and_reading_by_id_does_not(tmp_path: Path) -> None:
    clock = Moved()

    async def act(kommo: Kommo) -> None:
        (lead,) = await kommo.make("leads", {"name": "Désk"})
        task = {"text": f"call [{KEY}]", "complete_till": 1800000000, "entity_type": "leads", "entity_id": lead}
        await kommo.make("tasks", task)
        paths = ["leads?query=désk", f"tasks?filter[entity_id][]={lead}", f"leads?filter[pipeline_id][]={MAIN}"]
        assert [await kommo.get(path) for path in paths] == [None] * 3
        assert await kommo.get(f"leads/{lead}") and await kommo.items(f"leads?filter[id][]={lead}")
        await kommo.make(f"leads/{lead}/notes", {"note_type": "common", "params": {"text": "hello"}})
        assert len(await kommo.items(f"leads/{lead}/notes")) == 1, "a list of one entity is no search"
        await kommo.send("PATCH", f"leads/{lead}", {"name": "Chair"})
        clock.seconds += 5
        assert [len(await kommo.items(path)) for path in paths] == [0, 1, 1]
        assert len(await kommo.items("leads?query=chair")) == 1
        await kommo.send("PATCH", f"leads/{lead}", {"name": "Lamp"})
        assert [await kommo.get("leads?query=lamp"), len(await kommo.items("leads?query=chair"))] == [None, 1]

    play(tmp_path / "log", act, clock=clock, manners=Manners(lag=5))


def test_without_a_good_token_nothing_is_told(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        for header in ("Bearer wrong", "Basic x", ""):
            answer = await kommo.http.get("/api/v4/leads", headers={"Authorization": header})
            assert answer.status_code == 401
            assert answer.json() == {
                "title": "Unauthorized",
                "type": "https://httpstatus.es/401",
                "status": 401,
                "detail": "Invalid username or password",
            }
        assert (await kommo.http.get("/api/v4/nothing")).json()["detail"].startswith("Cannot GET http://")
        assert (await kommo.http.delete("/api/v4/leads")).status_code == 405
        assert (await kommo.send("POST", "leads", [])).status_code == 400
        assert (await kommo.http.post("/api/v4/leads", content=b"{")).status_code == 400

    play(tmp_path / "log", act)


def test_a_pair_of_oauth_lives_a_day_and_each_refresh_uses_it_up(tmp_path: Path) -> None:
    clock = Moved()

    async def act(kommo: Kommo) -> None:
        async def exchange(**said: str) -> httpx.Response:
            fixed = {"client_id": "c", "client_secret": "s", "redirect_uri": "https://x"}
            return await kommo.http.post("/oauth2/access_token", json=fixed | said)

        async def good(token: str) -> bool:
            answer = await kommo.http.get("/api/v4/account", headers={"Authorization": f"Bearer {token}"})
            return answer.status_code == 200

        code = (await kommo.control("POST", "code"))["code"]
        first = (await exchange(grant_type="authorization_code", code=code)).json()
        assert first["expires_in"] == 86400 and await good(first["access_token"])
        assert (await exchange(grant_type="authorization_code", code=code)).status_code == 400
        second = (await exchange(grant_type="refresh_token", refresh_token=first["refresh_token"])).json()
        assert (await exchange(grant_type="refresh_token", refresh_token=first["refresh_token"])).status_code == 400
        assert await good(second["access_token"]) and not await good(first["access_token"])
        clock.seconds += 86_400
        assert not await good(second["access_token"])
        assert first["access_token"] not in (tmp_path / "log").read_text()

    play(tmp_path / "log", act, clock=clock)


def test_scripted_faults_are_said_in_kommos_words(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        answers = [await kommo.send("POST", "leads", [{"name": KEY}]) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [429, 500, 504, 200]
        assert answers[0].json()["retry_after"] == 300
        assert answers[1].json()["title"] == "ErrInternalServer"
        assert answers[2].headers["Content-Type"] == "text/html"
        assert [line["committed"] for line in kommo.log()] == [False, False, True, True]
        assert len(await kommo.items("leads")) == 2  # Kommo knows no repeats: the ambiguous one was carried out

    faults = [
        Fault(method="POST", path="/api/v4/leads", status=429, retry_after=300),
        Fault(method="POST", status=500),
        Fault(method="POST", status=504, commit=True),
    ]
    play(tmp_path / "log", act, faults=faults)


def test_pipelines_have_a_status_of_raw_inquiries_each_and_won_and_lost_together(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        wanted = {"name": "Second", "sort": 2, "is_main": False, "is_unsorted_on": True}
        statuses = [{"name": "One"}, {"name": "Two"}, {"id": 142, "name": "Paid"}]
        (made,) = await kommo.make("leads/pipelines", wanted | {"_embedded": {"statuses": statuses}})
        first, second = await kommo.items("leads/pipelines")
        types = [[(each["id"], each["type"]) for each in one["_embedded"]["statuses"]] for one in (first, second)]
        assert [type_ for _, type_ in types[1]] == [1, 0, 0, 0, 0]
        assert types[0][-2:] == types[1][-2:] == [(142, 0), (143, 0)] and types[0][0] != types[1][0]
        assert second["_embedded"]["statuses"][3]["name"] == "Paid"
        (three,) = await kommo.make(
            f"leads/pipelines/{made}/statuses", {"name": "Three", "sort": 100, "color": "#fff000"}
        )
        sorts = [each["sort"] for each in await kommo.items(f"leads/pipelines/{made}/statuses")]
        assert sorts == [10, 20, 30, 40, 10000, 11000]
        (lead,) = await kommo.make("leads", {"pipeline_id": made, "status_id": three})
        assert (await kommo.http.delete(f"/api/v4/leads/pipelines/{made}")).status_code == 422
        assert (await kommo.http.delete(f"/api/v4/leads/pipelines/{made}/statuses/{three}")).status_code == 204
        assert (await kommo.get(f"leads/{lead}"))["status_id"] == second["_embedded"]["statuses"][1]["id"]
        assert (await kommo.http.delete(f"/api/v4/leads/pipelines/{made}/statuses/142")).status_code == 422

    play(tmp_path / "log", act)


def test_users_have_counts_and_the_account_shows_who_asks(tmp_path: Path) -> None:
    async def act(kommo: Kommo) -> None:
        users = await kommo.get("users?limit=2")
        assert (users["_total_items"], users["_page"], users["_page_count"]) == (3, 1, 2)
        account = await kommo.get("account?with=task_types")
        assert account["current_user_id"] == users["_embedded"]["users"][0]["id"]
        assert [each["id"] for each in account["_embedded"]["task_types"]] == [1, 2]
        assert len(await kommo.items("leads/loss_reasons")) == 4

    play(tmp_path / "log", act)
