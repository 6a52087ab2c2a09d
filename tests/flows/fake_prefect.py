"""Prefect's API in memory, with the behaviour that reference/prefect-recorder.md measured; faults by request number."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from dealwright_flows.api import PrefectAway, PrefectNotFound

TERMINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


class FakePrefect:
    """Answers what recorder, deployments and buttons ask."""

    def __init__(self) -> None:
        self.requests = 0
        self.fail_before: set[int] = set()
        self.fail_after: set[int] = set()
        self.away = False
        self.swallow_events = 0
        self.log: list[str] = []
        self.wipe()

    def wipe(self) -> None:
        """Replace the database with an empty one."""
        self.flows: dict[str, str] = {}
        self.pools: dict[str, str] = {}
        self.deployments: dict[str, dict[str, Any]] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.states: dict[str, list[dict[str, Any]]] = {}
        self.task_runs: dict[str, dict[str, Any]] = {}
        self.artifacts: list[dict[str, Any]] = []
        self.logs: list[dict[str, Any]] = []

    async def get(self, path: str) -> Any:
        return self._ask("GET", path, {})

    async def post(self, path: str, body: object) -> Any:
        return self._ask("POST", path, json.loads(json.dumps(body)))

    async def patch(self, path: str, body: object) -> Any:
        return self._ask("PATCH", path, json.loads(json.dumps(body)))

    async def delete(self, path: str) -> None:
        self._ask("DELETE", path, {})

    def press_cancel(self, run_id: str) -> None:
        self._set(run_id, {"type": "CANCELLING"}, force=True)

    def press_retry(self, run_id: str) -> None:
        self._set(run_id, {"type": "SCHEDULED", "name": "AwaitingRetry"}, force=True)

    def press_suspend(self, run_id: str) -> None:
        self._set(run_id, {"type": "PAUSED", "name": "Suspended"}, force=True)

    def press_resume(self, run_id: str) -> None:
        self._set(run_id, {"type": "SCHEDULED", "name": "Resuming"}, force=False)

    def quick_run(self, name: str) -> str:
        deployment = next(each for each in self.deployments.values() if each["name"] == name)
        return str(self._create(deployment["id"], {"state": {"type": "SCHEDULED"}})["id"])

    def pause(self, name: str, paused: bool = True) -> None:
        next(each for each in self.deployments.values() if each["name"] == name)["paused"] = paused

    # --- routes -----------------------------------------------------------------------------------------------------

    def _ask(self, method: str, path: str, body: Any) -> Any:
        self.requests += 1
        self.log.append(f"{method} {re.sub(r'[0-9a-f-]{36}', '*', path)}")
        if self.away or self.requests in self.fail_before:
            raise PrefectAway("killed before it did anything")
        answer = self._answer(method, path, body)
        if self.requests in self.fail_after:
            raise PrefectAway("killed after it did it")
        return answer

    def _answer(self, method: str, path: str, body: Any) -> Any:
        match method, path.strip("/").split("/"):
            case "POST", ["flows"]:
                return {"id": self.flows.setdefault(body["name"], str(uuid.uuid4()))}
            case "POST", ["deployments"]:
                return self._upsert(body)
            case "GET", ["work_pools", pool]:
                if pool not in self.pools:
                    raise PrefectNotFound("no such pool")
                return {"name": pool, "type": self.pools[pool]}
            case "POST", ["work_pools"]:
                self.pools[body["name"]] = body["type"]
                return body
            case "POST", ["deployments", "filter"]:
                found = [each for each in self.deployments.values() if self._matches(each, body["deployments"])]
                return found[body.get("offset", 0) : body.get("offset", 0) + body["limit"]]
            case "POST", ["deployments", "count"]:
                return sum(self._matches(each, body["deployments"]) for each in self.deployments.values())
            case "POST", ["deployments", "get_scheduled_flow_runs"]:
                wanted = set(body["deployment_ids"])
                runs = [run for run in self.runs.values() if run["deployment_id"] in wanted]
                return [run for run in runs if run["state"]["type"] == "SCHEDULED"][: body["limit"]]
            case "POST", ["deployments", deployment, "create_flow_run"]:
                return self._create(deployment, body)
            case "PATCH", ["deployments", deployment]:
                self.deployments[deployment].update(body)
                return None
            case "GET", ["flow_runs", run]:
                return self._run(run)
            case "PATCH", ["flow_runs", run]:
                self._run(run).update(body)
                return None
            case "POST", ["flow_runs", "filter"]:
                found = self._runs(body["flow_runs"])
                return found[body.get("offset", 0) : body.get("offset", 0) + body["limit"]]
            case "POST", ["flow_runs", "bulk_set_state"]:
                for run in self._runs(body["flow_runs"]):
                    self._set(run["id"], body["state"], force=body["force"])
                return None
            case "POST", ["flow_runs", run, "set_state"]:
                return self._set(run, body["state"], force=body.get("force", False))
            case "POST", ["events"]:
                return self._events(body)
            case "POST", ["task_runs", "count"]:
                wanted = {f"prefect.task-run.{id_}" for id_ in body["task_runs"]["id"]["any_"]}
                return len(wanted & set(self.task_runs))
            case "POST", ["artifacts"]:
                self.artifacts.append(body)
                return body
            case "POST", ["artifacts", "filter"]:
                wanted = set(body["artifacts"]["flow_run_id"]["any_"])
                return [each for each in self.artifacts if each["flow_run_id"] in wanted]
            case "POST", ["logs"]:
                self.logs += body
                return None
            case "POST", ["logs", "filter"]:
                wanted = set(body["logs"]["flow_run_id"]["any_"])
                return [each for each in self.logs if each["flow_run_id"] in wanted]
            case asked:
                raise AssertionError(f"nothing of ours asks {asked}")

    # --- what they do -----------------------------------------------------------------------------------------------

    def _upsert(self, body: dict[str, Any]) -> dict[str, Any]:
        for each in self.deployments.values():
            if (each["flow_id"], each["name"]) == (body["flow_id"], body["name"]):
                each.update(body)
                return each
        made = {"paused": False, **body, "id": str(uuid.uuid4())}
        self.deployments[made["id"]] = made
        return made

    def _create(self, deployment: str, body: dict[str, Any]) -> dict[str, Any]:
        if deployment not in self.deployments:
            raise PrefectNotFound("no such deployment")
        flow = self.deployments[deployment]["flow_id"]
        key = body.get("idempotency_key")
        for run in self.runs.values():
            if key and (run["flow_id"], run["key"]) == (flow, key):
                return run
        run = {"id": str(uuid.uuid4()), "flow_id": flow, "key": key, "deployment_id": deployment, "name": "any"}
        run |= {"name": body.get("name", "any"), "state": body["state"]}
        self.runs[run["id"]] = run
        self.states[run["id"]] = [body["state"]]
        return run

    def _run(self, run: str) -> dict[str, Any]:
        if run not in self.runs:
            raise PrefectNotFound("no such run")
        return self.runs[run]

    def _runs(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        ids = set(asked["id"]["any_"]) if "id" in asked else set(self.runs)
        kinds = set(asked["state"]["type"]["any_"]) if "state" in asked else None
        of = set(asked["deployment_id"]["any_"]) if "deployment_id" in asked else None
        return [
            run
            for run in self.runs.values()
            if run["id"] in ids
            and (kinds is None or run["state"]["type"] in kinds)
            and (of is None or run["deployment_id"] in of)
        ]

    def _set(self, run_id: str, state: dict[str, Any], *, force: bool) -> dict[str, Any]:
        run = self._run(run_id)
        now = run["state"]
        key = state.get("state_details", {}).get("transition_id")
        same = key is not None and now.get("state_details", {}).get("transition_id") == key
        cancelling = now["type"] == "CANCELLING" and state["type"] != "CANCELLED"
        claimed = now["type"] in ("PENDING", "RUNNING") and state["type"] == "PENDING"
        status = "ACCEPT"
        if not force and (same or cancelling):
            status = "REJECT"
        elif not force and claimed:
            status = "ABORT"
        if status == "ACCEPT":
            run["state"] = state
            self.states[run_id].append(state)
        return {"status": status, "state": run["state"]}

    def _events(self, body: list[dict[str, Any]]) -> None:
        if self.swallow_events:
            self.swallow_events -= 1
            return
        for event in body:
            run = event["related"][0]["prefect.resource.id"].removeprefix("prefect.flow-run.")
            task = event["resource"]["prefect.resource.id"]
            told = event["payload"]["task_run"]
            known = [(each["flow_run_id"], each["task_key"], each["dynamic_key"]) for each in self.task_runs.values()]
            if task in self.task_runs or (run, told["task_key"], told["dynamic_key"]) not in known:
                self.task_runs[task] = {**told, "flow_run_id": run}

    def _matches(self, deployment: dict[str, Any], asked: dict[str, Any]) -> bool:
        return (
            set(asked.get("tags", {}).get("all_", [])) <= set(deployment["tags"])
            and ("id" not in asked or deployment["id"] in asked["id"]["any_"])
            and ("paused" not in asked or deployment["paused"] == asked["paused"]["eq_"])
        )
