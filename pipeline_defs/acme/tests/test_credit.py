"""What is done before terms are agreed with whoever pays late. Run: pytest pipeline_defs."""

from __future__ import annotations

from acme.account import acme
from acme.pipelines import NewBusiness
from acme.tests.people import MONDAY_MORNING

from dealwright.testing import a_deal, rehearse

QUOTED = a_deal(NewBusiness.quoted, company="Chairs & Co")


def test_the_bureau_is_asked_about_the_company_by_its_name() -> None:
    told = rehearse(acme, "credit-check", QUOTED, given={"bureau": {"pays_late": False}})
    (asked,) = told.lookups
    assert (asked.system, asked.path, asked.ask) == ("bureau", "/companies", {"name": "Chairs & Co"})
    assert (told.tasks, told.again) == ([], "once per stage visit")


def test_who_pays_late_pays_in_advance() -> None:
    given = {"bureau": {"pays_late": True, "days_late": 45}}
    told = rehearse(acme, "credit-check", QUOTED, given=given, at=MONDAY_MORNING)
    assert told.tasks == ["Chairs & Co pays 45 days late: agree on payment in advance"]
    assert told.due == ["Mon 11 May 14:00"]
    vague = rehearse(acme, "credit-check", QUOTED, given={"bureau": {"pays_late": True}})
    assert vague.tasks == ["Chairs & Co pays many days late: agree on payment in advance"]


def test_a_bureau_that_does_not_answer_is_work_for_somebody() -> None:
    told = rehearse(acme, "credit-check", QUOTED, at=MONDAY_MORNING)
    assert told.tasks == ["The credit bureau does not answer: ask around whether Chairs & Co pays on time"]
    assert told.due == ["Tue 12 May 10:00"]


def test_nobody_is_asked_about_no_company() -> None:
    assert rehearse(acme, "credit-check", a_deal(NewBusiness.quoted)).acts == []
