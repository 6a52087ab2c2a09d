"""What people set: the last one counts, every one is kept, and accounts do not see each other's."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dealwright.compile import ir
from dealwright.errors import InputError
from dealwright.journal.store import Journal

MOST = ir.Setting(key="most", kind="whole", default=ir.NumberValue(value=Decimal(3)), least=Decimal(0), most=Decimal(9))
TONE = ir.Setting(key="tone", kind="text", default=ir.TextValue(value="firm"), options=("firm", "soft"))


def test_the_last_value_counts_and_all_are_kept(journal: Journal) -> None:
    assert journal.settings("acme") == {}
    journal.set_setting("acme", MOST, "5", actor="user:ana")
    journal.set_setting("acme", MOST, "7", actor="user:bo")
    journal.set_setting("acme", TONE, "soft", actor="user:bo")
    journal.set_setting("other", MOST, "9", actor="user:eve")
    assert journal.settings("acme") == {"most": "7", "tone": "soft"}
    assert journal.settings("other") == {"most": "9"}
    changes = journal.setting_changes("acme", "most", 10)
    assert [(change.value, change.actor) for change in changes] == [("7", "user:bo"), ("5", "user:ana")]
    assert [change.value for change in journal.setting_changes("acme", "most", 1)] == ["7"]


@pytest.mark.parametrize(
    ("setting", "value"), [(MOST, "10"), (MOST, "-1"), (MOST, "2.5"), (MOST, "many"), (TONE, "loud"), (TONE, "")]
)
def test_what_does_not_fit_is_not_kept_whoever_sets_it(journal: Journal, setting: ir.Setting, value: str) -> None:
    with pytest.raises(InputError, match=f"does not fit the setting {setting.key}"):
        journal.set_setting("acme", setting, value, actor="user:ana")
    assert journal.settings("acme") == {}
    assert journal.setting_changes("acme", setting.key, 10) == []
