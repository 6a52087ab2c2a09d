"""Picks: who of a role is next, decided in one transaction that only one engine at a time has for itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dealwright.engine.picked import NOBODY, Behind, Nobody, Picked, PickRequest, set_somebody
from dealwright.journal.database import micros, statement
from dealwright.journal.parts import Part
from dealwright.journal.payload import seal, unseal
from dealwright.journal.people import behind
from dealwright.model.crm import User

_LAST: Final = statement("select coalesce(max(n), 0) from picks where account = :account")
_BEFORE: Final = statement("select execution_id, step, body from picks where execution_id in :ids", "ids")
_FORGET: Final = statement("delete from picks where execution_id = :execution_id and step = :step")
_TURNS: Final = statement("select space, role, user_id, n from role_turns where account = :account")
_TURN: Final = statement(
    "insert into role_turns (account, space, role, user_id, n) values (:account, :space, :role, :user_id, :n) "
    "on conflict (account, space, role, user_id) do update set n = excluded.n"
)
_PICK: Final = statement(
    "insert into picks (execution_id, step, account, n, space, role, user_id, task, contact, company, at, body) "
    "values (:execution_id, :step, :account, :n, :space, :role, :user_id, :task, :contact, :company, :at, :body)"
)
_PENDING: Final = statement(
    # What the CRM cannot have counted: picked since, or not carried out; a task is no deal, and counts for a day.
    """
    select picks.user_id as user_id, count(*) as many from picks left join effects
        on effects.execution_id = picks.execution_id and effects.step = picks.step
    where picks.account = :account and picks.space = :space and picks.at >= :since and (
        picks.n > :counted or picks.task or :space = 'shadow'
        or effects.state is null or effects.state in ('planned', 'sending', 'unknown', 'held'))
    group by picks.user_id
    """
)
_OF_PERSON: Final = statement(
    # `cross join` lets SQLite begin with the person's contacts, and not with all picks of the account.
    """
    select picks.user_id as user_id from (
        select cast(:contact as text) as contact union
        select contact from person_contacts where account = :account and person in (
            select person from person_contacts where account = :account and contact = :contact)
    ) as theirs cross join picks
    where picks.account = :account and picks.role = :role and picks.contact = theirs.contact and picks.space = :space
    order by picks.n desc limit 20
    """
)
_OF_COMPANY: Final = statement(
    "select user_id from picks where account = :account and role = :role and space = :space and company = :company "
    "order by n desc limit 20"
)
_FRESH: Final = timedelta(days=1)


class Picks(Part):
    """The turns of roles."""

    def last_pick(self, account: str) -> int:
        """Return the number of the last pick of an account."""
        with self.database.read() as connection:
            return int(connection.execute(_LAST, {"account": account}).scalar_one())

    def pick(
        self, account: str, requests: Sequence[PickRequest], *, now: datetime, zone: str
    ) -> dict[str, Picked | Nobody]:
        """Pick somebody for each, in their order; return the answers by execution.

        What was picked for a step stays picked, unless it is asked `anew`. Whoever asks at the same time waits.
        """
        if not requests:
            return {}
        with self.database.write() as connection:
            self.database.lock_account(connection, account, "people")
            day = now.astimezone(ZoneInfo(zone)).date()
            people = behind(connection, account, day)
            turn = _Turn(connection, account, people, now, zone, _Key(self.installation))
            known = _known(connection, [request.execution_id for request in requests if not request.anew])
            return {
                request.execution_id: known.get((request.execution_id, request.step)) or turn.pick(request)
                for request in requests
            }


class _Key:
    """Names a company without telling its name."""

    def __init__(self, installation: str) -> None:
        self._installation = installation.encode()

    def company(self, name: str | None) -> str | None:
        plain = " ".join((name or "").split()).casefold()
        return blake2b(plain.encode(), key=self._installation[:64], digest_size=15).hexdigest() if plain else None


class _Turn:
    """One transaction of picks."""

    def __init__(
        self, connection: Connection, account: str, people: Behind, now: datetime, zone: str, key: _Key
    ) -> None:
        self._connection = connection
        self._account = account
        self._people = people
        self._now = now
        self._zone = zone
        self._key = key
        self._n = int(connection.execute(_LAST, {"account": account}).scalar_one())
        self._turns: dict[tuple[str, str, str], int] = {
            (row["space"], row["role"], row["user_id"]): row["n"]
            for row in connection.execute(_TURNS, {"account": account}).mappings()
        }
        self._pending: dict[tuple[str, int], dict[str, int]] = {}
        self._given: dict[str, int] = {}

    def pick(self, request: PickRequest) -> Picked | Nobody:
        """Pick somebody for one step."""
        role = request.role.role
        owner = request.owner
        if request.role.keep and owner is not None and any(each.id == owner.id for each in self._people.all_of(role)):
            return Picked(people=(owner,), why="of the role already", kept=True)
        there = self._people.of(role)
        if not there:
            return self._nobody(role)
        if request.role.how == "everybody":
            return Picked(people=there, why="everybody who is there")
        in_turn = sorted(there, key=lambda user: self._turns.get((request.space, role, user.id), 0))
        user, why = self._one(request, in_turn)
        replaces = owner if owner is not None and owner.id != user.id and not request.task else None
        picked = Picked(people=(user,), why=why, replaces=replaces)
        self._write(request, picked)
        return picked

    def _one(self, request: PickRequest, in_turn: Sequence[User]) -> tuple[User, str]:
        match request.role.how:
            case "least_loaded":
                loads = {user.id: self._load(request, user.id) for user in in_turn}
                least = min(in_turn, key=lambda user: loads[user.id])
                return least, "open deals: " + ", ".join(f"{user.name} {loads[user.id]}" for user in in_turn)
            case "sticky":
                by_id = {user.id: user for user in in_turn}
                for of, found in (("person", self._of_person(request)), ("company", self._of_company(request))):
                    before = next((by_id[user_id] for user_id in found if user_id in by_id), None)
                    if before is not None:
                        return before, f"had this {of} before"
                return in_turn[0], "nobody there had this person or company before: next in turn"
        return in_turn[0], "next in turn"

    def _load(self, request: PickRequest, user_id: str) -> int:
        key = (request.space, request.counted)
        if key not in self._pending:
            asked = {"account": self._account, "space": request.space, "counted": request.counted}
            rows = self._connection.execute(_PENDING, asked | {"since": micros(self._now - _FRESH)})
            self._pending[key] = {row.user_id: row.many for row in rows}
        own = request.owner is not None and request.owner.id == user_id and not request.task  # the deal at hand itself
        counted = request.loads.get(user_id, 0) - own
        return max(0, counted + self._pending[key].get(user_id, 0) + self._given.get(user_id, 0))

    def _of_person(self, request: PickRequest) -> Sequence[str]:
        asked = {"account": self._account, "role": request.role.role, "space": request.space}
        for contact in request.contacts:
            return self._connection.execute(_OF_PERSON, asked | {"contact": contact}).scalars().all()
        return ()

    def _of_company(self, request: PickRequest) -> Sequence[str]:
        company = self._key.company(request.company)
        if company is None:
            return ()
        asked = {"account": self._account, "role": request.role.role, "space": request.space, "company": company}
        return self._connection.execute(_OF_COMPANY, asked).scalars().all()

    def _write(self, request: PickRequest, picked: Picked) -> None:
        (user,) = picked.people
        self._n += 1
        self._given[user.id] = self._given.get(user.id, 0) + 1
        if picked.replaces is not None:
            self._given[picked.replaces.id] = self._given.get(picked.replaces.id, 0) - 1
        role, space = request.role.role, request.space
        self._turns[(space, role, user.id)] = self._n
        turn = {"account": self._account, "space": space, "role": role, "user_id": user.id, "n": self._n}
        self._connection.execute(_TURN, turn)
        row: dict[str, Any] = {
            "execution_id": request.execution_id,
            "step": request.step,
            "task": request.task,
            "contact": request.contacts[0] if request.contacts else None,
            "company": self._key.company(request.company),
            "at": micros(self._now),
            "body": seal(picked),
        }
        if request.anew:
            self._connection.execute(_FORGET, row)
        self._connection.execute(_PICK, turn | row)

    def _nobody(self, role: str) -> Nobody:
        """Say that nobody is there, and when somebody is back from leave."""
        people = self._people
        back = [people.away[user.id] for user in people.all_of(role)]
        if not back:
            return Nobody(reason=f"{NOBODY}{role}: {set_somebody(role)}", until=None, seen=people.seen)
        reason = f"{NOBODY}{role} today: everybody is on leave, the first is back on {min(back).isoformat()}"
        return Nobody(reason=reason, until=_morning(min(back), self._zone), seen=people.seen)


def _known(connection: Connection, ids: Sequence[str]) -> Mapping[tuple[str, str], Picked]:
    rows = connection.execute(_BEFORE, {"ids": list(ids)}) if ids else ()
    return {(row.execution_id, row.step): unseal(row.body, Picked) for row in rows}


def _morning(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
