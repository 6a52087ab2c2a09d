"""A company's own fields in the CRM: known from the release, checked at every write, never lost."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from crm_world import call, drain, perform
from msgspec.structs import replace

from dealwright.errors import NotFound, Rejected
from dealwright.model.crm import Contact, Money, PipelineShape, StageShape, User
from dealwright.model.custom import Custom, FieldShape, FieldShapes, held, value_of
from dealwright.model.events import ContactUpdated, DealUpdated
from dealwright.model.requests import (
    ContactChanges,
    CreateContact,
    CreateDeal,
    DealChanges,
    Refused,
    Sent,
    UpdateContact,
    UpdateDeal,
)
from dealwright.ports import DealKey
from dealwright_embedded_crm import EmbeddedCrm, feed
from dealwright_embedded_crm.own_sight import Sight
from dealwright_embedded_crm.reads import ContactQuery, DealQuery

TREATMENT = FieldShape(key="treatment", type="choice", options=("cleaning", "implant"), label="Treatment")
CLINIC = FieldShapes(
    deal=(
        TREATMENT,
        FieldShape(key="dentist", type="text"),
        FieldShape(key="extras", type="choices", options=("x-ray", "photo", "mould")),
        FieldShape(key="discount", type="number"),
        FieldShape(key="insured", type="flag"),
        FieldShape(key="due_on", type="day"),
        FieldShape(key="seen_at", type="moment"),
        FieldShape(key="deposit", type="money"),
        FieldShape(key="lab_phone", type="phone"),
        FieldShape(key="lab_email", type="email"),
        FieldShape(key="x_ray_at", type="link"),
        FieldShape(key="surgeon", type="user", sensitive=True),
    ),
    contact=(
        FieldShape(key="guardian_of", type="text"),
        FieldShape(key="language", type="choice", options=("es", "en")),
        FieldShape(key="assistant", type="user"),
    ),
)


@pytest.fixture
def clinic(crm: EmbeddedCrm) -> EmbeddedCrm:
    """A CRM that knows a clinic's fields, on each database."""
    crm.shape([], fields=CLINIC, apply=True)
    crm.add_user("Ann", "ann@example.com")
    return crm


def told(crm: EmbeddedCrm, fields: FieldShapes, *, apply: bool = True) -> list[str]:
    """Bring the CRM to these fields, and return what it says of it."""
    changes = crm.shape([], fields=fields, apply=apply)
    return [each.what if each.refused is None else f"{each.what}: {each.refused}" for each in changes]


def deal_with(crm: EmbeddedCrm, **custom: Any) -> str:
    """Make a deal in Incoming that holds these values."""
    own = tuple(Custom(key, held(value)) for key, value in custom.items())
    return crm.create_deal(pipeline="sales", stage="incoming", title="A crown", custom=own).id


def holds(crm: EmbeddedCrm, deal_id: str, key: str) -> object:
    """Return what a deal's field holds."""
    deal = crm.deal(deal_id)
    assert deal is not None
    return value_of(deal.custom, key)


def only(*fields: FieldShape) -> FieldShapes:
    """Return fields of deals."""
    return FieldShapes(deal=fields)


# --- which fields there are ------------------------------------------------------------------------------------------


def test_fields_are_made_and_the_second_time_nothing_differs(crm: EmbeddedCrm) -> None:
    assert told(crm, CLINIC, apply=False)[:2] == [
        "create field deal.treatment (choice)",
        "create field deal.dentist (text)",
    ]
    assert crm.own_fields().of("deal") == ()
    assert len(told(crm, CLINIC)) == 15
    assert told(crm, CLINIC) == []
    assert [each.shape for each in crm.own_fields().of("contact")] == list(CLINIC.contact)
    assert crm.shape([], apply=True) == [], "who says nothing of fields changes none"


