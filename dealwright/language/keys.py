"""How definitions are named: keys of accounts, pipelines, automations and steps."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from dealwright.language.characters import UNSAFE
from dealwright.language.origin import refused

_KEY: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SLUG: Final = re.compile(r"[^a-z0-9]+")
MAX_KEY: Final = 60
"""The longest key, in characters."""

MAX_NAME: Final = 200
"""The longest name, in characters."""


def checked_key(key: object, what: str) -> str:
    """Return the key if it is one: lower-case letters, digits and single hyphens."""
    if not isinstance(key, str) or len(key) > MAX_KEY or _KEY.fullmatch(key) is None:
        near = slug(key)[:MAX_KEY].strip("-") if isinstance(key, str) else ""
        raise refused(
            f"{_short(key)} cannot be the key of {what}: keys are lower-case letters and digits, with single hyphens"
            f" between them, at most {MAX_KEY} characters",
            hint=f'write "{near}"' if near else 'write one like "new-business"',
        )
    return key


def checked_step(name: object) -> str:
    """Return the step's name if it is one: a key that starts with a letter, since texts say `steps.<name>`."""
    key = checked_key(name, "a step")
    if not key[0].isalpha():
        raise refused(f"a step cannot be named {key!r}: names of steps start with a letter", hint=f'write "step-{key}"')
    return key


def checked_name(name: object, what: str) -> str:
    """Return the name that people read, if it is one: not empty, on one line, of a length that can be shown."""
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME:
        raise refused(
            f"{_short(name)} cannot be the name of {what}", hint=f"write a text of 1 to {MAX_NAME} characters"
        )
    if UNSAFE.search(name):
        raise refused(
            f"{ascii(name)[:80]} cannot be the name of {what}: it has a character that is not seen",
            hint="write it in visible characters, on one line",
        )
    return name


def slug(text: str) -> str:
    """Return the text as a key: letters with marks lose their marks."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return _SLUG.sub("-", plain.lower()).strip("-")


def _short(key: object) -> str:
    shown = repr(key) if isinstance(key, str | int | float | None) else f"a {type(key).__name__}"
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
