"""Addresses and the texts of headers: what may stand in one, and how it is written. No I/O.

Whatever comes from a CRM was typed by strangers. A control character in a header or an address is refused, never
repaired: it is how headers are forged.
"""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode
from typing import Final

import idna
import msgspec

from dealwright.errors import Rejected

LONGEST_NAME: Final = 100
"""Characters of a display name; what is longer is cut, a name is decoration."""

_LONGEST_LOCAL, _LONGEST_ADDRESS = 64, 254
_LINE = 72
_WORD_BYTES = 42
"""Bytes of text in one encoded word, so that it stays below the 75 characters of RFC 2047."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_FORGING = frozenset({"Cc", "Zl", "Zp"})
_REORDERING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
"""Marks that make a text look like another one; honest right-to-left texts do without them."""


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A checked address: the domain in ASCII, the local part perhaps not (`utf8`)."""

    local: str
    domain: str

    @property
    def text(self) -> str:
        """The address as it is written."""
        return f"{self.local}@{self.domain}"

    @property
    def utf8(self) -> bool:
        """Whether the server must know SMTPUTF8."""
        return not self.local.isascii()


def address(text: str, *, code: str) -> Address:
    """Check an address.

    Raises:
        Rejected: it is none; `code` says which one of a message. The text never holds the address itself.
    """
    refuse_forged(text, code=code)
    local, at, domain = text.rpartition("@")
    odd = any(unicodedata.category(character)[0] not in "LMN" for character in local if not character.isascii())
    if not at or odd or not _LOCAL.fullmatch(local):
        raise Rejected("the address is not of the form name@domain", code=code)
    try:
        ascii_domain = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise Rejected("the address has no usable domain", code=code) from None
    found = Address(local=local, domain=ascii_domain)
    if len(local.encode()) > _LONGEST_LOCAL or len(found.text.encode()) > _LONGEST_ADDRESS:
        raise Rejected("the address is longer than mail allows", code=code)
    return found


def refuse_forged(text: str, *, code: str) -> None:
    """Let no text through that could end its header or is no text at all.

    Raises:
        Rejected: it holds a control character or a line break (`code`), or half a character (`not_text`).
    """
    refuse_halves(text)
    if any(unicodedata.category(character) in _FORGING for character in text):
        raise Rejected("a header or an address may hold no line break and no control character", code=code)


def refuse_halves(text: str) -> None:
    """Let no text through that no encoding can write.

    Raises:
        Rejected: it holds a lone surrogate (`not_text`).
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Rejected(
            "a text holds half a character (a lone surrogate), which nobody can read", code="not_text"
        ) from None


def tidy(text: str) -> str:
    """Return a header's text without what reorders it on the screen, and without space around it."""
    return text.translate(_REORDERING).strip()


def mailbox(name: str | None, to: Address) -> str:
    """Return how a person and an address are written in a header; the name is one that was checked."""
    shown = tidy(name or "")[:LONGEST_NAME].strip()
    if not shown:
        return to.text
    if _PLAIN_NAME.fullmatch(shown) and "=?" not in shown:
        written = shown
    elif shown.isascii() and "=?" not in shown:
        written = '"' + re.sub(r'(["\\])', r"\\\1", shown) + '"'
    else:
        written = _encoded(shown)
    space = " " if len(written) + len(to.text) < _LINE - len("Reply-To: ") else "\r\n "
    return f"{written}{space}<{to.text}>"


def unstructured(text: str) -> str:
    """Return how a free text such as a subject is written in a header, folded."""
    words = re.split(r"(?<=\S) (?=\S)", text)
    if not text.isascii() or "=?" in text or any(len(word) > _LINE for word in words):
        return _encoded(text)
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + 1 + len(word) > _LINE - len("Subject: "):
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return "\r\n ".join(lines)


def _encoded(text: str) -> str:
    """Write any text as encoded words (RFC 2047), none of them with half a character in it."""
    words, part = [], b""
    for character in text:
        more = character.encode()
        if len(part) + len(more) > _WORD_BYTES:
            words.append(part)
            part = b""
        part += more
    words.append(part)
    return "\r\n ".join(f"=?utf-8?b?{b64encode(word).decode('ascii')}?=" for word in words)
