"""The operator's switches: stop, messages, mode, pause; each change is logged; what guards sends raises the epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection

from dealwright.engine.records import Controls
from dealwright.journal import lanes, reservations, tray
from dealwright.journal.database import Database, Row, statement
from dealwright.journal.parts import Part
from dealwright.model.requests import MESSAGES as MESSAGE_KINDS

STOP: Final = "stop"
MESSAGES: Final = "messages"
MODE: Final = "mode"
DEFAULT_MODE: Final = "default-mode"
"""What an automation begins in, as its definition says: a release writes it, an operator's `mode` wins over it."""

HELD_BY: Final = {STOP: "stop", MESSAGES: "stop messages"}
"""The switches that hold, with the reason of what they hold."""

_READ: Final = statement("select automation, name, value from switches where account = :account")
_DEFAULTS: Final = statement(
    "select automation, value from switches where account = :account and name = 'default-mode'"
)
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
_HELD: Final = "from executions where account = :account and state = 'held' and reason = :held"
_LET_GO: Final = f"""
    {_HELD} and (automation = :automation or (:automation = '' and automation not in (
        select automation from switches where account = :account and name = :switch)))
"""
"""What lifting a switch lets go: of the account, without what an automation's own stop goes on holding."""

_COUNT_HELD: Final = statement(
    f"select automation, count(*) as held, min(started_at) as since {_HELD} "
    "and (:automation = '' or automation = :automation) group by automation order by automation"
)
_NEXT_HELD: Final = statement(
    f"select id, event_id {_LET_GO} and (event_id > :event_id or (event_id = :event_id and id > :id)) "
    "order by event_id, id limit :limit"
)
_UNSTOPPED: Final = statement(
    """
    select id, automation from executions where account = :account and state = 'held'
    and reason in ('stop', 'stop messages') and not exists (
        select 1 from switches where switches.account = :account
            and switches.name = case executions.reason when 'stop' then 'stop' else 'messages' end
            and switches.automation in ('', executions.automation))
    order by event_id, id limit :limit
    """
)
_STOPS: Final = statement(
    "select automation, reason from switches where account = :account and name = 'stop' order by automation"
)
_STANDING: Final = statement(
    "select name, automation from switches where account = :account and name in ('stop', 'messages')"
)
_LOCK_EPOCH: Final = "select epoch from epochs where account = :account"
_CANCEL: Final = statement(
    "update executions set state = 'cancelled', reason = 'dropped on resume', due_at = null, ended_at = :now "
    "where id in :ids and state = 'held'",
    "ids",
)
_DROP: Final = statement(
    "update effects set state = 'dropped', reason = 'dropped on resume' where execution_id in :ids and state = 'held'",
    "ids",
)
_DROP_ONLY: Final = statement(
    "update effects set state = 'dropped', reason = 'dropped on resume' where execution_id in :ids and state = 'held' "
    "and kind in :kinds",
    "ids",
    "kinds",
)
_STILL_HELD: Final = "select id from executions where id in :ids and state = 'held' order by id"
_HELD_MESSAGES: Final = "select id from executions where id in :ids and state = 'held' and reason = :held order by id"


class Pile(msgspec.Struct, frozen=True, kw_only=True):
    """What a stop is holding of one automation: how many executions, and since when the oldest runs (microseconds)."""

    automation: str
    held: int
    since: int | None


