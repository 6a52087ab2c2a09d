"""A server of the API in a process of its own: `python serve.py DATABASE_URL` prints one line of JSON and serves."""

from __future__ import annotations

import json
import logging
import socket
import sys
from typing import Any

import uvicorn
from api_shapes import FIELDS, SALES

from dealwright.clock import SystemClock
from dealwright_embedded_crm import EmbeddedCrm
from dealwright_embedded_crm.api import MOUNTED_AT, create_app


def main(url: str) -> None:
    """Serve on a free port of the loopback until killed."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    clock = SystemClock()
    crm = EmbeddedCrm(url, clock)
    crm.shape([SALES], fields=FIELDS, apply=True)
    ann = crm.users()[0] if crm.users() else crm.add_user("Ann Lee", "ann@example.com")
    _, secret = crm.add_token("a test", "account_owner", user=ann.id)
    api = create_app({"acme": lambda: crm}, clock=clock)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http" and scope["path"].startswith(MOUNTED_AT)
        await api({**scope, "root_path": MOUNTED_AT}, receive, send)

    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}{MOUNTED_AT}"
    print(json.dumps({"url": address, "token": secret}), flush=True)
    config = uvicorn.Config(app, access_log=False, log_config=None, lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1])
