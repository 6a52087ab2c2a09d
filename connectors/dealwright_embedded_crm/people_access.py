"""Users, the default owner, API tokens, and the CRM's own record of what effects wrote."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select

from dealwright.model.crm import User
from dealwright_embedded_crm import feed, meta, owners, schema, tokens
from dealwright_embedded_crm.catalog import Catalog, read_users
from dealwright_embedded_crm.people_base import Base, refusals
from dealwright_embedded_crm.tokens import Token


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """One effect that the CRM carried out: its key, and the receipt that it gave."""

    key: str
    kind: str
    actor: str
    receipt: dict[str, Any]
    at: datetime


class Access(Base):
    """Who works in the CRM, and which programs."""

    def add_user(self, name: str, email: str | None = None) -> User:
        """Make somebody who works in the CRM."""
        return self._do(lambda change: change.add_user(name, email))

    def users(self) -> list[User]:
        """Return all users, by id."""
        with self._read() as connection:
            return read_users(connection)

    def user(self, text: str) -> User:
        """Return the user of that id, e-mail or exact name.

        Raises:
            Rejected: nobody, or more than one, is meant.
        """
        with self._read() as connection, refusals():
            found = Catalog(connection).owner(text)
            assert found is not None, "a text was given"
            return found

    def default_owner(self) -> User | None:
        """Return who owns a deal when nobody else is named: the one that was chosen, else the first user."""
        with self._read() as connection:
            return Catalog(connection).default_owner

    def set_default_owner(self, user: str | None) -> User | None:
        """Choose the default owner by id, e-mail or exact name; None means the first user again."""
        with self._write() as connection, refusals():
            chosen = Catalog(connection).owner(user)
            owners.choose(connection, chosen)
            return Catalog(connection).default_owner

    # --- tokens -----------------------------------------------------------------------------------------------------

    def add_token(self, name: str, role: str, *, user: str | None = None) -> tuple[Token, str]:
        """Make an API token; return it with its secret, which is shown this once and kept nowhere.

        `role` is chat_operator, administrator or account_owner; `user` is on whose behalf it acts.
        """
        with self._write() as connection, refusals():
            acting = Catalog(connection).owner(user)
            return tokens.add(connection, name, role, None if acting is None else acting.id, self._clock.now())

    @property
    def installation(self) -> str:
        """The id that this CRM was given when it was made; its tokens begin with it."""
        with self._read() as connection:
            return meta.installation(connection)

    def token(self, secret: str) -> Token | None:
        """Return the token of that secret, or None if there is none or it was revoked."""
        with self._read() as connection:
            return tokens.known(connection, secret)

    def tokens(self) -> list[Token]:
        """Return all tokens, also revoked ones, oldest first."""
        with self._read() as connection:
            return tokens.every(connection)

    def revoke_token(self, token_id: str) -> Token:
        """Make a token useless from now on."""
        with self._write() as connection, refusals():
            return tokens.revoke(connection, token_id, self._clock.now())

    # --- what happened ----------------------------------------------------------------------------------------------

    def events(self, after: int = 0, limit: int = 100) -> list[tuple[int, bytes]]:
        """Return the numbered events after that number, as JSON, whether the engine took them or not."""
        with self._read() as connection:
            return feed.since(connection, after, limit)

    # --- what effects wrote -----------------------------------------------------------------------------------------

    def writes(self, kind: str | None = None) -> list[Write]:
        """Return what effects wrote, by key: the CRM's own record, for audits and kill tests."""
        query = select(schema.writes).order_by(schema.writes.c.key)
        if kind is not None:
            query = query.where(schema.writes.c.kind == kind)
        with self._read() as connection:
            return [
                Write(key=row.key, kind=row.kind, actor=row.actor, receipt=msgspec.json.decode(row.receipt), at=row.at)
                for row in connection.execute(query)
            ]
