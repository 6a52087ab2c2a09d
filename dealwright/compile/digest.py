"""Digests: whether two definitions behave alike, and whether they are described alike."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from dealwright.compile import ir
from dealwright.model.custom import FieldShape, RecordShape


def behaviour_digest(x: ir.Account | ir.Automation) -> str:
    """Return the digest of everything that decides what happens: all but the metadata.

    Of a company's own fields those count that something names: what nobody names decides nothing.
    """
    if isinstance(x, ir.Account) and (unused := _unused(x)):
        x = _with_fields(x, lambda part, shape: (part, shape) not in unused)
    return _sha256(_behaviour(x))


def metadata_digest(x: ir.Account | ir.Automation) -> str:
    """Return the digest of what only describes: reasons, where things are written, and fields that nothing names."""
    told: list[Any] = list(_metadata(x, ()))
    unused = _unused(x) if isinstance(x, ir.Account) else ()
    return _sha256([*told, *((part, msgspec.to_builtins(shape)) for part, shape in unused)])


_OWN_FIELDS: Final = ("deal_fields", "contact_fields", "company_fields")
_WORD: Final = re.compile(r"\w+")


def _unused(account: ir.Account) -> list[tuple[str, FieldShape]]:
    """The company's own fields that nothing else of the account names, with where they stand."""
    own = [(part, shape) for part in _OWN_FIELDS for shape in getattr(account, part)]
    own += [(_of_records(kind), shape) for kind in account.records for shape in kind.fields]
    if not own:
        return []
    without = _with_fields(account, lambda _part, _shape: False)
    # A word in a text may be no name of a field; it is behaviour for all that, and the field then counts with it.
    named = set(_WORD.findall(msgspec.json.encode(_behaviour(without)).decode()))
    return [(part, shape) for part, shape in own if shape.key not in named]


def _with_fields(account: ir.Account, keep: Callable[[str, FieldShape], bool]) -> ir.Account:
    """The account with those of its own fields that are to be kept."""
    kept = {part: tuple(shape for shape in getattr(account, part) if keep(part, shape)) for part in _OWN_FIELDS}
    records = tuple(
        msgspec.structs.replace(kind, fields=tuple(shape for shape in kind.fields if keep(_of_records(kind), shape)))
        for kind in account.records
    )
    return msgspec.structs.replace(account, **kept, records=records)


def _of_records(kind: RecordShape) -> str:
    return f"records {kind.key}"


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
