"""The generic source: signed JSON, in the very format in which a Dealwright sends its own events.

    POST /hooks/<account>/<name>
    Content-Type: application/json
    Dealwright-Timestamp: <seconds since 1970>    when it was signed; at most 5 minutes off
    Dealwright-Signature: v1=<hex>                HMAC-SHA256 of "<timestamp>.<body>" with the shared secret
    Dealwright-Id: <id>                           may be left out; if it is there, it is the body's id

The id stands in the body because only the body is signed: an id that anybody could exchange would be no id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from dealwright.clock import Clock
from dealwright.errors import InputError, Rejected, Unauthorized
from dealwright.intake.secrets import SharedSecret
from dealwright.intake.told import read
from dealwright.model.events import EventReceived
from dealwright.ports import FeedItem
from dealwright.signature import ID, SIGNATURE, TIMESTAMP, TOLERANCE, fits

MOST_SECRETS: Final = 2
"""The secret and, while it is being changed, the one before."""

UNSUPPORTED: Final = "media_type"
"""The code of a body that is not JSON by its own account."""

_LONGEST_STAMP: Final = 12


class SignedJson:
    """A source that signs its JSON with a secret that we share with it. It knows up to two at a time."""

    def __init__(self, name: str, secrets: Sequence[SharedSecret], clock: Clock) -> None:
        if not 0 < len(secrets) <= MOST_SECRETS:
            raise InputError(f"the source {name} has {len(secrets)} secrets; it takes one, or two while one is changed")
        self._name = name
        self._secrets = tuple(secrets)
        self._clock = clock

    @property
    def name(self) -> str:
        """The source's name in the address and in the journal."""
        return self._name

    def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[FeedItem]:
        """Verify one request and return its one event; `headers` have lower-case names.

        Raises:
            Unauthorized: it is not signed with one of the secrets, or not lately.
            Rejected: it is signed, and cannot be understood.
            InputError: no secret is there at this time.
        """
        self._verify(headers, body)
        _refuse_other_media(headers)
        now = self._clock.now()
        told = read(body, now)
        if headers.get(ID.lower(), told.id) != told.id:
            raise Rejected("the header Dealwright-Id is not the body's id", code="id")
        event = EventReceived(
            source_id=told.id,
            occurred_at=told.occurred_at or now,
            actor=f"hook:{self._name}",
            source=self._name,
            name=told.event,
            deal_id=told.deal,
            reference=told.reference,
            data=told.data,
        )
        return [FeedItem(event=event, raw=body)]

    def _verify(self, headers: Mapping[str, str], body: bytes) -> None:
        secrets, unusable = self._usable()
        stamp, signature = headers.get(TIMESTAMP.lower(), ""), headers.get(SIGNATURE.lower(), "")
        if not signature:
            raise Unauthorized("the header Dealwright-Signature is missing")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= _LONGEST_STAMP):
            raise Unauthorized("the header Dealwright-Timestamp is missing, or is no number of seconds since 1970")
        # Both are always compared: how long the answer takes does not tell which of them, or how much of it, fits.
        fitting = [fits(secret, stamp, body, signature) for secret in secrets]
        if not any(fitting):
            if unusable is not None:
                raise unusable  # it may be signed with that one: the sender shall try again, not give up
            raise Unauthorized("the signature fits no secret of this address: another secret, address or body")
        off = self._clock.wall().timestamp() - int(stamp)
        if abs(off) > TOLERANCE:
            raise Unauthorized(
                f"the timestamp is {abs(off):.0f} s {'old' if off > 0 else 'ahead'}, at most {TOLERANCE} s are taken:"
                " sign each attempt anew, and set the clocks"
            )

    def _usable(self) -> tuple[list[bytes], InputError | None]:
        """Return the secrets that can be used now, and what is wrong with another: it takes nothing from them."""
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
        return found, unusable


def _refuse_other_media(headers: Mapping[str, str]) -> None:
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise Rejected("the content type is not application/json", code=UNSUPPORTED)
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Rejected("the body is compressed; send it as it was signed, without Content-Encoding", code=UNSUPPORTED)
