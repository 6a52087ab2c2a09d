"""The secrets that a source and we share: read when they are used, so that changing a file changes them at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Protocol

from dealwright.errors import InputError

SHORTEST: Final = 16
"""Characters of a secret."""


class SharedSecret(Protocol):
    """A secret that is never shown by accident."""

    def reveal(self) -> bytes | None:
        """Return the secret; None if there is none at this time.

        Raises:
            InputError: what is there cannot be a secret.
        """
        ...


class FixedSecret:
    """A secret that is known from the start, such as an environment variable's."""

    def __init__(self, where: str, value: str | bytes) -> None:
        self._value = _long_enough(where, value.encode() if isinstance(value, str) else value)

    def reveal(self) -> bytes:
        """Return it."""
        return self._value

    def __repr__(self) -> str:
        return "FixedSecret(...)"


class FileSecret:
    """A secret in a file, read again when the file changes; a file that is not there is no secret."""

    def __init__(self, where: str, path: Path) -> None:
        self._where = where
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._value: bytes | None = None

    def reveal(self) -> bytes | None:
        """Return what the file holds now, without blanks around it.

        Raises:
            InputError: it cannot be read, or is too short.
        """
        try:
            stat = self._path.stat()
            seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if seen != self._seen:
                self._value = _long_enough(self._where, self._path.read_bytes())
                self._seen = seen
        except FileNotFoundError:
            self._seen = self._value = None
        except OSError as error:
            raise InputError(
                f"[{self._where}] the secret's file cannot be read: {os.strerror(error.errno or 0)}"
            ) from None
        return self._value

    def __repr__(self) -> str:
        return f"FileSecret({str(self._path)!r})"


def _long_enough(where: str, value: bytes) -> bytes:
    if len(value.strip()) < SHORTEST:
        raise InputError(f"[{where}] the secret is shorter than {SHORTEST} characters")
    return value.strip()
