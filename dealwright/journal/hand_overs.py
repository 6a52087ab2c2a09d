"""Hand-overs: how far the journal knows stages to be with giving deals that came into them to somebody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dealwright.engine.records import HandOver
from dealwright.journal.database import instant, statement
from dealwright.journal.parts import Part
from dealwright.journal.tables import HOLDING

_HAND_OVERS: Final = statement(
    """
    select event_id, subject, automation, state,
        (select min(at) from transitions where execution_id = executions.id) as since,
        exists(select 1 from effects where execution_id = executions.id and kind = 'update_deal' and state = 'sent')
            as given
    from executions
    where event_id in :events and automation in :automations and account = :account
    """,
    "events",
    "automations",
)


class HandOvers(Part):
    """What stages with an owner role do about events."""

    def hand_overs(self, account: str, events: Sequence[int], automations: Sequence[str]) -> Sequence[HandOver]:
        """Return what these automations were set off to do by these events."""
        asked = {"account": account, "events": sorted(set(events)), "automations": list(automations)}
        with self.database.read() as connection:
            return [
                HandOver(
                    event_id=row.event_id,
                    subject=row.subject,
                    automation=row.automation,
                    since=instant(row.since),
                    is_open=row.state in HOLDING and not row.given,
                )
                for row in connection.execute(_HAND_OVERS, asked)
            ]
