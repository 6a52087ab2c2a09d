"""Events from outside: typed, matched to deals, held in the tray when no deal fits, and let go when one comes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from engine_world import some_deal
from outside_world import Balky, Clinic, company, told_event, with_
from sqlalchemy import text

from dealwright import (
    faults,
)
from dealwright.engine import observe
from dealwright.engine.matching import Found, asked, cannot_look, look_up, verdict
from dealwright.engine.records import Looked, ToRoute, Unmatched
from dealwright.errors import JournalError
from dealwright.journal.tray import BY_ENGINE
from dealwright.model.crm import Deal
from dealwright.model.crm import Money as Amount
from dealwright.model.custom import Custom, held, value_of
from dealwright.model.requests import DealChanges
from dealwright.ports import MOST_FOUND, Crm


@pytest.fixture
def clinic(tmp_path: Path, journal_url: str) -> Iterator[Clinic]:
    with closing(Clinic(tmp_path, company(), journal_url=journal_url)) as made:
        yield made


def test_an_event_finds_its_deal_by_the_phone_of_a_contact_in_whatever_format(clinic: Clinic) -> None:
    other = clinic.deal_of("+1 212 555 0199")
    mine = clinic.deal_of("+1-212-555-0123")
    clinic.tell("e1")
    clinic.work()
    assert clinic.tasks(mine.id) == ["Confirm F-1 for 3"]
    assert clinic.tasks(other.id) == []
    clinic.tell("e2", phone="nobody's")  # the first pair finds it now: the rule wrote the number down
    clinic.work()
    assert clinic.tasks(mine.id) == ["Confirm F-1 for 3"] * 2
    assert clinic.waiting() == []


def test_an_event_that_comes_before_its_deal_waits_and_finds_it_when_it_comes(clinic: Clinic) -> None:
    clinic.tell("e1")
    clinic.work()
    assert clinic.waiting() == [("nobody", "no deal fits it")]
    clinic.deal_of("+1 646 555 0123")
    clinic.work()
    assert clinic.waiting() == [("nobody", "no deal fits it")]
    mine = clinic.deal_of("212 555 0123")
    clinic.work()
    assert clinic.waiting() == []
    assert clinic.tasks(mine.id) == ["Confirm F-1 for 3"]
    (done,) = clinic.journal.unmatched("acme", states=("matched",))
    assert (done.deals, done.actor) == ((mine.id,), BY_ENGINE)


def test_a_person_who_comes_again_is_a_new_matter_and_a_number_is_the_same(tmp_path: Path, journal_url: str) -> None:
    with closing(with_(tmp_path, journal_url)) as clinic:
        old = clinic.deal_of("2125550123")
        clinic.crm.update_deal(old.id, DealChanges(custom=(Custom("booking", held("F-0")),)))
        clinic.crm.move_deal(old.id, "sales", "lost", lost_reason="Price")
        clinic.tell("e1")  # the phone leads to a lost deal only
        clinic.work()
        assert clinic.tasks(old.id) == []
        assert clinic.waiting() == [("nobody", "no deal fits it")]
        clinic.tell("e2", folio="F-0")  # its own number is of that very deal
        clinic.work()
        assert clinic.tasks(old.id) == ["Confirm F-0 for 3"]


@pytest.mark.parametrize("if_many", ["ask", "refuse"])
def test_of_several_deals_a_person_is_asked_and_one_of_two_people_decides(
    tmp_path: Path, journal_url: str, if_many: Any
) -> None:
    with closing(with_(tmp_path, journal_url, if_many=if_many)) as clinic:
        first, second = clinic.deal_of("2125550123"), clinic.deal_of("+12125550123")
        clinic.tell("e1")
        clinic.work()
        (waiting,) = clinic.journal.unmatched("acme")
        assert (waiting.reason, waiting.detail) == ({"ask": "several"}.get(if_many, "refused"), "2 deals fit it")
        assert set(waiting.deals) == {first.id, second.id}
        clinic.journal.assign_unmatched("acme", waiting.id, [first.id], actor="ana")
        with pytest.raises(JournalError, match=rf"was assigned to deal {first.id} already, by ana"):
            clinic.journal.assign_unmatched("acme", waiting.id, [second.id], actor="bo")
        with pytest.raises(JournalError, match="already, by ana"):
            clinic.journal.drop_unmatched("acme", waiting.id, actor="bo")
        clinic.work()
        assert clinic.tasks(first.id) == ["Confirm F-1 for 3"]
        assert clinic.tasks(second.id) == []


@pytest.mark.parametrize("if_many", ["ask", "refuse"])
def test_what_several_deals_have_fitted_is_never_decided_by_which_of_them_is_left(
    tmp_path: Path, journal_url: str, if_many: Any
) -> None:
    """Whoever won the very deal that the event was for sent the event to the customer's other one."""
    with closing(with_(tmp_path, journal_url, if_many=if_many, if_none="create")) as clinic:
        first, second = clinic.deal_of("2125550123"), clinic.deal_of("+12125550123")
        clinic.tell("e1")
        clinic.work()
        clinic.crm.move_deal(first.id, "sales", "won")
        clinic.work()
        assert [detail for _, detail in clinic.waiting()] == ["2 deals fit it"]
        clinic.crm.move_deal(second.id, "sales", "lost", lost_reason="Price")
        clinic.deal_of("2125550123")
        clinic.journal.retry_unmatched("acme")
        clinic.work()
        assert [detail for _, detail in clinic.waiting()] == ["2 deals fit it"]
        assert len(clinic.crm.deals()) == 3
        (waiting,) = clinic.journal.unmatched("acme")
        clinic.journal.retry_unmatched("acme", [waiting.id])  # that is a person's word
        clinic.work()
        assert clinic.waiting() == []