def test_a_renamed_field_takes_its_values_along(crm: EmbeddedCrm) -> None:
    told(crm, only(TREATMENT))
    deal = deal_with(crm, treatment="implant")
    drain(crm)
    renamed = FieldShape(
        key="therapy", type="choice", options=TREATMENT.options, renamed_from=("treatment",), label="Treatment"
    )
    assert told(crm, only(renamed)) == ["rename field deal.treatment to deal.therapy"]
    assert holds(crm, deal, "therapy") == "implant"
    assert holds(crm, deal, "treatment") is None
    assert told(crm, only(renamed)) == []
    assert drain(crm) == [], "nobody changed a deal"
    # An execution that follows the release before still writes by the old name.
    old = UpdateDeal(deal_id=deal, changes=DealChanges(custom=(Custom("treatment", held("cleaning")),)))
    assert perform(crm, call("1", old)) == [Sent(receipt={"changed": True})]
    assert holds(crm, deal, "therapy") == "cleaning"
    both = DealChanges(custom=(Custom("therapy", held("implant")), Custom("treatment", None)))
    perform(crm, call("2", UpdateDeal(deal_id=deal, changes=both)))
    assert holds(crm, deal, "therapy") == "implant"


def test_a_release_that_is_taken_back_and_comes_again_moves_what_was_written_in_between(crm: EmbeddedCrm) -> None:
    renamed = replace(TREATMENT, key="therapy", renamed_from=("treatment",))
    told(crm, only(TREATMENT))
    first = deal_with(crm, treatment="implant")
    told(crm, only(renamed))
    assert told(crm, only(TREATMENT)) == [
        "create field deal.treatment (choice)",
        "keep field deal.therapy, which no release names any more (1 deal holds it)",
    ]
    second = deal_with(crm, treatment="cleaning")
    assert "move what is held of field deal.treatment to deal.therapy" in told(crm, only(renamed))
    assert [holds(crm, each, "therapy") for each in (first, second)] == ["implant", "cleaning"]
    assert told(crm, only(renamed)) == []


def test_deals_are_found_by_a_field_under_its_new_name_and_no_more_when_it_is_gone(crm: EmbeddedCrm) -> None:
    def matched(key: str, value: str) -> list[str]:
        wanted = DealKey(key, value)
        return [deal.id for deal in asyncio.run(crm.deals_by_key([wanted], country="US")).get(wanted, ())]

    folio, booking = FieldShape(key="folio", type="text"), FieldShape(key="booking", type="text")
    told(crm, only(folio, booking))
    first, second = deal_with(crm, folio="A1"), deal_with(crm, folio="A1", booking="A1")
    assert matched("folio", "A1") == [second, first]
    told(crm, only(replace(booking, renamed_from=("folio",))))
    assert (matched("booking", "A1"), matched("folio", "A1")) == ([second, first], [])
    told(crm, only())
    crm.remove_field("deal", "booking")
    assert matched("booking", "A1") == []
    told(crm, only(booking))
    third = deal_with(crm, booking="A1")
    assert matched("booking", "A1") == [third]


def test_a_deal_whose_last_own_field_was_cleared_is_no_longer_in_the_index(crm: EmbeddedCrm) -> None:
    folio, booking = FieldShape(key="folio", type="text"), FieldShape(key="booking", type="text")
    told(crm, only(folio, booking))
    deal = deal_with(crm, folio="A1", booking="A1")
    cleared = DealChanges(custom=(Custom("folio", None), Custom("booking", None)))
    crm.update_deal(deal, cleared, actor="user:1")
    told(crm, only(FieldShape(key="voucher", type="text", renamed_from=("folio", "booking"))))
    assert holds(crm, deal, "voucher") is None


def test_a_rename_that_would_lose_a_value_of_a_removed_field_or_of_two_is_refused(crm: EmbeddedCrm) -> None:
    folio, booking = FieldShape(key="folio", type="text"), FieldShape(key="booking", type="text")
    told(crm, only(folio, booking))
    deal, _ = deal_with(crm, folio="A1", booking="B2"), deal_with(crm, folio="A1", booking="A1")
    both = only(FieldShape(key="voucher", type="text", renamed_from=("folio", "booking")))
    why = "1 deal holds different values in deal.{} and in deal.{}; "
    why += "empty one of them there first, or choose another name"
    assert told(crm, both)[1] == f"rename field deal.booking to deal.voucher: {why.format('booking', 'folio')}"
    told(crm, only(booking))
    back = only(replace(folio, renamed_from=("booking",)))
    assert told(crm, back)[0] == (
        f"move what is held of field deal.booking to deal.folio: {why.format('booking', 'folio')}"
    )
    assert (holds(crm, deal, "folio"), holds(crm, deal, "booking")) == ("A1", "B2"), "nothing is changed"
    crm.update_deal(deal, DealChanges(custom=(Custom("folio", None),)), actor="user:1")
    assert told(crm, back)[0] == "move what is held of field deal.booking to deal.folio"
    assert holds(crm, deal, "folio") == "B2"


