"""What every connector that speaks HTTP shares: the client, the address guard, the retry classifier, redaction, and the
small server under the simulators."""

from __future__ import annotations

from dealwright_http.addresses import Guard, GuardedTransport, is_public
from dealwright_http.classify import Verdict, of_failure, of_status, retry_after
from dealwright_http.client import make_client
from dealwright_http.redaction import Secret, shown_url

__all__ = [
    "Guard",
    "GuardedTransport",
    "Secret",
    "Verdict",
    "is_public",
    "make_client",
    "of_failure",
    "of_status",
    "retry_after",
    "shown_url",
]
