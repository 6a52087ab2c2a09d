"""Who may tell us something: a source is a verifier, which asks that, and a reader, which asks what it says.

A source is verified by its signature (signed.py) or, if its system signs nothing, by a secret that stands in the path
of its address or in a header:

    POST /hooks/<account>/<name>/<secret>
    POST /hooks/<account>/<name>            Dealwright-Secret: <secret>

Up to two secrets are valid at a time: the secret and, while it is being changed, the one before.
"""

from __future__ import annotations

import hmac
import secrets as randomness
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from dealwright.errors import InputError, Unauthorized
from dealwright.intake.secrets import SHORTEST, SharedSecret
from dealwright.ports import FeedItem, HookQuota, HookReader
from dealwright.signature import SIGNATURE, TIMESTAMP, fits, is_stamp

MOST_SECRETS: Final = 2
"""The secret and, while it is being changed, the one before."""

SECRET_HEADER: Final = "Dealwright-Secret"  # noqa: S105 - the name of a header
"""Where a sender that can set headers puts the secret; it stands in fewer logs on the way than a path does."""


class Verifier(Protocol):
    """Says whether a request is from the source."""

    def verify(self, headers: Mapping[str, str], body: bytes, secret: str) -> None:
        """Return if it is.

        Raises:
            Unauthorized: it is not.
            InputError: no secret is there at this time.
        """
        ...


class Source:
    """A source as the target file describes it."""

    def __init__(self, name: str, verifier: Verifier, reader: HookReader, quota: HookQuota | None = None) -> None:
        self._name = name
        self._quota = quota or HookQuota()
        self.verify = verifier.verify
        self._reader = reader

    @property
    def name(self) -> str:
        """The source's name in the address and in the journal."""
        return self._name

    @property
    def quota(self) -> HookQuota:
        """What it may send."""
        return self._quota

    def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[FeedItem]:
        """Return the events that a verified request tells."""
        return self._reader.receive(headers, body)


class Keyring:
    """The secrets of one source that are valid now."""

    def __init__(self, name: str, secrets: Sequence[SharedSecret]) -> None:
        if not 0 < len(secrets) <= MOST_SECRETS:
            raise InputError(f"the source {name} has {len(secrets)} secrets; it takes one, or two while one is changed")
        self._name = name
        self._secrets = tuple(secrets)
        # A comparison costs as much with one secret as with two: nobody can time whether one is being changed.
        self._blank = randomness.token_bytes(2 * SHORTEST)

    def usable(self) -> tuple[list[bytes], InputError | None]:
        """Return the secrets that can be used now, filled up to two with one that nobody knows.

        What is wrong with another secret is returned beside: it takes nothing from those that are right.

        Raises:
            InputError: there is none.
        """
        found: list[bytes] = []
        unusable: InputError | None = None
        for secret in self._secrets:
            try:
                value = secret.reveal()
            except InputError as error:
                unusable = error
            else:
                found += [] if value is None else [value]
        if not found:
            raise unusable or InputError(f"the source {self._name} has no secret: none of its secrets' files is there")
        return found + [self._blank] * (MOST_SECRETS - len(found)), unusable


class BySecret:
    """Verifies by a secret that the request carries in its path or in a header."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def verify(self, headers: Mapping[str, str], body: bytes, secret: str) -> None:
        """Compare with every secret, each in a time that does not tell how much of it fits.

        Raises:
            Unauthorized: it is none of them, or none is given.
            InputError: no secret is there at this time.
        """
        usable, unusable = self._keyring.usable()
        told = secret.encode("utf-8", "replace")
        fitting = [hmac.compare_digest(each, told) for each in usable]
        if not any(fitting):
            if not secret and SIGNATURE.lower() in headers:
                # Where nothing is known, a signature is compared: nobody shall time that here it is not.
                stamp, signature = headers.get(TIMESTAMP.lower(), ""), headers[SIGNATURE.lower()]
                _ = [fits(each, stamp, body, signature) for each in usable if is_stamp(stamp)]
            if unusable is not None and secret:
                raise unusable  # it may be that one: the sender shall try again, not give up
            raise Unauthorized("the secret fits none of this address" if secret else "there is no secret")
