"""Groups of facts that are more than their parts: one has a text of its own, one can be gone over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dealwright.language.template_environment import TemplateError
from dealwright.model.crm import MOST_RECORDS


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


class Listed(dict[str, object]):
    """What a text sees of a deal's records of a kind: `{{ deal.records.quote_line.count }}`, and each in a loop.

    `each` is None if not all of them were read: a list that silently ends early is worse than none.
    """

    def __init__(self, count: object, each: Sequence[Mapping[str, object]] | None) -> None:
        super().__init__(count=count)
        self._each = each

    def __iter__(self) -> Iterator[Any]:
        if self._each is None:
            raise TemplateError(f"a text lists records, and the deal has more than {MOST_RECORDS}", code="DW302")
        return iter(self._each)
