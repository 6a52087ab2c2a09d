"""Who may do what: every route of the document, for every role."""

from __future__ import annotations

import json
from typing import Any

import pytest
from api_shapes import opened
from api_world import ROLES, Client, Reply, World

from dealwright_embedded_crm.api import create_app
from dealwright_embedded_crm.api.app import described

DOCUMENT = json.loads(described())
ROUTES = [(method.upper(), path) for path, found in DOCUMENT["paths"].items() for method in found]
OWNERS_ONLY = {("POST", "/users"), ("GET", "/tokens"), ("POST", "/tokens"), ("DELETE", "/tokens/{token_id}")}


def address(path: str) -> str:
    return (
        path.replace("{pipeline}", "sales")
        .replace("{stage}", "won")
        .replace("{", "")
        .replace("}", "")
        .replace("deal_id", "404")
        .replace("contact_id", "404")
        .replace("task_id", "404")
        .replace("user_id", "404")
        .replace("token_id", "404")
        .replace("webhook_id", "404")
    )


def test_the_walk_sees_every_route() -> None:
    assert len(ROUTES) >= 45
    assert set(ROUTES) >= OWNERS_ONLY


def test_every_route_admits_administrators_and_owners_and_nobody_else(world: World) -> None:
    for method, path in ROUTES:

        def ask(role: str | None, method: str = method, path: str = path) -> Reply:
            body = {} if method in ("POST", "PATCH", "PUT") else None
            return world.client(role)(method, address(path), body)

        nobody, chat, administrator, owner = (ask(role) for role in (None, *ROLES))
        assert (nobody.status, nobody.code) == (401, "unauthorized"), (method, path)
        assert nobody.headers["www-authenticate"].startswith("Bearer")
        assert (chat.status, chat.code) == (403, "forbidden"), (method, path)
        assert owner.status not in (401, 403, 405, 500), (method, path)
        if (method, path) in OWNERS_ONLY:
            assert (administrator.status, administrator.code) in ((403, "forbidden"), (422, "invalid")), (method, path)
        else:
            assert administrator.status not in (401, 403), (method, path)


def test_only_an_owner_manages_users_and_tokens(world: World) -> None:
    administrator = world.client("administrator")
    token = {"name": "x", "role": "account_owner"}
    for method, path, body in [
        ("POST", "/users", {"name": "Bea"}),
        ("GET", "/tokens", None),
        ("POST", "/tokens", token),
        ("DELETE", "/tokens/1", None),
    ]:
        assert administrator(method, path, body).code == "forbidden"
    assert len(world.crm.users()) == 1 and len(world.crm.tokens()) == 3
    made = world.owner("POST", "/tokens", token)
    assert made.status == 201
    again = Client(world.app, made.json["secret"])
    assert again("GET", "/me").json["token"]["name"] == "x"
    assert made.json["secret"] not in world.owner("GET", "/tokens").body.decode()
    assert world.owner("DELETE", f"/tokens/{made.json['id']}").json["revoked_at"] is not None
    assert again("GET", "/me").status == 401


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic eDp5",
        "Bearer dwcrm_",
        "Bearer dwcrm_x_y",
        "Bearer \xff\xfe",
        "Bearer " + "a" * 9000,
    ],
)
def test_what_is_no_token_is_unauthorized(world: World, header: str) -> None:
    reply = world.client(None)("GET", "/me", headers={"authorization": header})
    assert (reply.status, reply.code) == (401, "unauthorized")


def test_a_token_of_one_account_opens_no_other(world: World, tmp_path: Any) -> None:

    other, clock = opened(f"sqlite:///{tmp_path / 'other.db'}")
    stranger = other.add_token("theirs", "administrator")[1]
    asked: list[str] = []

    def lazily() -> Any:
        asked.append("other")
        return other

    assert Client(world.app, stranger)("GET", "/me").status == 401
    both = create_app({"acme": world.crm, "other": lazily}, clock=clock)
    assert Client(both, stranger)("GET", "/me").json["account"] == "other"
    assert Client(both, world.secrets["administrator"])("GET", "/me").json["account"] == "acme"
    assert asked == ["other"]
    world.deal("Ours")
    assert Client(both, stranger)("GET", "/deals").json["items"] == []
    other.close()
