"""The webhook targets of one account: where each is, by which secret, and whether it knows repeats."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec

from dealwright.errors import InputError
from dealwright.model.delivery import AtMostOnce, Delivery, Keyed
from dealwright_http.redaction import Secret, shown_url

FOREVER: Final = "forever"
"""`dedupes_for` of a receiver that keeps every key."""

TIMEOUT: Final = 10.0
LONGEST_TIMEOUT: Final = 120.0

SHORTEST_SECRET: Final = 16

_KEYS = ("url", "secret_env", "secret_file", "allow_private", "dedupes_for", "timeout")
_LENGTH = re.compile(r"(\d{1,6})\s*(minutes?|hours?|days?|[mhd])")


class LateSecret(Secret):
    """A secret whose file is made later: whoever only looks at deals needs none."""

    __slots__ = ("_path", "_where")

    def __init__(self, where: str, path: Path) -> None:
        super().__init__(b"")
        self._where = where
        self._path = path

    def reveal(self) -> bytes:
        """Read the file.

        Raises:
            InputError: it is still not there, cannot be read, or is too short.
        """
        return _long_enough(self._where, _read(self._where, self._path)).reveal()


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One outside system.

    `dedupes_for` is how long it knows a repeated key (None: not at all), `timeout` the seconds one request may take.
    """

    url: str
    secret: Secret
    allow_private: bool = False
    dedupes_for: timedelta | Literal["forever"] | None = None
    timeout: float = TIMEOUT

    @property
    def delivery(self) -> Delivery:
        """What may be done when an outcome is unknown."""
        if self.dedupes_for is None:
            return AtMostOnce()
        return Keyed(dedupes_for=None if self.dedupes_for == FOREVER else self.dedupes_for)


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True):
    """All targets by name; `concurrency` is how many requests each gets at once."""

    targets: dict[str, Target]
    concurrency: int = 32


def from_table(table: Mapping[str, object], *, environ: Mapping[str, str]) -> WebhookSettings:
    """Read the settings from the `webhook` table of a target file: one table per target.

    Raises:
        InputError: naming the table and the key, never a secret.
    """
    return WebhookSettings(targets={name: _target(f"webhook.{name}", each, environ) for name, each in table.items()})


def _target(where: str, table: object, environ: Mapping[str, str]) -> Target:
    if not isinstance(table, Mapping):
        raise InputError(f"{where} is a single value; write a table [{where}] with url and secret_env")
    unknown = sorted(set(table) - set(_KEYS))
    if unknown:
        raise InputError(f"[{where}] has no setting {unknown[0]!r}; it has {', '.join(_KEYS)}")
    allow_private = table.get("allow_private", False)
    if not isinstance(allow_private, bool):
        raise InputError(f"[{where}] allow_private is true or false")
    return Target(
        url=_url(where, table.get("url"), allow_private),
        secret=_secret(where, table, environ),
        allow_private=allow_private,
        dedupes_for=_dedupes_for(where, table.get("dedupes_for")),
        timeout=_timeout(where, table.get("timeout", TIMEOUT)),
    )


def _url(where: str, url: object, allow_private: bool) -> str:
    if not isinstance(url, str) or not url:
        raise InputError(f"[{where}] needs url, such as https://erp.example.com/hooks")
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise InputError(f"[{where}] url is no http(s) address with a host")
    if parts.username or parts.password:
        raise InputError(f"[{where}] url carries a user or password; requests are signed with the secret instead")
    if parts.scheme == "http" and not allow_private:
        raise InputError(f"[{where}] url {shown_url(url)} is not https; plain http is for allow_private = true only")
    return url


def _secret(where: str, table: Mapping[str, object], environ: Mapping[str, str]) -> Secret:
    variable, file = table.get("secret_env"), table.get("secret_file")
    if isinstance(variable, str) == isinstance(file, str):
        raise InputError(f"[{where}] needs one of secret_env (a variable's name) and secret_file (a path)")
    if isinstance(variable, str):
        if variable not in environ:
            raise InputError(f"[{where}] secret_env names {variable}, which is not set in the environment")
        value = environ[variable]
    else:
        path = Path(str(file))
        if not path.exists():
            return LateSecret(where, path)
        value = _read(where, path)
    return _long_enough(where, value)


def _read(where: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"[{where}] secret_file {path} cannot be read") from None


def _long_enough(where: str, value: str) -> Secret:
    if len(value.strip()) < SHORTEST_SECRET:
        raise InputError(f"[{where}] the secret is shorter than {SHORTEST_SECRET} characters")
    return Secret(value.strip())


def _timeout(where: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LONGEST_TIMEOUT:
        raise InputError(f"[{where}] timeout is a number of seconds, at most {LONGEST_TIMEOUT:g}")
    return float(value)


def _dedupes_for(where: str, value: object) -> timedelta | Literal["forever"] | None:
    if value is None:
        return None
    if value == FOREVER:
        return "forever"
    match = _LENGTH.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        raise InputError(f'[{where}] dedupes_for is a time such as "48 hours" or "7 days", or "{FOREVER}"')
    unit = {"m": "minutes", "h": "hours", "d": "days"}[match[2][0]]
    return timedelta(**{unit: int(match[1])})