def test_options_come_and_go_and_what_is_held_stays(crm: EmbeddedCrm) -> None:
    told(crm, only(TREATMENT))
    deal = deal_with(crm, treatment="cleaning")
    fewer = replace(TREATMENT, options=("implant", "urgent"))
    assert told(crm, only(fewer)) == [
        "new option 'urgent' of field deal.treatment",
        "remove option 'cleaning' of field deal.treatment (1 deal holds it)",
    ]
    assert holds(crm, deal, "treatment") == "cleaning"
    crm.update_deal(deal, DealChanges(title="Another"))
    assert holds(crm, deal, "treatment") == "cleaning"
    with pytest.raises(Rejected, match="no such option"):
        deal_with(crm, treatment="cleaning")
    assert told(crm, only(replace(fewer, options=("urgent", "implant")))) == [
        "reorder the options of field deal.treatment"
    ]


def test_a_type_that_what_is_stored_does_not_fit_is_refused_and_nothing_is_applied(crm: EmbeddedCrm) -> None:
    dentist = FieldShape(key="dentist", type="text")
    told(crm, only(dentist))
    deal_with(crm, dentist="Dr. Ñandú")
    deal_with(crm, dentist="implant")
    wanted = only(FieldShape(key="dentist", type="number"), FieldShape(key="more", type="text"))
    assert told(crm, wanted) == [
        "change field deal.dentist: type text -> number: 2 deals hold what is not a number;"
        " clear it there first, or name the field otherwise",
        "create field deal.more (text)",
    ]
    assert [each.shape for each in crm.own_fields().of("deal")] == [dentist]
    assert told(crm, only(replace(TREATMENT, key="dentist", label="")))[0].endswith(
        ": 1 deal holds what is not one of its options; clear it there first, or name the field otherwise"
    )
    assert told(crm, only(FieldShape(key="name", type="number", renamed_from=("dentist",))))[0].startswith(
        "rename field deal.dentist to deal.name: 2 deals hold what is not a number"
    )
    fits = only(replace(TREATMENT, key="dentist", label="", options=("Dr. Ñandú", "implant")))
    assert told(crm, fits) == ["change field deal.dentist: type text -> choice"]


def test_a_field_that_no_release_names_is_kept_can_be_cleared_and_goes_only_when_asked(crm: EmbeddedCrm) -> None:
    told(crm, only(TREATMENT))
    deal, other = deal_with(crm, treatment="implant"), deal_with(crm, treatment="implant")
    assert told(crm, only()) == ["keep field deal.treatment, which no release names any more (2 deals hold it)"]
    assert told(crm, only()) == []
    assert holds(crm, deal, "treatment") == "implant"
    ((kept),) = crm.kept_fields()
    assert (kept.definition.released, kept.held) == (False, 2)
    again = DealChanges(custom=(Custom("treatment", held("cleaning")),))
    with pytest.raises(Rejected, match="in no release any more"):
        crm.update_deal(deal, again)
    # An execution of the release before goes on.
    assert perform(crm, call("1", UpdateDeal(deal_id=deal, changes=again))) == [Sent(receipt={"changed": True})]
    crm.update_deal(other, DealChanges(custom=(Custom("treatment", None),)))
    assert holds(crm, other, "treatment") is None
    assert crm.remove_field("deal", "treatment") == 1
    assert holds(crm, deal, "treatment") is None
    assert crm.own_fields().of("deal") == ()
    with pytest.raises(NotFound):
        crm.remove_field("deal", "treatment")
    told(crm, only(TREATMENT))
    with pytest.raises(Rejected, match="named by the active release"):
        crm.remove_field("deal", "treatment")


def test_a_field_that_is_named_again_has_what_it_had(crm: EmbeddedCrm) -> None:
    told(crm, only(TREATMENT))
    deal = deal_with(crm, treatment="implant")
    told(crm, only())
    assert told(crm, only(TREATMENT)) == ["take back field deal.treatment, which the release names again"]
    assert holds(crm, deal, "treatment") == "implant"


