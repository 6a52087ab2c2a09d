"""Keeps secrets and paths that carry secrets out of logs and error texts."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit


class Secret:
    """Bytes that are never shown by accident."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes | str) -> None:
        self._value: Final = value.encode() if isinstance(value, str) else value

    def reveal(self) -> bytes:
        """Return the secret itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(...)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


def shown_url(url: str) -> str:
    """Return what may be shown of a URL: scheme, host and port (paths and queries carry tokens, users passwords)."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(no URL)"
    host = parts.hostname or "(no host)"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"
