"""Hand-overs: how far the journal knows stages to be with giving deals that came into them to somebody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dealwright.engine.records import HandOver, OwnMove
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


_MOVES: Final = statement(
    """
    select effects.execution_id, effects.sent_at, events.id as event_id, events.routed_at
    from effects join executions on executions.id = effects.execution_id
    left join events on events.account = effects.account and events.subject = executions.subject
        and events.kind = 'stage_changed' and events.cause = effects.key
    where effects.key in :keys and effects.account = :account and effects.state = 'sent'
    """,
    "keys",
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

    def moves(self, account: str, keys: Sequence[str]) -> Sequence[OwnMove]:
        """Return how far it has come about that these effects have moved their deals."""
        with self.database.read() as connection:
            return [
                OwnMove(
                    execution_id=row.execution_id,
                    sent_at=instant(row.sent_at),
                    event_id=row.event_id,
                    is_routed=row.routed_at is not None,
                )
                for row in connection.execute(_MOVES, {"account": account, "keys": list(keys)})
            ]
