"""Breaches: deals that came into a stage or left it without what its criteria ask for, as the journal knows of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from dealwright.journal.database import instant, micros, statement
from dealwright.journal.parts import Part
from dealwright.journal.payload import unseal
from dealwright.model.crm import User
from dealwright.model.events import Event, deal_of

_MOVED_BACK: Final = statement(
    """
    select executions.subject as subject, effects.step as step from executions
        join effects on effects.execution_id = executions.id
    where executions.account = :account and executions.automation = :automation and executions.subject in :subjects
        and effects.kind = 'move_back' and effects.state = 'sent' and effects.sent_at >= :since
    """,
    "subjects",
)
_BREACHES: Final = statement(
    """
    select effects.step as step, effects.kind as kind, effects.sent_at as at, executions.subject as subject,
        executions.automation as automation, events.body as body
    from effects join executions on executions.id = effects.execution_id join events on events.id = executions.event_id
    where effects.account = :account and effects.automation like '%.criteria' and effects.state = 'sent'
        and (effects.step like 'breach-%' or effects.step like 'again-%') and effects.sent_at >= :since
    order by effects.sent_at, effects.key limit :limit
    """
)
_DONE: Final = {"add_note": "report", "set_task": "task", "move_back": "move_back"}


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """One deal that did not meet the criteria, and what was done; `rep` is whom it belonged to when it was moved."""

    at: datetime
    pipeline: str
    stage: str
    side: str
    done: str
    deal_id: str
    rep: User | None


class Breaches(Part):
    """What the criteria of stages have found."""

    def moved_back(
        self, account: str, automation: str, subjects: Sequence[str], since: datetime
    ) -> frozenset[tuple[str, str]]:
        """Return which of these deals were moved back since then, and by which step."""
        asked = {"account": account, "automation": automation, "subjects": list(subjects), "since": micros(since)}
        with self.database.read() as connection:
            return frozenset((row.subject, row.step) for row in connection.execute(_MOVED_BACK, asked))

    def breaches(self, account: str, since: datetime, limit: int) -> Sequence[Breach]:
        """Return the breaches since then, oldest first; `stage` is spelled with hyphens, as its steps are."""
        found = []
        for row in self.database.rows(_BREACHES, account=account, since=micros(since), limit=limit):
            what, side, stage = row["step"].split("-", 2)
            event: Event = unseal(row["body"], Event)  # type: ignore[arg-type]  # a union, which decodes by its tag
            deal = event.before or deal_of(event, row["subject"])
            found.append(
                Breach(
                    at=instant(row["at"]),
                    pipeline=row["automation"].rpartition(".")[0],
                    stage=stage,
                    side=side,
                    done="again" if what == "again" else _DONE.get(row["kind"], row["kind"]),
                    deal_id=deal.id,
                    rep=deal.owner,
                )
            )
        return found
