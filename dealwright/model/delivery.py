"""Delivery classes: what may be done about an effect whose outcome is unknown (engine-contract §4)."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeAlias

import msgspec


class Idempotent(msgspec.Struct, frozen=True, tag_field="class", tag="IDEMPOTENT"):
    """A write conditional on the version decided on: may be repeated."""


class Keyed(msgspec.Struct, frozen=True, tag_field="class", tag="KEYED"):
    """The other side keeps our key: may be repeated while younger than half of `dedupes_for` (None: for ever)."""

    dedupes_for: timedelta | None = None


class Checkable(msgspec.Struct, frozen=True, tag_field="class", tag="CHECKABLE"):
    """Our key can be looked up, `look_after` the call at the earliest, twice; found is sent, not found is repeated."""

    look_after: timedelta


class AtMostOnce(msgspec.Struct, frozen=True, tag_field="class", tag="AT_MOST_ONCE"):
    """Nobody can say: a person decides."""


Delivery: TypeAlias = Idempotent | Keyed | Checkable | AtMostOnce
"""The delivery class of one kind of request at one connector."""


def delivery_name(delivery: Delivery) -> str:
    """Return the class's name as views and plans show it, such as `KEYED`."""
    return str(delivery.__struct_config__.tag)
