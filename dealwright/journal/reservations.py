"""Reservations: shares of something limited, taken by executions, given back, and joined when persons turn out one.

Locks: whoever takes more than one at a time in an order of his own, gives back or joins has the account's reservations
for himself; the gate, which takes one per effect in one order for all, shares them with other gates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection

from dealwright.engine.records import GateRequest, Reservation
from dealwright.journal import hot
from dealwright.journal.database import Database, micros, statement
from dealwright.mirror.identity import Merge

_TAKE: Final = statement(
    """
    insert into reservations (account, mode, rule, scope, holder, taken_at, until)
    values (:account, :mode, :rule, :scope, :holder, :now, :until)
    on conflict (account, mode, rule, scope) do update
        set holder = excluded.holder, taken_at = excluded.taken_at, until = excluded.until
        where reservations.holder <> excluded.holder and reservations.until <= :now
    returning holder
    """
)
_HOLDER: Final = statement(
    "select holder from reservations where account = :account and mode = :mode and rule = :rule and scope = :scope"
)
_UNUSED: Final = """
    from reservations where holder in :holders and not exists (
        select 1 from effects where effects.execution_id = reservations.holder and (
            effects.state in ('sending', 'sent', 'unknown')
            or (effects.state = 'dropped' and effects.reason = 'shadow' and reservations.mode = 'shadow')))
"""
_GIVE_BACK: Final = statement(f"delete {_UNUSED}", "holders")
_RAISE_EPOCH: Final = statement("update epochs set epoch = epoch + 1 where account = :account")
_JOIN: Final = (
    # The later use wins: a winner's row that is older gives way, then the loser's rows move, then what is left goes.
    statement(
        """
        delete from reservations where account = :account and scope = :winner and exists (
            select 1 from reservations as other where other.account = reservations.account
            and other.mode = reservations.mode and other.rule = reservations.rule
            and other.scope = :loser and other.taken_at > reservations.taken_at)
        """
    ),
    statement(
        """
        update reservations set scope = :winner where account = :account and scope = :loser and not exists (
            select 1 from reservations as other where other.account = reservations.account
            and other.mode = reservations.mode and other.rule = reservations.rule and other.scope = :winner)
        """
    ),
    statement("delete from reservations where account = :account and scope = :loser"),
)


def lock_for(database: Database, connection: Connection, account: str, requests: Sequence[GateRequest]) -> None:
    """Lock what these effects need; with one reservation each, gates may work side by side."""
    most = max((len(request.verdict.reservations) for request in requests), default=0)
    if most:
        database.lock_account(connection, account, "reservations", shared=most == 1)


def take(connection: Connection, account: str, reservation: Reservation, execution_id: str, *, now: int) -> str:
    """Take a reservation, or return who has it. What one holds already stays as it was taken."""
    parameters: dict[str, Any] = {
        "account": account,
        "mode": reservation.mode,
        "rule": reservation.rule,
        "scope": reservation.scope,
        "holder": execution_id,
        "now": now,
        "until": None if reservation.until is None else micros(reservation.until),
    }
    taken = connection.execute(_TAKE, parameters).scalar_one_or_none()
    return str(taken if taken is not None else connection.execute(_HOLDER, parameters).scalar_one())


def give_back(database: Database, connection: Connection, holders: Sequence[str]) -> None:
    """Give back what these executions hold and have not used: nothing of theirs was sent, or may have been.

    What was dropped in shadow counts as used in shadow's name space, and only there.
    """
    if not holders:
        return
    accounts = hot.HOLDERS.run(connection, holders=list(holders)).scalars().all()
    for account in accounts:
        database.lock_account(connection, account, "reservations")
    if accounts:
        connection.execute(_GIVE_BACK, {"holders": list(holders)})


def join(database: Database, connection: Connection, account: str, merges: Sequence[Merge]) -> None:
    """Let the reservations of persons who turned out to be one be one; the later use wins."""
    if not merges:
        return
    # Gates that read persons before this must ask again: raised before the reservations are locked, as gates lock.
    connection.execute(_RAISE_EPOCH, {"account": account})
    database.lock_account(connection, account, "reservations")
    for merge in merges:
        scopes = {"winner": f"person:{merge.winner}", "loser": f"person:{merge.loser}"}
        for statement_ in _JOIN:
            connection.execute(statement_, {"account": account, **scopes})
