"""Hints for files that are not Python, where what was meant can be told from the line."""

from __future__ import annotations

import keyword
import re
from typing import Final

_NAMED: Final = re.compile(rf"\b({'|'.join(each for each in keyword.kwlist if each.islower())})\s*=(?!=)")
_PLAIN: Final = ("invalid syntax",)
_TOKEN: Final = re.compile(r"\w+|[^\w\s]")
_SET: Final = re.compile(r"\{[^{}:]*,[^{}:]*$")
"""What stands in braces, some of it behind a comma and none of it behind a colon."""

_MIXED: Final = "positional argument follows keyword argument"


def not_python(error: SyntaxError) -> str:
    """Return what to write instead; empty if that cannot be told."""
    if _MIXED in (error.msg or ""):
        return (
            "name each value behind the first one that is named; what is several is one value: "
            "on=entered(NewBusiness.won, NewBusiness.lost), do=[...]"
        )
    named = _NAMED.search(error.text or "")
    return f"{named[1]} is a word of Python: write {named[1]}_=" if named else _at_its_place(error)


def _at_its_place(error: SyntaxError) -> str:
    """Return what can be said of where Python stopped, where it says no more itself."""
    if error.msg not in _PLAIN or not error.text or not error.offset:
        return ""
    before, behind = error.text[: error.offset - 1], error.text[error.offset - 1 :]
    token = _TOKEN.match(behind)
    if token is None:
        return ""
    if token[0] == ":" and _SET.search(before):
        return 'in { } either each is "name": value or none is: a comma in the place of a colon?'
    return f"Python does not expect {token[0]!r} there, character {error.offset} of the line: look at what is before it"
