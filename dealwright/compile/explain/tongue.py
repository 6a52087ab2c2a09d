"""A language of the page: its texts, and how it spells lists, numbers, days and lengths of time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from string import Formatter
from types import MappingProxyType
from typing import Final

import msgspec
from babel import Locale, UnknownLocaleError

from dealwright.compile.explain import english, portuguese, spanish
from dealwright.language.characters import one_line
from dealwright.model.calendar import Duration

_MARKUP: Final = re.compile(r"([\\`*\[\]<>|#]|(?<!\w)_|_(?!\w))")
_LONGEST: Final = 2_000
_LAST_WORD: Final = re.compile(r"(?<![^\s(‹])(\w+) \Z")
_BLANKS: Final = Formatter()


class Tongue(msgspec.Struct, frozen=True, kw_only=True):
    """One language; `thousands` and `point` are the marks in its numbers, `join` the word that ends a list.

    `contracted` are the words that two become where a blank is filled in: `de` before `el` is `del`.
    """

    code: str
    texts: Mapping[str, str]
    thousands: str
    point: str
    join: Callable[[str, str], str] = lambda word, _next: word
    contracted: Mapping[str, str] = MappingProxyType({})

    def say(self, key: str, **given: object) -> str:
        """Return the text of a key with what is given filled in.

        Raises:
            KeyError: the language has no text of that key.
        """
        said = ""
        for before, blank, form, _ in _BLANKS.parse(self.texts[key]):
            said += before
            if blank is not None:
                said = self._joined(said, format(given[blank], form or ""))
        return said

    def _joined(self, said: str, value: str) -> str:
        """Return the text with what follows it, its last word and the first one that follows made one if they are."""
        last = _LAST_WORD.search(said)
        first = value.partition(" ")[0]
        one = self.contracted.get(f"{last[1].lower()} {first}") if last else None
        if last is None or one is None:
            return said + value
        spelled = one.capitalize() if last[1][0].isupper() else one
        return said[: last.start()] + spelled + value[len(first) :]

    def all_of(self, items: Iterable[str]) -> str:
        """Return `a, b and c`."""
        return self._listed(list(items), "list.and")

    def one_of(self, items: Iterable[str]) -> str:
        """Return `a, b or c`."""
        return self._listed(list(items), "list.or")

    def none_of(self, items: Iterable[str]) -> str:
        """Return what is never done as a list: `a, b or c`, in Spanish `a, b ni c`."""
        return self._listed(list(items), "list.nor")

    def _listed(self, items: list[str], joint: str) -> str:
        if len(items) < 2:
            return "".join(items)
        word = self.join(self.texts[joint], items[-1])
        return self.texts["list.comma"].join(items[:-1]) + word + items[-1]

    def of_country(self, country: str) -> Tongue:
        """Return the language with the marks that its numbers have in a country, as in the texts of its messages."""
        try:
            found = Locale.parse(f"{self.code}_{country}").number_symbols
        except (UnknownLocaleError, ValueError):
            return self
        marks = found.get("latn", found)
        return msgspec.structs.replace(self, thousands=marks["group"], point=marks["decimal"])

    def number(self, value: Decimal | int) -> str:
        """Return the number as this language writes it."""
        text = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
        whole, point, rest = text.partition(".")
        return whole.replace(",", self.thousands) + (self.point + rest if point else "")

    def day(self, value: date) -> str:
        """Return the day in words."""
        month = self.texts["months"].split()[value.month - 1]
        return self.say("is.day", day=value.day, month=month, year=value.year)

    def duration(self, given: Duration) -> str:
        """Return the length of time in words."""
        one = ".one" if given.amount == 1 else ""
        return self.say(f"unit.{given.unit}{one}", n=self.number(given.amount))

    def language(self, code: str) -> str:
        """Return what this language calls another one: `pt` is Portuguese."""
        try:
            return Locale.parse(code, sep="-").get_display_name(self.code) or harmless(code)
        except (UnknownLocaleError, ValueError):
            return harmless(code)

    def quoted(self, text: str) -> str:
        """Return somebody's text in this language's quotation marks, on one line and without effect as Markdown."""
        return self.say("is.text", text=harmless(text))


def harmless(text: str) -> str:
    """Return the text on one line, with what Markdown would read as markup escaped, and not longer than a page."""
    shown = one_line(text)
    if len(shown) > _LONGEST:
        shown = f"{shown[:_LONGEST]}…"
    return _MARKUP.sub(r"\\\1", shown)


def _spanish(word: str, following: str) -> str:
    """`y` and `o` before their own sound: `e informa`, `u once`."""
    begins = following.lstrip("«‹(").casefold()
    if word == " y " and re.match(r"h?i(?![aeo])", begins):
        return " e "
    return " u " if word == " o " and re.match(r"h?o", begins) else word


_SPANISH: Final = MappingProxyType({"de el": "del", "a el": "al"})
_PORTUGUESE: Final = MappingProxyType(
    {
        f"{word} {article}": f"{begins}{article}"
        for word, begins in (("de", "d"), ("em", "n"), ("por", "pel"))
        for article in ("o", "a", "os", "as")
    }
    | {"a o": "ao", "a os": "aos", "a a": "à", "a as": "às", "de esse": "desse", "em esse": "nesse"}
)


TONGUES: Final[Mapping[str, Tongue]] = MappingProxyType(
    {
        "en": Tongue(code="en", texts=english.TEXTS, thousands=",", point="."),
        "es": Tongue(code="es", texts=spanish.TEXTS, thousands=".", point=",", join=_spanish, contracted=_SPANISH),
        "pt": Tongue(code="pt", texts=portuguese.TEXTS, thousands=".", point=",", contracted=_PORTUGUESE),
    }
)
"""The languages there are, by code."""
