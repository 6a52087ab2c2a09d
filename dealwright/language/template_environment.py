"""What templates run in: the filters there are, and an environment in which names are looked up in mappings only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any, Final

from jinja2 import Environment, StrictUndefined
from jinja2.runtime import LoopContext

from dealwright.errors import DefinitionError
from dealwright.language.characters import one_line
from dealwright.language.shown import ShownFlag, ShownMoney, ShownTime

MAX_OUTPUT: Final = 65_536
"""The longest text a template may make, in bytes."""

LOOP: Final = frozenset({"first", "last", "index"})
"""What a loop knows of itself."""


class TemplateError(DefinitionError):
    """A template that may not be used, or a text that cannot be made of it."""


def too_long() -> TemplateError:
    """Return the error for a text that would be too long."""
    return TemplateError(
        f"a text would be longer than {MAX_OUTPUT // 1024} kB", code="DW303", hint="shorten values with | truncate(200)"
    )


def _shorter(value: object, length: int = 80) -> str:
    text = as_text(value)
    return text if len(text) <= length else text[: max(length - 1, 0)].rstrip() + "…"


def _replaced(value: object, old: str, new: str) -> str:
    text = as_text(value)
    if len(text) + text.count(old) * (len(new) - len(old)) > MAX_OUTPUT:
        raise too_long()
    return text.replace(old, new) if old else text


FILTERS: Final[Mapping[str, Callable[..., str]]] = {
    "upper": lambda value: as_text(value).upper(),
    "lower": lambda value: as_text(value).lower(),
    "title": lambda value: as_text(value).title(),
    "trim": lambda value: as_text(value).strip(),
    "truncate": _shorter,
    "replace": _replaced,
    "date": lambda value: value.day if isinstance(value, ShownTime) else as_text(value).partition(", ")[0],
    "time": lambda value: value.clock if isinstance(value, ShownTime) else as_text(value).partition(", ")[2],
    "money": lambda value: value.local if isinstance(value, ShownMoney) else as_text(value),
}
"""The filters there are: `truncate(40)` shortens, `replace('a', 'b')` replaces, `date` and `time` part a moment, and
`money` shows an amount as people write it who speak the text's language."""


def as_text(value: object) -> str:
    """A fact as text: unset is empty, flags are yes and no in the language of the text, lists are joined."""
    if value is None:
        return ""
    if isinstance(value, ShownFlag):
        return value.word
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return str(value)


class _PlainEnvironment(Environment):
    """Looks names up in mappings only: no attribute of any Python object is ever read."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return the mapping's value, or an undefined that raises when it is used."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, LoopContext) and attribute in LOOP:
            return getattr(obj, attribute)
        return self.undefined(name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return the mapping's value: subscripts do not pass the allow-list, and would find no more than names do."""
        return self.getattr(obj, str(argument))


def _made(encode: Callable[[str], str]) -> Environment:
    """An environment whose values pass through `encode` last, after every filter."""
    made = _PlainEnvironment(
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, StrictUndefined) else encode(one_line(as_text(value))),
        autoescape=False,
        optimized=False,
        keep_trailing_newline=True,
        cache_size=0,
    )
    made.filters = dict(FILTERS)
    made.tests = {}
    made.globals = {}
    return made


PLAIN: Final = _made(lambda value: value)
HTML: Final = _made(escape)
