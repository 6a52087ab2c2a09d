"""A group of facts that has a text of its own beside its parts."""

from __future__ import annotations

from collections.abc import Mapping


class Named(dict[str, object]):
    """What a text sees of a company: `{{ deal.company }}` is its name, `{{ deal.company.segment }}` a part of it."""

    def __init__(self, text: str | None, parts: Mapping[str, object]) -> None:
        super().__init__(parts)
        self._text = text or ""

    def __str__(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return self._text == other

    def __ne__(self, other: object) -> bool:
        return self._text != other
