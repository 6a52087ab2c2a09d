"""Who works in the CRM, which programs use it, and who is asking."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from dealwright_embedded_crm.api.caller import Asking, Owning
from dealwright_embedded_crm.api.common import TokenId, UserId, found, named_in_body, succeeds
from dealwright_embedded_crm.api.document import MOUNTED_AT
from dealwright_embedded_crm.api.fields import Given, Id, Line, Moment, Name, Shown
from dealwright_embedded_crm.api.once import Answer, Writing, shown
from dealwright_embedded_crm.api.problems import Problem, documented
from dealwright_embedded_crm.api.views import UserRef
from dealwright_embedded_crm.tokens import Role, Token

router: Final = APIRouter(tags=["users and tokens"])


class UsersOut(Shown):
    """All users."""

    items: list[UserRef]


class UserNew(Given):
    """Somebody who works in the CRM."""

    name: Name
    email: Annotated[Line, Field(min_length=3)] | None = None


class TokenOut(Shown):
    """An API token, without its secret."""

    id: Id
    name: str
    role: Role
    user_id: Id | None
    created_at: Moment
    revoked_at: Moment | None

    @classmethod
    def of(cls, token: Token) -> TokenOut:
        """Return the token as shown."""
        return cls(
            id=token.id,
            name=token.name,
            role=token.role,
            user_id=token.user_id,
            created_at=token.created_at,
            revoked_at=token.revoked_at,
        )


class TokenMade(TokenOut):
    """A new token with its secret, which is shown this once."""

    secret: Annotated[str, Field(examples=["dwcrm_0123456789ab_..."])]


class TokensOut(Shown):
    """All tokens, also revoked ones."""

    items: list[TokenOut]


class TokenNew(Given):
    """A token to make; `user` is on whose behalf it acts: an id, e-mail or exact name."""

    name: Name
    role: Role
    user: Name | None = None


class Me(Shown):
    """Who is asking."""

    account: str
    token: TokenOut
    user: UserRef | None


@router.get("/me", responses={**documented(), **succeeds(200, "Who is asking.")}, response_model=Me)
def me(caller: Asking) -> Response:
    """Say whose token this is, and what it may do."""
    user = next((each for each in caller.crm.users() if each.id == caller.token.user_id), None)
    return shown(Answer(body=Me(account=caller.account, token=TokenOut.of(caller.token), user=UserRef.of(user))))


@router.get("/users", responses={**documented(), **succeeds(200, "All users.")}, response_model=UsersOut)
def list_users(caller: Asking) -> Response:
    """List all users, by id."""
    users = [UserRef(id=user.id, name=user.name, email=user.email) for user in caller.crm.users()]
    return shown(Answer(body=UsersOut(items=users)))


@router.post(
    "/users",
    status_code=201,
    responses={**documented(409), **succeeds(201, "The user.", write=True)},
    response_model=UserRef,
)
def create_user(write: Writing, _owner: Owning, wanted: UserNew) -> Response:
    """Make somebody who works in the CRM (account owners only)."""

    def act() -> Answer:
        user = write.crm.add_user(wanted.name, wanted.email)
        return Answer(status=201, body=UserRef.of(user), location=f"{MOUNTED_AT}/users/{user.id}")

    return write.do("add_user", act)


@router.get("/users/{user_id:id}", responses={**documented(), **succeeds(200, "The user.")}, response_model=UserRef)
def get_user(caller: Asking, user_id: UserId) -> Response:
    """Read one user."""
    user = next((each for each in caller.crm.users() if each.id == user_id), None)
    return shown(Answer(body=UserRef.of(found(user, "user", user_id))))


@router.get("/tokens", responses={**documented(), **succeeds(200, "All tokens.")}, response_model=TokensOut)
def list_tokens(caller: Owning) -> Response:
    """List all tokens, without their secrets (account owners only)."""
    return shown(Answer(body=TokensOut(items=[TokenOut.of(token) for token in caller.crm.tokens()])))


@router.post(
    "/tokens", status_code=201, responses={**documented(), **succeeds(201, "The token.")}, response_model=TokenMade
)
def create_token(caller: Owning, wanted: TokenNew) -> Response:
    """Make a token (account owners only); its secret is in this answer and nowhere else.

    It takes no Idempotency-Key: to answer a repeat, the secret would have to be kept.
    """
    with named_in_body("user"):
        token, secret = caller.crm.add_token(wanted.name, wanted.role, user=wanted.user)
    made = TokenMade(**TokenOut.of(token).model_dump(), secret=secret)
    return shown(Answer(status=201, body=made, location=f"{MOUNTED_AT}/tokens/{token.id}"))


@router.delete(
    "/tokens/{token_id:id}",
    responses={**documented(409), **succeeds(200, "The token, revoked.", write=True)},
    response_model=TokenOut,
)
def revoke_token(write: Writing, owner: Owning, token_id: TokenId) -> Response:
    """Make a token useless from now on (account owners only); not the one that asks, which would lock itself out."""

    def act() -> Answer:
        if token_id == owner.token.id:
            raise Problem(409, "in_use", "this is the token that asks; revoke it with another one")
        return Answer(body=TokenOut.of(write.crm.revoke_token(token_id)))

    return write.do("revoke_token", act)
