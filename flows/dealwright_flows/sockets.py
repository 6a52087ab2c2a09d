"""Owns the choice of free ports on loopback."""

from __future__ import annotations

import secrets
import socket
from typing import Final

HOST: Final = "127.0.0.1"

_CHOICE: Final = range(20_000, 32_768)
"""Ports that the kernel gives to nobody by itself. From 32,768 on it does: a port of these that was chosen now could be
an outgoing connection's, or some other program's choice, seconds later when its server starts."""

_chosen: Final[set[int]] = set()


def free_port() -> int:
    """Return a port that nobody uses at this moment, and that this process has not chosen before.

    Raises:
        OSError: there is none.
    """
    for _ in range(len(_CHOICE)):
        port = secrets.choice(_CHOICE)
        if port not in _chosen and is_free(port):
            keep_for(port)
            return port
    raise OSError(f"no port from {_CHOICE.start} to {_CHOICE.stop - 1} is free")


def keep_for(port: int) -> None:
    """Choose a port for none of this process's other servers: somebody else has chosen it for one that starts later."""
    _chosen.add(port)


def is_free(port: int) -> bool:
    """Say whether a server could listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
        return True


def can_listen(host: str, port: int) -> bool:
    """Say whether a server could listen at this address."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, OverflowError):
        return False
    return True
