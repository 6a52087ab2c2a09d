"""What can be written down: half of a character (a lone surrogate) has no UTF-8, and no database keeps a NUL."""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

import msgspec

_T = TypeVar("_T")

_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""The escape of a NUL in JSON, and not a backslash that is escaped itself before `u0000`."""


def is_writable(value: object) -> bool:
    """Say whether every text in the value can be written down."""
    return not unwritable(value)


def unwritable(value: object) -> str:
    """Return what a text in the value holds that cannot be written down; empty if all can."""
    try:
        told = msgspec.json.encode(value)
    except UnicodeEncodeError:
        return "half of a character (a lone surrogate)"
    except (TypeError, ValueError, OverflowError):
        # Another thing is wrong with it, which is another one's to tell.
        return ""
    return "a NUL character" if _NUL.search(told) else ""


def written(value: _T) -> _T:
    """Return the value with every half of a character as the escape that Python writes for it."""
    mended: Any = value
    match value:
        case str():
            mended = value.encode("utf-8", "backslashreplace").decode("utf-8")
        case tuple():
            mended = tuple(map(written, value))
        case dict():
            mended = {written(name): written(inner) for name, inner in value.items()}
        case msgspec.Struct():
            mended = msgspec.structs.replace(
                value, **{name: written(getattr(value, name)) for name in value.__struct_fields__}
            )
    return mended  # type: ignore[no-any-return]
