"""Who is one person: whoever shares a phone, in any format, or an e-mail address, directly or through others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_world import ACME, MONDAY, HandClock, claim, created, deal, gate, once, one, plan, receive, results, route
from sqlalchemy import Engine, create_engine, text

from dealwright.journal.payload import unpack
from dealwright.journal.store import Journal
from dealwright.mirror.identity import identify, keys_of, persons
from dealwright.mirror.tables import metadata
from dealwright.model.crm import Contact
from dealwright.model.events import ContactUpdated
from dealwright.model.normal import normal_email, normal_phone
from dealwright.ports import FeedItem

SECRET = b"of this journal"


@pytest.mark.parametrize(
    "written",
    ["+1 212 555 0123", "(212) 555-0123", "212.555.0123", "1-212-555-0123", "+12125550123", " 2125550123 "],
)
def test_one_phone_in_any_format_is_one_key(written: str) -> None:
    assert normal_phone(written, "US") == "+12125550123"


@pytest.mark.parametrize(
    ("written", "country", "number"),
    [
        ("030 901820", "DE", "+4930901820"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("8 (495) 123-45-67", "RU", "+74951234567"),
        ("00 49 30 901820", "FR", "+4930901820"),
        ("+49 (0)30 901820", "US", "+4930901820"),
        ("06 6982", "IT", "+39066982"),
    ],
)
def test_a_phone_is_read_as_it_is_dialled_in_the_accounts_country(written: str, country: str, number: str) -> None:
    assert normal_phone(written, country) == number


@pytest.mark.parametrize("written", ["", "call me", "12", "+1", "n/a", "0" * 40, "\x00", "+999 123"])
def test_what_cannot_be_a_number_is_nobodys_key(written: str) -> None:
    assert normal_phone(written, "US") is None


def test_an_address_is_one_key_in_any_case_and_with_spaces_around_it() -> None:
    assert normal_email(" Joe@Example.COM ") == normal_email("joe@example.com") == "joe@example.com"
    assert normal_email("STRASSE@x.de") == normal_email("straße@x.de")
    for nothing in ("", "joe", "@x.com", "joe@", "a@b@c"):
        assert normal_email(nothing) is None


def test_a_contact_without_phone_and_address_is_a_person_alone() -> None:
    assert keys_of(Contact(id="a", name="Joe"), country="US", secret=SECRET) == ()
    assert keys_of(Contact(id="a", phone="n/a", email="none"), country="US", secret=SECRET) == ()


def test_keys_are_of_one_secret_and_tell_nothing() -> None:
    joe = Contact(id="a", phone="212 555 0123", email="joe@example.com")
    mine, theirs = (keys_of(joe, country="US", secret=secret) for secret in (b"mine", b"theirs"))
    assert set(mine).isdisjoint(theirs)
    assert not any("555" in key and "joe" in key for key in mine)


# --- against a naive model --------------------------------------------------------------------------------------------

PHONES = {"A": ("212 555 0101", "+1 (212) 555-0101"), "B": ("212 555 0102", "12125550102"), "C": ("212 555 0103",)}
EMAILS = {"X": ("x@example.com", "X@Example.com "), "Y": ("y@example.com",), "Z": ("z@example.com", "Z@EXAMPLE.COM")}
sightings = st.builds(
    Contact,
    id=st.sampled_from("abcdefg"),
    phone=st.none() | st.sampled_from([text for spellings in PHONES.values() for text in spellings]),
    email=st.none() | st.sampled_from([text for spellings in EMAILS.values() for text in spellings]),
)


def one_by_one(seen: Sequence[Contact]) -> set[frozenset[str]]:
    """Join whoever shares a phone or an address, over and over, until nobody does: the naive union-find."""
    means = {spelling: name for names in (PHONES, EMAILS) for name, all_ in names.items() for spelling in all_}
    keys: dict[str, set[str]] = {}
    for contact in seen:
        keys.setdefault(contact.id, set()).update(means[text] for text in (contact.phone, contact.email) if text)
    groups = [({id_}, own) for id_, own in keys.items()]
    while pair := next((pair for pair in combinations(groups, 2) if pair[0][1] & pair[1][1]), None):
        left, right = pair
        groups = [group for group in groups if group not in pair] + [(left[0] | right[0], left[1] | right[1])]
    return {frozenset(ids) for ids, _ in groups}


@pytest.fixture(scope="module")
def mirror() -> Iterator[Engine]:
    """The mirror's tables in memory."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@given(st.lists(st.lists(sightings, max_size=5), max_size=5))
