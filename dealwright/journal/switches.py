"""The operator's switches: stop, mode, pause; each change is logged, and raises the epoch if it guards sends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from sqlalchemy import Connection

from dealwright.engine.records import Controls
from dealwright.journal import lanes
from dealwright.journal.database import statement
from dealwright.journal.parts import Part

_READ: Final = statement("select automation, name, value from switches where account = :account")
_EPOCH: Final = statement("select epoch from epochs where account = :account")
_RAISE: Final = statement(
    "insert into epochs (account, epoch) values (:account, 1) "
    "on conflict (account) do update set epoch = epochs.epoch + 1"
)
_SET: Final = statement(
    """
    insert into switches (account, automation, name, value, set_wall, actor, reason)
    values (:account, :automation, :name, :value, :wall, :actor, :reason)
    on conflict (account, automation, name) do update
        set value = excluded.value, set_wall = excluded.set_wall, actor = excluded.actor, reason = excluded.reason
    """
)
_CLEAR: Final = statement("delete from switches where account = :account and automation = :automation and name = :name")
_LOG: Final = statement(
    "insert into switch_log (account, automation, name, value, set_wall, actor, reason) "
    "values (:account, :automation, :name, :value, :wall, :actor, :reason)"
)
_HELD: Final = """
    from executions where account = :account and state = 'held' and reason = 'stop'
    and (:automation = '' or automation = :automation)
"""
_COUNT_HELD: Final = statement(
    f"select automation, count(*) as held, min(started_at) as since {_HELD} group by automation order by automation"
)
_SOME_HELD: Final = statement(f"select id {_HELD} order by event_id, id limit :limit")
_CANCEL: Final = statement(
    "update executions set state = 'cancelled', reason = 'dropped on resume', due_at = null, ended_at = :now "
    "where id in :ids and state = 'held'",
    "ids",
)
_DROP: Final = statement(
    "update effects set state = 'dropped', reason = 'dropped on resume' where execution_id in :ids and state = 'held'",
    "ids",
)
_STILL_HELD: Final = "select id from executions where id in :ids and state = 'held' order by id"


class Pile(msgspec.Struct, frozen=True, kw_only=True):
    """What a stop is holding of one automation: how many executions, and since when the oldest runs (microseconds)."""

    automation: str
    held: int
    since: int | None


class Switches(Part):
    """Stop, mode, pause; automation '' is the whole account."""

    def controls(self, account: str) -> Controls:
        """Read the switches and the epoch they belong to, in one state of the database."""
        with self.database.read() as connection:
            # The epoch first: on PostgreSQL each statement sees its own moment, and a change in between then shows
            # as an epoch that is too old, never as switches that are too old.
            epoch = connection.execute(_EPOCH, {"account": account}).scalar_one_or_none()
            rows = connection.execute(_READ, {"account": account}).all()
        return Controls(
            account=account,
            epoch=epoch or 0,
            stopped=frozenset(row.automation for row in rows if row.name == "stop"),
            paused=frozenset(row.automation for row in rows if row.name == "pause"),
            modes={row.automation: row.value for row in rows if row.name == "mode"},
        )

    def stop(self, account: str, automation: str, *, actor: str, reason: str = "") -> None:
        """Stop an automation or the account: from now on effects are held. After this returns, nothing new leaves."""
        self._switch(account, automation, "stop", "on", actor=actor, reason=reason, guards=True)

    def set_mode(self, account: str, automation: str, mode: Literal["live", "shadow"], *, actor: str) -> None:
        """Set the mode of an automation or of the account."""
        self._switch(account, automation, "mode", mode, actor=actor, guards=True)

    def set_paused(self, account: str, automation: str, paused: bool, *, actor: str) -> None:
        """Pause: no new claims, until it is taken back; what runs goes on."""
        self._switch(account, automation, "pause", "on" if paused else "", actor=actor, guards=False)

    def paused(self, account: str) -> set[str]:
        """Return the automations that are paused."""
        return set(self.controls(account).paused)

    def held_by_stop(self, account: str, automation: str = "") -> Sequence[Pile]:
        """Count what a stop is holding, by automation."""
        rows = self.database.rows(_COUNT_HELD, account=account, automation=automation)
        return [Pile(automation=row["automation"], held=row["held"], since=row["since"]) for row in rows]

    def resume(self, account: str, automation: str, what: Literal["run", "drop"], *, actor: str) -> int:
        """Lift a stop, and let the pile that it holds run (late, checking conditions again) or drop it.

        Returns how many executions were let go or dropped. The pile of a dropped stop is dropped before the stop is
        lifted, so that nothing of it can leave in between.
        """
        if what == "run":
            self._switch(account, automation, "stop", "", actor=actor, guards=True)
        count = 0
        while ids := self._some_held(account, automation):
            with self.database.write() as connection:
                if what == "run":
                    rows = lanes.wake(self.database, connection, ids, now=self._now(), reason="resumed", actor=actor)
                    count += len(rows)
                else:
                    count += self._drop(connection, ids, actor)
        if what == "drop":
            self._switch(account, automation, "stop", "", actor=actor, guards=True)
        return count

    def _some_held(self, account: str, automation: str) -> Sequence[str]:
        rows = self.database.rows(_SOME_HELD, account=account, automation=automation, limit=500)
        return [row["id"] for row in rows]

    def _drop(self, connection: Connection, ids: Sequence[str], actor: str) -> int:
        sql = statement(_STILL_HELD + self.database.for_update, "ids")
        held = connection.execute(sql, {"ids": list(ids)}).scalars().all()
        if not held:
            return 0
        now = self._now()
        connection.execute(_DROP, {"ids": held})
        connection.execute(_CANCEL, {"ids": held, "now": now})
        lanes.write_transitions(
            connection,
            [
                {
                    "execution_id": id_,
                    "at": now,
                    "from_state": "held",
                    "to_state": "cancelled",
                    "reason": "dropped on resume",
                    "actor": actor,
                }
                for id_ in held
            ],
        )
        return len(held)

    def _switch(
        self, account: str, automation: str, name: str, value: str, *, actor: str, guards: bool, reason: str = ""
    ) -> None:
        row = {
            "account": account,
            "automation": automation,
            "name": name,
            "value": value,
            "wall": self._wall(),
            "actor": actor,
            "reason": reason,
        }
        with self.database.write() as connection:
            if guards:
                connection.execute(_RAISE, {"account": account})
            connection.execute(_SET if value else _CLEAR, row)
            connection.execute(_LOG, row)
