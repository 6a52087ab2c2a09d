"""How texts from outside are shown on a terminal: visibly, on one line, and without steering it."""

from __future__ import annotations

from typing import Final

from dealwright.language.characters import UNSAFE

_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e"}


def _escaped(character: str) -> str:
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def plain(text: object, *, limit: int | None = None) -> str:
    """Return the text with control characters, ANSI codes, line breaks and bidi overrides made visible.

    `limit` shortens it to so many characters, with an ellipsis. The result may still look like markup to a library
    that reads markup: with rich, wrap it (`rich.text.Text(plain(title))`).
    """
    shown = UNSAFE.sub(lambda found: _escaped(found.group()), str(text))
    if limit is not None and len(shown) > limit:
        return shown[: max(limit - 1, 0)] + "…"
    return shown
