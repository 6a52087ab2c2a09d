"""One message as bytes, from a request and the account's sender. No I/O, and the same bytes for the same input.

Every header is written here from checked parts; the standard library encodes the body. So that nobody can forge a
header, a part that could end one is refused, and parts are written as encoded words unless they are plain.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

import msgspec

from dealwright.errors import Rejected
from dealwright.model.requests import SendEmail
from dealwright_email.addresses import Address, address, mailbox, refuse_forged, refuse_halves, tidy, unstructured

LONGEST_SUBJECT: Final = 250
LARGEST_MESSAGE: Final = 2_000_000
"""Bytes of a whole message."""

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_CONTROLS = dict.fromkeys([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F])


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Whom an account's messages are from."""

    name: str
    address: Address


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A message ready to leave, and who gets it: the customer, then the copies, open and hidden."""

    message_id: str
    sender: Address
    to: Address
    copies: tuple[Address, ...]
    data: bytes

    @property
    def utf8(self) -> bool:
        """Whether the server must know SMTPUTF8."""
        return any(each.utf8 for each in (self.sender, self.to, *self.copies)) or not self.data.isascii()


def compose(key: str, request: SendEmail, sender: Sender, now: datetime) -> Letter:
    """Write the message of one effect; its Message-ID is made of the effect's key.

    Raises:
        Rejected: something in it cannot be sent; `code` and text say what, without personal data.
    """
    if not _KEY.fullmatch(key):
        raise Rejected("the effect's key cannot stand in a header", code="bad_key")
    to = address(request.to, code="bad_address")
    cc = _others(request.cc, to, "bad_cc")
    bcc = _others(request.bcc, to, "bad_bcc")
    refuse_forged(request.to_name or "", code="forged_header")
    message_id = f"<{key}@{sender.address.domain}>"
    headers = [
        ("From", mailbox(sender.name, sender.address)),
        ("To", mailbox(request.to_name, to)),
        *([("Cc", ",\r\n ".join(each.text for each in cc))] if cc else []),
        *_reply_to(request.reply_to),
        ("Subject", unstructured(_subject(request.subject))),
        ("Date", format_datetime(now)),
        ("Message-ID", message_id),
        ("Auto-Submitted", "auto-generated"),
        ("X-Dealwright-Key", key),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers).encode()
    data = head + _body(key, request)
    if len(data) > LARGEST_MESSAGE:
        raise Rejected(f"the message is {len(data)} bytes long; at most {LARGEST_MESSAGE} are sent", code="too_large")
    copies = tuple(dict.fromkeys((*cc, *bcc)))
    return Letter(message_id=message_id, sender=sender.address, to=to, copies=copies, data=data)


def _others(given: Sequence[str], to: Address, code: str) -> tuple[Address, ...]:
    """Return the addresses of copies, each once, and not that of whom the message goes to."""
    found = dict.fromkeys(address(each, code=code) for each in given)
    return tuple(each for each in found if each != to)


def _reply_to(text: str | None) -> Sequence[tuple[str, str]]:
    return () if text is None else [("Reply-To", address(text, code="bad_reply_to").text)]


def _subject(text: str) -> str:
    refuse_forged(text, code="forged_header")
    subject = tidy(text)
    if not subject:
        raise Rejected("the subject is empty", code="empty_subject")
    if len(subject) > LONGEST_SUBJECT:
        raise Rejected(
            f"the subject has {len(subject)} characters; at most {LONGEST_SUBJECT} are sent", code="subject_too_long"
        )
    return subject


def _body(key: str, request: SendEmail) -> bytes:
    """Return the body with its own headers."""
    message = EmailMessage(policy=policy.SMTP)
    text = _readable(request.text)
    if not text.strip():
        raise Rejected("the text is empty", code="empty_text")
    message.set_content(text, cte=_encoding(text))
    if request.html is not None:
        html = _readable(request.html)
        message.add_alternative(html, subtype="html", cte=_encoding(html))
        # Neither encoding of a part can write `=_`, so the boundary is in no part.
        message.set_boundary(f"=_{key}")
    return message.as_bytes()


def _readable(text: str) -> str:
    """Leave out the control characters that documents are full of and mail may not hold."""
    if len(text) > LARGEST_MESSAGE:  # before anything is made of it
        raise Rejected(f"the text has {len(text)} characters; nothing so large is sent", code="too_large")
    refuse_halves(text)
    return text.translate(_CONTROLS)


def _encoding(text: str) -> str:
    plain = sum(character.isascii() for character in text)
    return "quoted-printable" if 2 * plain > len(text) else "base64"
