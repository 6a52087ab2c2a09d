"""Which characters of a text from outside may not be passed on as they are."""

from __future__ import annotations

import re
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
