"""Enrolments: an automation begins once with the deals that stood where it points when it was first released.

An enrolment is a row that stays for ever, so neither a restart nor another release begins it again. Deals are gone
through in the order of their ids; the events of a few deals are appended in the transaction that moves the cursor on,
so whoever dies has enrolled them whole or not at all, and of two engines one is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec.structs import replace
from sqlalchemy import Connection

from dealwright import faults
from dealwright.compile import ir
from dealwright.compile.enrol import AT_MOST, enrolling
from dealwright.engine.records import Enrolment, Routed, ToRoute
from dealwright.errors import JournalError
from dealwright.journal import hot
from dealwright.journal.database import Row, decided_again, instant, micros, statement
from dealwright.journal.parts import Part
from dealwright.journal.payload import pack, seal
from dealwright.journal.tables_enrolments import enrolments as table
from dealwright.model.crm import Deal
from dealwright.model.events import ENROL, DealCreated, DealEnrolled, StageChanged, deal_subject

BEGUN: Final = "it has begun with this deal already"
"""Why an execution is skipped that would be a second one for a deal that was enrolled, or is."""

_BEGIN: Final = statement(
    "insert into enrolments (account, automation, space, state, since, most) "
    "values (:account, :automation, :space, 'counting', :since, :most) on conflict do nothing"
)
_LIST: Final = statement(
    f"select {', '.join(column.name for column in table.columns)} from enrolments "
    "where account = :account order by automation, space"
)
_COUNTED: Final = statement(
    "update enrolments set state = case when begun + :found > most then 'waiting' else 'going' end, found = :found "
    "where account = :account and automation = :automation and space = :space and state = 'counting'"
)
_MOVE_ON: Final = statement(
    "update enrolments set cursor = :cursor, state = :state, begun = begun + :many "
    "where account = :account and automation = :automation and space = :space and state = 'going' "
    "and cursor = :before and begun + :many <= most"
)
_COUNT_AGAIN: Final = statement(
    "update enrolments set state = 'counting' "
    "where account = :account and automation = :automation and space = :space and state = 'going' "
    "and cursor = :before"
)
_DECIDE: Final = statement(
    "update enrolments set state = :state, most = begun + :more, decided_wall = :wall, actor = :actor "
    "where account = :account and automation = :automation and space = :space and state = 'waiting'"
)
_KNOWN: Final = statement(
    """
    select executions.automation, executions.subject, events.kind, events.source_id, events.occurred_at
    from executions join events on events.id = executions.event_id
    where executions.account = :account and executions.subject in :subjects and executions.automation in :automations
    """,
    "subjects",
    "automations",
)
_UNROUTED: Final = statement(
    "select 1 from events where account = :account and routed_at is null and source = :source limit 1"
)


class Enrolments(Part):
    """Who has begun with the deals that stood there, how far that has come, and what persons decide about it."""

    def enrolments(self, account: str) -> Sequence[Enrolment]:
        """Return the enrolments of an account, as far as they have come."""
        return [_listed(row) for row in self.database.rows(_LIST, account=account)]

    def begin_enrolment(self, account: str, automation: str, space: str) -> None:
        """Begin one, as of now; one that was ever begun stays what it is."""
        row = {"account": account, "automation": automation, "space": space, "since": self._now(), "most": AT_MOST}
        with self.database.write() as connection:
            connection.execute(_BEGIN, row)

    def counted(self, enrolment: Enrolment, found: int) -> None:
        """Remember how many deals it is for: it goes on by itself, or waits for a person if they are too many."""
        with self.database.write() as connection:
            connection.execute(_COUNTED, {**_key(enrolment), "found": found})

    def begun_with(self, enrolment: Enrolment, deals: Sequence[Deal]) -> frozenset[str]:
        """Return the ids of those deals with which the automation has begun already, enrolled or not."""
        with self.database.read() as connection:
            return _begun_with(connection, enrolment, deals)

    def enrol(self, enrolment: Enrolment, deals: Sequence[Deal], *, cursor: str, ended: bool) -> bool:
        """Append the events of these deals and move the cursor on; False, and nothing done, if others were faster.

        A deal with which the automation has begun already is passed by. More deals than are allowed are not begun
        with: they are counted again.
        """
        with self.database.write() as connection:
            self.database.lock_account(connection, enrolment.account, "append")
            known = _begun_with(connection, enrolment, deals)
            new = [deal for deal in deals if deal.id not in known]
            row = {**_key(enrolment), "cursor": cursor, "before": enrolment.cursor, "many": len(new)}
            if enrolment.begun + len(new) > enrolment.most:
                connection.execute(_COUNT_AGAIN, row)
                return False
            if not connection.execute(_MOVE_ON, {**row, "state": "done" if ended else "going"}).rowcount:
                return False
            now = self._now()
            hot.APPEND.run(connection, [_row(enrolment, deal, now) for deal in new])
            faults.hit("enrol.before-commit")
        faults.hit("enrol.after-commit")
        return True

    def enrolled_unrouted(self, account: str) -> bool:
        """Say whether deals that were enrolled wait to be routed."""
        return bool(self.database.rows(_UNROUTED, account=account, source=ENROL))

    # --- for people -------------------------------------------------------------------------------------------------

    @decided_again
    def let_enrol(self, account: str, automation: str, *, actor: str) -> int:
        """Let an automation begin with all deals that it waits with; return how many those were.

        Raises:
            JournalError: it waits for nobody.
        """
        waiting = self._waiting(account, automation)
        with self.database.write() as connection:
            for each in waiting:
                row = {**_key(each), "more": each.found, "wall": self._wall(), "actor": actor}
                connection.execute(_DECIDE, {**row, "state": "going"})
            faults.hit("operate.before-commit")
        return sum(each.found for each in waiting)

    @decided_again
    def drop_enrolment(self, account: str, automation: str, *, actor: str) -> int:
        """Let an automation begin with none of the deals that it waits with, for good; return how many those were.

        Raises:
            JournalError: it waits for nobody.
        """
        waiting = self._waiting(account, automation)
        with self.database.write() as connection:
            for each in waiting:
                row = {**_key(each), "more": 0, "wall": self._wall(), "actor": actor}
                connection.execute(_DECIDE, {**row, "state": "dropped"})
            faults.hit("operate.before-commit")
        return sum(each.found for each in waiting)

    def _waiting(self, account: str, automation: str) -> Sequence[Enrolment]:
        own = [each for each in self.enrolments(account) if each.automation == automation]
        waiting = [each for each in own if each.state == "waiting"]
        if waiting:
            return waiting
        by = f" by {own[-1].actor}" if own and own[-1].actor else ""
        so_far = f"its enrolment is {own[-1].state}{by}" if own else "it enrols nobody, or has not begun to"
        raise JournalError(f"{automation} of account {account} waits for nobody: {so_far}; see: dealwright enrol ls")


def once_each(
    connection: Connection, account: ir.Account, events: Sequence[ToRoute], routed: Sequence[Routed]
) -> Sequence[Routed]:
    """Return what is routed without second executions of automations that enrol.

    A deal that is enrolled is passed by if the automation has begun with it; the news that it came to stand there is,
    if it was enrolled since: then both are the same coming. Whoever routes holds the account's lock.
    """
    rules = {each.key for each in enrolling(account)}
    concerned = [each for each in routed if each.automation in rules and not each.skipped]
    if not concerned:
        return routed
    told = {item.id: item.event for item in events}
    known: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for row in connection.execute(
        _KNOWN,
        {
            "account": account.key,
            "subjects": sorted({each.subject for each in concerned}),
            "automations": sorted({each.automation for each in concerned}),
        },
    ):
        came = _space(row.source_id) if row.kind == "deal_enrolled" else ""
        known.setdefault((row.automation, row.subject), []).append((came, row.occurred_at))
    found = []
    for each in routed:
        event = told[each.event_id]
        if each.automation in rules and not each.skipped:
            before = known.setdefault((each.automation, each.subject), [])
            if isinstance(event, DealEnrolled):
                came = _space(event.source_id)
                second = bool(came) and any(space in ("", came) for space, _ in before)
                before.append((came, micros(event.occurred_at)))
            elif isinstance(event, DealCreated | StageChanged):
                since = micros(event.after.stage_since)
                second = any(space and at >= since for space, at in before)
                before.append(("", since))
            else:
                second = False
            if second:
                each = replace(each, skipped=BEGUN)
        found.append(each)
    return found


def _begun_with(connection: Connection, enrolment: Enrolment, deals: Sequence[Deal]) -> frozenset[str]:
    if not deals:
        return frozenset()
    subjects = {deal_subject(deal.id): deal.id for deal in deals}
    asked = {"account": enrolment.account, "subjects": sorted(subjects), "automations": [enrolment.automation]}
    return frozenset(
        subjects[row.subject]
        for row in connection.execute(_KNOWN, asked)
        if row.kind != "deal_enrolled" or _space(row.source_id) == enrolment.space
    )


def _source_id(enrolment: Enrolment, deal: str) -> str:
    return f"{enrolment.space}:{enrolment.automation}:{deal}"


def _space(source_id: str) -> str:
    """Return in which name space a deal was enrolled; none if a person has it happen again."""
    space = source_id.partition(":")[0]
    return space if space in ("live", "shadow") else ""


def _row(enrolment: Enrolment, deal: Deal, now: int) -> tuple[object, ...]:
    """Return the row of the event that a deal was enrolled, as `hot.APPEND` names it."""
    event = DealEnrolled(
        source_id=_source_id(enrolment, deal.id),
        occurred_at=deal.stage_since,
        actor=f"release:{enrolment.automation}",
        after=deal,
        automation=enrolment.automation,
    )
    at = micros(event.occurred_at)
    made = (enrolment.account, ENROL, event.source_id, event.kind, event.subject, at, now)
    return (*made, None, None, 0, pack(b""), seal(event))


def _key(enrolment: Enrolment) -> dict[str, object]:
    return {"account": enrolment.account, "automation": enrolment.automation, "space": enrolment.space}


def _listed(row: Row) -> Enrolment:
    since: datetime = instant(row["since"])
    return Enrolment(
        account=row["account"],
        automation=row["automation"],
        space=row["space"],
        state=row["state"],
        since=since,
        found=row["found"],
        begun=row["begun"],
        most=row["most"],
        cursor=row["cursor"],
        actor=row["actor"],
    )
