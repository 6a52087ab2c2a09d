"""Who may come in: the long-lived token, or a pair of OAuth that is used up by each refresh."""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from typing import Any, Final

import msgspec

from dealwright_http.redaction import Secret
from dealwright_http.server import Answer, Received
from dealwright_kommo.simulator.problems import Problem
from dealwright_kommo.simulator.world import ACCOUNT, ADMIN, World

PATH: Final = "/oauth2/access_token"
ACCESS_SECONDS: Final = 86_400
CODE_SECONDS: Final = 20 * 60
_PAIR: Final = 1


class Tokens:
    """The tokens that are good now."""

    def __init__(self, world: World, long_lived: Secret) -> None:
        self._world = world
        self._long_lived = long_lived
        self._codes: dict[str, int] = {}

    def allows(self, request: Received) -> bool:
        """Say whether the request carries a token that is good."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        if hmac.compare_digest(token.encode("utf-8", "replace"), self._long_lived.reveal()):
            return True
        pair = self._world.get("oauth", _PAIR)
        return pair is not None and pair["access"] == token and self._world.now() < pair["until"]

    def code(self) -> str:
        """Return a code as the installation of an integration gives one."""
        code = secrets.token_urlsafe(32)
        self._codes[code] = self._world.now() + CODE_SECONDS
        return code

    def exchange(self, request: Received) -> Answer:
        """Give a new pair for a code or a refresh token; either is used up by it.

        Raises:
            Problem: it is not good, or was used before.
        """
        try:
            said: dict[str, Any] = msgspec.json.decode(request.body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Problem(400, "Invalid JSON") from None
        if not all(said.get(name) for name in ("client_id", "client_secret", "redirect_uri")):
            raise Problem(400, "client_id, client_secret and redirect_uri are required")
        pair = self._world.get("oauth", _PAIR)
        match said.get("grant_type"):
            case "authorization_code":
                good = self._world.now() < self._codes.pop(str(said.get("code")), 0)
            case "refresh_token":
                good = pair is not None and pair["refresh"] == said.get("refresh_token")
            case _:
                good = False
        if not good:
            raise Problem(400, "The code or the refresh token is not valid, or was used before")
        until = self._world.now() + ACCESS_SECONDS
        access = jwt(self._world, str(said["client_id"]), until)
        fresh = {"id": _PAIR, "access": access, "refresh": secrets.token_urlsafe(48), "until": until}
        self._world.put("oauth", fresh)
        answer = {"token_type": "Bearer", "expires_in": ACCESS_SECONDS, "server_time": self._world.now()}
        answer |= {"access_token": fresh["access"], "refresh_token": fresh["refresh"]}
        return Answer(status=200, body=msgspec.json.encode(answer), headers={"Content-Type": "application/json"})


def jwt(world: World, client_id: str, until: int) -> str:
    """Return a token with the claims that Kommo's have; only we check its signature, which is random."""
    claims = {"aud": client_id, "jti": secrets.token_hex(16), "iat": world.now(), "nbf": world.now(), "exp": until}
    claims |= {"sub": str(ADMIN), "grant_type": "", "account_id": ACCOUNT, "base_domain": "kommo.com"}
    claims |= {"api_domain": "api-a.kommo.com", "scopes": ["crm", "notifications"]}
    parts = [msgspec.json.encode({"typ": "JWT", "alg": "RS256"}), msgspec.json.encode(claims), secrets.token_bytes(32)]
    return b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in parts).decode()