def test_an_open_deal_behind_many_newer_ones_that_are_closed_is_found(tmp_path: Path, journal_url: str) -> None:
    """Fifty-one newer ones hid it: a second deal was made beside it, or nobody fitted."""
    with closing(with_(tmp_path, journal_url, if_many="newest_open", if_none="create")) as clinic:
        contact = clinic.crm.create_contact(name="Joe", phone="212 555 0123").id
        mine = clinic.new_deal(contacts=[contact])
        others = [clinic.new_deal(contacts=[contact]).id for _ in range(MOST_FOUND + 1)]
        for id_ in others:
            clinic.crm.move_deal(id_, "sales", "lost", lost_reason="Price")
        clinic.tell("e1")
        clinic.work()
        assert clinic.tasks(mine.id) == ["Confirm F-1 for 3"]
        assert len(clinic.crm.deals(limit=1_000)) == MOST_FOUND + 2


def test_what_fits_no_field_is_given_to_no_deal(clinic: Clinic) -> None:
    """`assign` said that it was given to the deal, and it came back to the tray under a new number."""
    deal = clinic.deal_of("2125550123")
    clinic.tell("e1", day="01/12/2026")
    clinic.work()
    (waiting,) = clinic.journal.unmatched("acme")
    with pytest.raises(JournalError, match=r"can happen to no deal: .*day.* dealwright unmatched retry 1"):
        clinic.journal.assign_unmatched("acme", waiting.id, [deal.id], actor="ana")
    assert [each.id for each in clinic.journal.unmatched("acme")] == [waiting.id]


def test_the_newest_open_deal_or_each_of_them(tmp_path: Path, journal_url: str) -> None:
    with closing(with_(tmp_path, journal_url, if_many="newest_open")) as clinic:
        ids = [clinic.deal_of("2125550123").id for _ in range(3)]
        clinic.crm.move_deal(ids[2], "sales", "lost", lost_reason="Price")
        clinic.tell("e1")
        clinic.work()
        assert [len(clinic.tasks(id_)) for id_ in ids] == [0, 1, 0]
        clinic.journal.record_release(company(if_many="each"))
        clinic.tell("e2", folio="")
        clinic.work()
        assert [len(clinic.tasks(id_)) for id_ in ids] == [1, 2, 0]
        assert clinic.states() == {"booked": {"done": 3}}
        assert clinic.waiting() == []


def test_each_event_of_several_deals_ends_what_waits_for_it_on_each(tmp_path: Path, journal_url: str) -> None:
    with closing(with_(tmp_path, journal_url, if_many="each")) as clinic:
        ids = [clinic.deal_of("2125550123").id for _ in range(3)]
        clinic.tell("e1")
        clinic.tell("e1")
        clinic.work()
        assert [clinic.tasks(id_) for id_ in ids] == [["Confirm F-1 for 3"]] * 3


def test_what_does_not_fit_its_type_waits_and_says_what_and_not_which(clinic: Clinic) -> None:
    mine = clinic.deal_of("2125550123")
    clinic.tell(
        "e1", seats="three", at="2026-03-02T09:00:00", day="2.3.2026", paid="yes", kind="third", mail="x", page="x"
    )
    clinic.tell("e0", total="12 XXX")
    clinic.tell("e2", deal_id=mine.id, seats="1e99")
    clinic.tell("e3", deal_id="999")
    clinic.tell("e4", deal_id=mine.id, seats=" ", folio="  ")
    clinic.work()
    assert clinic.waiting() == [
        ("gone", "the deal that it names is not there"),
        ("unfit", "seats is no number of ordinary size"),
        ("unfit", "total has a currency that there is not"),
        (
            "unfit",
            "seats is no number such as 120.50; at is no moment with its zone, such as 2026-03-02T09:30:00+01:00; "
            "day is no day such as 2026-03-02; paid is neither true nor false; kind is none of its options; "
            "mail is no e-mail address; page is no address of the web",
        ),
    ]
    assert clinic.tasks(mine.id) == []
    assert clinic.reasons() == ["conditions: unset"]


