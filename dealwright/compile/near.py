"""Whether two names differ by one slip of the hand, and which of several that are written are slips."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

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
    words, others = re.split(r"[\s_-]+", one), re.split(r"[\s_-]+", other)
    differing = [pair for pair in zip(words, others, strict=False) if pair[0] != pair[1]]
    if len(words) != len(others) or len(differing) != 1:
        return False
    first, second = differing[0]
    digits = [re.sub(r"\D", "", each) for each in (first, second)]
    return min(len(first), len(second)) >= shortest and digits[0] == digits[1] and one_slip(first, second)


def slips(uses: Mapping[str, Sequence[object]], near: Callable[[str, str], bool] = nearly) -> Iterator[tuple[str, str]]:
    """Yield each name that is most likely a slip, with the one that is meant; `uses` are where each is written.

    The rarer one is the slip; of two that are written equally often, the one that comes later in `uses`.
    """
    order = sorted(uses, key=lambda name: -len(uses[name]))
    for place, wrong in enumerate(order):
        meant = next((right for right in order[:place] if near(right, wrong)), None)
        if meant is not None:
            yield wrong, meant
