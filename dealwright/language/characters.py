"""Which characters of a text from outside may not be passed on as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

# Control characters, the line separators, and invisible format characters that reorder or hide text (bidi overrides,
# zero-width space, tags). The zero-width joiners stay: emoji and several scripts need them.
UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""One character that could steer a terminal, break a line or hide text."""

_RUNS: Final = re.compile(f"(?:{UNSAFE.pattern})+")


def one_line(text: str) -> str:
    """Return the text with every run of unsafe characters replaced by one space: a value stays one visible line."""
    return _RUNS.sub(" ", text)


_WRITTEN: Final = frozenset("\t\r\xad\u061c\u200e\u200f")
"""What people write on purpose though it is not seen: tabs, places to break a word, marks of right-to-left scripts."""


def unseen(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text that hold what steers a terminal, hides a text or turns it around, and what that is."""
    for number, line in enumerate(text.split("\n"), start=1):
        odd = sorted({f"U+{ord(each):04X}" for each in UNSAFE.findall(line) if not _is_left_alone(each)})
        if odd:
            yield number, ", ".join(odd)


def _is_left_alone(character: str) -> bool:
    """Say whether it is written on purpose, or is no text at all, which is told elsewhere: NUL, half a character."""
    return character in _WRITTEN or character == "\0" or "\ud800" <= character <= "\udfff"
