"""A name as plain words: numbering, emoji, letter case and Unicode's ways of writing one letter taken out."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

Words = tuple[str, ...]
"""Words in lower case, composed (NFC), hyphenated ones whole."""

LONGEST: Final = 500
"""Characters of a name that are looked at: more is no name."""

_CAMEL: Final = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ][a-zà-ÿ])")
_CUT: Final = re.compile(r"[/|\\–—:;,()\[\]{}+<>→⇒➜»«•·!?…]|\.(?=\s|$)|\s[-&~]+\s|^\s*-|-\s|\s-")
_WORD: Final = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_HYPHENS: Final = str.maketrans(
    {"\u2010": "-", "\u2011": "-", "\u2212": "-", "\u00ad": None, "\u2019": "'", "\u02bc": "'", "\u00b4": "'"}
)


def clauses(name: str) -> list[Words]:
    """Return the parts of a name that stand between dashes, slashes, commas and brackets, as words."""
    text = unicodedata.normalize("NFKC", name[:LONGEST]).translate(_HYPHENS)
    text = "".join(each for each in text if unicodedata.category(each) != "Cf")
    text = _CAMEL.sub(" ", text).replace("_", " ")
    # Folding may take letters apart again.
    text = unicodedata.normalize("NFKC", text.casefold()).replace("e-mail", "email")
    parts = (tuple(word for word in _WORD.findall(part) if not _number(word)) for part in _CUT.split(text))
    return [part for part in parts if part]


def _number(word: str) -> bool:
    """Say whether the word counts something: `1`, `2nd`, `3x`."""
    return any(letter.isdigit() for letter in word)


def word_set(text: str) -> frozenset[str]:
    """Return the words of a closed list, as they are written between spaces."""
    return frozenset(text.split())
