"""Finds the account that a token is of: by the installation it names, so that no other account's database is asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from dealwright_embedded_crm.api.caller import ADMITTED, Caller
from dealwright_embedded_crm.api.problems import Problem
from dealwright_embedded_crm.people import People
from dealwright_embedded_crm.tokens import installation_of

CrmSource = People | Callable[[], People]
"""A CRM, or what opens it when it is first needed."""


class Accounts:
    """The CRMs that are served, each opened once."""

    def __init__(self, crms: Mapping[str, CrmSource]) -> None:
        self._waiting = dict(crms)
        self._opened: dict[str, tuple[str, People]] = {}
        self._opening = threading.Lock()

    def admit(self, header: str | None) -> Caller:
        """Return who asks with this Authorization header.

        Raises:
            Problem: 401, or 403 for a role that may not use the API.
            Unavailable: the account's database cannot be read.
        """
        scheme, _, secret = (header or "").strip().partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not secret:
            raise _unauthorized("send a token: Authorization: Bearer dwcrm_...")
        found = self._account(installation_of(secret))
        token = None if found is None else found[1].token(secret)
        if found is None or token is None:
            # One answer for unknown and revoked: it tells a guesser nothing.
            raise _unauthorized("the token is unknown or was revoked", error="invalid_token")
        if token.role not in ADMITTED:
            raise Problem(403, "forbidden", f"the role {token.role} has no access to deals")
        return Caller(account=found[0], crm=found[1], token=token)

    def _account(self, installation: str | None) -> tuple[str, People] | None:
        if installation is None:
            return None
        if installation not in self._opened and self._waiting:
            with self._opening:
                for account, source in tuple(self._waiting.items()):
                    crm = source if isinstance(source, People) else source()
                    self._opened[crm.installation] = (account, crm)
                    del self._waiting[account]
        return self._opened.get(installation)


def _unauthorized(message: str, *, error: str | None = None) -> Problem:
    challenge = 'Bearer realm="dealwright"' + (f', error="{error}"' if error else "")
    return Problem(401, "unauthorized", message, headers={"WWW-Authenticate": challenge})
