"""What a fact is compared with in a condition, and what of it the fact never is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from dealwright.compile import ir
from dealwright.language.schema import did_you_mean


class Never(NamedTuple):
    """A fact is compared with what it never is: what is wrong, and what to do."""

    message: str
    hint: str


def never_equal(field: ir.Ref, other: ir.Operand, options: Callable[[str], Sequence[str]]) -> Never | None:
    """Say why the fact is never equal to the other one; None if it may be, or if nobody knows.

    `options` gives all that the fact at a path can be; none if that is not known.
    """
    match other:
        case ir.TextValue(value=text) if not text.strip():
            name = field.path
            return Never(
                f"{name} is compared with an empty text, and is unset where it is empty",
                f"write {name}.is_unset(), or {name}.is_set()",
            )
        case ir.TextValue(value=text) if (known := options(field.path)) and text not in known:
            hint = did_you_mean(text, known) or f"it is one of {', '.join(known)}"[:400]
            return Never(f"{field.path} is never {text[:80]!r}", hint)
        case ir.Ref(path=path):
            ours, theirs = options(field.path), options(path)
            if ours and theirs and not set(ours) & set(theirs):
                return Never(
                    f"{field.path} and {path} are never alike: they have no option in common",
                    f"{field.path} is one of {', '.join(ours)[:180]}; {path} one of {', '.join(theirs)[:180]}",
                )
    return None
