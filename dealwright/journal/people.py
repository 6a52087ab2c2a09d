"""Who stands behind roles, who of them is away and until when, who works when, and who changed that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, func, select

from dealwright.engine.picked import NOBODY, Behind
from dealwright.journal import lanes
from dealwright.journal.database import decided_again, instant, statement
from dealwright.journal.parts import Part
from dealwright.journal.payload import seal, unseal
from dealwright.journal.people_tables import people_log
from dealwright.model.crm import User
from dealwright.model.working import WorkingTime

_MEMBERS: Final = statement("select role, user_id, body from role_members where account = :account order by place")
_LEAVES: Final = statement(
    "select user_id, first_day, last_day from leaves where account = :account order by first_day"
)
_TAKE_OUT: Final = statement("delete from role_members where account = :account and role = :role")
_PUT_IN: Final = statement(
    "insert into role_members (account, role, user_id, place, body) values (:account, :role, :user_id, :place, :body)"
)
_OUT_OF_ALL: Final = statement("delete from role_members where account = :account and user_id = :user_id")
_LEAVE: Final = statement(
    "insert into leaves (account, user_id, first_day, last_day) values (:account, :user_id, :first_day, :last_day) "
    "on conflict (account, user_id, first_day) do update set last_day = excluded.last_day"
)
_COME_BACK: Final = statement("delete from leaves where account = :account and user_id = :user_id and last_day >= :day")
_LOG: Final = statement(
    "insert into people_log (account, what, role, user_id, detail, at_wall, actor) "
    "values (:account, :what, :role, :user_id, :detail, :wall, :actor)"
)
_CHANGES: Final = statement(
    "select what, role, user_id, detail, at_wall, actor from people_log where account = :account "
    "order by id desc limit :limit"
)
_SEEN: Final = select(func.coalesce(func.max(people_log.c.id), 0)).where(people_log.c.account == bindparam("account"))
_WORKING: Final = statement("select body from working_times where account = :account order by user_id")
_WORKS: Final = statement(
    "insert into working_times (account, user_id, body) values (:account, :user_id, :body) "
    "on conflict (account, user_id) do update set body = excluded.body"
)
_WORKS_AS_ALL: Final = statement("delete from working_times where account = :account and user_id = :user_id")
_HELD: Final = statement(
    "select id from executions where account = :account and state = 'held' and reason like :reason order by id"
)


class Leave(msgspec.Struct, frozen=True, kw_only=True):
    """Days on which somebody is away, both included."""

    user_id: str
    first: date
    last: date


class PeopleChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change, at a wall time: `added`, `removed`, `leave`, `back`, `hours`, `offboarded` or `asked`."""

    what: str
    role: str
    user_id: str
    detail: str
    at: datetime
    actor: str


