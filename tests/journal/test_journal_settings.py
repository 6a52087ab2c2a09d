"""What people set: the last one counts, every one is kept, and accounts do not see each other's."""

from __future__ import annotations

from dealwright.journal.store import Journal


def test_the_last_value_counts_and_all_are_kept(journal: Journal) -> None:
    assert journal.settings("acme") == {}
    journal.set_setting("acme", "most", "5", actor="user:ana")
    journal.set_setting("acme", "most", "7", actor="user:bo")
    journal.set_setting("acme", "tone", "soft", actor="user:bo")
    journal.set_setting("other", "most", "9", actor="user:eve")
    assert journal.settings("acme") == {"most": "7", "tone": "soft"}
    assert journal.settings("other") == {"most": "9"}
    changes = journal.setting_changes("acme", "most", 10)
    assert [(change.value, change.actor) for change in changes] == [("7", "user:bo"), ("5", "user:ana")]
    assert [change.value for change in journal.setting_changes("acme", "most", 1)] == ["7"]
