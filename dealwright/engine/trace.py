"""The trace: what a turn evaluated, on which values, and what it decided. It answers "why" and "why not"."""

from __future__ import annotations

from collections.abc import Callable

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
    """Collects the lines of one turn; `hides` says of which facts it does not tell what they hold."""

    def __init__(self, hides: Callable[[str], bool] | None = None) -> None:
        self._lines: list[TraceLine] = []
        self._hides = hides

    def add(self, at: str, what: str, result: str, values: dict[str, str] | None = None, level: int = 0) -> None:
        """Append one line."""
        self._lines.append(
            TraceLine(at=at, what=what, result=result, values=self._shown(values) if values else {}, level=level)
        )

    def insert(self, index: int, line: TraceLine) -> None:
        """Put a line before those it sums up."""
        if line.values:
            line = msgspec.structs.replace(line, values=self._shown(line.values))
        self._lines.insert(index, line)

    def _shown(self, values: dict[str, str]) -> dict[str, str]:
        hides = self._hides
        if hides is None:
            return values
        return {path: _hidden(value) if hides(path) else value for path, value in values.items()}

    def __len__(self) -> int:
        return len(self._lines)

    def lines(self) -> tuple[TraceLine, ...]:
        """Return the lines so far, in order."""
        return tuple(self._lines)


def _hidden(value: str) -> str:
    return value if value == "unset" else "set, sensitive"
