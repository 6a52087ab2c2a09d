"""The hooks of one account, as its target file tells them: one table for each source.

[account.acme.hooks.billing]
secret_file = "/run/secrets/billing"            # or secret_env = "BILLING_SECRET"
old_secret_file = "/run/secrets/billing.old"    # or old_secret_env: valid beside it while it is being changed

[account.acme.hooks.kommo]
from = "kommo"                                  # read by that connector; it signs nothing, the secret is in its address
secret_file = "/run/secrets/kommo"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dealwright.clock import Clock
from dealwright.errors import InputError
from dealwright.intake.limits import LARGEST_BODY
from dealwright.intake.secrets import FileSecret, FixedSecret, SharedSecret
from dealwright.intake.signed import BySignature, TellsJson
from dealwright.intake.verified import BySecret, Keyring, Source, Verifier
from dealwright.model.events import ENROL, REPLAY
from dealwright.ports import HookQuota, HookReader

NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""What a source is called: in its address, and in event_received(..., from_=...)."""

_LONGEST_NAME: Final = 60
_WAYS: Final = ("signature", "secret")
_SECRETS: Final = ("secret_file", "secret_env", "old_secret_file", "old_secret_env")
_NUMBERS: Final = ("body", "rate", "burst")
_KEYS: Final = (*_SECRETS, "from", "verified_by", *_NUMBERS)
_USUAL: Final = HookQuota()
_USUAL_OF_A_SYSTEM: Final = HookQuota(body=256 * 1024)
"""What another system sends is as long as it likes: a form of Kommo's with a hundred custom fields has 70 kB."""


def hook_sources(
    table: Mapping[str, object],
    *,
    environ: Mapping[str, str],
    clock: Clock,
    readers: Mapping[str, HookReader] | None = None,
    where: str = "hooks",
) -> tuple[Source, ...]:
    """Return the sources that a target file's `hooks` table describes.

    `readers` are the systems that `from` can name: what the connectors of the account read.

    Raises:
        InputError: naming the table and the key, never a secret.
    """
    known = readers or {}
    return tuple(_source(f"{where}.{name}", name, each, environ, clock, known) for name, each in table.items())


def _source(
    where: str,
    name: str,
    table: object,
    environ: Mapping[str, str],
    clock: Clock,
    readers: Mapping[str, HookReader],
) -> Source:
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
    if name == ENROL:
        raise InputError(
            f"[{where}] no source is called {name!r}: that is the source of what happens to deals that are enrolled."
            " Give it another name, in its address too"
        )
    if not isinstance(table, Mapping):
        raise InputError(f"{where} is a single value; write a table [{where}] with secret_file or secret_env")
    if unknown := sorted(set(table) - set(_KEYS)):
        raise InputError(f"[{where}] has no setting {unknown[0]!r}; it has {', '.join(_KEYS)}")
    current = _secret(where, "secret", table, environ)
    if current is None:
        raise InputError(f"[{where}] needs one of secret_file (a path) and secret_env (a variable's name)")
    old = _secret(where, "old_secret", table, environ)
    keyring = Keyring(name, (current,) if old is None else (current, old))
    reader = _reader(where, table, readers) or TellsJson(name, clock)
    return Source(name, _verifier(where, table, keyring, clock), reader, _quota(where, table))


def _reader(where: str, table: Mapping[str, object], readers: Mapping[str, HookReader]) -> HookReader | None:
    """Return the reader that `from` names; None where it names none, and the body is Dealwright's own JSON."""
    if "from" not in table:
        return None
    reader = readers.get(str(table["from"]))
    if reader is None:
        raise InputError(
            f"[{where}] from names a system that this account is not connected to; it can name"
            f" {', '.join(sorted(readers)) or 'none, for no connector of the account takes hooks'}"
        )
    return reader


def _verifier(where: str, table: Mapping[str, object], keyring: Keyring, clock: Clock) -> Verifier:
    way = table.get("verified_by", "secret" if "from" in table else "signature")
    if way not in _WAYS or ("from" in table and way != "secret"):
        raise InputError(
            f'[{where}] verified_by is "signature" (the body is signed as docs/hooks.md says) or "secret" (in the'
            ' address or a header); what another system sends (from) is verified by "secret"'
        )
    return BySecret(keyring) if way == "secret" else BySignature(keyring, clock)


def _quota(where: str, table: Mapping[str, object]) -> HookQuota:
    usual = _USUAL_OF_A_SYSTEM if "from" in table else _USUAL
    body, rate, burst = (table.get(name, getattr(usual, name)) for name in _NUMBERS)
    if not isinstance(body, int) or isinstance(body, bool) or not 1_024 <= body <= LARGEST_BODY:
        raise InputError(f"[{where}] body is the most bytes of one request: 1024 to {LARGEST_BODY}")
    if not isinstance(rate, int | float) or isinstance(rate, bool) or not 0.0 < rate <= 1_000_000:
        raise InputError(f"[{where}] rate is the most requests a second: a number above 0, such as 50")
    if not isinstance(burst, int) or isinstance(burst, bool) or not 1 <= burst <= 1_000_000:
        raise InputError(f"[{where}] burst is how many requests may come at once: a whole number from 1")
    return HookQuota(body=body, rate=float(rate), burst=burst)


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
