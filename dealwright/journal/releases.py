"""Releases: sets of definitions that were applied, by digest. An execution runs the one it was routed with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection

from dealwright.compile import digest as digests
from dealwright.compile import ir
from dealwright.errors import ReleaseError
from dealwright.journal import switches, tray
from dealwright.journal.database import instant, statement
from dealwright.journal.parts import Part, Release
from dealwright.journal.payload import pack, unpack

_PUT: Final = statement(
    """
    insert into releases (account, digest, behaviour, metadata, ir, recorded_wall)
    values (:account, :digest, :behaviour, :metadata, :ir, :wall) on conflict (account, digest) do nothing
    """
)
_DEACTIVATE: Final = statement("update releases set active = false where account = :account and active")
_ACTIVATE: Final = statement("update releases set active = true where account = :account and digest = :digest")
_FIRST_EPOCH: Final = statement(
    "insert into epochs (account, epoch) values (:account, 1) on conflict (account) do nothing"
)
_ACTIVE: Final = statement("select digest from releases where account = :account and active")
_ONE: Final = statement("select ir from releases where account = :account and digest = :digest")
_LIST: Final = statement(
    """
    select digest, behaviour, metadata, recorded_wall, active from releases
    where account = :account order by recorded_wall, digest
    """
)
_DEPLOYED: Final = statement(
    "select version, deployment_id from deployments where account = :account and automation = :automation"
)
_NOTE_DEPLOYED: Final = statement(
    """
    insert into deployments (account, automation, version, deployment_id)
    values (:account, :automation, :version, :deployment_id)
    on conflict (account, automation) do update
        set version = excluded.version, deployment_id = excluded.deployment_id
    """
)


class ReleaseLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list of releases."""

    digest: str
    behaviour: str
    metadata: str
    recorded_at: datetime
    active: bool


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """What Prefect was told about an automation."""

    version: str
    deployment_id: str


class Releases(Part):
    """Which definitions were applied, and which are active."""

    def record_release(self, account: ir.Account) -> bool:
        """Record the definitions and make them the active release; False if they were active already."""
        wanted = digests.release_digest(account)
        active = self.active_release(account.key)
        if active is not None and active.digest == wanted:
            return False
        row = {
            "account": account.key,
            "digest": wanted,
            "behaviour": digests.behaviour_digest(account),
            "metadata": digests.metadata_digest(account),
            "ir": pack(ir.encode(account)),
            "wall": self._wall(),
        }
        with self.database.write() as connection:
            self.database.lock_account(connection, account.key, "release")
            connection.execute(_PUT, row)
            connection.execute(_FIRST_EPOCH, row)
            connection.execute(_DEACTIVATE, row)
            connection.execute(_ACTIVATE, row)
            self._begin_in(connection, account, wanted)
        return True

    def _begin_in(self, connection: Connection, account: ir.Account, digest: str) -> None:
        modes = {automation.key: automation.mode for automation in account.automations}
        switches.begin_in(connection, account.key, modes, wall=self._wall(), actor=f"release:{digest[:12]}")
        tray.ask_those_that_nobody_answered(connection, account.key)

    def activate_release(self, account: str, digest: str) -> bool:
        """Make a release that was recorded the active one: events are routed by it from now on; False if it was.

        Executions go on with the release they were routed with.

        Raises:
            ReleaseError: there is none of that digest, or this version cannot read it.
        """
        found = self.release(account, digest)
        row = {"account": account, "digest": digest}
        with self.database.write() as connection:
            self.database.lock_account(connection, account, "release")
            active = connection.execute(_ACTIVE, row).scalar_one_or_none()
            if active == digest:
                return False
            connection.execute(_DEACTIVATE, row)
            connection.execute(_ACTIVATE, row)
            self._begin_in(connection, found.account, digest)
        return True

    def active_release(self, account: str) -> Release | None:
        """Return the release that new executions run, or None."""
        rows = self.database.rows(_ACTIVE, account=account)
        return self.release(account, rows[0]["digest"]) if rows else None

    def release(self, account: str, digest: str) -> Release:
        """Return a release that was recorded.

        Raises:
            ReleaseError: there is none of that digest.
        """
        known = self._releases.get((account, digest))
        if known is not None:
            return known
        rows = self.database.rows(_ONE, account=account, digest=digest)
        if not rows:
            raise ReleaseError(f"account {account!r} has no release {digest}; `dealwright releases ls` shows them")
        found = Release(digest=digest, account=ir.decode(unpack(rows[0]["ir"])))
        self._releases[account, digest] = found
        return found

    def releases(self, account: str) -> Sequence[ReleaseLine]:
        """Return all releases of an account, oldest first."""
        return [
            ReleaseLine(
                digest=row["digest"],
                behaviour=row["behaviour"],
                metadata=row["metadata"],
                recorded_at=instant(row["recorded_wall"]),
                active=bool(row["active"]),
            )
            for row in self.database.rows(_LIST, account=account)
        ]

    def deployed(self, account: str, automation: str) -> Deployment | None:
        """Return what Prefect was last told about an automation, or None."""
        rows = self.database.rows(_DEPLOYED, account=account, automation=automation)
        return Deployment(version=rows[0]["version"], deployment_id=rows[0]["deployment_id"]) if rows else None

    def note_deployed(self, account: str, automation: str, version: str, deployment_id: str) -> None:
        """Remember what Prefect was told about an automation."""
        with self.database.write() as connection:
            connection.execute(
                _NOTE_DEPLOYED,
                {"account": account, "automation": automation, "version": version, "deployment_id": deployment_id},
            )
