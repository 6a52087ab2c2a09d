"""Digests: whether two definitions behave alike, and whether they are described alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from dealwright.compile import ir


def behaviour_digest(x: ir.Account | ir.Automation) -> str:
    """Return the digest of everything that decides what happens: all but the metadata."""
    return _sha256(_behaviour(x))


def metadata_digest(x: ir.Account | ir.Automation) -> str:
    """Return the digest of what only describes: reasons, and where things are written."""
    return _sha256(list(_metadata(x, ())))


def release_digest(account: ir.Account) -> str:
    """Return the digest of the whole account, description included."""
    return _sha256([behaviour_digest(account), metadata_digest(account)])


def _sha256(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()


def _behaviour(value: Any) -> Any:
    """The value as plain JSON without metadata fields; keys of an author's mapping are never taken for fields."""
    if isinstance(value, msgspec.Struct):
        config = value.__struct_config__
        fields = {name: _behaviour(held) for name, held in _fields(value) if name not in ir.METADATA}
        return fields if config.tag is None else {f"{config.tag_field}:": config.tag, **fields}
    if isinstance(value, dict):
        return {key: _behaviour(held) for key, held in value.items()}
    if isinstance(value, tuple):
        return [_behaviour(held) for held in value]
    return value


def _metadata(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[Any, ...]]:
    """Every metadata field with its place, which is a position and never a key that behaviour could change."""
    if isinstance(value, msgspec.Struct):
        for place, (name, held) in enumerate(_fields(value)):
            if name in ir.METADATA:
                yield (*path, name), held
            else:
                yield from _metadata(held, (*path, place))
    elif isinstance(value, dict):
        for place, key in enumerate(sorted(value)):
            yield from _metadata(value[key], (*path, place))
    elif isinstance(value, tuple):
        for place, held in enumerate(value):
            yield from _metadata(held, (*path, place))


def _fields(value: msgspec.Struct) -> Iterator[tuple[str, Any]]:
    """Every field; without those that came later and say nothing, or recorded releases would seem to be others."""
    for name in value.__struct_fields__:
        held = getattr(value, name)
        if held or name not in ir.ADDED:
            yield name, held
