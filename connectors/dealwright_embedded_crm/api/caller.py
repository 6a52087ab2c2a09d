"""Who asks: the account, the token and the user of a request, and what their role may do."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from dealwright_embedded_crm.api.problems import Problem
from dealwright_embedded_crm.own_sight import Sight
from dealwright_embedded_crm.people import People
from dealwright_embedded_crm.tokens import Token

OWNER: Final = "account_owner"
ADMITTED: Final = frozenset({"administrator", OWNER})
"""The roles that may use the API; a chat operator may not."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """The account's CRM, and on whose behalf it is used."""

    account: str
    crm: People
    token: Token

    @property
    def sight(self) -> Sight:
        """What the token's role may see of the company's own fields: all of it is an account owner's."""
        return Sight(self.crm.own_fields(), sensitive=self.token.role == OWNER)

    @property
    def actor(self) -> str:
        """How the change feed names who acts: the token's user, or the token itself if it has none."""
        return f"user:{self.token.user_id or f'token-{self.token.id}'}"


_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="An API token, made by `dealwright crm tokens add`, shown once.",
)


def _caller(request: Request, _documented: Annotated[object, Security(_bearer)]) -> Caller:
    """Return who was admitted before the body was read."""
    caller = request.scope["state"]["caller"]
    assert isinstance(caller, Caller)
    return caller


def _owner(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
    if caller.token.role != OWNER:
        raise Problem(403, "forbidden", "only an account owner may do this")
    return caller


Asking = Annotated[Caller, Depends(_caller)]
"""An administrator or account owner."""

Owning = Annotated[Caller, Depends(_owner)]
"""An account owner."""
