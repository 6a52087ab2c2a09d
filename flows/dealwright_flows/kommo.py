"""Owns the local server of Kommo: a process of its own, with an account as the target file says it is.

The account has the pipelines of the definitions under the ids of the target file, as if people had made them there.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from dealwright.clock import Clock, PlayedClock
from dealwright.errors import DealwrightError
from dealwright.model.crm import PipelineShape
from dealwright_flows.children import Child, clean_environment
from dealwright_flows.sockets import HOST, free_port
from dealwright_flows.story import USERS
from dealwright_flows.workplace import secret_file
from dealwright_kommo import KommoSettings
from dealwright_kommo.simulator.furnished import (
    Furnished,
    FurnishedField,
    FurnishedPipeline,
    FurnishedStage,
    FurnishedUser,
)

HOOK: Final = "kommo"
"""The hook's name in the target file."""

FIRST_USER: Final = 201
"""The id of the first who works in the account; the others follow."""

HEARD: Final = (
    "add_lead",
    "update_lead",
    "delete_lead",
    "restore_lead",
    "status_lead",
    "responsible_lead",
    "update_contact",
    "delete_contact",
)
"""What the account's hooks are entered for (docs/kommo.md)."""

_PATIENCE: Final = 20.0


class LocalKommo:
    """The server, its log, its token and the secret of its hooks in one directory."""

    def __init__(self, directory: Path, *, clock: Clock) -> None:
        self._clock = clock
        self._directory = directory.absolute()
        self._account = self._directory / "kommo.account.json"
        self.log = self._directory / "kommo.jsonl"
        self.token = secret_file(self._directory / "kommo.secret")
        self.hooks_secret = secret_file(self._directory / "kommo-hooks.secret")
        self.child = Child("kommo", self._directory)
        self.port = _kept_port(self._directory / "kommo.port")

    @property
    def url(self) -> str:
        """Where it listens; the same at every start, for the journal knows the account by it."""
        return f"http://{HOST}:{self.port}"

    def furnish(self, settings: KommoSettings, pipelines: Sequence[PipelineShape]) -> None:
        """Say what the account holds from the start."""
        self._account.write_bytes(msgspec.json.encode(furnished(settings, pipelines)))

    async def start(self) -> None:
        """Start it and wait until it listens.

        Raises:
            DealwrightError: it ended or stayed silent.
        """
        command = [sys.executable, "-m", "dealwright_kommo.simulator", "--port", str(self.port)]
        command += ["--log", str(self.log), "--token-file", str(self.token), "--account", str(self._account)]
        if isinstance(self._clock, PlayedClock):
            # Hours of the story are milliseconds here: what was written hours ago, a search finds.
            command += ["--now", self._clock.now().isoformat(), "--search-lag", "0"]
        self.child.start(command, env=clean_environment({}), cwd=self._directory)
        at = (HOST, self.port)
        await self.child.until_listening("the local server of Kommo", *at, clock=self._clock, patience=_PATIENCE)

    async def tell(self, address: str) -> None:
        """Let it send its hooks to this address, as an administrator of the account enters it; `{}` is the secret.

        An address with that secret which an earlier start entered goes.

        Raises:
            DealwrightError: it does not take the address.
        """
        secret = self.hooks_secret.read_text("utf-8").strip()
        destination = address.format(secret)
        wanted: dict[str, Any] = {"destination": destination, "settings": list(HEARD)}
        headers = {"Authorization": f"Bearer {self.token.read_text('utf-8').strip()}"}
        async with httpx.AsyncClient(base_url=self.url, headers=headers, trust_env=False) as client:
            known = await client.get("/api/v4/webhooks")
            for hook in known.json()["_embedded"]["webhooks"] if known.content else ():
                if hook["destination"].endswith(f"/{secret}") and hook["destination"] != destination:
                    gone = {"destination": hook["destination"]}
                    await client.request("DELETE", "/api/v4/webhooks", json=gone)
            answer = await client.post("/api/v4/webhooks", json=wanted)
        if answer.status_code != httpx.codes.CREATED:
            raise DealwrightError(
                f"the local server of Kommo took no address for its hooks ({answer.status_code}); its log: {self.log}"
            )

    async def stop(self) -> None:
        """End it."""
        await self.child.stop()


def furnished(settings: KommoSettings, pipelines: Sequence[PipelineShape]) -> Furnished:
    """Return an account with these pipelines, under the ids of the settings; what has no id there is not made."""
    made = []
    for shape in pipelines:
        ids = settings.pipelines.get(shape.key)
        if ids is not None:
            stages = tuple(
                FurnishedStage(id=ids.stages[stage.key], name=stage.name, incoming=stage.kind == "incoming")
                for stage in shape.stages
                if stage.key in ids.stages
            )
            made.append(FurnishedPipeline(id=ids.id, name=shape.name, stages=stages))
    fields = (
        (settings.reference_field, "Reference", "text"),
        (settings.key_field, "Key", "text"),
        (settings.close_date_field, "Close date", "date"),
    )
    reasons = [reason for shape in pipelines for stage in shape.stages for reason in stage.reasons]
    return Furnished(
        pipelines=tuple(made),
        fields=tuple(FurnishedField(id=id_, name=name, type=type_) for id_, name, type_ in fields if id_ is not None),
        users=tuple(
            FurnishedUser(id=FIRST_USER + n, name=name, email=f"{name.split()[0].lower()}@acme.example")
            for n, name in enumerate(USERS)
        ),
        loss_reasons=tuple(dict.fromkeys(reasons)),
    )


def _kept_port(file: Path) -> int:
    if not file.exists():
        file.write_text(f"{free_port()}\n", "utf-8")
    return int(file.read_text("utf-8"))