def test_labels_sensitivity_and_order_are_differences_too(crm: EmbeddedCrm) -> None:
    told(crm, only(TREATMENT, FieldShape(key="dentist", type="text")))
    assert told(
        crm, only(FieldShape(key="dentist", type="text"), replace(TREATMENT, label="What", sensitive=True))
    ) == [
        "change field deal.treatment: label 'Treatment' -> 'What', sensitive no -> yes",
        "reorder the fields of a deal",
    ]


# --- what a field may hold -------------------------------------------------------------------------------------------

GOOD = {
    "treatment": "implant",
    "dentist": "Dr. Ñandú",
    "extras": ("mould", "x-ray"),
    "discount": Decimal("12.50"),
    "insured": False,
    "due_on": date(2026, 12, 24),
    "seen_at": datetime(2026, 12, 1, 15, 30, tzinfo=UTC),
    "deposit": Money(Decimal("99.5"), "EUR"),
    "lab_phone": "+49 30 1234",
    "lab_email": "lab@example.com",
    "x_ray_at": "https://example.com/x?1",
    "surgeon": User(id="ann@example.com", name=""),
}


def test_every_type_is_kept_as_it_was(clinic: EmbeddedCrm) -> None:
    ann = clinic.users()[0]
    deal = deal_with(clinic, **GOOD)
    wanted = {**GOOD, "extras": ("x-ray", "mould"), "surgeon": ann, "deposit": Money(Decimal("99.50"), "EUR")}
    assert {key: holds(clinic, deal, key) for key in GOOD} == wanted
    (event,) = drain(clinic)
    assert value_of(event.after.custom, "surgeon") == ann


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("dentits", "x", "deals have no field 'dentits'; did you mean 'dentist'?"),
        ("treatment", "implnt", "deal.treatment has no such option; did you mean 'implant'?"),
        ("treatment", True, "deal.treatment holds one of its options, and is given something else"),
        ("extras", ("x-ray", "y-ray"), "deal.extras has no such option; did you mean 'x-ray'?"),
        ("dentist", "x" * 1_001, "1,001 bytes long"),
        ("dentist", "a\x1b[2Jb", "control character U+001B"),
        ("dentist", "a\ud800b", "half a character"),
        ("dentist", Decimal(1), "holds a text"),
        ("discount", Decimal("NaN"), "no finite number"),
        ("discount", Decimal(10) ** 18, "18 digits"),
        ("discount", Decimal("1E+999999"), "18 digits"),
        ("discount", Decimal("1E-10"), "9 decimals"),
        ("discount", "12", "holds a number"),
        ("seen_at", datetime(2026, 1, 1), "without a zone"),  # noqa: DTZ001  # that is what is refused
        ("deposit", Money(Decimal("1.005"), "USD"), "more decimals"),
        ("deposit", Money(Decimal(1), "XXQ"), "ISO 4217"),
        ("lab_phone", "call me", "no phone number"),
        ("lab_email", "ann at home", "no e-mail address"),
        ("x_ray_at", "javascript:alert(1)", "no link"),
        ("surgeon", User(id="nobody", name=""), "nobody's id"),
    ],
)
def test_what_a_field_cannot_hold_is_refused_for_people_and_steps(
    clinic: EmbeddedCrm, key: str, value: Any, says: str
) -> None:
    deal = deal_with(clinic)
    changes = DealChanges(custom=(Custom(key, held(value)),))
    with pytest.raises(Rejected) as refused:
        clinic.update_deal(deal, changes)
    assert says in str(refused.value)
    (by_step,) = perform(clinic, call("1", UpdateDeal(deal_id=deal, changes=changes)))
    assert isinstance(by_step, Refused)
    assert says in by_step.message
    assert value == "x" or str(value) not in by_step.message, "a customer's data is not repeated"
    made = CreateDeal(pipeline="sales", stage="incoming", title="B", custom=changes.custom)
    assert isinstance(perform(clinic, call("2", made))[0], Refused)
    kept = clinic.deal(deal)
    assert kept is not None
    assert kept.version == 1


