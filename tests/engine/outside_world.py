"""What tests of events from outside talk about: a clinic, and what its agenda tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from engine_world import MONDAY, Sales, World

from dealwright import (
    Account,
    Automation,
    Choice,
    Day,
    DealFields,
    Email,
    Flag,
    Link,
    Match,
    Moment,
    Money,
    Number,
    OutsideEvent,
    Text,
    event_received,
    every_event,
    set_task,
    update_deal,
    working_days,
)
from dealwright.compile import ir
from dealwright.compile.lower import lower
from dealwright.model.crm import Deal
from dealwright.model.events import EventReceived
from dealwright.model.requests import Call, CreateDeal, Outcome, Unknown
from dealwright.ports import FeedItem


class ClinicDeal(DealFields):
    booking = Text("Booking")
    seats = Number("Seats")
    visit = Day("Visit")


deal = ClinicDeal()


def booked(if_many: Literal["newest_open", "ask", "refuse", "each"], if_none: Literal["create", "hold", "drop"]) -> Any:
    class Booked(OutsideEvent):
        key = "agenda.booked"
        folio, phone, seats, at, day = Text(), Text(), Number(), Moment(), Day()
        paid, kind = Flag(), Choice("Kind", ["first", "second"])
        total, mail, page = Money(), Email(), Link()
        match = Match(
            by=[(folio, deal.booking), (phone, deal.contacts.phone)], in_=Sales, if_many=if_many, if_none=if_none
        )

    return Booked


def company(
    if_many: Literal["newest_open", "ask", "refuse", "each"] = "ask",
    if_none: Literal["create", "hold", "drop"] = "hold",
) -> ir.Account:
    event = booked(if_many, if_none)
    rule = Automation(
        key="booked",
        why="",
        on=event_received(event),
        when=[event.seats >= 2, event.paid.is_true()],
        again=every_event(),
        do=[
            update_deal("facts", booking=event.folio, seats=event.seats, visit=event.day, amount=event.total),
            set_task("call", text="Confirm {{ event.data.folio }} for {{ event.data.seats }}", due=working_days(1)),
        ],
    )
    account = Account(
        "acme",
        zone="America/New_York",
        country="US",
        currency="USD",
        pipelines=[Sales],
        automations=[rule],
        deal_fields=ClinicDeal,
    )
    lowered, findings = lower(account, Path(__file__).parent)
    assert lowered is not None, findings
    return lowered


TOLD: Mapping[str, str] = {"folio": "F-1", "phone": "(212) 555-0123", "seats": "3", "paid": "true", "day": "2026-04-01"}


def told_event(id_: str, /, *, deal_id: str | None = None, reference: str | None = None, **data: str) -> EventReceived:
    return EventReceived(
        source_id=id_,
        occurred_at=MONDAY,
        actor="hook:agenda",
        source="agenda",
        name="agenda.booked",
        deal_id=deal_id,
        reference=reference,
        data=dict(TOLD) | data,
    )


class Clinic(World):
    """The company of this file, and what its agenda tells."""

    def tell(self, id_: str, /, **more: Any) -> None:
        self.journal.append("acme", "agenda", [FeedItem(event=told_event(id_, **more), raw=b"{}")])

    def deal_of(self, phone: str, title: str = "Tooth") -> Deal:
        contact = self.crm.create_contact(name="Joe", phone=phone)
        return self.new_deal(contacts=[contact.id], title=title)

    def tasks(self, deal_id: str) -> list[str]:
        return [task.text for task in self.crm.tasks(deal_id=deal_id)]

    def waiting(self) -> list[tuple[str, str]]:
        return [(each.reason, each.detail) for each in self.journal.unmatched("acme")]


def with_(tmp_path: Path, journal_url: str, **how: Any) -> Clinic:
    return Clinic(tmp_path, company(**how), journal_url=journal_url)


class Balky:
    """Makes a CRM that makes no deal of some bookings, and does not say why."""

    def __init__(self, clinic: Clinic, *titles: str) -> None:
        self.titles = titles
        self.perform = clinic.crm.perform
        clinic.crm.perform = self.refuse  # type: ignore[method-assign]

    async def refuse(self, calls: Sequence[Call]) -> Sequence[Outcome]:
        made = [call.request.title for call in calls if isinstance(call.request, CreateDeal)]
        if any(title.endswith(self.titles) for title in made):
            return [Unknown(reason="no answer")] * len(calls)
        return await self.perform(calls)
