"""The words of a key, a label or a text, as two of them are compared: small letters without accents."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+")


def plain_words(text: str) -> list[str]:
    """Return the words of a text in small letters without accents."""
    parted = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(letter for letter in parted if not unicodedata.combining(letter)))
