"""How an event is signed on its way between two systems: one scheme, for what comes in and for what goes out.

Dealwright-Timestamp: <seconds since 1970>    when it was signed
Dealwright-Signature: v1=<hex>                HMAC-SHA256 of "<timestamp>.<body>" with the shared secret
Dealwright-Id: <id>                           the id that the body holds
"""

from __future__ import annotations

import hmac
from typing import Final

ID: Final = "Dealwright-Id"
TIMESTAMP: Final = "Dealwright-Timestamp"
SIGNATURE: Final = "Dealwright-Signature"

TOLERANCE: Final = 300
"""Seconds by which a timestamp may differ from the receiver's clock."""

_LONGEST_STAMP: Final = 12


def sign(secret: bytes, stamp: int | str, body: bytes) -> str:
    """Return the signature header's value for a body that is signed at `stamp`, seconds since 1970."""
    return "v1=" + hmac.digest(secret, f"{stamp}.".encode() + body, "sha256").hex()


def is_stamp(stamp: str) -> bool:
    """Say whether a timestamp is a number of seconds: what is none is signed by nobody."""
    return stamp.isascii() and stamp.isdigit() and len(stamp) <= _LONGEST_STAMP


def fits(secret: bytes, stamp: int | str, body: bytes, signature: str) -> bool:
    """Say whether the signature is that of this body and timestamp; it takes as long whatever is wrong with it."""
    return hmac.compare_digest(sign(secret, stamp, body).encode(), signature.encode("utf-8", "replace"))


def signed(secret: bytes, id_: str, body: bytes, stamp: int) -> dict[str, str]:
    """Return the headers of one attempt to post a JSON body."""
    return {
        "Content-Type": "application/json",
        ID: id_,
        TIMESTAMP: str(stamp),
        SIGNATURE: sign(secret, stamp, body),
    }
