"""The generic source: JSON in the very format in which a Dealwright sends its own events, signed.

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
from dealwright.errors import Rejected, Unauthorized
from dealwright.intake.secrets import SharedSecret
from dealwright.intake.told import read
from dealwright.intake.verified import Keyring, Source
from dealwright.model.events import EventReceived
from dealwright.ports import FeedItem, HookQuota
from dealwright.signature import ID, SIGNATURE, TIMESTAMP, TOLERANCE, fits, is_stamp

UNSUPPORTED: Final = "media_type"
"""The code of a body that is not JSON by its own account."""

_ID, _TIMESTAMP, _SIGNATURE = ID.lower(), TIMESTAMP.lower(), SIGNATURE.lower()


class Stale(Unauthorized):
    """It is signed with one of our secrets, but not lately: who has the secret may hear by how much."""


def signed_json(name: str, secrets: Sequence[SharedSecret], clock: Clock, quota: HookQuota | None = None) -> Source:
    """Return a source that signs its JSON with a secret that we share with it. It knows up to two at a time."""
    return Source(name, BySignature(Keyring(name, secrets), clock), TellsJson(name, clock), quota)


class BySignature:
    """Verifies the signature of the body, and its age."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self._keyring = keyring
        self._clock = clock

    def verify(self, headers: Mapping[str, str], body: bytes, secret: str) -> None:
        """Compare with what every secret would sign. An address that ends with a secret is another source's.

        Raises:
            Unauthorized: it is not signed with one of the secrets.
            Stale: it is, and not lately.
            InputError: no secret is there at this time.
        """
        usable, unusable = self._keyring.usable()
        stamp, signature = headers.get(_TIMESTAMP, ""), headers.get(_SIGNATURE, "")
        if not signature:
            raise Unauthorized("the header Dealwright-Signature is missing")
        if secret:
            raise Unauthorized("the source signs, and its address has no secret")
        if not is_stamp(stamp):
            raise Unauthorized("the header Dealwright-Timestamp is missing, or is no number of seconds since 1970")
        # Both are always compared: how long the answer takes does not tell which of them, or how much of it, fits.
        fitting = [fits(each, stamp, body, signature) for each in usable]
        if not any(fitting):
            if unusable is not None:
                raise unusable  # it may be signed with that one: the sender shall try again, not give up
            raise Unauthorized("the signature fits no secret of this address: another secret, address or body")
        off = self._clock.wall().timestamp() - int(stamp)
        if abs(off) > TOLERANCE:
            raise Stale(
                f"the timestamp is {abs(off):.0f} s {'old' if off > 0 else 'ahead'}, at most {TOLERANCE} s are taken:"
                " sign each attempt anew, and set the clocks"
            )


class TellsJson:
    """Reads the one event that a JSON body tells."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock

    def receive(self, headers: Mapping[str, str], body: bytes) -> Sequence[FeedItem]:
        """Return the event; `headers` have lower-case names.

        Raises:
            TooMuch: it holds more than is read.
            Rejected: it cannot be understood.
        """
        _refuse_other_media(headers)
        now = self._clock.now()
        told = read(body, now)
        if headers.get(_ID, told.id) != told.id:
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


def _refuse_other_media(headers: Mapping[str, str]) -> None:
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise Rejected("the content type is not application/json", code=UNSUPPORTED)
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Rejected("the body is compressed; send it as it was signed, without Content-Encoding", code=UNSUPPORTED)
