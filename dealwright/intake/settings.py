"""The hooks of one account, as its target file tells them: one table for each source.

[account.acme.hooks.billing]
secret_file = "/run/secrets/billing"            # or secret_env = "BILLING_SECRET"
old_secret_file = "/run/secrets/billing.old"    # or old_secret_env: valid beside it while it is being changed
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dealwright.clock import Clock
from dealwright.errors import InputError
from dealwright.intake.secrets import FileSecret, FixedSecret, SharedSecret
from dealwright.intake.signed import SignedJson
from dealwright.model.events import REPLAY

NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""What a source is called: in its address, and in event_received(..., from_=...)."""

_LONGEST_NAME: Final = 60
_KEYS: Final = ("secret_file", "secret_env", "old_secret_file", "old_secret_env")


def signed_sources(
    table: Mapping[str, object], *, environ: Mapping[str, str], clock: Clock, where: str = "hooks"
) -> tuple[SignedJson, ...]:
    """Return the sources that a target file's `hooks` table describes.

    Raises:
        InputError: naming the table and the key, never a secret.
    """
    return tuple(_source(f"{where}.{name}", name, each, environ, clock) for name, each in table.items())


def _source(where: str, name: str, table: object, environ: Mapping[str, str], clock: Clock) -> SignedJson:
    if NAME.fullmatch(name) is None or len(name) > _LONGEST_NAME:
        raise InputError(
            f"[{where}] the source's name stands in its address: lower-case letters, digits and -, at most"
            f" {_LONGEST_NAME} of them"
        )
    if name == REPLAY:
        raise InputError(
            f"[{where}] no source is called {name!r}: that is the source of what `dealwright events replay` lets happen"
            " again. Give it another name, in its address too"
        )
    if not isinstance(table, Mapping):
        raise InputError(f"{where} is a single value; write a table [{where}] with secret_file or secret_env")
    if unknown := sorted(set(table) - set(_KEYS)):
        raise InputError(f"[{where}] has no setting {unknown[0]!r}; it has {', '.join(_KEYS)}")
    current = _secret(where, "secret", table, environ)
    if current is None:
        raise InputError(f"[{where}] needs one of secret_file (a path) and secret_env (a variable's name)")
    old = _secret(where, "old_secret", table, environ)
    return SignedJson(name, (current,) if old is None else (current, old), clock)


def _secret(where: str, name: str, table: Mapping[str, object], environ: Mapping[str, str]) -> SharedSecret | None:
    file, variable = table.get(f"{name}_file"), table.get(f"{name}_env")
    if file is not None and variable is not None:
        raise InputError(f"[{where}] has {name}_file and {name}_env; it takes one of them")
    if file is not None:
        if not isinstance(file, str) or not file:
            raise InputError(f"[{where}] {name}_file is a path")
        return FileSecret(where, Path(file))
    if variable is None:
        return None
    if not isinstance(variable, str) or variable not in environ:
        raise InputError(f"[{where}] {name}_env names a variable that is not set in the environment")
    return FixedSecret(where, environ[variable])
