"""Facts: every path of the schema has a value of its type, and a text; what is missing is unset."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest

from dealwright.language import schema
from dealwright.language.facts import Known, lookup, text_facts
from dealwright.language.shown import ShownMoney, ShownTime, shown
from dealwright.language.templates import TemplateError, check_template, filled, paths, render
from dealwright.model.crm import Activity, CompanyDeals, Contact, Deal, Money, PipelineShape, StageShape, Task, User

SALES = PipelineShape(key="sales", name="Sales", stages=(StageShape(key="met", name="Met them", kind="open"),))
FULL = Deal(
    id="7",
    title="Pumps",
    pipeline="sales",
    stage="met",
    owner=User(id="u1", name="Ana Maria Pérez", email="ana@example.com"),
    amount=Money(Decimal("1234.50"), "USD"),
    close_date=date(2026, 3, 14),
    reference="INV-7",
    tags=("vip", "fair"),
    company="Acme",
    company_deals=CompanyDeals(
        open=2,
        won=1,
        newest_id="7",
        newest_title="Chairs",
        newest_owner=User(id="2", name="Ben Ek", email="b@e.com"),
    ),
    contacts=(Contact(id="c1", name="Bo Li", first_name="Bo", last_name="Li", phone="+1 555", email="bo@example.com"),),
    lost_reason="Price",
    created_at=datetime(2026, 3, 1, 15, 4, tzinfo=UTC),
    updated_at=datetime(2026, 3, 2, tzinfo=UTC),
    stage_since=datetime(2026, 3, 2, 0, 30, tzinfo=UTC),
    version=3,
)
BARE = Deal(
    id="8",
    title="",
    pipeline="gone",
    stage="gone",
    contacts=(),
    created_at=FULL.created_at,
    updated_at=FULL.updated_at,
    stage_since=FULL.stage_since,
    version=1,
)
TASK = Task(id="t1", deal_id="7", text="Call Bo", due_at=FULL.stage_since, owner=FULL.owner, created_at=FULL.created_at)
CALL = Activity(
    id="a1",
    deal_id="7",
    kind="call",
    at=FULL.created_at,
    outcome="reached",
    text="Wants two",
    by=FULL.owner,
    contact_id="c1",
)
STEPS = {
    "next-deal": {"deal_id": "77", "outcome": "sent"},
    "go": {"moved": True, "from_stage": "met", "outcome": "sent"},
    "tell": {"status": 204, "outcome": "sent"},
}
KINDS = {"next-deal": "create_deal", "go": "move_deal", "tell": "send_event"}

TYPES = {
    "text": str,
    "id": str,
    "number": Decimal,
    "money": Money,
    "day": date,
    "moment": datetime,
    "tags": tuple,
    "stage": tuple,
    "pipeline": str,
    "user": User,
    "flag": bool,
}


def known(deal: Deal = FULL) -> Known:
    return Known(
        deal=deal,
        contact=FULL.contacts[0],
        recipient=FULL.contacts[0],
        before=FULL,
        task=TASK,
        activity=CALL,
        data={"number": "R-7"},
        steps=STEPS,
        pipelines=(SALES,),
        account_key="acme",
        account_name="Acme Tools",
    )


def look(path: str, deal: Deal = FULL) -> object:
    return lookup(path, known(deal))


EVERY = {
    **schema.known("contact_added", KINDS, {"number": "text"}),
    **schema.known("task_completed"),
    **schema.known("activity_logged"),
    **schema.RECIPIENT,
}
LEFT_OUT = {"steps.go.to_stage"}


@pytest.mark.parametrize("path", sorted(EVERY))
def test_every_path_holds_a_value_of_its_type(path):
    value = look(path)
    if path in LEFT_OUT:
        assert value is None
    else:
        assert isinstance(value, TYPES[EVERY[path]])


def test_values_are_those_of_the_model():
    assert look("deal.stage") == ("sales", "met")
    assert look("deal.stage.name") == "Met them"
    assert look("deal.owner.first_name") == "Ana"
    assert look("steps.tell.status") == Decimal(204)
    assert look("steps.go.moved") is True
    assert look("event.before.amount") == Money(Decimal("1234.50"), "USD")


def test_what_is_missing_is_unset_and_empty_tags_are_not():
    for path, kind in schema.ALWAYS.items():
        if path.startswith("deal.") and path not in (
            "deal.id",
            "deal.pipeline",
            "deal.stage",
            "deal.created_at",
            "deal.stage_since",
            "deal.contacts.count",
        ):
            assert look(path, BARE) == (() if kind == "tags" else None), path
    assert lookup("event.contact.name", Known(deal=BARE)) is None
    assert lookup("event.before.stage", Known(deal=BARE)) is None
    assert lookup("steps.never.deal_id", Known(deal=BARE)) is None


@pytest.mark.parametrize(
    "path", ["deal.titel.x", "deal.main_contact", "deal", "event.contact", "account.secret", "os.environ"]
)
def test_a_path_that_the_schema_does_not_have_is_an_error(path):
    with pytest.raises(KeyError):
        look(path)


def test_a_contact_without_a_name_is_called_by_its_parts():
    contact = Contact(id="c", first_name="Bo", last_name="Li")
    assert lookup("event.contact.name", Known(deal=BARE, contact=contact)) == "Bo Li"
    assert lookup("event.contact.name", Known(deal=BARE, contact=Contact(id="c", first_name=" "))) is None


def texts(deal: Deal) -> dict[str, object]:
    return text_facts(known(deal), "America/New_York")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ deal.amount }}", "1,234.50 USD"),
        ("{{ deal.close_date }}", "14 Mar 2026"),
        ("{{ deal.created_at }}", "1 Mar 2026, 10:04"),
        ("{{ deal.stage_since | date }}", "1 Mar 2026"),
        ("{{ deal.stage.name }} of {{ deal.pipeline.name }}", "Met them of Sales"),
        ("{{ deal.owner.first_name }} {{ deal.owner.email }}", "Ana ana@example.com"),
        ("{{ deal.tags }}", "vip, fair"),
        ("{{ deal.main_contact.phone }}", "+1 555"),
        ("{{ steps.next_deal.deal_id }} {{ steps.tell.status }} {{ steps.go.moved }}", "77 204 yes"),
        ("{{ event.before.stage.name }} {{ event.contact.name }}", "Met them Bo Li"),
        (
            "{{ event.task.text }} by {{ event.task.due_at }}, {{ event.task.owner.name }}",
            "Call Bo by 1 Mar 2026, 19:30, Ana Maria Pérez",
        ),
        (
            "{{ event.activity.kind }} {{ event.activity.at | date }}: {{ event.activity.outcome }}",
            "call 1 Mar 2026: reached",
        ),
        ("{{ event.data.number }}", "R-7"),
        ("{{ contact.first_name }}", "Bo"),
        ("{{ account.key }}", "acme"),
    ],
)
def test_texts_show_facts_as_people_read_them(source, text):
    assert check_template(source, EVERY) == []
    assert render(source, texts(FULL)) == text


def test_every_path_of_the_schema_can_stand_in_a_text():
    for path in EVERY:
        source = f"{{{{ {path.replace('-', '_')} }}}}"
        if check_template(source, EVERY):
            assert schema.is_group(path, EVERY)
        else:
            render(source, texts(FULL))
            render(source, texts(BARE))


@pytest.mark.parametrize("path", sorted(EVERY))
def test_a_text_shows_what_a_condition_sees(path):
    """One path, one fact: as a value and as a text, whatever it belongs to."""
    source = f"{{{{ {path.replace('-', '_')} }}}}"
    if not check_template(source, EVERY):
        seen = shown(look(path), ZoneInfo("America/New_York"))
        word = {None: "", True: "yes", False: "no"}.get(seen, seen) if not isinstance(seen, tuple) else ", ".join(seen)
        assert render(source, texts(FULL)) == word


@pytest.mark.parametrize("path", sorted(EVERY))
@pytest.mark.parametrize("title", ["Forty chairs", "{{ deal.id }} <b>\n\u202e", " "])
def test_short_cuts_say_what_jinja_says(path, title):
    """A text of words and facts is filled in without Jinja, and of the facts only those that it names are read."""
    deal = msgspec.structs.replace(FULL, title=title)
    source = f"a {{{{ {path.replace('-', '_')} }}}} b"
    if check_template(source, EVERY):
        return
    slow = render(f"{source}{{% if account.key %}}{{% endif %}}", texts(deal))
    assert render(source, text_facts(known(deal), "America/New_York", paths(source))) == slow
    short = filled(source, lambda path: shown(lookup(path, known(deal)), ZoneInfo("America/New_York")))
    assert short == (slow if path.startswith(("deal.", "account.")) else None)


@pytest.mark.parametrize(
    "path",
    [
        "event.contact.name",
        "event.task.text",
        "event.task.owner.name",
        "event.task.due_at",
        "event.activity.outcome",
        "event.activity.by.name",
        "event.data.number",
        "contact.email",
    ],
)
def test_what_the_event_is_not_about_is_unset(path):
    nothing = Known(deal=BARE)
    assert lookup(path, nothing) is None
    if not path.startswith("contact."):
        assert render(f"{{{{ {path} or 'nothing' }}}}", text_facts(nothing, "UTC")) == "nothing"


def test_data_that_an_event_did_not_tell_is_unset_and_other_data_stays():
    told = text_facts(Known(deal=BARE, data={"number": "R-7"}), "UTC")
    assert render("{{ event.data.number }}/{{ event.data.amount or 'none' }}", told) == "R-7/none"


def test_text_facts_are_plain():
    def plain(value: object) -> bool:
        if isinstance(value, dict):
            return all(type(key) is str and plain(held) for key, held in value.items())
        if type(value) is tuple:
            return all(type(item) is str for item in value)
        # Days and amounts are texts that filters know how to take apart; no template reads an attribute of them.
        return value is None or type(value) in (str, bool, ShownTime, ShownMoney)

    assert plain(texts(FULL))
    assert plain(texts(BARE))
    for inside in ("deal.amount.local", "deal.close_date.day", "deal.created_at.clock"):
        with pytest.raises(TemplateError):
            render(f"{{{{ {inside} }}}}", texts(FULL))
