"""The webhook targets of one account: where each is, by which secret, and whether it knows repeats."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal

import msgspec

from dealwright.errors import InputError
from dealwright.model.delivery import AtMostOnce, Delivery, Keyed
from dealwright_http.redaction import Secret
from dealwright_http.targets import checked_table, checked_timeout, checked_url, secret_of

FOREVER: Final = "forever"
"""`dedupes_for` of a receiver that keeps every key."""

TIMEOUT: Final = 10.0
LONGEST_TIMEOUT: Final = 120.0

_KEYS = ("url", "secret_env", "secret_file", "allow_private", "dedupes_for", "timeout")
_LENGTH = re.compile(r"(\d{1,6})\s*(minutes?|hours?|days?|[mhd])")


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


def _target(where: str, given: object, environ: Mapping[str, str]) -> Target:
    table, allow_private = checked_table(where, given, _KEYS, needs="url and secret_env")
    return Target(
        url=checked_url(where, table.get("url"), allow_private, such_as="https://erp.example.com/hooks"),
        secret=secret_of(where, table, environ),
        allow_private=allow_private,
        dedupes_for=_dedupes_for(where, table.get("dedupes_for")),
        timeout=checked_timeout(where, table.get("timeout", TIMEOUT), most=LONGEST_TIMEOUT),
    )


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
