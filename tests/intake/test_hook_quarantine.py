"""What is authentic and not understood: kept and acknowledged. What is not authentic: neither, whatever it says."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from hook_world import BODY, HandClock, Hooks, MemoryJournal, signed

from dealwright.journal import quarantine
from dealwright.journal.store import Journal

OTHER = b"another secret altogether"


def run(play: Any, journal: Any, clock: HandClock | None = None) -> Any:
    async def playing() -> Any:
        async with Hooks(journal, clock or HandClock()) as hooks:
            return await play(hooks)

    return asyncio.run(playing())


def test_it_is_kept_whole_and_acknowledged_on_each_database(journal_url: str) -> None:
    journal = Journal(journal_url, HandClock())

    async def play(hooks: Hooks) -> None:
        first = await hooks.post({**BODY, "refrence": "INV-12"}, user_agent="Mozilla")
        assert first.status_code == 202
        said = first.json()
        assert (said["quarantined"], said["accepted"], said["error"]) == (1, 0, "unknown_name")
        assert "INV-12" not in first.text
        again = await hooks.post({**BODY, "refrence": "INV-12"})
        assert (again.status_code, again.json()["quarantined"], again.json()["duplicates"]) == (202, 0, 1)
        media = await hooks.post(b"a=1", content_type="text/plain", content_encoding="gzip")
        assert (media.status_code, media.json()["error"]) == (202, "media_type")
        assert hooks.app.counts.by_outcome == {("acme/billing", "quarantined"): 2, ("acme/billing", "duplicate"): 1}

    run(play, journal)
    media, first = journal.quarantined("acme")
    assert (first.source, first.code, first.state) == ("billing", "unknown_name", "kept")
    kept = journal.quarantined_one("acme", first.id)
    assert kept is not None
    headers, raw = signed({**BODY, "refrence": "INV-12"})
    assert kept[1:] == ({"content-type": headers["content-type"]}, raw)
    kept = journal.quarantined_one("acme", media.id)
    assert kept is not None
    assert kept[1:] == ({"content-type": "text/plain", "content-encoding": "gzip"}, b"a=1")
    assert journal.unrouted("acme", 10) == []
    journal.close()


def test_what_is_not_authentic_is_counted_and_never_stored() -> None:
    journal = MemoryJournal()

    async def play(hooks: Hooks) -> None:
        for body in (b"nonsense", {**BODY, "refrence": "INV-12"}, b""):
            assert (await hooks.post(body, secret=OTHER)).status_code == 401
        assert hooks.app.counts.by_outcome == {("acme/billing", "unauthorized"): 3}

    run(play, journal)
    assert not journal.unread and not journal.seen


def test_beyond_its_room_nothing_is_acknowledged_and_what_is_understood_still_is(
    journal_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "MOST_KEPT", 2)
    journal = Journal(journal_url, HandClock())

    async def play(hooks: Hooks) -> None:
        said = [await hooks.post(f"nonsense {number}".encode()) for number in range(3)]
        assert [each.status_code for each in said] == [202, 202, 503]
        assert (said[2].json()["error"], said[2].headers["retry-after"]) == ("quarantine_full", "300")
        assert (await hooks.post()).status_code == 200

    run(play, journal)
    assert len(journal.quarantined("acme")) == 2
    journal.close()


def test_a_journal_that_is_away_keeps_nothing_and_acknowledges_nothing() -> None:
    journal = MemoryJournal()
    journal.broken = OSError()

    async def play(hooks: Hooks) -> Any:
        return await hooks.post(b"nonsense")

    assert run(play, journal).status_code == 503


def test_the_log_says_why_and_nothing_of_the_body(caplog: pytest.LogCaptureFixture) -> None:
    async def play(hooks: Hooks) -> None:
        for number in range(20):
            await hooks.post({**BODY, "refrence": "Zaphod", "id": str(number)})

    with caplog.at_level(logging.DEBUG, logger="dealwright"):
        run(play, MemoryJournal())
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("hooks/acme/billing quarantined: 1 of the body's names is not known")
    assert "Zaphod" not in line
