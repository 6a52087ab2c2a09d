"""The one codec of byte columns: raw bodies, facts, traces, requests, receipts.

An envelope of three bytes stands before the data: format version, compression, key id. Version 1 with key 0 is
unsealed; sealing with account and person keys is a new key id, not a new column (engine-contract §7).
"""

from __future__ import annotations

import zlib
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")

_VERSION: Final = 1
_PLAIN: Final = bytes((_VERSION, 0, 0))
_DEFLATED: Final = bytes((_VERSION, 1, 0))
_WORTH_DEFLATING: Final = 2048


class PayloadError(ValueError):
    """A byte column holds what this version cannot read."""


def pack(data: bytes) -> bytes:
    """Return the bytes to store; long ones are deflated."""
    if len(data) < _WORTH_DEFLATING:
        return _PLAIN + data
    return _DEFLATED + zlib.compress(data, level=1)


def unpack(stored: bytes) -> bytes:
    """Return the bytes that were stored.

    Raises:
        PayloadError: the envelope is of another version or key.
    """
    envelope = bytes(stored[:3])
    if envelope == _PLAIN:
        return bytes(stored[3:])
    if envelope == _DEFLATED:
        return zlib.decompress(stored[3:])
    raise PayloadError(f"payload envelope {envelope.hex()} is not known to this version of Dealwright")


UNREADABLE: Final = (ValueError, zlib.error)
"""What `unseal` raises when a column is damaged, or was written by a version that this one does not know."""

_encoder = msgspec.json.Encoder()
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def seal(value: object) -> bytes:
    """Encode a value and pack it."""
    return pack(_encoder.encode(value))


def unseal(stored: bytes, type_: type[T]) -> T:
    """Unpack and decode a value of the given type (a struct, or a union of structs).

    Raises:
        PayloadError: the envelope is of another version or key.
        msgspec.ValidationError: the content is of another shape.
    """
    decoder = _decoders.get(type_)
    if decoder is None:
        decoder = _decoders[type_] = msgspec.json.Decoder(type_)
    value: T = decoder.decode(unpack(stored))
    return value
