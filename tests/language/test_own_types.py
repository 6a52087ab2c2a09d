"""All types of own fields: what each holds, what it is compared with and given, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from dealwright import (
    Account,
    Automation,
    Choice,
    Choices,
    Day,
    DealFields,
    Email,
    Flag,
    Incoming,
    Link,
    Lost,
    Moment,
    Money,
    Number,
    Owner,
    Phone,
    Pipeline,
    Stage,
    Text,
    Won,
    case,
    create_deal,
    deal_created,
    deal_updated,
    every_event,
    hours,
    set_task,
    stop,
    update_deal,
)
from dealwright.errors import DefinitionError
from dealwright.model.crm import Money as Held
from dealwright.model.crm import User
from dealwright.model.custom import ChoicesHeld, Custom, held
from dealwright.model.requests import CreateDeal, UpdateDeal
from dealwright.testing import a_deal, changed, compiled_account, rehearse


class Own(DealFields):
    text, number, flag = Text("T"), Number("N"), Flag("F")
    choice = Choice("C", ["red", "green"])
    many = Choices("Cs", ["red", "green", "blue"])
    day, moment = Day("D"), Moment("M")
    deposit, fee = Money("Deposit"), Money("Fee")
    phone, mail, folder = Phone("P"), Email("E"), Link("L")
    closer = Owner("Closer")


deal = Own()


class Sales(Pipeline, key="sales"):
    incoming = Incoming()
    quoted = Stage("Sent the quote", required=[deal.deposit, deal.amount])
    won = Won("Bought", required=[deal.closer])
    lost = Lost("Lost")


TOLD = set_task("tell", text="told", due=hours(1))


def account(*do, on=None, when=()):
    rule = Automation(key="rule", on=on or deal_created(), when=when, again=every_event(), do=list(do))
    return Account("acme", zone="UTC", country="US", currency="USD", pipelines=[Sales], automations=[rule])


def told(*do, when=(), **custom):
    return rehearse(account(*do, when=when or [deal.text.is_set() | deal.text.is_unset()]), "rule", with_(**custom))


def with_(**custom):
    return a_deal(Sales.incoming, custom=custom)


ANA, BO = User(id="1", name="Ana Lima", email="ana@acme.example"), User(id="2", name="Ana Lima")
AT = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("when", "custom", "acts"),
    [
        (deal.many.has("red"), {"many": ("green", "red")}, True),
        (deal.many.has("red", "blue"), {"many": ("green", "blue")}, True),
        (deal.many.has("red"), {"many": ("green",)}, False),
        (~deal.many.has("red"), {"many": ("green",)}, True),
        (~deal.many.has("red"), {}, False),
        (deal.deposit > 100, {"deposit": Held(Decimal("100.01"), "USD")}, True),
        (deal.deposit > 100, {"deposit": Held(Decimal(500), "EUR")}, False),
        (deal.deposit > Money("100", "EUR"), {"deposit": Held(Decimal(500), "EUR")}, True),
        (deal.deposit != deal.fee, {"deposit": Held(Decimal(1), "USD"), "fee": Held(Decimal(2), "USD")}, True),
        (deal.phone == "+15550100", {"phone": "+15550100"}, True),
        (deal.mail.is_in("a@b.example", "c@d.example"), {"mail": "c@d.example"}, True),
        (deal.folder.is_set(), {"folder": "https://x.example/1"}, True),
        (deal.closer.is_set(), {"closer": ANA}, True),
        (deal.closer.name == "Ana Lima", {"closer": ANA}, True),
        (deal.closer.email.is_unset(), {"closer": BO}, True),
        (deal.closer == deal.owner, {"closer": BO}, False),
        (deal.moment < datetime(2026, 3, 15, tzinfo=UTC), {"moment": AT}, True),
        # An option that is none any more is read as it is, and is no other one.
        (deal.choice == "red", {"choice": "purple"}, False),
        (deal.choice.is_set(), {"choice": "purple"}, True),
        (deal.many.has("red"), {"many": ("purple",)}, False),
    ],
)
def test_conditions(when, custom, acts):
    assert bool(told(TOLD, when=[when], **custom).tasks) is acts


@pytest.mark.parametrize(
    ("path", "custom", "shown"),
    [
        ("deal.deposit", {"deposit": Held(Decimal("1234.50"), "USD")}, "1,234.50 USD"),
        ("deal.closer.first_name", {"closer": ANA}, "Ana"),
        ("deal.closer.name", {}, ""),
        ("deal.folder", {"folder": "https://x.example/1"}, "https://x.example/1"),
        ("deal.choice", {"choice": "purple"}, "purple"),
        ("deal.moment | date", {"moment": AT}, "14 Mar 2026"),
    ],
)
def test_texts(path, custom, shown):
    step = set_task("tell", text=f"<{{{{ {path} }}}}>", due=hours(1))
    assert told(step, **custom).tasks == [f"<{shown}>"]


def test_a_text_goes_over_several_options():
    step = set_task("tell", text="{% for each in deal.many %}{{ each }};{% endfor %}", due=hours(1))
    assert told(step, many=("red", "blue")).tasks == ["red;blue;"]
    assert told(step).state == "done"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"many": ["blue", "red", "red"]}, ChoicesHeld(("red", "blue"))),
        ({"many": []}, None),
        ({"deposit": 50}, held(Held(Decimal(50), "USD"))),
        ({"deposit": Money("50", "EUR")}, held(Held(Decimal(50), "EUR"))),
        ({"deposit": deal.amount}, None),
        ({"folder": "https://x.example/a?b=c#d"}, held("https://x.example/a?b=c#d")),
        ({"closer": "Bo"}, held(User(id="Bo", name=""))),
        ({"closer": None}, None),
        ({"phone": "{{ deal.title }}"}, held("Forty chairs")),
        ({"day": date(2026, 3, 14)}, held(date(2026, 3, 14))),
        ({"text": deal.mail}, None),
    ],
    ids=str,
)
def test_steps_write_what_fits(given, kept):
    (field,) = given
    (sent,) = told(update_deal("set", **given)).requests
    assert isinstance(sent, UpdateDeal)
    assert sent.changes.custom == (Custom(field, kept),)


@pytest.mark.parametrize(
    "given",
    [
        {"many": "red"},
        {"many": ["rde"]},
        {"many": deal.choice},
        {"choice": ["red"]},
        {"deposit": "50"},
        {"deposit": deal.text},
        {"mail": "ana at acme"},
        {"mail": " ana@acme.example"},
        {"mail": deal.folder},
        {"folder": "javascript:alert(1)"},
        {"folder": "https://user:pass@x.example/"},
        {"phone": deal.mail},
        {"closer": deal.text},
        {"closer": True},
        {"number": True},
        {"day": AT},
        {"moment": deal.day},
        {"flag": "yes"},
        {"text": deal.closer},
    ],
    ids=str,
)
def test_what_does_not_fit_is_told(given):
    with pytest.raises(DefinitionError, match="DW203"):
        compiled_account(account(update_deal("set", **given), when=[deal.text.is_set()]))


@pytest.mark.parametrize(("key", "title"), [("mail", "no address"), ("folder", "ftp://x"), ("choice", "purple")])
def test_a_text_from_elsewhere_that_does_not_fit_fails_the_step_and_its_content_is_not_told(key, title):
    step = update_deal("set", **{key: deal.text})
    found = told(step, text=title)
    assert found.state == "failed"
    assert title not in found.reason


def test_a_removed_option_is_not_written_on():
    assert told(update_deal("set", choice=deal.choice), choice="purple").state == "failed"
    assert told(update_deal("set", many=deal.many), many=("red", "purple")).state == "failed"


def test_a_new_deal_has_own_fields_too_and_what_is_unset_is_left_out():
    step = create_deal(
        "next", in_=Sales.incoming, title="Next", choice="red", text=deal.text, deposit=Money("5", "EUR")
    )
    (sent,) = told(step).requests
    assert isinstance(sent, CreateDeal)
    assert sent.custom == (Custom("choice", held("red")), Custom("deposit", held(Held(Decimal(5), "EUR"))))
    with pytest.raises(DefinitionError, match="DW203"):
        compiled_account(account(create_deal("next", in_=Sales.incoming, title="Next", chioce="red")))


def test_a_stage_requires_own_fields():
    (pipeline,) = compiled_account(account(TOLD)).pipelines
    assert [stage.required for stage in pipeline.stages[1:3]] == [("deposit", "amount"), ("closer",)]
    with pytest.raises(DefinitionError, match="cannot require"):
        Stage("Sent", required=[Own(_path="event.before").deposit])


def test_a_change_of_any_is_watched():
    rules = account(TOLD, on=deal_updated(fields=[deal.many]))
    before, after = with_(many=("red",)), with_(many=("red", "blue"))
    assert rehearse(rules, "rule", after, event=changed(before, after)).tasks == ["told"]


@pytest.mark.parametrize(
    "compare",
    [
        lambda: deal.text == deal.phone,
        lambda: deal.phone == deal.mail,
        lambda: deal.mail == deal.folder,
        lambda: deal.text == deal.choice,
        lambda: deal.deposit > deal.number,
        lambda: deal.day < deal.moment,
        lambda: deal.many == "red",
        lambda: deal.many.has("rde"),
        lambda: deal.many.has(deal.choice),
        lambda: deal.choice.is_in("red", "gren"),
        lambda: deal.choice == 5,
        lambda: deal.text > "a",
        lambda: deal.closer == "Ana",
        lambda: deal.phone == 15550100,
        lambda: deal.deposit > Money("100"),
        lambda: deal.flag == 1,
        lambda: "red" in deal.many,
        lambda: case(deal.many, stop()),
    ],
)
def test_types_do_not_mix(compare):
    with pytest.raises(DefinitionError):
        compare()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["a", "a"], "twice"),
        (["a", ""], "list of texts"),
        (["Open", "\u041epen"], "look the same"),
        (["open", "OPEN"], "look the same"),
        (["caf\u00e9", "cafe\u0301"], "accents apart"),
        (["a\u200bb"], "nobody sees"),
        (["a\u202eb"], "nobody sees"),
        (["a\nb"], "nobody sees"),
        ([" a"], "nobody sees"),
        (["\ufb01n", "fin"], "look the same"),
        ("ab", "list of texts"),
        ([str(n) for n in range(501)], "at most 500"),
        ([5], "list of texts"),
    ],
    ids=ascii,
)
@pytest.mark.parametrize("kind", [Choice, Choices])
def test_options_that_could_be_taken_for_each_other_are_errors(kind, options, says):
    with pytest.raises(DefinitionError, match=says):
        kind("C", options)


def test_options_of_real_companies_are_fine():
    Choice("", ["yes", "no"])
    Choice("Segment", ["key account", "mid", "small", "public sector", "¿Otro?", "Straße", "да", "нет", "はい"])


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("    a = Text()\n    a = Number()\n", "written twice"),
        ("    a = b = Text()\n", "two names"),
        ("    title = Text()\n", "taken"),
        ("    contact = Text()\n", "taken"),
        ("    _a = Text()\n", "not the name"),
        ("    \u0430mount = Text()\n", "not the name"),
        ("    a = Text('x\u200by')\n", "visible characters"),
        ("    a = Text(sensitive=1)\n", "True or False"),
        ("    a = Text(renamed_from='a')\n", "from itself"),
        ("    b = Text()\n    a = Text(renamed_from='b')\n", "still a field"),
        ("    a = Text(renamed_from='b')\n    b = Text(renamed_from='a')\n", "still a field"),
        ("    a = Text(renamed_from='c')\n    b = Text(renamed_from='c')\n", "both renamed"),
        ("    a = Text(renamed_from='the c')\n", "not the name"),
        ("    a = Text(renamed_from=['c', 'c'])\n", "twice"),
        ("    a = Text(renamed_from=5)\n", "list of them"),
        ("    a = Money('100', 'EURO')\n", "not a currency"),
    ],
    ids=ascii,
)
def test_slips_in_a_class_are_told(body, says):
    with pytest.raises(DefinitionError, match=says):
        exec(
            f"class Slip(DealFields):\n{body}",
            {"DealFields": DealFields, "Text": Text, "Number": Number, "Money": Money},
        )


def test_a_field_of_another_class_than_the_accounts_is_told_with_what_it_is_there():
    class Two(DealFields):
        text = Number("T")

    with pytest.raises(DefinitionError, match="DW230"):
        compiled_account(account(TOLD, when=[Two().text > 5, deal.number > 5]))
