"""Where everything of one run lies: directory, journal, addresses of its processes. `chaos.json` says it."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

import msgspec

from dealwright_flows.sockets import free_port

NAME: Final = "chaos.json"

LEASE: Final = 2.0
"""Seconds of a lease in a run: a process that is stopped for longer has lost it."""

CALL: Final = 3.0
"""Seconds that one request may take in a run."""

BATCH: Final = 8
"""Executions in one batch, and so the sends without a key that one window can have in flight."""

LINGER: Final = 1.0


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """What all processes of one run know. The secrets are this run's own and open nothing else."""

    directory: str
    journal: str
    web: int
    kommo: int
    meta: int
    erp: int
    audit: int
    secret: str
    token: str

    @property
    def path(self) -> Path:
        """The directory, in which logs and the SQLite journal lie."""
        return Path(self.directory)

    def write(self) -> None:
        """Keep it in its directory, for its owner only."""
        file = self.path / NAME
        file.touch(mode=0o600)
        file.write_bytes(msgspec.json.encode(self))

    @staticmethod
    def read(directory: Path) -> Places:
        """Return the places of a run that was begun there."""
        return msgspec.json.decode((directory / NAME).read_bytes(), type=Places)

    @staticmethod
    def make(directory: Path, journal: str | None) -> Places:
        """Choose addresses and secrets for a new run; without `journal` it is a SQLite file in the directory."""
        ports = [free_port() for _ in range(5)]
        return Places(
            directory=str(directory),
            journal=journal or f"sqlite:///{directory / 'journal.db'}",
            web=ports[0],
            kommo=ports[1],
            meta=ports[2],
            erp=ports[3],
            audit=ports[4],
            secret=secrets.token_urlsafe(24),
            token=secrets.token_urlsafe(24),
        )