def test_a_sensitive_field_does_not_tell_what_it_was_nearly_given(crm: EmbeddedCrm) -> None:
    told(crm, only(replace(TREATMENT, sensitive=True)))
    with pytest.raises(Rejected) as refused:
        deal_with(crm, treatment="implnt")
    assert str(refused.value) == "deal.treatment has no such option; known: cleaning, implant"


# --- who has them ----------------------------------------------------------------------------------------------------


def test_contacts_have_fields_and_the_feed_tells_them(clinic: EmbeddedCrm) -> None:
    deal = deal_with(clinic)
    made = CreateContact(deal_id=deal, name="Bo", custom=(Custom("guardian_of", held("Kim")),))
    (sent,) = perform(clinic, call("1", made))
    assert isinstance(sent, Sent)
    contact = str(sent.receipt["contact_id"])
    drain(clinic)
    changes = ContactChanges(custom=(Custom("language", held("es")), Custom("guardian_of", held("Kim"))))
    assert perform(clinic, call("2", UpdateContact(deal_id=deal, contact_id=contact, changes=changes))) == [
        Sent(receipt={"changed": True})
    ]
    (event,) = drain(clinic)
    assert isinstance(event, ContactUpdated)
    assert event.changed == ("language",)
    assert value_of(event.contact.custom, "language") == "es"
    assert value_of(event.deals[0].contacts[0].custom, "guardian_of") == "Kim"
    read = clinic.contact(contact)
    assert read is not None
    assert value_of(read.custom, "guardian_of") == "Kim"
    wrong = ContactChanges(custom=(Custom("language", held("fr")),))
    assert isinstance(
        perform(clinic, call("3", UpdateContact(deal_id=deal, contact_id=contact, changes=wrong)))[0], Refused
    )


def test_a_merged_contact_fills_the_blanks_of_the_kept_one(clinic: EmbeddedCrm) -> None:
    bo, mo = clinic.create_contacts(
        [
            Contact(id="", name="Bo", custom=(Custom("language", held("es")),)),
            Contact(id="", name="Mo", custom=(Custom("guardian_of", held("Kim")), Custom("language", held("en")))),
        ]
    )
    drain(clinic)
    merged = clinic.merge_contacts(bo.id, mo.id)
    assert {each.key: each.value for each in merged.custom or ()} == {
        "guardian_of": held("Kim"),
        "language": held("es"),
    }
    (event,) = drain(clinic)
    assert event.changed == ("guardian_of",)


def test_a_merged_deal_fills_the_blanks_of_the_kept_one_and_a_clone_has_all(clinic: EmbeddedCrm) -> None:
    kept, other = deal_with(clinic, treatment="implant"), deal_with(clinic, treatment="cleaning", dentist="Dr. No")
    drain(clinic)
    clinic.merge_deals(kept, other)
    assert [holds(clinic, kept, key) for key in ("treatment", "dentist")] == ["implant", "Dr. No"]
    assert [event.changed for event in drain(clinic) if isinstance(event, DealUpdated)] == [("dentist",)]
    told(clinic, replace(CLINIC, deal=(replace(TREATMENT, options=("cleaning",)), *CLINIC.deal[1:])))
    clone = clinic.clone_deal(kept)
    assert [holds(clinic, clone.id, key) for key in ("treatment", "dentist")] == ["implant", "Dr. No"]


def test_a_stage_can_require_a_field(clinic: EmbeddedCrm) -> None:
    booked = StageShape(key="booked", name="Booked", kind="open", probability=40, required=("insured", "contacts"))
    pipeline = PipelineShape(
        key="visits",
        name="Visits",
        stages=(StageShape(key="incoming", name="Incoming", kind="incoming"), booked),
    )
    clinic.shape([pipeline], apply=True)
    contact = clinic.create_contact(name="Bo").id
    deal = clinic.create_deal(pipeline="visits", stage="incoming", title="A", contacts=[contact]).id
    with pytest.raises(Rejected, match=r"stage booked requires insured \(insured\)"):
        clinic.move_deal(deal, "visits", "booked")
    with pytest.raises(Rejected, match="requires insured"):
        clinic.create_deal(pipeline="visits", stage="booked", title="B", contacts=[contact])
    clinic.update_deal(deal, DealChanges(custom=(Custom("insured", held(False)),)))
    clinic.move_deal(deal, "visits", "booked")
    with pytest.raises(Rejected, match="requires insured"):
        clinic.update_deal(deal, DealChanges(custom=(Custom("insured", None),)))
    clinic.update_deal(deal, DealChanges(custom=(Custom("insured", held(True)),)))
    assert holds(clinic, deal, "insured") is True


