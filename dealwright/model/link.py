"""What is an address of the web."""

from __future__ import annotations

import re
from typing import Final

_LINK: Final = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#][^\s\\]*)?", re.IGNORECASE | re.ASCII)
MAX_LINK: Final = 2_048
"""The longest address, in characters."""


def is_link(text: str) -> bool:
    """Say whether this is an address that begins with http:// or https://, without a user's name in it."""
    return len(text) <= MAX_LINK and _LINK.fullmatch(text) is not None
