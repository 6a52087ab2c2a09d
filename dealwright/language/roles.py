"""Roles: a name in the definitions; who stands behind it people say without a release (`dealwright people`)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from dealwright.errors import DefinitionError
from dealwright.language.characters import UNSAFE
from dealwright.language.origin import Origin, here, refused
from dealwright.language.pipeline import StageLike
from dealwright.language.somebody import Somebody

Way = Literal["round_robin", "least_loaded", "sticky", "everybody"]
"""How somebody of a role is picked; `everybody` is for those who are told something."""

MAX_ROLE: Final = 60
"""The longest name of a role, in characters."""

_BESIDE_LETTERS: Final = " -'.&/+0123456789"


@dataclass(frozen=True, slots=True)
class Pick(Somebody):
    """Somebody of a role, picked when the step is done."""

    role: str
    how: Way
    open_in: tuple[StageLike, ...] = ()
    defined: Origin | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, init=False, slots=True)
class Role(Somebody):
    """A role, such as `Role("closers")`; where one person is wanted, its people are picked in turn (`round_robin`)."""

    name: str
    origin: Origin = field(compare=False, repr=False)

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "name", checked_role(name))
        object.__setattr__(self, "origin", here())

    def round_robin(self) -> Pick:
        """Whoever of the role has waited longest for something new."""
        return Pick(self.name, "round_robin", defined=self.origin)

    def least_loaded(self, *, open_in: Sequence[StageLike] = ()) -> Pick:
        """Whoever of the role has the fewest open deals: in these stages and in the deal's own, or in all."""
        if not isinstance(open_in, list | tuple) or not all(isinstance(stage, StageLike) for stage in open_in):
            listed = open_in if isinstance(open_in, list | tuple) else (open_in,)
            text = next((each for each in listed if isinstance(each, str) and each.isidentifier()), "quoted")
            hint = f"open_in=[NewBusiness.{text}]"
            raise refused(f"open_in of the role {self.name!r} is a list of stages", hint=hint)
        ended = next((stage for stage in open_in if stage.kind in ("won", "lost")), None)
        if ended is not None:
            raise refused(
                f"open_in of the role {self.name!r} lists {ended.name!r}, where no deal is open: it always counts 0",
                hint="list stages in which deals are worked on",
            )
        return Pick(self.name, "least_loaded", tuple(open_in), self.origin)

    def sticky(self) -> Pick:
        """Whoever of the role had this person or company before; if nobody has, the next in turn."""
        return Pick(self.name, "sticky", defined=self.origin)


def checked_role(given: object) -> str:
    """Return a role's name as it is kept: composed Unicode, single spaces; refuse what only looks like a name.

    Raises:
        DefinitionError: it is no text, too long, or has characters that hide or that belong to another script.
    """
    if not isinstance(given, str) or not given.strip():
        raise refused("a role has a name", hint='Role("closers")')
    name = " ".join(unicodedata.normalize("NFC", given).split())
    if len(name) > MAX_ROLE:
        raise refused(f"the name of a role is longer than {MAX_ROLE} characters: {name[:40]!r}...", hint="shorten it")
    problem = _problem(name)
    if problem:
        raise refused(f"{name!r} cannot be the name of a role: {problem}", hint="type it anew, letter by letter")
    return name


def role_named(text: str) -> str:
    """Return the name that somebody typed, as it is kept; what cannot be one stays as it was typed."""
    try:
        return checked_role(text)
    except DefinitionError:
        return text


def folded(name: str) -> str:
    """Return what names have in common that people take for one: without case and accents."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _problem(name: str) -> str:
    if UNSAFE.search(name):
        return "it has a character that is not seen"
    if unicodedata.normalize("NFKC", name) != name:
        return "it has a character that only looks like another one"
    scripts = set()
    for letter in name:
        category = unicodedata.category(letter)
        if category.startswith("L"):
            scripts.add(unicodedata.name(letter, "UNKNOWN").split()[0])
        elif not (category.startswith("M") or letter in _BESIDE_LETTERS):
            return f"it has {letter!r} in it, and a name is letters, digits, spaces and -'.&/+"
    if len(scripts - _TOGETHER) > 1 or ("LATIN" in scripts and scripts & {"CYRILLIC", "GREEK"}):
        return f"it mixes the letters of {' and '.join(sorted(each.title() for each in scripts))}, which look alike"
    return ""


_TOGETHER: Final = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})
"""Scripts that are written together and do not look alike."""
