"""What a person lets go by approving an execution: the requests as they are stored, and the digest that tells them."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec
from sqlalchemy import Connection

from dealwright.engine.records import Asked, request_digest
from dealwright.journal.database import statement
from dealwright.journal.payload import unseal
from dealwright.model.requests import Request

SHORTEST: Final = 8
"""Characters of a digest that are enough to name it, as people are shown it."""

_TO_APPROVE: Final = statement(
    "select key, step, target, request from effects where execution_id = :id "
    "and state in ('planned', 'held', 'unknown') order by key"
)


class AskedEffect(msgspec.Struct, frozen=True, kw_only=True):
    """One effect that an approval lets go."""

    key: str
    step: str
    target: str
    request: Request


class ToApprove(msgspec.Struct, frozen=True, kw_only=True):
    """All that an approval of one execution lets go."""

    effects: tuple[AskedEffect, ...]

    @property
    def digest(self) -> str:
        """What tells it from anything else that the execution might ask for."""
        told = [f"{effect.key} {request_digest(effect.request)}" for effect in self.effects]
        return hashlib.blake2b("\n".join(told).encode(), digest_size=16).hexdigest()

    def is_named(self, digest: str) -> bool:
        """Say whether this digest, or the beginning of one as people are shown it, is of this."""
        return len(digest) >= SHORTEST and self.digest.startswith(digest.lower())


def to_approve(connection: Connection, execution_id: str) -> ToApprove:
    """Return what approving the execution would let go."""
    rows = connection.execute(_TO_APPROVE, {"id": execution_id}).mappings()
    return ToApprove(
        effects=tuple(
            AskedEffect(
                key=row["key"],
                step=row["step"],
                target=row["target"],
                request=unseal(row["request"], Asked).request,
            )
            for row in rows
        )
    )
