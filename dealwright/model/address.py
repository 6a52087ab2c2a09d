"""What an e-mail address may look like where one is written to: one address, and nothing that could be more."""

from __future__ import annotations

import re
from typing import Final

MAX_ADDRESS: Final = 254
"""The longest address that mail can be sent to, in bytes (RFC 5321)."""

_ATOM: Final = r"[^\s\x00-\x20\x7f-\xa0\xad@<>()\[\]\\,;:\"\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
_ADDRESS: Final = re.compile(rf"{_ATOM}+@{_ATOM}+\.{_ATOM}+")


def is_address(text: str) -> bool:
    """Say whether the text is one e-mail address that can be written to.

    Quoted local parts, comments, display names and lists are none, and neither is what breaks a line or hides
    something: an address goes into a header, and must stay one address there.
    """
    if _ADDRESS.fullmatch(text) is None or ".." in text:
        return False
    local, _, domain = text.partition("@")
    dotted = any(part.startswith(".") or part.endswith(".") for part in (local, domain))
    return not dotted and len(text.encode()) <= MAX_ADDRESS
