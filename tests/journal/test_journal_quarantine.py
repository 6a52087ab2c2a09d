"""Quarantine in the journal: kept once, bounded, decided about once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from journal_world import MONDAY, HandClock

from dealwright.errors import JournalError
from dealwright.journal import quarantine
from dealwright.journal.quarantine import Unread
from dealwright.journal.store import Journal
from dealwright.model.events import EventReceived
from dealwright.ports import FeedItem


def unread(number: int, **changes: Any) -> Unread:
    body = f"nonsense {number} about Zaphod".encode()
    made: dict[str, Any] = {"account": "acme", "source": "kommo", "code": "not_json", "reason": "the body is no JSON"}
    return Unread(**made | {"headers": {"content-type": "text/plain"}, "body": body} | changes)


def item(id_: str) -> FeedItem:
    event = EventReceived(source_id=id_, occurred_at=MONDAY, actor="hook:kommo", source="kommo", name="lead")
    return FeedItem(event=event, raw=b"raw")


def test_what_is_kept_comes_back_as_it_was_and_the_same_is_kept_once(journal: Journal) -> None:
    assert journal.quarantine([unread(1), unread(2), unread(1)]) == ["kept", "kept", "known"]
    assert journal.quarantine([unread(2), unread(2, account="other")]) == ["known", "kept"]
    second, first = journal.quarantined("acme")
    assert (first.code, first.reason, first.bytes, first.state) == ("not_json", "the body is no JSON", 23, "kept")
    assert second.id > first.id
    found = journal.quarantined_one("acme", first.id)
    assert found is not None
    assert found[1:] == ({"content-type": "text/plain"}, b"nonsense 1 about Zaphod")
    assert journal.quarantined_one("other", first.id) is None
    assert journal.quarantine_counts() == {("acme", "kommo"): 2, ("other", "kommo"): 1}


def test_a_source_has_its_room_and_beyond_it_nothing_is_kept(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "MOST_KEPT", 3)
    assert journal.quarantine([unread(number) for number in range(5)]) == ["kept", "kept", "kept", "full", "full"]
    assert journal.quarantine([unread(9), unread(0), unread(9, source="shop")]) == ["full", "known", "kept"]
    journal.drop_quarantined("acme", journal.quarantined("acme", source="kommo")[0].id, actor="user:ana")
    assert journal.quarantine([unread(9)]) == ["kept"]
    monkeypatch.setattr(quarantine, "MOST_KEPT", 100)
    monkeypatch.setattr(quarantine, "MOST_BYTES", 3 * 23 + 30)
    assert journal.quarantine([unread(10, body=b"x" * 31), unread(10, body=b"x" * 30)]) == ["full", "kept"]


@pytest.mark.slow
def test_two_processes_share_the_room_of_a_source(
    journal: Journal, journal_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "MOST_KEPT", 10)
    others = [Journal(journal_url, HandClock()) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda n: others[n % 2].quarantine([unread(n)])[0], range(30)))
    assert (said.count("kept"), said.count("full")) == (10, 20)
    for other in others:
        other.close()


def test_a_request_is_replayed_once_and_its_body_is_let_go(journal: Journal) -> None:
    journal.quarantine([unread(1)])
    (line,) = journal.quarantined("acme")
    journal.append("acme", "kommo", [item("a")])  # its source had sent it again since then
    assert journal.replay_quarantined("acme", line.id, [item("a"), item("b")], actor="user:ana") == 1
    assert [each.event.source_id for each in journal.unrouted("acme", 10)] == ["a", "b"]
    found = journal.quarantined_one("acme", line.id)
    assert found is not None
    assert (found[0].state, found[0].actor, found[0].events, found[2]) == ("replayed", "user:ana", 1, None)
    for again in (journal.replay_quarantined, journal.drop_quarantined):
        more = ([item("c")],) if again == journal.replay_quarantined else ()
        with pytest.raises(JournalError, match=r"was replayed already, by user:ana"):
            again("acme", line.id, *more, actor="user:bo")
    assert len(journal.unrouted("acme", 10)) == 2
    with pytest.raises(JournalError, match="quarantine ls"):
        journal.drop_quarantined("acme", 999, actor="user:bo")


def test_a_replay_that_dies_between_events_and_mark_happens_once(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.quarantine([unread(1)])
    (line,) = journal.quarantined("acme")
    with monkeypatch.context() as patched:
        patched.setattr(Journal, "_decide", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            journal.replay_quarantined("acme", line.id, [item("a")], actor="user:ana")
    assert journal.replay_quarantined("acme", line.id, [item("a")], actor="user:ana") == 0
    assert len(journal.unrouted("acme", 10)) == 1
