"""How a company's own fields and their options may be called: nothing that looks like something else."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from dealwright.language.characters import UNSAFE
from dealwright.language.origin import refused

MAX_KEY: Final = 60
"""The longest key of a field, in characters."""

MAX_LABEL: Final = 200
"""The longest label or option, in characters."""

MAX_OPTIONS: Final = 500
"""The most options of a field."""

_BLANK: Final = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and symbols without ink: the fillers of Hangul and the empty Braille cell."""

# Letters of other scripts that look like Latin ones (Unicode TR 39, those that are used in words), as their twins.
_TWINS: Final = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u051b\u051d\u04cf"
    "\u03b1\u03bf\u03c1\u03bd\u03b9\u03ba\u03c5\u03c7\u0131\u0432\u043a\u043c\u043d\u0442\u0433",
    "aeopcyxijsdhqwlaopvikuxibkmhtr",
)


def checked_key(name: object) -> str:
    """Return the key of a field if it is one: a Python name in ASCII."""
    if not isinstance(name, str) or not name.isidentifier() or not name.isascii() or name.startswith("_"):
        shown = repr(name)[:80] if isinstance(name, str) else f"a {type(name).__name__}"
        hint = "write it in plain letters, digits and underscores; other scripts have letters that look the same"
        raise refused(f"{shown} is not the name of a field", hint=hint, code="DW232")
    if len(name) > MAX_KEY:
        raise refused(f"{name[:80]!r} is too long for the name of a field", hint=f"{MAX_KEY} characters at most")
    return name


def checked_label(label: object, kind: str) -> str:
    """Return the label if it is one line of visible characters; it may be empty."""
    if not isinstance(label, str):
        hint = f'{kind}("Doctor")'
        if kind == "MoneyOwn":
            amount = isinstance(label, int | float | Decimal) and not isinstance(label, bool)
            hint = f'an amount needs its currency: Money("{label}", "EUR")' if amount else 'Money("Fee")'
        raise refused(f"the label of a field is a text, not a {type(label).__name__}", hint=hint)
    if UNSAFE.search(label) or len(label) > MAX_LABEL:
        raise refused(
            f"the label of a field is one line of at most {MAX_LABEL} visible characters",
            hint="take the line break or odd character out",
            code="DW232",
        )
    return label


def checked_options(given: object, kind: str) -> tuple[str, ...]:
    """Return the options, if no two of them can be taken for each other."""
    listed = given if isinstance(given, list | tuple) else ()
    if not listed or not all(isinstance(option, str) and option.strip() for option in listed):
        raise refused("the options of a choice are a list of texts", hint=f'{kind}("Source", ["ads", "fair"])')
    if len(listed) > MAX_OPTIONS:
        raise refused(f"a choice has at most {MAX_OPTIONS} options, not {len(listed)}", hint='write Text("...")')
    seen: dict[str, str] = {}
    for option in listed:
        shown = repr(option)[:80]
        if UNSAFE.search(option) or _invisible(option) or option != option.strip() or len(option) > MAX_LABEL:
            hint = f"write it in at most {MAX_LABEL} visible characters, without space around it"
            raise refused(f"the option {shown} has characters that nobody sees", hint=hint, code="DW232")
        if unicodedata.normalize("NFC", option) != option:
            hint = f"write it anew: {unicodedata.normalize('NFC', option)!r}"
            raise refused(
                f"the option {shown} has its accents apart from its letters (it is not in NFC)", hint=hint, code="DW232"
            )
        other = seen.setdefault(looks_like(option), option)
        if other == option:
            if sum(each == option for each in listed) > 1:
                raise refused(
                    f"the options of a choice name {shown} twice", hint="write each option once", code="DW232"
                )
            continue
        raise refused(
            f"the options {ascii(other)[:80]} and {ascii(option)[:80]} look the same",
            hint="keep one of them: people could not tell them apart",
            code="DW232",
        )
    return tuple(listed)


def refuse_twins(listed: Sequence[str], what: str) -> None:
    """Refuse two texts of a list that people choose from if nobody could tell them apart.

    Raises:
        DefinitionError: two of them look the same.
    """
    seen: dict[str, str] = {}
    for each in listed:
        other = seen.setdefault(looks_like(each), each)
        if other != each:
            raise refused(
                f"{what} {ascii(other)[:80]} and {ascii(each)[:80]} look the same",
                hint="keep one of them: people could not tell them apart",
                code="DW232",
            )


def _invisible(text: str) -> bool:
    """The joiners, which some scripts need between letters, at the ends; and letters that are drawn as nothing."""
    return text[0] in "\u200c\u200d" or text[-1] in "\u200c\u200d" or any(each in _BLANK for each in text)


def looks_like(text: str) -> str:
    """Return what a text looks like: without case, compatibility forms, joiners and the script that a letter is of."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = "".join(each for each in folded if each not in "\u200c\u200d")
    return " ".join(plain.translate(_TWINS).split())
