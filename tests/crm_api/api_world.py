"""What the API's tests talk about: a CRM with two pipelines, a token of each role, and a client without a socket."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec

from dealwright.clock import PlayedClock
from dealwright.ports import Asgi
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_embedded_crm.api import MOUNTED_AT, create_app

ROLES = ("chat_operator", "administrator", "account_owner")


class Reply(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The error's code; the whole shape is checked on the way."""
        assert set(self.json) == {"error"}, self.body
        error = self.json["error"]
        assert set(error) <= {"code", "message", "field"} and error["code"] and error["message"], error
        return str(error["code"])


class Client:
    """Sends requests to an ASGI application as a server that mounts it would."""

    def __init__(self, app: Asgi, secret: str | None) -> None:
        self._app = app
        self._secret = secret

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Send one request."""
        sent = {"host": "crm.test", **{name.lower(): value for name, value in (headers or {}).items()}}
        if self._secret is not None:
            sent.setdefault("authorization", f"Bearer {self._secret}")
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        if content:
            sent.setdefault("content-type", "application/json")
            sent.setdefault("content-length", str(len(content)))
        return asyncio.run(self._send(method, path, sent, content))

    async def _send(self, method: str, path: str, headers: dict[str, str], content: bytes) -> Reply:
        path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "root_path": MOUNTED_AT,
            "path": MOUNTED_AT + path,
            "raw_path": (MOUNTED_AT + path).encode(),
            "query_string": query.encode("latin-1"),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("crm.test", 80),
        }
        parts = [{"type": "http.request", "body": content, "more_body": False}]
        got: list[Any] = []

        async def receive() -> Any:
            return parts.pop() if parts else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            got.append(message)

        await self._app(scope, receive, send)
        assert got and got[0]["type"] == "http.response.start", got
        answered = {name.decode().lower(): value.decode() for name, value in got[0]["headers"]}
        return Reply(got[0]["status"], answered, b"".join(each.get("body", b"") for each in got[1:]))


class World:
    """One CRM behind one API."""

    def __init__(self, crm: EmbeddedCrm, clock: PlayedClock) -> None:
        self.crm = crm
        self.clock = clock
        self.ann = crm.add_user("Ann Lee", "ann@example.com")
        self.secrets = {role: crm.add_token(f"a {role}", role, user=self.ann.id)[1] for role in ROLES}
        self.app = create_app({"acme": crm}, clock=clock)
        self.owner = self.client("account_owner")

    def client(self, role: str | None) -> Client:
        """Return a client of that role, or one without a token."""
        return Client(self.app, None if role is None else self.secrets[role])

    def contact(self, **fields: str) -> str:
        """Make a contact; return its id."""
        return self.crm.create_contact(**{"first_name": "Bo", "last_name": "Li", **fields}).id

    def deal(self, title: str = "Forty chairs", stage: str = "prospecting", **more: Any) -> str:
        """Make a deal; return its id."""
        return self.crm.create_deal(pipeline="sales", stage=stage, title=title, actor=f"user:{self.ann.id}", **more).id
