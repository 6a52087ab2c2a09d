"""What Acme's stages ask for, and what they have somebody do. Run: pytest pipeline_defs."""

from __future__ import annotations

import pytest
from acme.account import acme
from acme.pipelines import NewBusiness, Renewals
from acme.tests.people import MARIA, MONDAY_MORNING

from dealwright import Stage
from dealwright.testing import a_deal, compiled_account, rehearse


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
    told = rehearse(acme, f"{deal.pipeline}.stage-tasks", deal, at=MONDAY_MORNING)
    assert (told.tasks, told.due, told.again) == ([text], [due], "once per stage visit")


def test_without_a_contact_the_meeting_is_about_the_deal() -> None:
    told = rehearse(acme, "new-business.stage-tasks", a_deal(NewBusiness.qualified))
    assert told.tasks == ["Book the meeting with Forty chairs"]


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
