"""Who made a change: a write of ours, or somebody else, whoever's hook was the first that let it be read."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from notice_world import MONDAY, deal, hook

from dealwright.mirror.echo import OwnWrite
from dealwright.mirror.notice import tell
from dealwright.model.crm import Contact, Deal, Money, User
from dealwright.model.events import (
    ContactAdded,
    ContactNoticed,
    ContactUpdated,
    DealNoticed,
    DealUpdated,
    Event,
    StageChanged,
)
from dealwright.model.requests import (
    ChangeTags,
    ContactChanges,
    CreateContact,
    DealChanges,
    MoveBack,
    MoveDeal,
    Request,
    UpdateContact,
    UpdateDeal,
)
from dealwright.ports import ContactRead

ANA, BEN = User(id="1", name="Ana", email="ana@acme.example"), User(id="2", name="Ben")
TAG = ChangeTags(deal_id="7", add=("hot",), remove=("cold",))


def write(request: Request, key: str = "k1", told: bool = False) -> OwnWrite:
    return OwnWrite(key=key, actor=f"automation:acme.{key}", request=request, told=told)


def update(key: str = "k1", told: bool = False, **changes: object) -> OwnWrite:
    return write(UpdateDeal(deal_id="7", changes=DealChanges(**changes)), key, told)  # type: ignore[arg-type]


def told(*hooks: DealNoticed, now: Deal, was: Deal, writes: tuple[OwnWrite, ...]) -> list[Event]:
    found = tell(
        list(enumerate(hooks, start=1)),
        deals={"7": now},
        contacts={},
        known_deals={"7": was},
        known_contacts={},
        created=(),
        writes={"7": writes},
    )
    events = (*found.rows.values(), *(event for _, event in found.appended))
    return [event for event in events if not isinstance(event, DealNoticed)]


def makers(events: list[Event]) -> list[tuple[tuple[str, ...], str | None]]:
    """What each event says has changed, and the write that it came from."""
    found = []
    for event in events:
        changed = event.changed if isinstance(event, DealUpdated) else (event.kind,)
        found.append((changed, event.cause))
        assert event.actor == (f"automation:acme.{event.cause}" if event.cause else "user:ana")
    return found


def test_what_a_write_wrote_is_another_event_than_what_the_person_did_whose_hook_is_told() -> None:
    was = deal("a", 0, tags=("cold",))
    now = deal("a", 1, title="Fifty chairs", tags=("hot",))
    for ours in (False, True):
        person, own = told(hook("changed", 1, ours=ours), was=was, now=now, writes=(write(TAG),))
        assert makers([person, own]) == [(("title",), None), (("tags",), "k1")]
        assert isinstance(person, DealUpdated)
        assert isinstance(own, DealUpdated)
        assert person.before == replace(now, title=was.title)
        assert own.before == replace(now, tags=was.tags)
        assert own.source_id == f"{person.source_id}/2"


def test_fields_that_two_of_our_writes_wrote_are_told_of_each() -> None:
    writes = (
        update("k1", title="B", amount=Money(amount=Decimal("5"), currency="USD")),
        update("k2", amount=Money(amount=Decimal("6"), currency="USD")),
    )
    now = deal("a", 1, title="B", amount=Money(amount=Decimal("6"), currency="USD"))
    events = told(hook("changed", 1), was=deal("a", 0), now=now, writes=writes)
    assert makers(events) == [(("title",), "k1"), (("amount",), "k2")]


@pytest.mark.parametrize(
    ("wrote", "now", "other"),
    [
        (update(title="B"), {"title": "B"}, {"title": "C"}),
        (update(owner="ana"), {"owner": ANA}, {"owner": BEN}),
        (update(owner="Ana@acme.example"), {"owner": ANA}, {"owner": BEN}),
        (update(owner="1"), {"owner": ANA}, {"owner": BEN}),
        (update(owner=None), {"owner": None}, {"owner": ANA}),
        (
            update(amount=Money(amount=Decimal("5"), currency="USD")),
            {"amount": Money(amount=Decimal("5"), currency="USD")},
            {"amount": Money(amount=Decimal("5"), currency="EUR")},
        ),
        (update(close_date=date(2026, 3, 9)), {"close_date": date(2026, 3, 9)}, {"close_date": None}),
        (update(tags=("x", "y")), {"tags": ("y", "x")}, {"tags": ("x",)}),
        (update(reference=None), {"reference": None}, {"reference": "9"}),
        (write(TAG), {"tags": ("hot", "new")}, {"tags": ("hot", "cold")}),
    ],
)
def test_of_another_users_hook_a_write_explains_what_stands_as_it_wrote_it(
    wrote: OwnWrite, now: dict[str, object], other: dict[str, object]
) -> None:
    before = {name: {"owner": BEN, "tags": ("z",), "reference": "8"}.get(name) for name in now}
    was = deal("a", 0, **{name: value for name, value in before.items() if value is not None})
    for values, cause in ((now, "k1"), (other, None)):
        read = deal("a", 1, **values)
        assert [event.cause for event in told(hook("changed", 1), was=was, now=read, writes=(wrote,))] in ([cause], [])
        if read != replace(was, updated_at=read.updated_at, version=1):
            (event,) = told(hook("changed", 1, ours=True), was=was, now=read, writes=(wrote,))
            assert event.cause == "k1", "under our user the CRM may have put it into another form"


def test_who_does_again_what_a_write_of_ours_did_is_somebody_else() -> None:
    was, now = deal("a", 0), deal("a", 1, tags=("hot",))
    for ours in (False, True):
        events = told(hook("changed", 1, ours=ours), was=was, now=now, writes=(write(TAG, told=True),))
        assert makers(events) == [(("tags",), None)]


def test_a_move_is_ours_if_a_write_names_its_stage_and_not_where_a_persons_hook_names_it_too() -> None:
    move = write(MoveDeal(deal_id="7", pipeline="sales", stage="b"))
    was, now = deal("a", 0, title="A"), deal("b", 2, title="B")
    assert makers(told(hook("changed", 1), was=was, now=now, writes=(move,))) == [
        (("title",), None),
        (("stage_changed",), "k1"),
    ]
    read = replace(now, title="A")
    assert makers(told(hook("moved", 2, "a", "b"), was=was, now=read, writes=(move,))) == [(("stage_changed",), None)]
    ours = hook("moved", 2, "a", "b", ours=True)
    assert makers(told(ours, was=was, now=read, writes=(move,))) == [(("stage_changed",), "k1")]
    elsewhere = write(MoveDeal(deal_id="7", pipeline="sales", stage="c"))
    assert makers(told(ours, was=was, now=read, writes=(elsewhere,))) == [(("stage_changed",), None)]
    back = MoveBack(deal_id="7", leaves_pipeline="sales", leaves_stage="a", pipeline="sales", stage="b")
    assert makers(told(ours, was=was, now=read, writes=(write(back),))) == [(("stage_changed",), "k1")]


def test_a_person_moves_on_from_where_ours_moved_it_and_each_move_has_its_maker() -> None:
    move = write(MoveDeal(deal_id="7", pipeline="sales", stage="b"))
    events = told(hook("moved", 3, "b", "c"), was=deal("a", 0), now=deal("c", 3), writes=(move,))
    assert [(event.after.stage, event.cause) for event in events if isinstance(event, StageChanged)] == [
        ("b", "k1"),
        ("c", None),
    ]


def test_contacts_are_ours_if_the_hook_names_our_user() -> None:
    lee, kim = Contact(id="c1", name="Lee"), Contact(id="c2", name="Kim")
    made = write(CreateContact(deal_id="7", name="Kim"))
    for ours in (True, False):
        row = hook("changed", 1, ours=ours)
        (added,) = told(row, was=deal("a", 0), now=deal("a", 1, contacts=(kim,)), writes=(made,))
        assert isinstance(added, ContactAdded)
        assert added.cause == ("k1" if ours else None)
        changes = ContactChanges(phone="+12025550199")
        wrote = write(UpdateContact(deal_id="7", contact_id="c1", changes=changes))
        other = write(UpdateContact(deal_id="7", contact_id="c2", changes=changes), "k2")
        noticed = ContactNoticed(
            source_id="n", occurred_at=MONDAY, actor="user:ana", happened="changed", contact_id="c1", ours=ours
        )
        read = ContactRead(contact=replace(lee, phone="+12025550199"), version=2, deals=(deal("a", 0),))
        updated = tell(
            [(1, noticed)],
            deals={},
            contacts={"c1": read},
            known_deals={},
            known_contacts={"c1": ContactRead(contact=lee, version=1)},
            created=(),
            writes={"7": (wrote, other)},
        ).rows[1]
        assert isinstance(updated, ContactUpdated)
        assert updated.cause == ("k1" if ours else None)


_FIELDS = {
    "title": st.sampled_from(["A", "B"]),
    "amount": st.sampled_from(
        [None, Money(amount=Decimal("5"), currency="USD"), Money(amount=Decimal("6"), currency="USD")]
    ),
    "tags": st.sampled_from([(), ("hot",), ("cold",), ("hot", "cold")]),
    "reference": st.sampled_from([None, "8"]),
}
_deals = st.fixed_dictionaries(_FIELDS)
_writes = st.lists(
    st.one_of(
        st.just(TAG),
        st.fixed_dictionaries({}, optional=_FIELDS).map(
            lambda changes: UpdateDeal(deal_id="7", changes=DealChanges(**changes))  # type: ignore[arg-type]
        ),
        st.sampled_from("abc").map(lambda stage: MoveDeal(deal_id="7", pipeline="sales", stage=stage)),
    ),
    max_size=4,
)


@given(_deals, _deals, st.sampled_from("ab"), _writes, st.lists(st.booleans(), min_size=1, max_size=3))
def test_whoever_made_it_each_change_is_told_exactly_once(
    was: dict[str, object], now: dict[str, object], stage: str, requests: list[Request], hooks: list[bool]
) -> None:
    writes = tuple(write(request, f"k{n}") for n, request in enumerate(requests))
    one, other = deal("a", 0, **was), deal(stage, 9, **now)
    rows = [replace(hook("changed", n + 1, ours=ours), source_id=f"h{n}") for n, ours in enumerate(hooks)]
    events = told(*rows, was=one, now=other, writes=writes)
    changed = [name for event in events if isinstance(event, DealUpdated) for name in event.changed]
    expected = [name for name in _FIELDS if set_of(was[name]) != set_of(now[name])]
    assert sorted(changed) == sorted(expected)
    assert sum(isinstance(event, StageChanged) for event in events) == (stage != "a")
    assert len({event.source_id for event in events}) == len(events)
    causes = [event.cause for event in events if event.cause]
    assert len(causes) == len(set(causes)), "a write makes one event"
    again = told(replace(hook("changed", 9), source_id="h9"), was=other, now=other, writes=writes)
    assert not again


def set_of(value: object) -> object:
    return frozenset(value) if isinstance(value, tuple) else value


def test_a_deal_that_is_read_late_keeps_when_it_was_told() -> None:
    move = write(MoveDeal(deal_id="7", pipeline="sales", stage="b"))
    (event,) = told(hook("changed", 5), was=deal("a", 0), now=deal("b", 5), writes=(move,))
    assert isinstance(event, StageChanged)
    assert event.after.stage_since == MONDAY + timedelta(seconds=5)
