"""Whether two names differ by one slip of the hand, and which of several that are written are slips."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

_PARTED: Final = re.compile(r"[\s_-]+")
_NO_DIGIT: Final = re.compile(r"\D")
_SHORTEST: Final = 4
"""Words below it are near each other by chance: `team a` and `team b`."""


def one_slip(one: str, other: str) -> bool:
    """Say whether one letter is left out, doubled, put in, or another one, or two that stand together are exchanged."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    left, right = one[start:], other[start:]
    return (
        left[1:] == right[1:]
        or left[1:] == right
        or left == right[1:]
        or (left[:2] == right[1::-1] and left[2:] == right[2:])
    )


def nearly(one: str, other: str, *, shortest: int = _SHORTEST) -> bool:
    """Say whether the names differ by one slip in one long word of theirs; a number is no slip of another one."""
    words, others = _PARTED.split(one), _PARTED.split(other)
    differing = [pair for pair in zip(words, others, strict=False) if pair[0] != pair[1]]
    if len(words) != len(others) or len(differing) != 1:
        return False
    first, second = differing[0]
    digits = [_NO_DIGIT.sub("", each) for each in (first, second)]
    return min(len(first), len(second)) >= shortest and digits[0] == digits[1] and one_slip(first, second)


def neighbours(names: Iterable[str]) -> dict[str, set[str]]:
    """Return the pairs of names that may differ by one slip, so that not each has to be compared with each.

    Who is near another one has the same digits, and shares a form with it in which one letter, or none, is left out.
    """
    sharing: dict[tuple[str, str], set[str]] = {}
    for name in names:
        joined, digits = _PARTED.sub(" ", name), _NO_DIGIT.sub("", name)
        for form in {joined, *(joined[:place] + joined[place + 1 :] for place in range(len(joined)))}:
            sharing.setdefault((form, digits), set()).add(name)
    found: dict[str, set[str]] = {}
    for several in sharing.values():
        if len(several) > 1:
            for name in several:
                found.setdefault(name, set()).update(several - {name})
    return found


def slips(uses: Mapping[str, Sequence[object]], near: Callable[[str, str], bool] = nearly) -> Iterator[tuple[str, str]]:
    """Yield each name that is most likely a slip, with the one that is meant; `uses` are where each is written.

    The rarer one is the slip; of two that are written equally often, the one that comes later in `uses`.
    """
    order = sorted(uses, key=lambda name: -len(uses[name]))
    for place, wrong in enumerate(order):
        meant = next((right for right in order[:place] if near(right, wrong)), None)
        if meant is not None:
            yield wrong, meant