def test_a_rule_reads_numbers_flags_and_days_as_such(clinic: Clinic) -> None:
    mine = clinic.deal_of("2125550123")
    clinic.tell("e1", seats="10.50", total="1200.50 EUR")  # as a text it would be less than 2
    clinic.tell("e2", paid="false")
    clinic.work()
    found = clinic.crm.deal(mine.id)
    assert found is not None
    assert [(each.key, each.value.value) for each in found.custom or () if each.value is not None] == [
        ("booking", "F-1"),
        ("seats", Decimal("10.50")),
        ("visit", date(2026, 4, 1)),
    ]
    assert found.amount == Amount(Decimal("1200.50"), "EUR")
    assert clinic.tasks(mine.id) == ["Confirm F-1 for 10.50"]
    assert clinic.states() == {"booked": {"done": 1, "skipped": 1}}


def test_an_event_that_fits_nothing_makes_one_deal_however_often_it_is_read(tmp_path: Path, journal_url: str) -> None:
    with closing(with_(tmp_path, journal_url, if_none="create")) as clinic:
        faults.arm("match.deal-made:1:raise")
        try:
            clinic.tell("e1")
            clinic.tell("e2")  # the same booking: it finds the deal that the first one made
            clinic.tell("e3", folio="F-2", phone="")
            clinic.work()
        finally:
            faults.arm(None)
        first, other = sorted(clinic.crm.deals(), key=lambda each: int(each.id))
        assert (first.pipeline, first.stage, first.title) == ("sales", "incoming", "agenda.booked F-1")
        assert first.main_contact is not None
        assert first.main_contact.phone == "+12125550123"
        assert value_of(first.custom, "booking") == "F-1"
        assert value_of(other.custom, "booking") == "F-2"
        assert other.main_contact is None
        assert clinic.tasks(first.id) == ["Confirm F-1 for 3"] * 2
        assert clinic.tasks(other.id) == ["Confirm F-2 for 3"]


def test_what_cannot_be_read_any_more_keeps_nobody_busy(clinic: Clinic) -> None:
    clinic.tell("e1")
    clinic.work()
    with clinic.journal.database.write() as connection:
        connection.execute(text("update events set body = :body where source_id = 'e1'"), {"body": b"?"})
    assert clinic.journal.retry_unmatched("acme") == 1
    assert clinic.journal.busy()
    assert clinic.journal.to_look_at("acme", 10) == []
    assert not clinic.journal.busy()
    assert clinic.waiting() == [("nobody", "no deal fits it")]


def test_an_event_that_its_crm_cannot_make_a_deal_of_waits_in_the_tray_and_is_not_lost(
    tmp_path: Path, journal_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observe, "GIVE_UP", 0.0)
    monkeypatch.setattr(observe, "READ_AGAIN", 0.05)
    with closing(with_(tmp_path, journal_url, if_none="create")) as clinic:
        balky = Balky(clinic, "F-1")
        clinic.tell("e1", phone="")
        clinic.tell("e2", folio="F-2", phone="")
        clinic.work()
        assert [each.title for each in clinic.crm.deals()] == ["agenda.booked F-2"]
        assert [reason for reason, _ in clinic.waiting()] == ["unmade"]
        balky.titles = ("F-9",)
        clinic.journal.retry_unmatched("acme")
        clinic.work()
        assert sorted(each.title for each in clinic.crm.deals()) == ["agenda.booked F-1", "agenda.booked F-2"]
        assert clinic.waiting() == []


def test_one_event_of_the_tray_that_cannot_be_looked_at_keeps_no_other_from_its_deal(
    tmp_path: Path, journal_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observe, "GIVE_UP", 0.0)
    monkeypatch.setattr(observe, "READ_AGAIN", 0.05)
    with closing(with_(tmp_path, journal_url, if_none="create")) as clinic:
        clinic.journal.set_mode("acme", "booked", "shadow", actor="user:ana")
        clinic.tell("e1", phone="")
        clinic.tell("e2", folio="F-2", phone="")
        clinic.work()
        assert [reason for reason, _ in clinic.waiting()] == ["not_live", "not_live"]
        clinic.journal.set_mode("acme", "booked", "live", actor="user:ana")
        Balky(clinic, "F-1")
        clinic.journal.retry_unmatched("acme")
        clinic.work()
        assert [each.title for each in clinic.crm.deals()] == ["agenda.booked F-2"]
        assert [reason for reason, _ in clinic.waiting()] == ["unmade"]


