"""Kommo's hooks: PHP forms as they come, hostile ones, and the events that they tell."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealwright.clock import PlayedClock
from dealwright.errors import Rejected, TooMuch
from dealwright.model.events import ContactNoticed, DealNoticed, Place
from dealwright.ports import HookReader
from dealwright_kommo import KommoHooks, KommoSettings
from dealwright_kommo.hooks import DEEPEST, MOST_PAIRS, SCALAR, decode
from dealwright_kommo.settings import PipelineIds, Token

NOW = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
KEY = "dw-" + "0a" * 15
SETTINGS = KommoSettings(
    url="https://acme.kommo.com",
    token=Token(),
    user="123123",
    key_field=802,
    pipelines={"sales": PipelineIds(id=53218, stages={"incoming": 7039100, "quoted": 7039101, "won": 142})},
)
FORM = {"content-type": "application/x-www-form-urlencoded"}

STATUS = """account[subdomain]=test&account[id]=7039099&account[_links][self]=https://test.kommo.com
&leads[status][0][id]=25399013&leads[status][0][name]=Lead title&leads[status][0][status_id]=142
&leads[status][0][old_status_id]=7039101&leads[status][0][price]=0&leads[status][0][responsible_user_id]=123123
&leads[status][0][last_modified]=1413554372&leads[status][0][modified_user_id]=123123
&leads[status][0][created_user_id]=123123&leads[status][0][date_create]=1413554349&leads[status][0][pipeline_id]=53218
&leads[status][0][account_id]=7039099&leads[status][0][custom_fields][0][id]=427183
&leads[status][0][custom_fields][0][name]=Checkbox&leads[status][0][custom_fields][0][values][0]=1""".replace("\n", "")


def reader() -> KommoHooks:
    return KommoHooks(SETTINGS, PlayedClock(NOW))


def told(body: str) -> list[object]:
    return [item.event for item in reader().receive(FORM, body.encode())]


def encoded(body: str) -> str:
    """The same form with its brackets encoded, as Kommo sends it."""
    pairs = (pair.partition("=") for pair in body.split("&"))
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, _, value in pairs)


def test_it_is_a_reader_of_hooks() -> None:
    assert isinstance(reader(), HookReader)


@pytest.mark.parametrize("body", [STATUS, encoded(STATUS)])
def test_a_lead_that_moved_is_noticed_with_where_it_came_from(body: str) -> None:
    (event,) = told(body)
    assert isinstance(event, DealNoticed)
    assert (event.deal_id, event.happened, event.version) == ("25399013", "moved", 1413554372)
    assert (event.came_from, event.went_to) == (Place("sales", "quoted"), Place("sales", "won"))
    assert event.occurred_at == datetime.fromtimestamp(1413554372, UTC)
    assert (event.actor, event.ours) == ("user:123123", True)


def test_a_repeated_hook_has_the_same_id_and_another_change_of_the_same_second_has_not() -> None:
    one, again, other = told(STATUS)[0], told(encoded(STATUS))[0], told(STATUS.replace("price]=0", "price]=7"))[0]
    assert isinstance(one, DealNoticed)
    assert one.source_id == again.source_id != other.source_id  # type: ignore[attr-defined]
    moved = told(STATUS.replace("account[subdomain]=test&", "").replace("[status][0]", "[status][4]"))[0]
    assert moved.source_id == one.source_id, "its place in the form says nothing"  # type: ignore[attr-defined]


def test_a_created_lead_that_we_made_carries_our_key_and_is_created_once() -> None:
    body = (
        "leads[add][0][id]=7&leads[add][0][status_id]=7039100&leads[add][0][pipeline_id]=53218"
        "&leads[add][0][date_create]=1413554349&leads[add][0][created_user_id]=9"
        f"&leads[add][0][custom_fields][0][id]=802&leads[add][0][custom_fields][0][values][0][value]={KEY}"
    )
    (event,) = told(body)
    assert isinstance(event, DealNoticed)
    assert (event.source_id, event.cause, event.happened) == ("deal:7:created", KEY, "created")
    assert (event.went_to, event.came_from, event.ours) == (Place("sales", "incoming"), None, False)
    assert told(body + "&leads[add][0][price]=1")[0].source_id == "deal:7:created"  # type: ignore[attr-defined]
    forged = told(body.replace("[id]=802", "[id]=803"))[0]
    assert forged.cause is None  # type: ignore[attr-defined]


def test_several_entities_of_one_request_are_told_each_and_companies_are_not() -> None:
    body = (
        "leads[update][0][id]=1&leads[update][3][id]=2&leads[delete][0][id]=3&leads[note][0][note][id]=4"
        "&contacts[update][0][id]=5&contacts[update][0][type]=contact&contacts[update][1][id]=6"
        "&contacts[update][1][type]=company&contacts[add][0][id]=7&task[add][0][id]=8&unsorted[add][0][uid]=9"
    )
    assert [(type(event), event.subject, event.happened) for event in told(body)] == [  # type: ignore[attr-defined]
        (DealNoticed, "deal:1", "changed"),
        (DealNoticed, "deal:2", "changed"),
        (DealNoticed, "deal:3", "removed"),
        (ContactNoticed, "contact:5", "changed"),
    ]


def test_the_minimal_form_of_a_digital_pipeline_is_taken() -> None:
    (event,) = told(
        "leads[status][0][id]=7&leads[status][0][status_id]=5&leads[status][0][pipeline_id]=6&account[id]=1"
    )
    assert isinstance(event, DealNoticed)
    assert (event.version, event.occurred_at, event.went_to) == (None, NOW, Place("6", "5"))
    assert (event.came_from, event.actor) == (None, "user:0")


def test_the_same_move_on_another_day_is_another_move_though_the_form_says_no_time() -> None:
    body = b"leads[status][0][id]=7&leads[status][0][status_id]=5&leads[status][0][pipeline_id]=6&account[id]=1"
    deleted = b"leads[delete][0][id]=7&leads[delete][0][type]=lead&account[id]=1"

    def at(moment: datetime, told: bytes) -> str:
        (item,) = KommoHooks(SETTINGS, PlayedClock(moment)).receive(FORM, told)
        return item.event.source_id

    later = NOW.replace(day=3)
    assert at(NOW, body) == at(NOW.replace(second=30), body) != at(later, body)
    assert at(NOW, deleted) == at(later, deleted), "Kommo repeats it, and says no time either"


def test_an_entity_without_an_id_costs_its_neighbours_nothing() -> None:
    (event,) = told("leads[update][0][name]=x&leads[update][1][id]=8&leads[update][1][last_modified]=1413554372")
    assert event.subject == "deal:8"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "body",
    [
        "account[id]=1",
        "message[add][0][text]=hello",
        "task[update][0][0][id]=1",
        "unsorted[add][0][uid]=9&account[id]=1",
        "leads[note][0][note][id]=4&account[id]=1",
        "leads[mail_in][0][id]=4",
        "contacts[update][0][id]=5&contacts[update][0][type]=company",
    ],
)
def test_what_rules_have_no_event_for_is_understood_and_tells_nothing(body: str) -> None:
    assert told(body) == []


def test_forms_decode_as_php_would_and_lose_nothing() -> None:
    assert decode(b"a[b][]=1&a[b][]=2&a[b][x]=3&c=%D0%9A+%26&d=") == {
        "a": {"b": {"0": "1", "1": "2", "x": "3"}}, "c": "К &", "d": "",
    }  # fmt: skip
    assert decode(b"a[b=1&[x]=2&=3&&a]=4&x[5]=a&x[]=b") == {"a[b": "1", "a]": "4", "x": {"5": "a", "6": "b"}}
    clash = decode(b"n[0][type]=3&n[0][type][uuid]=u&m[k][v]=1&m[k]=2")
    assert clash == {"n": {"0": {"type": {SCALAR: "3", "uuid": "u"}}}, "m": {"k": {"v": "1", SCALAR: "2"}}}
    assert decode(b"name=\xff\xfe raw space") == {"name": "\ufffd\ufffd raw space"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"a" + b"[a]" * (DEEPEST + 1) + b"=1", "depth"),
        (b"&".join([b"a=1"] * (MOST_PAIRS + 1)), "pairs"),
        (b"a" * 3_000 + b"=1", "name"),
        (b"x" * 5_000_001, "body"),
        (b"&".join(b"leads[update][%d][id]=%d" % (n, n + 1) for n in range(1_001)), "entities"),
    ],
)
def test_what_is_more_than_is_read_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(TooMuch) as refused:
        reader().receive(FORM, body)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({"content-type": "application/json"}, b"{}", "media_type"),
        (FORM, b"hello=world", "not_kommo"),
        (FORM, b"", "not_kommo"),
        (FORM, b"leads[update][0][id]=secret-name", "id"),
        (FORM, b"leads[update][0][name]=x", "id"),
        (FORM, b"leads[update][0][id]=" + b"9" * 40, "id"),
        (FORM, b"leads[update][id]=5&account[id]=1", "id"),
        (FORM, b"leads[frobnicate][0][id]=5&account[id]=1", "unknown"),
        (FORM, b"robots[add][0][id]=5&account[id]=1", "unknown"),
        (FORM, b"leads=5&account[id]=1", "unknown"),
    ],
)
def test_what_is_no_hook_of_kommo_is_refused_without_its_content(
    headers: dict[str, str], body: bytes, code: str
) -> None:
    with pytest.raises(Rejected) as refused:
        reader().receive(headers, body)
    assert refused.value.code == code
    assert "secret-name" not in str(refused.value)


_NAME = st.text("ab[]0129", max_size=12)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["leads", "contacts", "account", "x"]), _NAME, st.text(max_size=5))))
def test_whatever_comes_is_told_or_refused_and_nothing_else(pairs: list[tuple[str, str, str]]) -> None:
    body = "&".join(f"{root}{name}={quote_plus(value)}" for root, name, value in pairs)
    try:
        told(body)
    except Rejected as refused:
        assert refused.code
