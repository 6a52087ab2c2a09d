"""What people have set without a release, and who changed it when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from dealwright.compile import ir
from dealwright.compile.settings import read, spelled
from dealwright.journal.database import instant, statement
from dealwright.journal.parts import Part

_READ: Final = statement("select key, value from settings where account = :account")
_SET: Final = statement(
    """
    insert into settings (account, key, value, set_wall, actor) values (:account, :key, :value, :wall, :actor)
    on conflict (account, key) do update
        set value = excluded.value, set_wall = excluded.set_wall, actor = excluded.actor
    """
)
_LOG: Final = statement(
    "insert into setting_log (account, key, value, set_wall, actor) values (:account, :key, :value, :wall, :actor)"
)
_CHANGES: Final = statement(
    "select key, value, set_wall, actor from setting_log where account = :account and key = :key "
    "order by id desc limit :limit"
)


class SettingSet(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a setting, at a wall time."""

    key: str
    value: str
    at: datetime
    actor: str


class Settings(Part):
    """Values by key, as texts; what they may be stands in the release."""

    def settings(self, account: str) -> Mapping[str, str]:
        """Return the settings that people have set, by key, as texts."""
        return {row["key"]: row["value"] for row in self.database.rows(_READ, account=account)}

    def set_setting(self, account: str, setting: ir.Setting, typed: str, *, actor: str) -> None:
        """Set a value; every turn that is decided from now on sees it.

        Raises:
            InputError: it does not fit the setting.
        """
        value = spelled(read(setting, typed))
        row = {"account": account, "key": setting.key, "value": value, "wall": self._wall(), "actor": actor}
        with self.database.write() as connection:
            # Else the newest row of the log could be another change than the one that counts.
            self.database.lock_account(connection, account, "settings")
            connection.execute(_SET, row)
            connection.execute(_LOG, row)

    def setting_changes(self, account: str, key: str, limit: int) -> Sequence[SettingSet]:
        """Return the changes of a setting, newest first."""
        return [
            SettingSet(key=row["key"], value=row["value"], at=instant(row["set_wall"]), actor=row["actor"])
            for row in self.database.rows(_CHANGES, account=account, key=key, limit=limit)
        ]
