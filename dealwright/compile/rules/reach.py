"""By what people are reached: which fields and names are a phone number, and which an e-mail address."""

from __future__ import annotations

import re
from typing import Final, Literal

Reach = Literal["phone", "email", ""]
"""What a name or a fact is; empty if it is neither."""

_CALLED: Final[dict[Reach, re.Pattern[str]]] = {
    "phone": re.compile(r"(?:.*_)?(?:phone|telephone|mobile|tel|telefone|telefono|celular)(?:_number)?"),
    "email": re.compile(r"(?:.*_)?(?:e_?)?mail(?:_address)?"),
}
_OF_CONTACT: Final = re.compile(
    r"(?:deal\.main_contact|deal\.contacts|deal\.contact_as\.\w+|deal\.owner|(?:event\.)?contact"
    r"|event\.before\.main_contact)\.(?:phone|email)"
)
_OF_EVENT: Final = "event.data."


def called(name: str) -> Reach:
    """Return which of both a field is called."""
    return next((kind for kind, pattern in _CALLED.items() if pattern.fullmatch(name)), "")


def reach_of(path: str, type_: str = "") -> Reach:
    """Return which of both a fact is: that of a contact, what an event calls so, or a field of that type."""
    if type_ in ("phone", "email"):
        return called(type_)
    named = _OF_CONTACT.fullmatch(path) is not None or path.startswith(_OF_EVENT)
    return called(path.rpartition(".")[2]) if named else ""
