"""Companies: what they have beside a deal, and their own fields."""

from __future__ import annotations

import asyncio

import pytest
from crm_world import AFTERCARE, SALES, call, drain, perform
from msgspec import UNSET

from dealwright.errors import NotFound, Rejected
from dealwright.model.crm import CompanyDeals, User
from dealwright.model.custom import Custom, FieldShape, FieldShapes, UserHeld, held
from dealwright.model.events import MOST_DEALS, DealUpdated
from dealwright.model.requests import CreateDeal, DealChanges, Refused, Sent, UpdateCompany
from dealwright.ports import DealKey
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_embedded_crm.company_reads import CompanyQuery


def beside(crm: EmbeddedCrm, *ids: str) -> dict[str, CompanyDeals]:
    return dict(asyncio.run(crm.company_deals(ids)))


def deal(crm: EmbeddedCrm, stage: str, company: str | None, owner: str | None = None) -> str:
    return crm.create_deal(pipeline="sales", stage=stage, title=f"in {stage}", company=company, owner=owner).id


def test_what_else_a_company_has_does_not_count_the_deal_itself(crm: EmbeddedCrm) -> None:
    ann, ben = crm.add_user("Ann"), crm.add_user("Ben")
    first = deal(crm, "prospecting", "Acme", ann.id)
    second = deal(crm, "engaging", "Acme", ben.id)
    won = deal(crm, "won", "Acme")
    lost = deal(crm, "lost", "Acme")
    lead = deal(crm, "incoming", "Acme")
    alone, without = deal(crm, "prospecting", "Beta"), deal(crm, "prospecting", None)
    found = beside(crm, first, second, won, lost, lead, alone, without, "999", "x")
    assert set(found) == {first, second, won, lost, lead, alone}
    assert found[alone] == CompanyDeals()
    assert found[lead] == CompanyDeals(open=2, won=1, newest_id=second, newest_title="in engaging", newest_owner=ben)
    assert (found[first].open, found[first].newest_id, found[first].newest_owner) == (2, lead, None)
    assert (found[won].open, found[won].won) == (3, 0)
    assert (found[lost].open, found[lost].won) == (3, 1)
    assert beside(crm) == {}


@pytest.mark.slow
def test_very_many_deals_are_asked_about_at_once(crm: EmbeddedCrm) -> None:
    with crm.together():
        ids = [deal(crm, "incoming", f"C{number % 7}") for number in range(300)]
    found = beside(crm, *ids)
    assert len(found) == 300
    assert sum(each.open for each in found.values()) == sum(n * (n - 1) for n in (43, 43, 43, 43, 43, 43, 42))


# --- what companies hold in own fields ------------------------------------------------------------------------------

FIRM = FieldShapes(
    company=(
        FieldShape(key="segment", type="choice", options=("key account", "small")),
        FieldShape(key="credit_limit", type="money"),
        FieldShape(key="keeper", type="user"),
    )
)
SMALL = Custom("segment", held("small"))


def firm(crm: EmbeddedCrm, deal_id: str) -> dict[str, object]:
    found = crm.deal(deal_id)
    assert found is not None
    return {each.key: each.value and each.value.value for each in found.company_custom or ()}


def test_a_company_holds_what_it_is_given_and_its_deals_show_it(crm: EmbeddedCrm) -> None:
    ann = crm.add_user("Ann")
    crm.shape([SALES, AFTERCARE], apply=True, fields=FIRM)
    first, second, other = deal(crm, "incoming", "Acme"), deal(crm, "won", "Acme"), deal(crm, "incoming", "Beta")
    drain(crm)
    made = crm.set_company("Acme", [SMALL, Custom("keeper", held(User(id="Ann", name="")))])
    assert made.name == "Acme"
    assert firm(crm, first) == firm(crm, second) == {"keeper": ann, "segment": "small"}
    assert firm(crm, other) == {}
    assert drain(crm) == []
    third = deal(crm, "incoming", "Acme")
    (told,) = drain(crm)
    assert told.after == crm.deal(third)
    assert told.after.company_custom == (Custom("keeper", held(ann)), SMALL)
    crm.update_deal(other, DealChanges(company="Acme"))
    assert drain(crm)[0].after == crm.deal(other)
    crm.set_company(made.id, [Custom("segment", None)])
    assert firm(crm, other) == {"keeper": ann}
    (found,) = crm.page_companies(CompanyQuery(name="eta")).items
    assert (found.name, found.custom) == ("Beta", UNSET)
    assert [each.name for each in crm.page_companies(limit=1).items] == ["Acme"]
    held_so = crm.page_companies(CompanyQuery(own=(("keeper", UserHeld(ann)),))).items
    assert [each.name for each in held_so] == ["Acme"]