def test_persons_are_those_of_a_naive_union_find(mirror: Engine, batches: list[list[Contact]]) -> None:
    """However the sightings are cut into batches, and whatever a contact's phone was before."""
    seen: list[Contact] = []
    with mirror.connect() as connection, connection.begin() as transaction:
        of: dict[str, str] = {}
        for batch in batches:
            seen += batch
            merges = identify(connection, "acme", batch, country="US", secret=SECRET)
            now = persons(connection, "acme", [contact.id for contact in seen])
            for merge in merges:
                assert merge.loser not in now.values()
                assert merge.winner in now.values()
            gone = {merge.loser: merge.winner for merge in merges}
            assert all(now[contact] == gone.get(person, person) for contact, person in of.items())
            of = now
        found: dict[str, set[str]] = {}
        for contact, person in of.items():
            found.setdefault(person, set()).add(contact)
        assert {frozenset(ids) for ids in found.values()} == one_by_one(seen)
        transaction.rollback()


# --- in the journal ---------------------------------------------------------------------------------------------------


def meet(journal: Journal, n: int, *contacts: Contact) -> None:
    """Let a deal with these contacts come into being."""
    receive(journal, created(f"e{n}", deal(f"d{n}", contacts=contacts)))
    assert route(journal, ACME)


def test_persons_are_joined_through_others_over_time(journal: Journal) -> None:
    meet(journal, 1, Contact(id="a", phone="212 555 0101"))
    meet(journal, 2, Contact(id="b", email="b@example.com"))
    meet(journal, 3, Contact(id="c", phone="(212) 555-0199"))
    assert len(set(journal.persons("acme", ["a", "b", "c"]).values())) == 3
    meet(journal, 4, Contact(id="d", phone="+1 212 555 0101", email="B@example.com"))
    of = journal.persons("acme", ["a", "b", "c", "d"])
    assert of["a"] == of["b"] == of["d"] != of["c"]


def test_each_phone_that_a_contact_had_counts_also_when_it_changed_within_one_batch(journal: Journal) -> None:
    receive(
        journal,
        created("1", deal("x", contacts=[Contact(id="a", phone="212 555 0101")])),
        created("2", deal("x", 2, contacts=[Contact(id="a", phone="212 555 0102")])),
        created("3", deal("y", contacts=[Contact(id="b", phone="212 555 0101")])),
    )
    route(journal)
    of = journal.persons("acme", ["a", "b"])
    assert of["a"] == of["b"]


def test_persons_of_one_account_are_no_matter_of_another(journal: Journal) -> None:
    meet(journal, 1, Contact(id="a", phone="212 555 0101"))
    assert journal.persons("other", ["a"]) == {}
    assert journal.persons("acme", []) == {}


