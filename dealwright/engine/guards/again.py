"""The again guard: how often an automation may act, as a reservation and not as a read (engine-contract §4)."""

from __future__ import annotations

from dealwright.compile import ir
from dealwright.engine.guards.base import SEND, Answer, Candidate, Send
from dealwright.engine.records import Controls, Reservation
from dealwright.language import calendar


class Again:
    """Asks for the automation's share of its deal, person or stage visit; the holder's later effects pass.

    The reservation lives in the name space of the mode, so that a week of shadow silences nobody when a rule goes
    live. `within` counts business time from the moment the share is taken.
    """

    name = "again"

    def ask(self, candidate: Candidate, controls: Controls) -> Answer:
        """Name the reservation that the effect hangs on, if the automation has a limit."""
        again = candidate.automation.again
        if isinstance(again, ir.EveryEvent):
            return SEND
        until = None
        if again.within is not None:
            until = calendar.add(candidate.account.calendar, candidate.now, again.within)
        reservation = Reservation(
            mode=controls.name_space(candidate.automation.key),
            rule=f"again:{candidate.automation.key}",
            scope=scope(again, candidate),
            until=until,
        )
        return Send(reservations=(reservation,))


def scope(again: ir.Once, candidate: Candidate) -> str:
    """Return whom or what the limit counts: without a main contact, a person's limit counts the deal.

    It is taken from the event, not from newer facts, so that all effects of an execution hang on one reservation.
    """
    deal = candidate.facts.first
    if again.per == "person" and deal.main_contact is not None:
        return f"person:{candidate.person or deal.main_contact.id}"
    if again.per == "stage_visit":
        return f"visit:{deal.id}:{deal.pipeline}.{deal.stage}:{deal.stage_since.isoformat()}"
    return f"deal:{deal.id}"
