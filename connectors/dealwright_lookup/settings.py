"""The systems of one account that are asked for facts: where each is, how it is asked, and how long and how much."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from dealwright.errors import InputError
from dealwright_http.redaction import Secret
from dealwright_http.targets import checked_table, checked_timeout, checked_url, secret_of

TIMEOUT: Final = 5.0
LONGEST_TIMEOUT: Final = 20.0
"""A lease must hold while a system is asked; who needs longer asks by an event, and waits for the answer."""

HEADER: Final = "Authorization"
PREFIX: Final = "Bearer "
"""How a secret is sent, unless the target file says otherwise."""

LARGEST: Final = 65_536
MOST_BYTES: Final = 1_048_576

_KEYS: Final = (
    "url",
    "method",
    "secret_env",
    "secret_file",
    "secret_header",
    "secret_prefix",
    "allow_private",
    "timeout",
    "largest",
)
_HEADER: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")


class System(msgspec.Struct, frozen=True, kw_only=True):
    """One system. `largest` is how many bytes of an answer are read; `secret` goes into `secret_header`."""

    url: str
    method: Literal["GET", "POST"] = "GET"
    secret: Secret | None = None
    secret_header: str = HEADER
    secret_prefix: str = PREFIX
    allow_private: bool = False
    timeout: float = TIMEOUT
    largest: int = LARGEST


class LookupSettings(msgspec.Struct, frozen=True, kw_only=True):
    """All systems by name; `concurrency` is how many questions each gets at once."""

    systems: dict[str, System]
    concurrency: int = 16


def from_table(table: Mapping[str, object], *, environ: Mapping[str, str]) -> LookupSettings:
    """Read the settings from the `lookup` table of a target file: one table per system.

    Raises:
        InputError: naming the table and the key, never a secret.
    """
    return LookupSettings(systems={name: _system(f"lookup.{name}", each, environ) for name, each in table.items()})


def _system(where: str, given: object, environ: Mapping[str, str]) -> System:
    table, allow_private = checked_table(where, given, _KEYS, needs="url")
    url = checked_url(where, table.get("url"), allow_private, such_as="https://vies.example.com/api")
    if "?" in url or "#" in url:
        raise InputError(f"[{where}] url has a query or fragment; what is asked stands in the definition")
    named = "secret_env" in table or "secret_file" in table
    return System(
        url=url.rstrip("/"),
        method=_method(where, table.get("method", "GET")),
        secret=secret_of(where, table, environ) if named else None,
        secret_header=_header(where, table.get("secret_header", HEADER)),
        secret_prefix=_prefix(where, table.get("secret_prefix", PREFIX)),
        allow_private=allow_private,
        timeout=checked_timeout(where, table.get("timeout", TIMEOUT), most=LONGEST_TIMEOUT),
        largest=_largest(where, table.get("largest", LARGEST)),
    )


def _method(where: str, value: object) -> Literal["GET", "POST"]:
    if value == "GET":
        return "GET"
    if value == "POST":
        return "POST"
    raise InputError(f'[{where}] method is "GET" (what is asked goes into the query) or "POST" (into a JSON body)')


def _header(where: str, value: object) -> str:
    if not isinstance(value, str) or _HEADER.fullmatch(value) is None:
        raise InputError(f'[{where}] secret_header is the name of a header, such as "Authorization" or "X-Api-Key"')
    return value


def _prefix(where: str, value: object) -> str:
    if not isinstance(value, str) or not value.isascii() or (not value.isprintable() and value):
        raise InputError(f'[{where}] secret_prefix is what stands before the secret, such as "Bearer " or ""')
    return value


def _largest(where: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MOST_BYTES:
        raise InputError(f"[{where}] largest is a number of bytes, at most {MOST_BYTES}")
    return value