def test_when_persons_merge_their_reservations_join_and_the_later_use_wins(journal: Journal, clock: HandClock) -> None:
    meet(journal, 1, Contact(id="a", phone="212 555 0101"))
    meet(journal, 2, Contact(id="b", email="b@example.com"))
    meet(journal, 3)
    meet(journal, 4)
    first, second, third, fourth = claim(journal)
    effects = plan(journal, [first, second, third, fourth])
    of = journal.persons("acme", ["a", "b"])
    early = [once(f"person:{of['a']}"), once(f"person:{of['a']}", rule="other")]
    assert results(gate(journal, [effects[0], effects[2]], early)) == ["sending", "sending"]
    clock.business = MONDAY.replace(hour=15)
    later = [once(f"person:{of['b']}"), once(f"person:{of['b']}", mode="shadow")]
    assert results(gate(journal, [effects[1], effects[3]], later)) == ["sending", "sending"]
    meet(journal, 5, Contact(id="c", phone="212 555 0101", email="b@example.com"))
    (person,) = set(journal.persons("acme", ["a", "b", "c"]).values())
    rows = journal.database.rows(text("select mode, rule, scope, holder from reservations order by mode, rule"))
    assert [tuple(row.values()) for row in rows] == [
        ("live", "again:greet", f"person:{person}", second.id),
        ("live", "other", f"person:{person}", third.id),
        ("shadow", "again:greet", f"person:{person}", fourth.id),
    ]
    fifth = plan(journal, claim(journal))
    assert results(gate(journal, fifth, once(f"person:{person}"))) == ["lost"]


def test_no_phone_and_no_address_can_be_read_in_the_tables_of_persons(journal: Journal, tmp_path: Path) -> None:
    """Nor in names of lanes, scopes or keys; whole bodies are sealed by the payload codec."""
    meet(journal, 1, Contact(id="a", name="Joe Miller", phone="(212) 555-0101", email="Joe@Example.com"))
    gate(journal, plan(journal, claim(journal)), once(f"person:{journal.persons('acme', ['a'])['a']}"))
    sealed = {("events", "raw"), ("events", "body"), ("mirror_deals", "body"), ("turns", "facts")}
    for table in metadata.sorted_tables:
        columns = [column.name for column in table.columns if (table.name, column.name) not in sealed]
        for row in journal.database.rows(text(f"select {', '.join(columns)} from {table.name}")):
            for value in row.values():
                seen = (bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()).lower()
                assert not any(part in seen for part in (b"555-0101", b"2125550101", b"example.com", b"miller"))
    assert one(journal, "select count(*) from person_keys") == 2
    assert unpack(one(journal, "select body from events"))


def test_contacts_that_were_merged_in_the_crm_are_one_person_whatever_they_share(journal: Journal) -> None:
    """Their reservations join, and gates that read persons before must ask again."""
    kept, absorbed = Contact(id="k", name="Joe", phone="+1 212 555 0123"), Contact(id="a", email="joe@example.com")
    receive(journal, created("1", deal("1", contacts=[kept])), created("2", deal("2", contacts=[absorbed])))
    route(journal)
    effects = plan(journal, claim(journal))
    assert results(gate(journal, effects[1:], once("person:a"))) == ["sending"]
    epoch = journal.controls("acme").epoch
    merged = ContactUpdated(
        source_id="3", occurred_at=MONDAY, actor="user:ana", contact=kept, absorbed=(absorbed,), deals=()
    )
    journal.append("acme", "crm", [FeedItem(event=merged, raw=b"{}")])
    journal.route(ACME, "release", journal.unrouted("acme", 10), [])
    assert journal.persons("acme", ["k", "a"]) == {"k": "a", "a": "a"}
    assert journal.controls("acme").epoch == epoch + 1
    assert results(gate(journal, effects[:1], once("person:a"))) == ["lost"]


def test_an_updated_contact_is_identified_by_what_it_has_now(journal: Journal) -> None:
    one_, other = Contact(id="a", phone="+1 212 555 0123"), Contact(id="b")
    receive(journal, created("1", deal("1", contacts=[one_])), created("2", deal("2", contacts=[other])))
    route(journal)
    now = Contact(id="b", phone="(212) 555-0123")
    event = ContactUpdated(source_id="3", occurred_at=MONDAY, actor="user:ana", contact=now, previous=other, deals=())
    journal.append("acme", "crm", [FeedItem(event=event, raw=b"{}")])
    journal.route(ACME, "release", journal.unrouted("acme", 10), [])
    assert journal.persons("acme", ["a", "b"]) == {"a": "a", "b": "a"}