def test_what_a_company_cannot_hold_is_refused(crm: EmbeddedCrm) -> None:
    crm.shape([SALES, AFTERCARE], apply=True, fields=FIRM)
    deal_id, bare = deal(crm, "incoming", "Acme"), deal(crm, "incoming", None)
    for bad in (Custom("segment", held("tiny")), Custom("sgement", held("small")), Custom("segment", held(True))):
        with pytest.raises(Rejected):
            crm.set_company("Acme", [bad])
    with pytest.raises(NotFound):
        crm.set_company("Nobody", [SMALL])
    assert perform(
        crm,
        call("1", UpdateCompany(deal_id=deal_id, custom=(SMALL,))),
        call("2", UpdateCompany(deal_id=deal_id, custom=(SMALL,))),
        call("1", UpdateCompany(deal_id=deal_id, custom=(Custom("segment", None),))),
    ) == [
        Sent(receipt={"changed": True}),
        Sent(receipt={"changed": False}),
        Sent(receipt={"changed": True}, repeated=True),
    ]
    assert firm(crm, deal_id) == {"segment": "small"}
    (refused,) = perform(crm, call("3", UpdateCompany(deal_id=bare, custom=(SMALL,))))
    assert isinstance(refused, Refused)
    assert refused.code == "no_company"


def test_a_company_whose_name_looks_like_an_id_is_changed_by_its_deal(crm: EmbeddedCrm) -> None:
    crm.shape([SALES, AFTERCARE], apply=True, fields=FIRM)
    first, named_one = deal(crm, "incoming", "Acme"), deal(crm, "incoming", "1")
    perform(crm, call("1", UpdateCompany(deal_id=named_one, custom=(SMALL,))))
    assert (firm(crm, first), firm(crm, named_one)) == ({}, {"segment": "small"})


def test_deals_are_found_by_what_their_company_holds(crm: EmbeddedCrm) -> None:
    crm.shape([SALES, AFTERCARE], apply=True, fields=VAT)
    first, second, other = deal(crm, "incoming", "Acme"), deal(crm, "incoming", "Acme"), deal(crm, "incoming", "Beta")
    crm.set_company("Acme", [Custom("vat_id", held("DE1"))])
    crm.set_company("Beta", [Custom("vat_id", held("DE" + "2" * 200))])
    keys = [DealKey("company.vat_id", "DE1"), DealKey("company.vat_id", "DE" + "2" * 200)]
    keys += [DealKey("company.name", "Beta"), DealKey("company.vat_id", "DE" + "2" * 199), DealKey("vat_id", "DE1")]
    assert looked(crm, *keys) == {keys[0]: [second, first], keys[1]: [other], keys[2]: [other]}
    crm.set_company("Acme", [Custom("vat_id", held("DE3"))])
    assert looked(crm, keys[0]) == {}
    renamed = FieldShapes(company=(FieldShape(key="tax_id", type="text", renamed_from=("vat_id",)),))
    crm.shape([SALES, AFTERCARE], apply=True, fields=renamed)
    key = DealKey("company.tax_id", "DE3")
    assert looked(crm, key) == {key: [second, first]}


def test_another_name_is_that_of_all_deals_and_the_open_ones_tell_it(crm: EmbeddedCrm) -> None:
    crm.shape([SALES, AFTERCARE], apply=True, fields=FIRM)
    crm.add_user("Ann")
    open_, won, other = deal(crm, "incoming", "Acme"), deal(crm, "won", "Acme"), deal(crm, "incoming", "Beta")
    acme = crm.set_company("Acme", [SMALL])
    before = crm.deal(open_)
    drain(crm)
    renamed = crm.rename_company("Acme", " Acme\nLtd ", actor="user:1")
    assert (renamed.id, renamed.name, renamed.custom) == (acme.id, "Acme Ltd", (SMALL,))
    (told,) = drain(crm)
    assert isinstance(told, DealUpdated)
    assert (told.before, told.after, told.changed) == (before, crm.deal(open_), ("company",))
    assert (told.after.company, told.after.company_custom, told.actor) == ("Acme Ltd", (SMALL,), "user:1")
    assert (crm.deal(won).company, crm.deal(other).company) == ("Acme Ltd", "Beta")  # type: ignore[union-attr]
    crm.rename_company(acme.id, "Acme Ltd")
    assert drain(crm) == [], "it is called so already"
    for bad, code in (("Beta", "name_taken"), (" \n", "bad_company"), ("x" * 1_001, "bad_company")):
        with pytest.raises(Rejected) as refused:
            crm.rename_company(acme.id, bad)
        assert refused.value.code == code
    with pytest.raises(NotFound):
        crm.rename_company("Acme", "Gone")
    assert deal(crm, "incoming", "Acme") and crm.company("Acme").id != acme.id  # type: ignore[union-attr]