def test_a_deal_is_made_with_the_contact_that_is_there(tmp_path: Path, journal_url: str) -> None:
    with closing(with_(tmp_path, journal_url, if_none="create")) as clinic:
        lost = clinic.deal_of("212.555.0123")
        clinic.crm.move_deal(lost.id, "sales", "lost", lost_reason="Price")
        clinic.tell("e1")
        clinic.work()
        (new,) = (each for each in clinic.crm.deals() if each.id != lost.id)
        assert new.contacts == lost.contacts


def test_no_deal_is_made_while_nothing_that_answers_is_live(tmp_path: Path, journal_url: str) -> None:
    with closing(with_(tmp_path, journal_url, if_none="create")) as clinic:
        clinic.journal.set_mode("acme", "booked", "shadow", actor="ana")
        clinic.tell("e1")
        clinic.work()
        assert [reason for reason, _ in clinic.waiting()] == ["not_live"]
        assert clinic.crm.deals() == []
        clinic.journal.set_mode("acme", "booked", "live", actor="ana")
        clinic.work()  # nobody need ask for it
        assert clinic.waiting() == []
        (made,) = clinic.crm.deals()
        assert clinic.tasks(made.id) == ["Confirm F-1 for 3"]


def test_what_is_to_be_dropped_is_recorded_and_asks_nobody(tmp_path: Path, journal_url: str) -> None:
    with closing(with_(tmp_path, journal_url, if_none="drop")) as clinic:
        clinic.tell("e1")
        clinic.work()
        assert clinic.waiting() == []
        assert clinic.journal.unrouted("acme", 10) == []
        assert clinic.states() == {}


@pytest.mark.slow
@pytest.mark.parametrize("point", ["match.before-observed", "observe.before-commit", "observe.after-commit"])
def test_a_failure_between_matching_and_routing_loses_and_doubles_nothing(clinic: Clinic, point: str) -> None:
    mine = clinic.deal_of("2125550123")
    faults.arm(f"{point}:1:raise")
    try:
        clinic.tell("e1")
        clinic.tell("e2", phone="+1 646 555 0000", folio="F-9")
        clinic.work()
    finally:
        faults.arm(None)
    assert clinic.tasks(mine.id) == ["Confirm F-1 for 3"]
    assert clinic.waiting() == [("nobody", "no deal fits it")]


def test_two_engines_give_an_event_of_the_tray_to_its_deal_once(clinic: Clinic) -> None:
    clinic.tell("e1")
    clinic.work()
    (waiting,) = clinic.journal.unmatched("acme")
    mine = clinic.deal_of("2125550123")
    looked = Looked(id=waiting.id, asked=1, event_id=waiting.event_id, deals=(mine.id,))
    with closing(clinic.open_journal()) as other:
        other.looked_at("acme", [looked])
        clinic.journal.looked_at("acme", [looked])
    clinic.work()
    assert clinic.tasks(mine.id) == ["Confirm F-1 for 3"]


def test_what_waits_is_kept_by_prune(clinic: Clinic) -> None:
    clinic.tell("e1")
    clinic.work()
    clinic.clock.move(timedelta(days=400))
    assert clinic.journal.prune(timedelta(days=30)).raw_bodies == 0
    (waiting,) = clinic.journal.unmatched("acme")
    clinic.journal.drop_unmatched("acme", waiting.id, actor="ana")
    assert clinic.journal.prune(timedelta(days=30)).raw_bodies == 1


class FindsByReference:
    """A CRM that finds deals by their reference and by nothing else, as Kommo does."""

    async def find_deals(self, references: Sequence[str]) -> Mapping[str, Deal]:
        return {"R-1": some_deal(reference="R-1")} if "R-1" in references else {}


def test_a_crm_that_finds_by_reference_only_is_asked_for_that_and_the_rest_waits() -> None:
    here, crm = company(if_none="create"), cast(Crm, FindsByReference())
    told = [
        asked(here, ToRoute(id=n, event=told_event(f"e{n}", **more)))
        for n, more in enumerate(({"reference": "R-1"}, {}))
    ]
    asking = [each for each in told if each is not None]
    deals = asyncio.run(look_up(crm, asking, country="US"))
    assert cannot_look(crm, asking[0].known) == ("deal.booking", "deal.contacts.phone")
    found, other = (verdict(here, each, deals, blind=True) for each in asking)
    assert isinstance(found, Found)
    assert isinstance(other, Unmatched)
    assert (other.reason, other.detail) == ("no_lookup", "its CRM does not find deals by the other fields of its Match")
