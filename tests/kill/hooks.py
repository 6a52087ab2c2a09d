"""What another system tells by hooks: lines in a file, which stand for requests that repeat until they are answered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dealwright.clock import Clock
from dealwright.model.events import EventReceived
from dealwright.ports import FeedItem


class HookFile:
    """Events that name a deal and tell nothing of it; whoever begins anew is told all of them again."""

    source = "billing"

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._file = directory / "hooks"
        self._clock = clock
        self._taken = 0

    def tell(self, deal_ids: Sequence[str]) -> None:
        """Tell that these deals were paid."""
        with self._file.open("a", encoding="ascii") as file:
            file.writelines(f"{deal_id}\n" for deal_id in deal_ids)

    def told(self) -> list[str]:
        """Return every deal that was told of."""
        return self._file.read_text(encoding="ascii").split() if self._file.exists() else []

    def pull(self, limit: int) -> Sequence[FeedItem]:
        """Return what was not taken in this process."""
        return [
            FeedItem(
                event=EventReceived(
                    source_id=f"paid-{deal_id}",
                    occurred_at=self._clock.now(),
                    actor="hook:billing",
                    source="billing",
                    name="paid",
                    deal_id=deal_id,
                ),
                raw=b"{}",
            )
            for deal_id in self.told()[self._taken : self._taken + limit]
        ]

    def taken(self, source_ids: Sequence[str]) -> None:
        """Remember how many are safe."""
        self._taken += len(source_ids)