def test_a_name_and_fields_are_changed_both_or_neither(crm: EmbeddedCrm) -> None:
    crm.shape([SALES, AFTERCARE], apply=True, fields=FIRM)
    only = deal(crm, "incoming", "Acme")
    deal(crm, "incoming", "Beta")
    with pytest.raises(Rejected):
        crm.change_company("Acme", name="Beta", custom=[SMALL])
    assert firm(crm, only) == {}
    crm.change_company("Acme", name="Gamma", custom=[SMALL])
    assert firm(crm, only) == {"segment": "small"}


def test_a_company_of_very_many_deals_tells_its_newest_fifty(crm: EmbeddedCrm) -> None:
    made = crm.create_deals(
        [CreateDeal(pipeline="sales", stage="incoming", title="x", company="Acme") for _ in range(MOST_DEALS + 3)]
    )
    drain(crm)
    crm.rename_company("Acme", "Beta")
    told = drain(crm)
    assert [each.after.id for each in told] == [each.id for each in reversed(made[3:])]
    found = crm.deals()
    assert {each.company for each in found} == {"Beta"}
    assert [each.version for each in found] == [1] * 3 + [2] * MOST_DEALS


def test_two_companies_become_one_with_all_deals_and_what_the_kept_one_did_not_hold(crm: EmbeddedCrm) -> None:
    ann = crm.add_user("Ann")
    crm.shape([SALES, AFTERCARE], apply=True, fields=FieldShapes(company=(*FIRM.company, *VAT.company)))
    kept, moved, closed = deal(crm, "incoming", "Acme"), deal(crm, "incoming", "ACME"), deal(crm, "lost", "ACME")
    keeper, vat = Custom("keeper", held(ann)), Custom("vat_id", held("DE1"))
    acme = crm.set_company("Acme", [SMALL])
    other = crm.set_company("ACME", [Custom("segment", held("key account")), keeper, vat])
    drain(crm)
    one = crm.merge_companies("Acme", "ACME", actor="user:1")
    assert (one.id, one.custom) == (acme.id, (keeper, SMALL, vat))
    (told,) = drain(crm)
    assert (told.before.company, told.after, told.changed) == ("ACME", crm.deal(moved), ("company",))
    assert {crm.deal(each).company for each in (kept, moved, closed)} == {"Acme"}  # type: ignore[union-attr]
    assert firm(crm, kept) == firm(crm, closed) == {"keeper": ann, "segment": "small", "vat_id": "DE1"}
    assert crm.company(other.id) == crm.company_of_id(other.id) == one
    assert crm.company("ACME") is None
    key = DealKey("company.vat_id", "DE1")
    assert looked(crm, key) == {key: [moved, kept, closed]}, "open ones first"
    third = deal(crm, "incoming", "Third")
    last = crm.merge_companies(crm.company("Third").id, acme.id)  # type: ignore[union-attr]
    assert crm.company(other.id) == crm.company(acme.id) == last
    assert beside(crm, third)[third].open == 2
    for pair in ((last.id, acme.id), (last.id, last.id)):
        with pytest.raises(Rejected) as refused:
            crm.merge_companies(*pair)
        assert refused.value.code == "same_company"
    with pytest.raises(NotFound):
        crm.merge_companies(last.id, "Nobody")


VAT = FieldShapes(company=(FieldShape(key="vat_id", type="text"),))


def looked(crm: EmbeddedCrm, *keys: DealKey) -> dict[DealKey, list[str]]:
    return {
        key: [each.id for each in found] for key, found in asyncio.run(crm.deals_by_key(keys, country="DE")).items()
    }
