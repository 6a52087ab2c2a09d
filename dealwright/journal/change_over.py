"""Executions that go on by another release than the one they were routed with (`on_change="migrate"`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dealwright.journal import hot, lanes
from dealwright.journal.database import statement
from dealwright.journal.parts import Part

_CHANGE: Final = statement("update executions set release = :release where id in :ids", "ids")


class ChangeOver(Part):
    """Changing the release of what has begun."""

    def change_over(self, execution_ids: Sequence[str], release: str) -> None:
        """Let executions that are this worker's run another release from now on, and write down that they do."""
        now, actor = self._now(), f"worker:{self._worker}"
        with self.database.write() as connection:
            rows = hot.OWNED.run(
                connection, lock=self.database.for_update, ids=sorted(execution_ids), worker=self._worker
            )
            ids = [row.id for row in rows.all()]
            if not ids:
                return
            connection.execute(_CHANGE, {"ids": ids, "release": release})
            changes = [
                {
                    "execution_id": id_,
                    "at": now,
                    "from_state": "running",
                    "to_state": "running",
                    "reason": f"its automation was changed: it goes on by release {release[:12]}",
                    "actor": actor,
                }
                for id_ in ids
            ]
            lanes.write_transitions(connection, changes)
