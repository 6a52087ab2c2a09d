"""Whether two names differ by one slip of the hand."""

from __future__ import annotations


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