class Switches(Part):
    """Stop, messages, mode, pause; automation '' is the whole account."""

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
            stopped=frozenset(row.automation for row in rows if row.name == STOP),
            paused=frozenset(row.automation for row in rows if row.name == "pause"),
            modes={row.automation: row.value for row in rows if row.name == MODE},
            defaults={row.automation: row.value for row in rows if row.name == DEFAULT_MODE},
            messages_stopped=any(row.name == MESSAGES for row in rows),
        )

    def stop(self, account: str, automation: str, *, actor: str, reason: str = "") -> None:
        """Stop an automation or the account: from now on effects are held. After this returns, nothing new leaves."""
        self._switch(account, automation, STOP, "on", actor=actor, reason=reason, guards=True)

    def stop_messages(self, account: str, *, actor: str, reason: str = "") -> None:
        """Stop the account's messages to customers: from now on they are held, whatever automation they are of."""
        self._switch(account, "", MESSAGES, "on", actor=actor, reason=reason, guards=True)

    def set_mode(
        self, account: str, automation: str, mode: Literal["live", "approve", "shadow", ""], *, actor: str
    ) -> None:
        """Set the mode of an automation or of the account; the stricter of both counts.

        An empty one takes back what was set: an automation is then in the mode that its definition says.

        What mode approve holds stays held when the mode changes, until a person approves or cancels it.
        """
        self._switch(account, automation, MODE, mode, actor=actor, guards=True)

    def set_paused(self, account: str, automation: str, paused: bool, *, actor: str) -> None:
        """Pause: no new claims, until it is taken back; what runs goes on."""
        self._switch(account, automation, "pause", "on" if paused else "", actor=actor, guards=False)

    def paused(self, account: str) -> set[str]:
        """Return the automations that are paused."""
        return set(self.controls(account).paused)

    def stops(self, account: str) -> dict[str, str]:
        """Return what is stopped ('' is the account), with the reason that was given."""
        rows = self.database.rows(_STOPS, account=account)
        return {row["automation"]: row["reason"] for row in rows}

    def held_by_stop(self, account: str, automation: str = "") -> Sequence[Pile]:
        """Count what a stop is holding, by automation."""
        return self._piles(account, automation, STOP)

    def held_messages(self, account: str) -> Sequence[Pile]:
        """Count what the stop of messages is holding, by automation."""
        return self._piles(account, "", MESSAGES)

    def _piles(self, account: str, automation: str, switch: str) -> Sequence[Pile]:
        rows = self.database.rows(_COUNT_HELD, account=account, automation=automation, held=HELD_BY[switch])
        return [Pile(automation=row["automation"], held=row["held"], since=row["since"]) for row in rows]

    def resume(self, account: str, automation: str, what: Literal["run", "drop"], *, actor: str) -> int:
        """Lift a stop, and let the pile that it holds run (late, checking conditions again) or drop it.

        Returns how many executions were let go or dropped. The pile of a dropped stop is dropped before the stop is
        lifted, and what joins it meanwhile in the transaction that lifts it: nothing of it can leave in between.
        """
        return self._lift(account, automation, STOP, what, actor=actor)

    def resume_messages(self, account: str, what: Literal["run", "drop"], *, actor: str) -> int:
        """Lift the stop of messages, and let what it holds run (late, checking conditions again) or drop it.

        A dropped message costs its execution only the message: what follows goes on (late, checking conditions again).
        Returns how many executions were let go, with their message or without it.
        """
        return self._lift(account, "", MESSAGES, what, actor=actor)

    def _lift(self, account: str, automation: str, switch: str, what: Literal["run", "drop"], *, actor: str) -> int:
        count = 0
        if what == "run":
            self._switch(account, automation, switch, "", actor=actor, guards=True)
            for ids in self._held(account, automation, switch):
                with self.database.write() as connection:
                    woken = lanes.wake(self.database, connection, ids, now=self._now(), reason="resumed", actor=actor)
                count += len(woken)
            return count
        for ids in self._held(account, automation, switch):
            with self.database.write() as connection:
                count += self._drop(connection, ids, switch, actor)
        with self.database.write() as connection:
            self._set(connection, account, automation, switch, "", actor=actor, guards=True)
            while rows := self._some_held(connection, account, automation, switch, (0, "")):
                count += self._drop(connection, [row["id"] for row in rows], switch, actor)
        return count

    def wake_unstopped(self, account: str) -> frozenset[str]:
        """Make ready what is held by a stop that was lifted; return the automations.

        A resume that died after it lifted the stop has left it; so has an execution that was held in that moment.
        """
        rows = self.database.rows(_UNSTOPPED, account=account, limit=500)
        if not rows:
            return frozenset()
        with self.database.write() as connection:
            ids = [row["id"] for row in rows]
            lanes.wake(self.database, connection, ids, now=self._now(), reason="resumed", actor="engine")
        return frozenset(row["automation"] for row in rows)

    def _held(self, account: str, automation: str, switch: str) -> Iterator[Sequence[str]]:
        """Go once through what is held: what another stop holds again meanwhile is not met twice."""
        last = (0, "")
        while True:
            with self.database.read() as connection:
                rows = self._some_held(connection, account, automation, switch, last)
            if not rows:
                return
            yield [row["id"] for row in rows]
            last = (rows[-1]["event_id"], rows[-1]["id"])

    def _some_held(
        self, connection: Connection, account: str, automation: str, switch: str, after: tuple[int, str]
    ) -> Sequence[Row]:
        parameters: dict[str, object] = {
            "account": account,
            "automation": automation,
            "switch": switch,
            "held": HELD_BY[switch],
            "event_id": after[0],
            "id": after[1],
            "limit": 500,
        }
        return connection.execute(_NEXT_HELD, parameters).mappings().all()

    def _drop(self, connection: Connection, ids: Sequence[str], switch: str, actor: str) -> int:
        if switch == MESSAGES:
            return self._drop_messages(connection, ids, actor)
        sql = statement(_STILL_HELD + self.database.for_update, "ids")
        held = connection.execute(sql, {"ids": list(ids)}).scalars().all()
        if not held:
            return 0
        now = self._now()
        connection.execute(_DROP, {"ids": held})
        connection.execute(_CANCEL, {"ids": held, "now": now})
        reservations.give_back(self.database, connection, held)
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

    def _drop_messages(self, connection: Connection, ids: Sequence[str], actor: str) -> int:
        """Drop what the stop of messages holds, and wake the executions: later steps go on after a drop."""
        lanes.lock(self.database, connection, lanes.of(connection, ids))  # first the lanes, as everybody does
        sql = statement(_HELD_MESSAGES + self.database.for_update, "ids")
        held = connection.execute(sql, {"ids": list(ids), "held": HELD_BY[MESSAGES]}).scalars().all()
        if held:
            connection.execute(_DROP_ONLY, {"ids": held, "kinds": sorted(MESSAGE_KINDS)})
            reason = "its message was dropped on resume"
            lanes.wake(self.database, connection, held, now=self._now(), reason=reason, actor=actor, states=("held",))
            reservations.give_back(self.database, connection, held)
        return len(held)

    def _switch(
        self, account: str, automation: str, name: str, value: str, *, actor: str, guards: bool, reason: str = ""
    ) -> None:
        with self.database.write() as connection:
            self._set(connection, account, automation, name, value, actor=actor, guards=guards, reason=reason)

    def _set(
        self,
        connection: Connection,
        account: str,
        automation: str,
        name: str,
        value: str,
        *,
        actor: str,
        guards: bool,
        reason: str = "",
    ) -> None:
        put(
            connection,
            {
                "account": account,
                "automation": automation,
                "name": name,
                "value": value,
                "wall": self._wall(),
                "actor": actor,
                "reason": reason,
            },
            guards=guards,
        )