class People(Part):
    """Runtime data of roles. Every change that may put somebody in place wakes what was held for want of anybody.

    Locks: the account's people first, and lanes after them; so does settle.
    """

    def people(self, account: str, day: date) -> Behind:
        """Return who stands behind the account's roles on a day."""
        with self.database.read() as connection:
            return behind(connection, account, day)

    def leaves(self, account: str, day: date) -> Sequence[Leave]:
        """Return the leaves that have not ended on a day."""
        return [leave for leave in self._leaves(account) if leave.last >= day]

    @decided_again
    def set_role(self, account: str, role: str, users: Sequence[User], *, actor: str) -> None:
        """Let exactly these users stand behind a role from now on, in this order."""

        def change(connection: Connection) -> None:
            before = {user.id for user in behind(connection, account, date.min).all_of(role)}
            connection.execute(_TAKE_OUT, {"account": account, "role": role})
            for place, user in enumerate(users):
                row = {"account": account, "role": role, "user_id": user.id, "place": place, "body": seal(user)}
                connection.execute(_PUT_IN, row)
            after = {user.id for user in users}
            for user_id in sorted(after - before):
                self._log(connection, account, "added", user_id, actor, role=role)
            for user_id in sorted(before - after):
                self._log(connection, account, "removed", user_id, actor, role=role)
            if before == after:  # the order, a name or an address
                self._log(connection, account, "set", "", actor, role=role)

        self._change(account, change, actor)

    @decided_again
    def set_leave(self, account: str, leave: Leave, *, actor: str) -> None:
        """Let somebody get nothing new on these days."""

        def change(connection: Connection) -> None:
            first, last = leave.first.isoformat(), leave.last.isoformat()
            row = {"account": account, "user_id": leave.user_id, "first_day": first, "last_day": last}
            connection.execute(_LEAVE, row)
            self._log(connection, account, "leave", leave.user_id, actor, detail=f"{first} to {last}")

        self._change(account, change, actor)

    @decided_again
    def end_leaves(self, account: str, user_id: str, day: date, *, actor: str) -> int:
        """Take back the leaves of somebody that have not ended on a day; return how many there were."""
        found = 0

        def change(connection: Connection) -> None:
            nonlocal found
            row = {"account": account, "user_id": user_id, "day": day.isoformat()}
            found = connection.execute(_COME_BACK, row).rowcount
            if found:
                self._log(connection, account, "back", user_id, actor)

        self._change(account, change, actor)
        return found

    def working_times(self, account: str) -> Sequence[WorkingTime]:
        """Return the working time of those who have one of their own."""
        return [unseal(row["body"], WorkingTime) for row in self.database.rows(_WORKING, account=account)]

    @decided_again
    def set_working_time(self, account: str, own: WorkingTime, *, actor: str, detail: str) -> None:
        """Let somebody have this working time from now on; `detail` is what the log says of it."""

        def change(connection: Connection) -> None:
            row = {"account": account, "user_id": own.user_id, "body": seal(own)}
            connection.execute(_WORKS, row)
            self._log(connection, account, "hours", own.user_id, actor, detail=detail)

        self._change(account, change, actor)

    @decided_again
    def end_working_time(self, account: str, user_id: str, *, actor: str) -> bool:
        """Let somebody work as all others do; return whether that is any different."""
        found = False

        def change(connection: Connection) -> None:
            nonlocal found
            found = bool(connection.execute(_WORKS_AS_ALL, {"account": account, "user_id": user_id}).rowcount)
            if found:
                self._log(connection, account, "hours", user_id, actor, detail="as the account")

        self._change(account, change, actor)
        return found

    @decided_again
    def offboard(self, account: str, user_id: str, *, actor: str) -> Sequence[str]:
        """Take somebody out of all roles; return which they were."""
        roles: list[str] = []

        def change(connection: Connection) -> None:
            members = behind(connection, account, date.min).members
            roles[:] = [role for role, users in members.items() if any(user.id == user_id for user in users)]
            connection.execute(_OUT_OF_ALL, {"account": account, "user_id": user_id})
            connection.execute(_WORKS_AS_ALL, {"account": account, "user_id": user_id})
            self._log(connection, account, "offboarded", user_id, actor, detail=", ".join(roles))

        self._change(account, change, actor)
        return roles

    def people_changes(self, account: str, limit: int) -> Sequence[PeopleChange]:
        """Return the changes, newest first."""
        return [
            PeopleChange(
                what=row["what"],
                role=row["role"],
                user_id=row["user_id"],
                detail=row["detail"],
                at=instant(row["at_wall"]),
                actor=row["actor"],
            )
            for row in self.database.rows(_CHANGES, account=account, limit=limit)
        ]

    def _leaves(self, account: str) -> list[Leave]:
        return [_leave(row) for row in self.database.rows(_LEAVES, account=account)]

    def _change(self, account: str, change: Callable[[Connection], None], actor: str) -> None:
        with self.database.write() as connection:
            self.database.lock_account(connection, account, "people")
            change(connection)
            held = connection.execute(_HELD, {"account": account, "reason": f"{NOBODY}%"}).scalars().all()
            lanes.wake(
                self.database, connection, held, now=self._now(), reason="people have changed", actor=actor,
                states=("held",),
            )  # fmt: skip

    def _log(
        self, connection: Connection, account: str, what: str, user_id: str, actor: str, *, role: str = "",
        detail: str = "",
    ) -> None:  # fmt: skip
        row: dict[str, Any] = {"account": account, "what": what, "role": role, "user_id": user_id, "detail": detail}
        connection.execute(_LOG, row | {"wall": self._wall(), "actor": actor})


def seen(connection: Connection, account: str) -> int:
    """Return the number of the last change of an account's people."""
    return int(connection.execute(_SEEN, {"account": account}).scalar_one())


def behind(connection: Connection, account: str, day: date) -> Behind:
    """Return who stands behind the account's roles on a day."""
    members: dict[str, tuple[User, ...]] = {}
    for row in connection.execute(_MEMBERS, {"account": account}).mappings():
        members[row["role"]] = (*members.get(row["role"], ()), unseal(row["body"], User))
    leaves: dict[str, list[Leave]] = {}
    for row in connection.execute(_LEAVES, {"account": account}).mappings():
        leaves.setdefault(row["user_id"], []).append(_leave(row))
    away = {user_id: back for user_id, own in leaves.items() if (back := _back(own, day)) > day}
    return Behind(day=day, members=members, away=away, seen=seen(connection, account))


def _back(leaves: Iterable[Leave], day: date) -> date:
    """Return the first day from `day` on that is in none of these leaves, which are in order."""
    back = day
    for leave in sorted(leaves, key=lambda each: each.first):
        if leave.first <= back <= leave.last:
            back = leave.last + timedelta(days=1)
    return back


def _leave(row: Any) -> Leave:
    first, last = date.fromisoformat(row["first_day"]), date.fromisoformat(row["last_day"])
    return Leave(user_id=row["user_id"], first=first, last=last)