# --- finding ---------------------------------------------------------------------------------------------------------


def test_deals_are_found_by_what_a_field_holds(clinic: EmbeddedCrm) -> None:
    ann = clinic.users()[0]
    deal = deal_with(clinic, **GOOD)
    other = {
        "treatment": "cleaning",
        "dentist": 'Dr. ñandú {"key":"treatment","value":{"is":"text","value":"implant"}}',
        "extras": ("photo",),
        "discount": Decimal("12.5001"),
        "insured": True,
    }
    deal_with(clinic, **other)
    deal_with(clinic)
    for key, value in {**GOOD, "extras": ("mould",), "discount": Decimal("12.5"), "surgeon": ann}.items():
        kept = Money(Decimal("99.50"), "EUR") if key == "deposit" else value
        query = DealQuery(own=((key, held(kept)),))  # type: ignore[arg-type]
        assert [each.id for each in clinic.page_deals(query).items] == [deal], key
    both = DealQuery(own=(("extras", held(("mould", "photo"))),))
    assert clinic.page_deals(both).items == ()
    mine = DealQuery(own=(("extras", held(("mould", "x-ray"))), ("treatment", held("implant"))))
    assert [each.id for each in clinic.page_deals(mine).items] == [deal]
    assert sum(each.deals for each in clinic.count_by_stage(mine)) == 1


def test_pages_go_on_through_what_a_filter_leaves(clinic: EmbeddedCrm) -> None:
    wanted = [deal_with(clinic, treatment="implant" if number % 3 else "cleaning") for number in range(9)]
    query = DealQuery(own=(("treatment", held("implant")),))
    first = clinic.page_deals(query, limit=4)
    second = clinic.page_deals(query, after=first.next, limit=4)
    found = [each.id for each in (*first.items, *second.items)]
    assert found == [each for number, each in enumerate(wanted) if number % 3]
    assert second.next is None


def test_contacts_are_found_and_name_users(clinic: EmbeddedCrm) -> None:
    ann = clinic.users()[0]
    bo = clinic.create_contact(name="Bo", custom=(Custom("assistant", held(User(id=ann.id, name=""))),))
    clinic.create_contact(name="Mo")
    assert clinic.page_contacts(ContactQuery(own=(("assistant", held(ann)),))).items == (bo,)
    assert value_of(bo.custom, "assistant") == ann


# --- who sees them ----------------------------------------------------------------------------------------------------


def test_outside_systems_are_told_fields_but_no_sensitive_ones(clinic: EmbeddedCrm) -> None:
    contact = clinic.create_contact(name="Bo", custom=(Custom("guardian_of", held("Kim")),)).id
    own = tuple(Custom(key, held(value)) for key, value in GOOD.items())  # type: ignore[arg-type]
    clinic.create_deal(pipeline="sales", stage="incoming", title="A", contacts=[contact], custom=own)
    ((number, raw),) = clinic.events(after=0, limit=10)
    shown = feed.told(number, raw, Sight(clinic.own_fields()))["data"]["after"]
    assert shown["contacts"][0]["fields"] == {"guardian_of": "Kim"}
    assert shown["fields"] == {
        "treatment": "implant",
        "dentist": "Dr. Ñandú",
        "extras": ["x-ray", "mould"],
        "discount": "12.5",
        "insured": False,
        "due_on": "2026-12-24",
        "seen_at": "2026-12-01T15:30:00Z",
        "deposit": {"amount": "99.50", "currency": "EUR"},
        "lab_phone": "+49 30 1234",
        "lab_email": "lab@example.com",
        "x_ray_at": "https://example.com/x?1",
    }
    assert "custom" not in shown
    owners = feed.told(number, raw, Sight(clinic.own_fields(), sensitive=True))["data"]["after"]
    assert owners["fields"]["surgeon"] == {"id": "1", "name": "Ann", "email": "ann@example.com"}
    assert "fields" not in feed.told(number, raw)["data"]["after"], "what nothing is known of may be sensitive"
