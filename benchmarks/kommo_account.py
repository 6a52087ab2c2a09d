"""A simulated account of Kommo for a benchmark: its process, pipeline and leads, and the hooks that tell of them."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from benchmarks.command import ROOT
from benchmarks.frame import Red
from dealwright.clock import SystemClock
from dealwright_flows.sockets import HOST

TABLE: Final = "kommo.json"
"""In the data directory: the account's settings, as the `kommo` table of a target file."""

LOG: Final = "kommo.jsonl"
HOOKS_SECRET: Final = "kommo-hooks.secret"

USER: Final = "101"
"""Whose token it is; the leads are added by somebody else."""

_CHUNK: Final = 500
_STAGES: Final = ("incoming", "quoted", "won", "lost")


class Lead(msgspec.Struct, frozen=True):
    """A lead as its hook names it."""

    id: str
    form: bytes


class KommoAccount:
    """One running account."""

    def __init__(self, data: Path, port: int, token: str) -> None:
        self.data = data
        self.url = f"http://{HOST}:{port}"
        self._http = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False
        )
        self._pipeline: dict[str, Any] = {}

    def set_up(self, *, per_second: float, batch: int) -> None:
        """Make the pipeline, and leave word of its ids for the project."""
        wanted = {
            "name": "Sales",
            "sort": 2,
            "is_main": False,
            "is_unsorted_on": True,
            "_embedded": {"statuses": [{"name": "Sent the quote", "sort": 20}]},
        }
        answer = self._http.post("/api/v4/leads/pipelines", json=[wanted])
        answer.raise_for_status()
        self._pipeline = answer.json()["_embedded"]["pipelines"][0]
        stages = [status["id"] for status in self._pipeline["_embedded"]["statuses"]]
        table = {
            "url": self.url,
            "token_file": str(self.data / "kommo.secret"),
            "user": int(USER),
            "allow_private": True,
            "per_second": per_second,
            "batch": batch,
            "pipelines": {"sales": {"id": self._pipeline["id"], "stages": dict(zip(_STAGES, stages, strict=True))}},
        }
        (self.data / TABLE).write_text(json.dumps(table), "utf-8")
        (self.data / HOOKS_SECRET).write_text(secrets.token_urlsafe(24), "utf-8")

    def add(self, count: int) -> list[Lead]:
        """Let a person add leads, each with a contact of its own; return them with what Kommo's hooks say of them."""
        now = int(SystemClock().wall().timestamp())
        stage = self._pipeline["_embedded"]["statuses"][0]["id"]
        leads: list[Lead] = []
        for start in range(0, count, _CHUNK):
            wanted = [
                {
                    "name": f"Forty chairs {n}",
                    "price": 100 + n,
                    "pipeline_id": self._pipeline["id"],
                    "status_id": stage,
                    "contacts": [{"name": f"Kim {n}", "phone": f"+1212{5550000 + n:07}"}],
                }
                for n in range(start, min(start + _CHUNK, count))
            ]
            answer = self._http.post("/_control/leads", json=wanted)
            answer.raise_for_status()
            leads += [Lead(str(id_), self._form(id_, stage, now)) for id_ in answer.json()["ids"]]
        return leads

    def _form(self, id_: int, stage: int, now: int) -> bytes:
        """Write a hook as Kommo does: a form in PHP's brackets, which says little of the lead."""
        said = {
            "account[subdomain]": "example",
            "leads[add][0][id]": id_,
            "leads[add][0][status_id]": stage,
            "leads[add][0][pipeline_id]": self._pipeline["id"],
            "leads[add][0][responsible_user_id]": 102,
            "leads[add][0][created_user_id]": 102,
            "leads[add][0][modified_user_id]": 102,
            "leads[add][0][date_create]": now,
            "leads[add][0][last_modified]": now,
        }
        return "&".join(
            f"{name.replace('[', '%5B').replace(']', '%5D')}={value}" for name, value in said.items()
        ).encode()

    def tasks(self) -> Counter[str]:
        """Return how many tasks each lead has, as the account's own file says."""
        found: dict[int, Any] = {}
        for line in (self.data / f"{LOG}.state").read_bytes().splitlines():
            kept: list[tuple[str, int, Any]] = msgspec.json.decode(line)["kept"]
            found |= {id_: item for kind, id_, item in kept if kind == "tasks"}
        return Counter(f"deal:{item['entity_id']}" for item in found.values() if item is not None)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


@contextmanager
def simulator(module: str, log: Path, *options: str) -> Iterator[int]:
    """Run a simulator as a process of its own while we are in it; yield its port.

    Raises:
        Red: it did not start.
    """
    command = [sys.executable, "-m", module, "--log", str(log), *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline().strip()
            if not said:
                _, error = process.communicate()
                raise Red(f"{module} did not start: {error.decode().strip()[-300:]}")
            yield int(said)
        finally:
            process.terminate()


@contextmanager
def kommo_account(
    data: Path, *, per_second: float = 100_000.0, batch: int = 250, options: Sequence[str] = ()
) -> Iterator[KommoAccount]:
    """Run an account with a pipeline of sales."""
    token = secrets.token_urlsafe(24)
    (data / "kommo.secret").write_text(token, "utf-8")
    with simulator(
        "dealwright_kommo.simulator", data / LOG, "--token-file", str(data / "kommo.secret"), *options
    ) as port:
        account = KommoAccount(data, port, token)
        try:
            account.set_up(per_second=per_second, batch=batch)
            yield account
        finally:
            account.close()
