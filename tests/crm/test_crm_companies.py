"""Companies: what they have beside a deal, and their own fields."""

from __future__ import annotations

import asyncio

import pytest
from crm_world import AFTERCARE, SALES, call, drain, perform
from msgspec import UNSET

from dealwright.errors import NotFound, Rejected
from dealwright.model.crm import CompanyDeals, User
from dealwright.model.custom import Custom, FieldShape, FieldShapes, UserHeld, held
from dealwright.model.requests import DealChanges, Refused, Sent, UpdateCompany
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


VAT = FieldShapes(company=(FieldShape(key="vat_id", type="text"),))


def looked(crm: EmbeddedCrm, *keys: DealKey) -> dict[DealKey, list[str]]:
    return {
        key: [each.id for each in found] for key, found in asyncio.run(crm.deals_by_key(keys, country="DE")).items()
    }