def put(connection: Connection, row: dict[str, Any], *, guards: bool) -> None:
    """Set a switch, or take it back if its value is empty, and log it; one that guards ask raises the epoch.

    What may be made live by it, or let go, is what waits for that in the tray.
    """
    if guards:
        connection.execute(_RAISE, row)
        tray.ask_those_that_nobody_answered(connection, row["account"])
    connection.execute(_SET if row["value"] else _CLEAR, row)
    connection.execute(_LOG, row)


def begin_in(connection: Connection, account: str, modes: Mapping[str, str], *, wall: int, actor: str) -> None:
    """Write down in which mode these automations begin; empty is live.

    One that is not among them keeps what it had: what it has begun under an older release must not go live because it
    is no longer defined.
    """
    held = {row.automation: row.value for row in connection.execute(_DEFAULTS, {"account": account})}
    for automation, mode in modes.items():
        if held.get(automation, "") != mode:
            row = {"account": account, "automation": automation, "name": DEFAULT_MODE, "value": mode}
            put(connection, {**row, "wall": wall, "actor": actor, "reason": ""}, guards=True)


def standing(database: Database, connection: Connection, account: str) -> frozenset[tuple[str, str]]:
    """Return the switches that hold, as (name, automation), and keep them so until the transaction ends."""
    share = " for share" if database.postgresql else ""
    connection.execute(statement(_LOCK_EPOCH + share), {"account": account})
    rows = connection.execute(_STANDING, {"account": account})
    return frozenset((row.name, row.automation) for row in rows)


def lifted(reason: str, automation: str, switches: frozenset[tuple[str, str]]) -> bool:
    """Say whether what is about to be held for this reason would be held by a switch that stands no longer."""
    return any(
        reason == held and switches.isdisjoint({(name, automation), (name, "")}) for name, held in HELD_BY.items()
    )
