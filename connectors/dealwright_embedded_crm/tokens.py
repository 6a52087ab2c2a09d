"""API tokens: made once, shown once, kept only as a hash."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Any, Final, Literal, get_args

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from dealwright_embedded_crm import meta, reads, schema, values
from dealwright_embedded_crm.counters import take_number
from dealwright_embedded_crm.values import Refusal

Role = Literal["chat_operator", "administrator", "account_owner"]
"""What somebody may do: a chat operator has no access to deals, the others have all of it."""

PREFIX: Final = "dwcrm_"
"""What a secret begins with, so that scanners of leaked secrets can find it."""

_SECRET_BYTES: Final = 32


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """One API token without its secret; `user_id` is the user on whose behalf it acts, if any."""

    id: str
    name: str
    role: Role
    user_id: str | None = None
    created_at: datetime
    revoked_at: datetime | None = None


def add(connection: Connection, name: str, role: str, user_id: str | None, now: datetime) -> tuple[Token, str]:
    """Make a token; return it with its secret, which is kept nowhere.

    Raises:
        Refusal: no name, or no such role.
    """
    clean = values.line("name", name)
    if clean is None:
        raise Refusal("bad_name", "a token needs a name, such as the program that uses it")
    if role not in get_args(Role):
        raise Refusal("bad_role", f"the role is one of {', '.join(get_args(Role))}")
    secret = f"{PREFIX}{meta.installation(connection)}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    number = take_number(connection, "token")
    row = {
        "id": number,
        "name": clean,
        "user_id": None if user_id is None else int(user_id),
        "role": role,
        "hash": _hash(secret),
        "created_at": now,
        "revoked_at": None,
    }
    connection.execute(insert(schema.tokens), [row])
    made = Token(id=str(number), name=clean, role=role, user_id=user_id, created_at=now)  # type: ignore[arg-type]
    return made, secret


def installation_of(secret: str) -> str | None:
    """Return the CRM whose token this would be, so that with many accounts only one database is asked; or None."""
    installation, _, rest = secret.removeprefix(PREFIX).partition("_")
    return installation if secret.startswith(PREFIX) and rest else None


def known(connection: Connection, secret: str) -> Token | None:
    """Return the token of that secret, or None if there is none or it was revoked."""
    if not secret.isascii():
        return None
    table = schema.tokens
    found = connection.execute(
        select(table).where(table.c.hash == _hash(secret), table.c.revoked_at.is_(None))
    ).one_or_none()
    if found is None or not hmac.compare_digest(found.hash, _hash(secret)):
        return None
    return _token(found)


def every(connection: Connection) -> list[Token]:
    """Return all tokens, also revoked ones, oldest first."""
    return [_token(row) for row in connection.execute(select(schema.tokens).order_by(schema.tokens.c.id))]


def revoke(connection: Connection, token_id: str, now: datetime) -> Token:
    """Make a token useless from now on; a revoked one stays as it is.

    Raises:
        Refusal: there is no such token.
    """
    table = schema.tokens
    number = reads.number(token_id) or 0
    connection.execute(update(table).where(table.c.id == number, table.c.revoked_at.is_(None)).values(revoked_at=now))
    found = connection.execute(select(table).where(table.c.id == number)).one_or_none()
    if found is None:
        raise Refusal("unknown_token", f"there is no token {values.shown(token_id)}")
    return _token(found)


def _hash(secret: str) -> str:
    # The secret is random and long: nothing is gained by a slow hash.
    return hashlib.sha256(secret.encode()).hexdigest()


def _token(row: Row[Any]) -> Token:
    return Token(
        id=str(row.id),
        name=row.name,
        role=row.role,
        user_id=None if row.user_id is None else str(row.user_id),
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )
