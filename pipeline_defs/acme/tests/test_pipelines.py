"""What Acme's stages ask for, and what they have somebody do. Run: pytest pipeline_defs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from acme.account import acme
from acme.pipelines import NewBusiness, Renewals
from acme.roles import account_managers, field_sales, inside_sales
from acme.tests.people import ANA, BY_PHONE, MARIA, MONDAY_MORNING, UNREACHABLE

from dealwright import Stage
from dealwright.model.crm import Contact
from dealwright.model.requests import MoveBack, UpdateDeal
from dealwright.testing import a_deal, compiled_account, created, moved, rehearse

STAFF = {inside_sales: ["Ana Lima"], field_sales: ["Ben Ota"], account_managers: ["Cleo Marsh"]}


@pytest.mark.parametrize(
    ("stage", "text", "due"),
    [
        (NewBusiness.qualified, "Book the meeting with Maria Silva", "Tue 12 May 10:00"),
        (NewBusiness.met, "Send the quote for Forty chairs", "Tue 12 May 10:00"),
        (NewBusiness.quoted, "Call back about Forty chairs", "Wed 13 May 10:00"),
        (NewBusiness.agreed, "Send the invoice", "Mon 11 May 14:00"),
        (NewBusiness.paid, "Hand over to onboarding", "Tue 12 May 10:00"),
        (Renewals.reviewed, "Prepare the offer", "Wed 13 May 10:00"),
        (Renewals.offered, "Ask for an answer", "Thu 14 May 10:00"),
        (Renewals.confirmed, "Send the invoice", "Mon 11 May 14:00"),
    ],
)
def test_every_stage_has_its_task(stage: Stage, text: str, due: str) -> None:
    deal = a_deal(stage, contact=MARIA)
    told = rehearse(acme, f"{deal.pipeline}.criteria", deal, at=MONDAY_MORNING, people=STAFF)
    assert (told.tasks, told.due, told.again) == ([text], [due], "once per stage visit")


def test_without_a_contact_the_meeting_is_about_the_deal() -> None:
    told = rehearse(acme, "new-business.criteria", a_deal(NewBusiness.qualified), people=STAFF)
    assert told.tasks == ["Book the meeting with Forty chairs"]


@pytest.mark.parametrize(
    ("was", "now", "whose"),
    [
        (NewBusiness.incoming, NewBusiness.qualified, None),
        (NewBusiness.qualified, NewBusiness.met, "Ben Ota"),
        (NewBusiness.quoted, NewBusiness.agreed, "Ben Ota"),
        (Renewals.incoming, Renewals.reviewed, "Cleo Marsh"),
    ],
    ids=["stays with inside sales", "to field sales", "whatever was skipped", "to an account manager"],
)
def test_a_deal_goes_to_whoever_does_what_comes_next_and_whoever_had_it_is_told(
    was: Stage, now: Stage, whose: str | None
) -> None:
    before, after = a_deal(was, owner=ANA), a_deal(now, owner=ANA)
    told = rehearse(acme, f"{after.pipeline}.criteria", after, event=moved(before, after), people=STAFF)
    owners = [request.changes.given() for request in told.requests if isinstance(request, UpdateDeal)]
    assert len(owners) == (whose is not None)
    assert [(each.to, each.text) for each in told.notified] == (
        [] if whose is None else [("ana@acme.example", f"Forty chairs: {now.name} → {whose}")]
    )


def test_a_quote_with_a_discount_that_is_not_agreed_goes_back_and_its_owner_is_told() -> None:
    deal = a_deal(NewBusiness.quoted, owner=ANA, custom={"discount": Decimal(15)})
    told = rehearse(acme, "new-business.criteria", deal, event=moved(a_deal(NewBusiness.met), deal), people=STAFF)
    assert isinstance(told.requests[0], MoveBack)
    assert told.notes == ["↩ Sent the quote: Have the discount agreed first"]
    assert [each.to for each in told.notified] == ["ana@acme.example"]
    assert told.tasks == [], "nothing else of the stage is done"


@pytest.mark.parametrize(
    "custom",
    [{}, {"discount": Decimal(10)}, {"discount": Decimal(15), "discount_agreed": True}],
    ids=["none", "what a rep gives alone", "one that is agreed"],
)
def test_other_quotes_go_out(custom: dict[str, Decimal | bool]) -> None:
    deal = a_deal(NewBusiness.quoted, custom=custom)
    told = rehearse(acme, "new-business.criteria", deal, event=moved(a_deal(NewBusiness.met), deal), people=STAFF)
    assert (told.moves, told.tasks) == ([], ["Call back about Forty chairs"])


@pytest.mark.parametrize(
    ("now", "contact", "tasks"),
    [
        (NewBusiness.met, UNREACHABLE, ["Write down how the customer is reached", "Send the quote for Forty chairs"]),
        (NewBusiness.met, BY_PHONE, ["Send the quote for Forty chairs"]),
        (NewBusiness.lost, UNREACHABLE, []),
    ],
    ids=["on, unreachable", "on, by phone", "lost"],
)
def test_nobody_meets_a_customer_whom_nobody_reaches(now: Stage, contact: Contact, tasks: list[str]) -> None:
    deal = a_deal(now, contact=contact)
    told = rehearse(acme, "new-business.criteria", deal, event=moved(a_deal(NewBusiness.qualified), deal), people=STAFF)
    assert told.tasks == tasks


def test_a_renewal_without_an_amount_is_noted() -> None:
    deal = a_deal(Renewals.confirmed)
    told = rehearse(acme, "renewals.criteria", deal, event=moved(a_deal(Renewals.offered), deal), people=STAFF)
    assert told.notes == ["Confirmed the renewal: Write down what the renewal is worth"]


def test_an_inquiry_is_answered_as_soon_as_its_confirmation_promises() -> None:
    deal = a_deal(NewBusiness.incoming, owner=ANA)
    told = rehearse(acme, "new-business.first-response", deal, event=created(deal), at=MONDAY_MORNING)
    assert (told.acts, told.when("answer")) == (["answer", "tell"], "Tue 12 May 10:00")
    assert [note.to for note in told.notified] == ["ana@acme.example"]
    assert rehearse(acme, "new-business.first-response", deal, event=created(deal), met=["answered"]).acts == []


def test_a_deal_is_agreed_with_an_amount_and_lost_with_a_reason() -> None:
    stages = {
        f"{pipeline.key}.{stage.key}": stage
        for pipeline in compiled_account(acme).pipelines
        for stage in pipeline.stages
    }
    assert {key: stage.required for key, stage in stages.items() if stage.required} == {
        "new-business.agreed": ("amount",)
    }
    assert {key for key, stage in stages.items() if stage.reason_required} == {"new-business.lost", "renewals.lost"}
    assert [stage.probability for stage in stages.values()] == [
        None, 20, 40, 60, 80, 95, 100, 0, None, 40, 60, 90, 100, 0,
    ]  # fmt: skip


def test_stages_are_called_after_what_has_happened() -> None:
    names = {pipeline.name: [stage.name for stage in pipeline.stages] for pipeline in compiled_account(acme).pipelines}
    assert names == {
        "New business": [
            "Incoming", "Qualified", "Held the meeting", "Sent the quote", "Agreed the terms", "Received payment",
            "Closed won", "Closed lost",
        ],
        "Renewals": [
            "Up for renewal", "Reviewed the usage", "Sent the offer", "Confirmed the renewal", "Renewed", "Not renewed",
        ],
    }  # fmt: skip


def test_a_deal_is_lost_for_one_of_these_reasons() -> None:
    assert {pipeline.key: pipeline.stages[-1].reasons for pipeline in compiled_account(acme).pipelines} == {
        "new-business": ("Price", "Timing", "Competitor", "No answer"),
        "renewals": ("Price", "Not used", "Competitor"),
    }
