"""Hints for files that are not Python, where what was meant can be told from the line."""

from __future__ import annotations

import keyword
import re
from typing import Final

_NAMED: Final = re.compile(rf"\b({'|'.join(each for each in keyword.kwlist if each.islower())})\s*=(?!=)")
_MIXED: Final = "positional argument follows keyword argument"


def not_python(error: SyntaxError) -> str:
    """Return what to write instead; empty if that cannot be told."""
    if _MIXED in (error.msg or ""):
        return (
            "name each value behind the first one that is named; what is several is one value: "
            "on=entered(NewBusiness.won, NewBusiness.lost), do=[...]"
        )
    named = _NAMED.search(error.text or "")
    return f"{named[1]} is a word of Python: write {named[1]}_=" if named else ""
