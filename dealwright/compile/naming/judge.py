"""Whether a name says that something was done."""

from __future__ import annotations

from dealwright.compile.naming import english, portuguese, romance, spanish
from dealwright.compile.naming.words import clauses


def says_done(name: str) -> bool:
    """Say whether the name tells that something was done or has happened, in any of the three languages.

    One part of it has to, and no part may tell of waiting, of what goes on, or of what was not done.
    """
    if name.rstrip().endswith("?"):
        return False
    parts = clauses(name)
    if any(english.says_state(part) or romance.says_state(part) for part in parts):
        return False
    return any(
        english.says_done(part)
        or romance.says_done(part, spanish.GRAMMAR)
        or romance.says_done(part, portuguese.GRAMMAR)
        for part in parts
    )
