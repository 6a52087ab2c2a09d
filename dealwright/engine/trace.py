"""The trace: what a turn evaluated, on which values, and what it decided. It answers "why" and "why not"."""

from __future__ import annotations

import msgspec


class TraceLine(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One evaluated thing.

    `at` is where it stands (`when`, or a step's name), `what` reads like the definition, `result` is `true`, `false`,
    `unset` or what a step decided; `values` are the facts it looked at; `level` is the depth inside a condition.
    """

    at: str
    what: str
    result: str
    values: dict[str, str] = {}
    level: int = 0


class Trace:
    """Collects the lines of one turn."""

    def __init__(self) -> None:
        self._lines: list[TraceLine] = []

    def add(self, at: str, what: str, result: str, values: dict[str, str] | None = None, level: int = 0) -> None:
        """Append one line."""
        self._lines.append(TraceLine(at=at, what=what, result=result, values=values or {}, level=level))

    def insert(self, index: int, line: TraceLine) -> None:
        """Put a line before those it sums up."""
        self._lines.insert(index, line)

    def __len__(self) -> int:
        return len(self._lines)

    def lines(self) -> tuple[TraceLine, ...]:
        """Return the lines so far, in order."""
        return tuple(self._lines)
