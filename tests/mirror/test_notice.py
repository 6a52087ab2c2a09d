"""What hooks tell that only say that something changed: the difference to what is known, each change once."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace
from notice_world import MONDAY, at, deal, hook

from dealwright.mirror.notice import Told, tell
from dealwright.model.crm import Contact, Deal, User
from dealwright.model.events import (
    ContactAdded,
    ContactNoticed,
    ContactRemoved,
    ContactUpdated,
    DealCreated,
    DealNoticed,
    DealUpdated,
    Event,
    Happened,
    StageChanged,
    created_id,
)
from dealwright.ports import ContactRead

LEE = Contact(id="c1", name="Sam Lee", phone="+12025550123")
KIM = Contact(id="c2", name="Jo Kim")


def told(*hooks: Event, now: Deal | None, was: Deal | None = None, created: bool = False) -> Told:
    return tell(
        list(enumerate(hooks, start=1)),
        deals={} if now is None else {now.id: now},
        contacts={},
        known_deals={} if was is None else {was.id: was},
        known_contacts={},
        created={"7"} if created else (),
    )


def story(found: Told) -> list[str]:
    """What rules see, in the order of the journal: the rows, then what is appended."""
    return [_line(event) for event in (*found.rows.values(), *(event for _, event in found.appended))]


def _line(event: Event) -> str:
    match event:
        case DealNoticed() | ContactNoticed():
            return event.found
        case StageChanged():
            assert event.before is not None
            return f"{event.before.stage} -> {event.after.stage}"
        case DealUpdated():
            return f"{event.after.stage}: {' '.join(event.changed)}"
        case DealCreated():
            return f"created in {event.after.stage}"
        case ContactAdded() | ContactRemoved():
            return f"{event.kind} {event.contact.id}"
    return event.kind


def test_a_created_deal_is_told_once_where_it_was_created_though_it_has_moved_since() -> None:
    young = {"created_at": MONDAY}
    found = told(
        hook("created", 0, go="incoming"), hook("moved", 5, "incoming", "quoted"), now=deal("quoted", 5, **young)
    )
    assert story(found) == ["created in incoming", "incoming -> quoted"]
    assert found.rows[1].source_id == created_id("7")
    assert found.rows[1].after.stage_since == MONDAY  # type: ignore[union-attr]
    assert found.deals["7"].stage_since == at(5)


def test_a_young_deal_is_created_whichever_hook_comes_first_and_the_other_one_is_not_told_again() -> None:
    now = deal("quoted", 5, created_at=MONDAY)
    first = told(hook("moved", 5, "incoming", "quoted"), now=now)
    assert story(first) == ["created in incoming", "incoming -> quoted"]
    assert first.rows[1].source_id == created_id("7"), "the hook that comes later is known by its id"
    assert story(told(hook("moved", 5, "incoming", "quoted"), now=now, created=True)) == ["incoming -> quoted"]


def test_two_moves_in_quick_succession_are_two_events_with_the_stage_of_each() -> None:
    found = told(
        hook("moved", 1, "a", "b"), hook("moved", 2, "b", "c"), was=deal("a", 0), now=deal("c", 2, title="New title")
    )
    assert story(found) == ["a -> b", "b -> c", "c: title"]
    assert [event.after.title for event in found.rows.values()] == ["New title"] * 2  # type: ignore[union-attr]
    assert (found.deals["7"].stage, found.deals["7"].version) == ("c", 2)
    assert found.deals["7"].stage_since == at(2)


def test_a_hook_that_comes_late_or_twice_tells_nothing() -> None:
    known = deal("c", 2)
    for late in (
        hook("moved", 1, "a", "b"),
        hook("moved", 2, "b", "c"),
        hook("changed", 2),
        hook("moved", 1, "b", "c"),
    ):
        assert story(told(late, was=known, now=known)) == ["nothing"], late
    back = deal("a", 5)
    assert story(told(hook("moved", 1, "a", "b"), was=back, now=back)) == ["nothing"], "it has been there and back"


def test_hooks_that_change_places_tell_each_move_once() -> None:
    first = told(hook("moved", 2, "b", "c"), was=deal("a", 0), now=deal("c", 2))
    assert story(first) == ["a -> b", "b -> c"]
    assert story(told(hook("moved", 1, "a", "b"), was=first.deals["7"], now=deal("c", 2))) == ["nothing"]
    at_one_second = told(hook("moved", 2, "a", "b"), was=first.deals["7"], now=deal("c", 2))
    assert story(at_one_second) == ["nothing"], "versions are seconds: at the same one it is not told twice either"


def test_hooks_that_change_places_and_are_read_together_tell_each_move_once() -> None:
    for seconds in (1, 2):
        found = told(
            hook("moved", 2, "b", "c"),
            hook("moved", seconds, "a", "b"),
            hook("moved", 3, "c", "d"),
            was=deal("a", 0),
            now=deal("d", 3),
        )
        assert [line for line in story(found) if "->" in line] == ["a -> b", "b -> c", "c -> d"]
        assert found.deals["7"].stage == "d"


def test_what_is_told_of_one_deal_stays_in_order_though_a_hook_tells_more_than_its_row_can_hold() -> None:
    found = told(
        hook("moved", 2, "b", "c"), hook("moved", 3, "c", "d"), hook("changed", 4), was=deal("a", 0), now=deal("d", 4)
    )
    assert story(found) == ["a -> b", "told", "nothing", "b -> c", "c -> d"]
    assert [event.source_id for _, event in found.appended] == ["moved-2-b-c/2", "moved-3-c-d/1"]
    young = deal("c", 5, created_at=MONDAY)
    found = told(hook("moved", 1, "a", "b"), hook("moved", 5, "b", "c"), now=young)
    assert story(found) == ["created in a", "told", "a -> b", "b -> c"]


def test_a_second_move_within_the_same_second_is_told() -> None:
    found = told(hook("moved", 2, "b", "c"), was=deal("b", 2), now=deal("c", 2))
    assert story(found) == ["b -> c"]


def test_a_move_that_no_hook_told_is_told_by_the_last_one_and_not_again_by_its_own() -> None:
    first = told(hook("changed", 1), was=deal("a", 0), now=deal("b", 2, title="Other"))
    assert story(first) == ["a: title", "a -> b"]
    assert [id_ for id_, _ in first.appended] == [1]
    assert first.appended[0][1].source_id == "changed-1--/2"
    assert story(told(hook("moved", 2, "a", "b"), was=first.deals["7"], now=deal("b", 2, title="Other"))) == ["nothing"]


def test_several_changes_become_several_events_and_the_first_hook_that_changes_fields_tells_them() -> None:
    ana, ben = User(id="1", name="Ana"), User(id="2", name="Ben")
    was = deal("a", 0, owner=ana, contacts=(LEE,), tags=("x", "y"))
    now = deal("b", 3, owner=ben, contacts=(KIM,), tags=("y", "x"))
    found = told(hook("moved", 2, "a", "b"), hook("changed", 3), was=was, now=now)
    assert story(found) == ["a -> b", "b: owner", "contact_added c2", "contact_removed c1"]
    updated = found.rows[2]
    assert isinstance(updated, DealUpdated)
    assert updated.before is not None
    assert (updated.before.owner, updated.after.owner) == (ana, ben)


def test_a_deal_that_was_never_seen_and_is_old_has_changed_and_nobody_says_how() -> None:
    found = told(hook("changed", 1), was=None, now=deal("a", 1))
    assert story(found) == ["a: "]
    moved = told(hook("moved", 1, "a", "b"), was=None, now=deal("b", 1))
    assert story(moved) == ["a -> b"]


def test_a_deal_that_is_gone_is_recorded_as_such() -> None:
    found = told(hook("removed", 1), hook("moved", 1, "a", "b"), was=deal("a", 0), now=None)
    assert story(found) == ["gone", "gone"]
    assert not found.deals


def test_what_was_read_before_something_that_is_known_tells_nothing_old() -> None:
    found = told(hook("changed", 4), was=deal("b", 5, title="New"), now=deal("a", 3, title="Old"))
    assert story(found) == ["nothing"]
    assert found.deals["7"].title == "New"


def _contact(known: ContactRead | None, now: ContactRead | None, happened: Happened = "changed") -> Event:
    noticed = ContactNoticed(source_id="1", occurred_at=MONDAY, actor="user:ana", happened=happened, contact_id="c1")
    reading: Mapping[str, ContactRead] = {} if now is None else {"c1": now}
    known_contacts = {} if known is None else {"c1": known}
    return tell(
        [(1, noticed)], deals={}, contacts=reading, known_deals={}, known_contacts=known_contacts, created=()
    ).rows[1]


def test_a_contact_that_changed_is_told_with_what_changed_and_its_open_deals() -> None:
    known = ContactRead(contact=LEE, version=1)
    other = replace(LEE, phone="+12025550199")
    event = _contact(known, ContactRead(contact=other, version=2, deals=(deal("a", 0),), more=3))
    assert isinstance(event, ContactUpdated)
    assert (event.changed, event.previous, event.more) == (("phone",), LEE, 3)
    assert [each.id for each in event.deals] == ["7"]
    assert _line(_contact(known, ContactRead(contact=LEE, version=2))) == "nothing"
    assert _line(_contact(known, ContactRead(contact=other, version=0))) == "nothing"
    assert _line(_contact(known, None, "removed")) == "gone"
    assert _line(_contact(None, known)) == "contact_updated"
