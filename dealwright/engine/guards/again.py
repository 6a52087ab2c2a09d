"""The again guard: how often an automation may act, as a reservation and not as a read (engine-contract §4)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from hashlib import blake2b

import msgspec

from dealwright.compile import ir
from dealwright.engine.guards.base import SEND, Answer, Candidate, Send
from dealwright.engine.own import own_of
from dealwright.engine.records import Controls, Reservation
from dealwright.engine.told import told
from dealwright.language import calendar, facts
from dealwright.model.crm import Money, User
from dealwright.model.events import EventReceived, record_of
from dealwright.model.requests import READS


class Again:
    """Asks for the automation's share of its deal, person, stage visit or value; the holder's later effects pass.

    The reservation lives in the name space of the mode, so that a week of shadow silences nobody when a rule goes
    live. `within` counts business time from the moment the share is taken.
    """

    name = "again"

    def ask(self, candidate: Candidate, controls: Controls) -> Answer:
        """Name the reservation that the effect hangs on, if the automation has a limit."""
        again = candidate.automation.again
        if isinstance(again, ir.EveryEvent) or candidate.effect.request.kind in READS:
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
    record = record_of(candidate.facts.event)
    if again.per == "record" and record is not None:
        return f"record:{deal.id}:{record.id}"
    if again.per == "value":
        return f"value:{deal.id}:{_told(candidate)}"
    return f"deal:{deal.id}"


def _told(candidate: Candidate) -> str:
    """Return a digest of what the trigger names, as the event told it: values can be personal, and scopes are shown."""
    event = candidate.facts.event
    own = own_of(candidate.account)
    contact, record = candidate.facts.contact, record_of(event)
    known = facts.Known(
        deal=own.settled(candidate.facts.first),
        contact=None if contact is None else own.settled_contact(contact),
        record=None if record is None else own.settled_record(record),
        data=told(candidate.account, event) if isinstance(event, EventReceived) else {},
    )
    values = [_plain(facts.lookup(path, known)) for path in _paths(candidate.automation.on)]
    return blake2b(msgspec.json.encode(values), digest_size=15).hexdigest()


def _plain(value: object) -> object:
    """Return what equal values have in common: 100 and 100.00, one moment in two zones, tags in any order."""
    match value:
        case Money(amount=amount, currency=currency):
            return f"{amount.normalize():f}", currency
        case Decimal():
            return f"{value.normalize():f}"
        case datetime():
            return value.astimezone(UTC)
        case tuple():
            return sorted(map(str, value))
        case User(id=id_):
            return id_
        case _:
            return value


def _paths(on: ir.Trigger) -> list[str]:
    match on:
        case ir.OnDealUpdated(fields=fields):
            return [f"deal.{name}" for name in fields]
        case ir.OnContactUpdated(fields=fields):
            return [f"event.contact.{name}" for name in fields]
        case ir.OnRecordUpdated(fields=fields):
            return [f"record.{name}" for name in fields]
        case ir.OnEventReceived(data=names):
            return [f"event.data.{name}" for name in names]
    return []
