"""What can be written down: a text with half of a character in it (a lone surrogate) has no UTF-8."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

_T = TypeVar("_T")


def is_writable(value: object) -> bool:
    """Say whether every text in the value can be written down."""
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError:
        return False
    except (TypeError, ValueError, OverflowError):
        # Another thing is wrong with it, which is another one's to tell.
        return True
    return True


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
